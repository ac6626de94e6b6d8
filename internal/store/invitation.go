package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
)

// Invitation is a member who has not come yet, known by the digest of what the link carries. It has the id that the
// member will have; its grants lie under that id.
type Invitation struct {
	Account    string
	ID         string
	Email      string // in its normal form
	Name       string
	Digest     apikey.Digest
	SenderKind access.ActorKind
	SenderID   string
	Sender     string
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

const invitationColumns = `account_id, id, email, name, digest, sender_kind, sender_id, sender, created_at, expires_at`

func scanInvitation(r row) (i Invitation, err error) {
	var digest []byte
	err = r.Scan(&i.Account, &i.ID, &i.Email, &i.Name, &digest, &i.SenderKind, &i.SenderID, &i.Sender, instant{&i.CreatedAt}, instant{&i.ExpiresAt})
	copy(i.Digest[:], digest)
	return i, err
}

// InsertInvitation adds an invitation; its grants are the caller's to add.
func (tx *Tx) InsertInvitation(ctx context.Context, i Invitation) error {
	const insert = `INSERT INTO invitations (` + invitationColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	return tx.exec(ctx, insert, tx.account, i.ID, i.Email, i.Name, i.Digest[:], i.SenderKind, i.SenderID, i.Sender, ms(i.CreatedAt), ms(i.ExpiresAt))
}

// UpdateInvitation writes what may change of an invitation: its name, its digest with the link's end, and who sent it.
func (tx *Tx) UpdateInvitation(ctx context.Context, i Invitation) error {
	const update = `
		UPDATE invitations SET name = $3, digest = $4, sender_kind = $5, sender_id = $6, sender = $7, expires_at = $8
		WHERE account_id = $1 AND id = $2`
	return tx.exec(ctx, update, tx.account, i.ID, i.Name, i.Digest[:], i.SenderKind, i.SenderID, i.Sender, ms(i.ExpiresAt))
}

// Invitation finds an invitation of the account by id.
func (tx *Tx) Invitation(ctx context.Context, id string) (Invitation, error) {
	return one(ctx, tx, "member", scanInvitation,
		`SELECT `+invitationColumns+` FROM invitations WHERE account_id = $1 AND id = $2`, tx.account, id)
}

// InvitationByEmail finds an invitation of the account by the normal form of the address.
func (tx *Tx) InvitationByEmail(ctx context.Context, email string) (Invitation, error) {
	return one(ctx, tx, "member", scanInvitation,
		`SELECT `+invitationColumns+` FROM invitations WHERE account_id = $1 AND email = $2`, tx.account, email)
}

// InvitationByDigest finds an invitation in every account; used through ReadAll.
func (tx *Tx) InvitationByDigest(ctx context.Context, d apikey.Digest) (Invitation, error) {
	return one(ctx, tx, "invitation", scanInvitation, `SELECT `+invitationColumns+` FROM invitations WHERE digest = $1`, d[:])
}

// Invitations lists invitations of the account in order of creation, after an id, at most limit.
func (tx *Tx) Invitations(ctx context.Context, after string, limit int) ([]Invitation, error) {
	return all(ctx, tx, scanInvitation,
		`SELECT `+invitationColumns+` FROM invitations WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, tx.account, after, limit)
}

// DeleteInvitation removes an invitation; its grants are the caller's to keep for the member or to take away.
func (tx *Tx) DeleteInvitation(ctx context.Context, id string) error {
	return tx.exec(ctx, `DELETE FROM invitations WHERE account_id = $1 AND id = $2`, tx.account, id)
}
