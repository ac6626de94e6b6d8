package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/access"
)

// Member is a person in an account. PasswordHash is an argon2id string.
type Member struct {
	Account      string
	ID           string
	Email        string
	Name         string
	PasswordHash string
	CreatedAt    time.Time
}

const memberColumns = `account_id, id, email, name, password_hash, created_at`

func scanMember(r row) (m Member, err error) {
	return m, r.Scan(&m.Account, &m.ID, &m.Email, &m.Name, &m.PasswordHash, instant{&m.CreatedAt})
}

// InsertMember adds a person; the e-mail address is already in its normal form.
func (tx *Tx) InsertMember(ctx context.Context, m Member) error {
	const insert = `INSERT INTO members (` + memberColumns + `) VALUES ($1, $2, $3, $4, $5, $6)`
	return tx.exec(ctx, insert, tx.account, m.ID, m.Email, m.Name, m.PasswordHash, ms(m.CreatedAt))
}

// Member finds a person of the account by id.
func (tx *Tx) Member(ctx context.Context, id string) (Member, error) {
	return one(ctx, tx, "member", scanMember,
		`SELECT `+memberColumns+` FROM members WHERE account_id = $1 AND id = $2`, tx.account, id)
}

// MembersByEmail finds a person in every account; used through ReadAll to log in.
func (tx *Tx) MembersByEmail(ctx context.Context, email string) ([]Member, error) {
	return all(ctx, tx, scanMember, `SELECT `+memberColumns+` FROM members WHERE email = $1 ORDER BY id`, email)
}

// InsertGrant gives a holder (a member or a token) a role in an environment, or in "*".
func (tx *Tx) InsertGrant(ctx context.Context, holder string, g access.Grant) error {
	const insert = `INSERT INTO grants (account_id, holder_id, environment_id, role) VALUES ($1, $2, $3, $4)`
	return tx.exec(ctx, insert, tx.account, holder, g.Environment, g.Role)
}

func scanGrant(r row) (g access.Grant, err error) { return g, r.Scan(&g.Environment, &g.Role) }

// Grants lists what a holder holds.
func (tx *Tx) Grants(ctx context.Context, account, holder string) ([]access.Grant, error) {
	return all(ctx, tx, scanGrant,
		`SELECT environment_id, role FROM grants WHERE account_id = $1 AND holder_id = $2 ORDER BY environment_id`, account, holder)
}
