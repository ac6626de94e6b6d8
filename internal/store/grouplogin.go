package store

import (
	"context"
	"encoding/json"

	"github.com/lockage/lockage/internal/access"
)

// fromGroups marks grants that the groups at a login provider gave. They hold in sessions alone that came from there, and
// give way where somebody gave a grant by hand.
const fromGroups = "oidc"

// GroupLogins lists what accounts make of the groups at the login provider, of those that make anything of them; used
// through ReadAll.
func (tx *Tx) GroupLogins(ctx context.Context) (map[string]access.GroupLogin, error) {
	type one struct {
		account string
		login   access.GroupLogin
	}
	list, err := all(ctx, tx, func(r row) (o one, err error) {
		var text string
		if err = r.Scan(&o.account, &text); err != nil {
			return o, err
		}
		return o, json.Unmarshal([]byte(text), &o.login)
	}, `SELECT id, oidc FROM accounts WHERE oidc <> '' ORDER BY id`)
	found := make(map[string]access.GroupLogin, len(list))
	for _, o := range list {
		found[o.account] = o.login
	}
	return found, err
}

// MemberOf finds a person's membership in the account.
func (tx *Tx) MemberOf(ctx context.Context, person string) (Member, error) {
	return one(ctx, tx, "member", scanMember, selectMember+` WHERE m.account_id = $1 AND m.person_id = $2`, tx.account, person)
}

// PutGroupGrants makes these what groups give a member, and nothing else; where the member holds a grant by hand, that
// stays.
func (tx *Tx) PutGroupGrants(ctx context.Context, member string, grants []access.Grant) error {
	const (
		forget = `DELETE FROM grants WHERE account_id = $1 AND holder_id = $2 AND source = $3`
		insert = `
			INSERT INTO grants (account_id, holder_id, environment_id, role, source) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (account_id, holder_id, environment_id) DO NOTHING`
	)
	if err := tx.exec(ctx, forget, tx.account, member, fromGroups); err != nil {
		return err
	}
	for _, g := range grants {
		if err := tx.exec(ctx, insert, tx.account, member, g.Environment, g.Role, fromGroups); err != nil {
			return err
		}
	}
	return nil
}

// GrantsByHand lists what a holder holds besides what groups give.
func (tx *Tx) GrantsByHand(ctx context.Context, account, holder string) ([]access.Grant, error) {
	const query = `
		SELECT environment_id, role FROM grants
		WHERE account_id = $1 AND holder_id = $2 AND source <> $3 ORDER BY environment_id`
	return all(ctx, tx, scanGrant, query, account, holder, fromGroups)
}

// InsertPersonOnce adds a person unless there is one of the address; false when there is.
func (tx *Tx) InsertPersonOnce(ctx context.Context, p Person) (bool, error) {
	const insert = `
		INSERT INTO people (` + personColumns + `) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (email) DO NOTHING`
	n, err := tx.affected(ctx, insert, p.ID, p.Email, p.Name, p.PasswordHash, p.Epoch, ms(p.CreatedAt))
	return n == 1, err
}
