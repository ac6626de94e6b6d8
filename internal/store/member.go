package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/access"
)

// Member is a person in an account. Email is the person's, Name the account's own.
type Member struct {
	Account   string
	ID        string
	PersonID  string
	Email     string
	Name      string
	CreatedAt time.Time
}

const selectMember = `
	SELECT m.account_id, m.id, m.person_id, p.email, m.name, m.created_at
	FROM members m JOIN people p ON p.id = m.person_id`

func scanMember(r row) (m Member, err error) {
	return m, r.Scan(&m.Account, &m.ID, &m.PersonID, &m.Email, &m.Name, instant{&m.CreatedAt})
}

// InsertMember adds a person, who exists, to the account.
func (tx *Tx) InsertMember(ctx context.Context, m Member) error {
	const insert = `INSERT INTO members (account_id, id, person_id, name, created_at) VALUES ($1, $2, $3, $4, $5)`
	return tx.exec(ctx, insert, tx.account, m.ID, m.PersonID, m.Name, ms(m.CreatedAt))
}

// Member finds a member of the account by id.
func (tx *Tx) Member(ctx context.Context, id string) (Member, error) {
	return one(ctx, tx, "member", scanMember, selectMember+` WHERE m.account_id = $1 AND m.id = $2`, tx.account, id)
}

// MemberByEmail finds a member of the account by the normal form of the address.
func (tx *Tx) MemberByEmail(ctx context.Context, email string) (Member, error) {
	return one(ctx, tx, "member", scanMember, selectMember+` WHERE m.account_id = $1 AND p.email = $2`, tx.account, email)
}

// Members lists members of the account in order of creation, after a member's id, at most limit.
func (tx *Tx) Members(ctx context.Context, after string, limit int) ([]Member, error) {
	return all(ctx, tx, scanMember, selectMember+` WHERE m.account_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3`, tx.account, after, limit)
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

// RenameMember writes what the account calls a member.
func (tx *Tx) RenameMember(ctx context.Context, id, name string) error {
	return tx.exec(ctx, `UPDATE members SET name = $3 WHERE account_id = $1 AND id = $2`, tx.account, id, name)
}

// DeleteMember removes a person from the account with what was theirs there: grants, sessions, authorizations under way, kept
// answers, and approvals of promotions that are still open.
func (tx *Tx) DeleteMember(ctx context.Context, id string) error {
	for _, statement := range []string{
		`DELETE FROM grants WHERE account_id = $1 AND holder_id = $2`,
		`DELETE FROM oauth2_authorizations WHERE account_id = $1 AND member_id = $2`,
		`DELETE FROM idempotency WHERE account_id = $1 AND holder_id = $2`,
		`DELETE FROM approvals WHERE account_id = $1 AND approver_id = $2
		 AND promotion_id IN (SELECT p.id FROM promotions p WHERE p.account_id = $1 AND p.state = 'open')`,
		`DELETE FROM sessions WHERE account_id = $1
		 AND person_id = (SELECT m.person_id FROM members m WHERE m.account_id = $1 AND m.id = $2)`,
		`DELETE FROM members WHERE account_id = $1 AND id = $2`,
	} {
		if err := tx.exec(ctx, statement, tx.account, id); err != nil {
			return err
		}
	}
	return nil
}

// InsertGrant gives a holder (a member, an invitation or a token) a role in an environment, or in "*".
func (tx *Tx) InsertGrant(ctx context.Context, holder string, g access.Grant) error {
	const insert = `INSERT INTO grants (account_id, holder_id, environment_id, role) VALUES ($1, $2, $3, $4)`
	return tx.exec(ctx, insert, tx.account, holder, g.Environment, g.Role)
}

// PutGrants makes what a holder holds by hand these grants, and no others. What groups at the login provider give stays,
// and gives way where another grant is given in the same environment.
func (tx *Tx) PutGrants(ctx context.Context, holder string, grants []access.Grant) error {
	const (
		forget = `DELETE FROM grants WHERE account_id = $1 AND holder_id = $2 AND source <> $3`
		put    = `
			INSERT INTO grants (account_id, holder_id, environment_id, role) VALUES ($1, $2, $3, $4)
			ON CONFLICT (account_id, holder_id, environment_id) DO UPDATE SET role = excluded.role, source = excluded.source`
	)
	if err := tx.exec(ctx, forget, tx.account, holder, fromGroups); err != nil {
		return err
	}
	for _, g := range grants {
		if err := tx.exec(ctx, put, tx.account, holder, g.Environment, g.Role); err != nil {
			return err
		}
	}
	return nil
}

func scanGrant(r row) (g access.Grant, err error) { return g, r.Scan(&g.Environment, &g.Role) }

// Grants lists what a holder holds.
func (tx *Tx) Grants(ctx context.Context, account, holder string) ([]access.Grant, error) {
	return all(ctx, tx, scanGrant,
		`SELECT environment_id, role FROM grants WHERE account_id = $1 AND holder_id = $2 ORDER BY environment_id`, account, holder)
}

// GrantsByHolder lists what everybody in the account holds, by the holder's id.
func (tx *Tx) GrantsByHolder(ctx context.Context) (map[string][]access.Grant, error) {
	type held struct {
		holder string
		grant  access.Grant
	}
	scan := func(r row) (h held, err error) { return h, r.Scan(&h.holder, &h.grant.Environment, &h.grant.Role) }
	list, err := all(ctx, tx, scan,
		`SELECT holder_id, environment_id, role FROM grants WHERE account_id = $1 ORDER BY holder_id, environment_id`, tx.account)
	by := make(map[string][]access.Grant)
	for _, h := range list {
		by[h.holder] = append(by[h.holder], h.grant)
	}
	return by, err
}

// IsMember fails with fault.NotFound when an account has no such member; also through ReadAll.
func (tx *Tx) IsMember(ctx context.Context, account, id string) error {
	_, err := one(ctx, tx, "member", func(r row) (found string, err error) { return found, r.Scan(&found) },
		`SELECT id FROM members WHERE account_id = $1 AND id = $2`, account, id)
	return err
}

// MemberIDs names every member of the account.
func (tx *Tx) MemberIDs(ctx context.Context) ([]string, error) {
	return all(ctx, tx, func(r row) (id string, err error) { return id, r.Scan(&id) }, `SELECT id FROM members WHERE account_id = $1 ORDER BY id`, tx.account)
}
