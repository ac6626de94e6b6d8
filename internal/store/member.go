package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/access"
)

// Member is a person in an account. Email and Name are the person's.
type Member struct {
	Account   string
	ID        string
	PersonID  string
	Email     string
	Name      string
	CreatedAt time.Time
}

const selectMember = `
	SELECT m.account_id, m.id, m.person_id, p.email, p.name, m.created_at
	FROM members m JOIN people p ON p.id = m.person_id`

func scanMember(r row) (m Member, err error) {
	return m, r.Scan(&m.Account, &m.ID, &m.PersonID, &m.Email, &m.Name, instant{&m.CreatedAt})
}

// InsertMember adds a person, who exists, to the account.
func (tx *Tx) InsertMember(ctx context.Context, m Member) error {
	const insert = `INSERT INTO members (account_id, id, person_id, created_at) VALUES ($1, $2, $3, $4)`
	return tx.exec(ctx, insert, tx.account, m.ID, m.PersonID, ms(m.CreatedAt))
}

// Member finds a member of the account by id.
func (tx *Tx) Member(ctx context.Context, id string) (Member, error) {
	return one(ctx, tx, "member", scanMember, selectMember+` WHERE m.account_id = $1 AND m.id = $2`, tx.account, id)
}

// Memberships lists the accounts a person belongs to, the oldest membership first; used through ReadAll.
func (tx *Tx) Memberships(ctx context.Context, person string) ([]Member, error) {
	return all(ctx, tx, scanMember, selectMember+` WHERE m.person_id = $1 ORDER BY m.created_at, m.account_id`, person)
}

// AccountsOf lists the accounts a person belongs to, with what they set for themselves, the oldest membership first;
// used through ReadAll.
func (tx *Tx) AccountsOf(ctx context.Context, person string) ([]Account, error) {
	return all(ctx, tx, scanAccount, `
		SELECT `+accountColumns+` FROM accounts JOIN members m ON m.account_id = accounts.id
		WHERE m.person_id = $1 ORDER BY m.created_at, m.account_id`, person)
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
