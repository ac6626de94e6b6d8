package control_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/crypto/argon2"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/store"
)

// makeAccount makes what a first start makes, without the price of hashing a password; more adds to it.
func (x *fixture) makeAccount(t *testing.T, id string, more func(context.Context, *store.Tx) error) (development, production string) {
	t.Helper()
	ctx := t.Context()
	first, top := environment.BuiltIn()
	err := x.store.CreateAccount(ctx, id, id, func(tx *store.Tx) error {
		for _, e := range []*environment.Environment{&first, &top} {
			e.ID, e.RootHash = uuid.Must(uuid.NewV7()).String(), string(definition.Tree{}.Root())
			e.CreatedAt, e.UpdatedAt = tx.Now(), tx.Now()
			if err := tx.InsertEnvironment(ctx, *e); err != nil {
				return err
			}
		}
		if more != nil {
			if err := more(ctx, tx); err != nil {
				return err
			}
		}
		tx.Serve()
		return tx.AppendAudit(ctx, audit.Entry{Action: string(access.AccountCreate), Outcome: audit.Allowed})
	})
	if err != nil {
		t.Fatalf("make the account %s: %v", id, err)
	}
	return first.ID, top.ID
}

// insertOwner adds a member who can log in, with a hash that costs little, and a management token, both owners.
func (x *fixture) insertOwner(t *testing.T) func(context.Context, *store.Tx) error {
	t.Helper()
	salt := []byte("salt of the test")
	b64 := base64.RawStdEncoding
	sum := argon2.IDKey([]byte(ownerPassword), salt, 1, 8, 1, 32)
	hash := fmt.Sprintf("$argon2id$v=%d$m=8,t=1,p=1$%s$%s", argon2.Version, b64.EncodeToString(salt), b64.EncodeToString(sum))
	owner := access.Grant{Environment: access.AnyEnvironment, Role: access.Owner}
	return func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			tx.InsertPerson(ctx, store.Person{ID: "p-owner", Email: ownerEmail, Name: "Owner", PasswordHash: hash, CreatedAt: tx.Now()}),
			tx.InsertMember(ctx, store.Member{ID: "m-owner", PersonID: "p-owner", Name: "Owner", CreatedAt: tx.Now()}),
			tx.InsertGrant(ctx, "m-owner", owner),
			tx.InsertToken(ctx, store.Token{ID: "t-owner", Name: "machine", Digest: x.settings.Digester.Sum(ownerToken), CreatedAt: tx.Now()}),
			tx.InsertGrant(ctx, "t-owner", owner),
		)
	}
}

// foreign is the second account, with one of everything.
type foreign struct {
	account                         string
	owner                           access.Principal
	environment, key, secret, route string // ids
	asked                           bool   // its owner was refused something, which its log keeps
}

func newForeign(t *testing.T, x *fixture) (f foreign) {
	t.Helper()
	f.account = "ffffffff-0000-7000-8000-00000000000f" // the younger one
	f.owner = access.Principal{
		Account: f.account, Kind: access.MemberActor, ID: "m", Name: "stranger",
		Grants: []access.Grant{{Environment: access.AnyEnvironment, Role: access.Owner}},
	}
	x.makeAccount(t, f.account, nil)
	there := *x
	there.account, there.owner = f.account, f.owner
	there.enroll(t, f.owner)
	f.environment = there.createEnvironment(t, "staging").ID
	f.key = there.createKey(t, "development").ID
	f.secret = there.createSecret(t, "foreign_secret")
	there.setValue(t, "foreign_secret", "development", "the value of a stranger")
	f.route = there.createRoute(t, `{"key":"foreign","target_url":"https://example.com"}`).ID
	there.commit(t)
	there.promote(t, "staging")
	return f
}
