package control

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/mail"
	"regexp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// BootstrapConfig is what an operator may set before the first start; what is empty is made.
type BootstrapConfig struct {
	Token    string
	Email    string // "owner@localhost" when empty
	Password string
	// Keep is called inside the transaction with what was made, before it is committed: whatever happens to the process
	// afterwards, the credentials can still be shown. An error undoes everything. nil keeps nothing.
	Keep func(Bootstrapped) error
}

// Bootstrapped is what the first start made, for printing once. A credential that the operator set is not repeated.
type Bootstrapped struct {
	Token    apikey.Credential // none when the operator set it
	Email    string
	Password string // "" when the operator set it
	// Made say which of the two were made here and must be shown.
	MadeToken, MadePassword bool
}

// tokenForm is what a token set by an operator must look like. One that Lockage makes has 256 random bits.
var tokenForm = regexp.MustCompile(`^tk_[A-Za-z0-9_-]{16,200}$`)

// Bootstrap makes, on the first start only, the account with its owner, a management token and the two environments,
// all in one transaction. created is false when there is an account already.
func (c *Control) Bootstrap(ctx context.Context, b BootstrapConfig) (made Bootstrapped, created bool, err error) {
	defer fault.Wrap(&err, "control: bootstrap")
	var accounts []string
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		accounts, err = tx.Accounts(ctx)
		return err
	})
	if err != nil || len(accounts) > 0 {
		return made, false, err
	}
	if made, err = b.complete(); err != nil {
		return Bootstrapped{}, false, err
	}
	token := made.Token.Reveal()
	if !made.MadeToken {
		token = b.Token
	}
	hash := hashPassword(made.Password)
	if !made.MadePassword {
		made.Password = ""
	}
	id := newID()
	err = c.store.CreateAccount(ctx, id, "default", func(tx *store.Tx) error {
		if err := claimFirst(ctx, tx, id); err != nil {
			return err
		}
		v := &visit{Tx: tx, who: access.System(id), action: access.AccountCreate, target: audit.Target{Kind: "account", ID: id, Name: "default"}}
		person := store.Person{ID: newID(), Email: made.Email, Name: "Owner", PasswordHash: hash, CreatedAt: tx.Now()}
		member := store.Member{ID: newID(), PersonID: person.ID, Name: person.Name, CreatedAt: tx.Now()}
		machine := store.Token{
			ID: newID(), Name: "bootstrap", Digest: c.digester.Sum(token), Prefix: token[:7], LastFour: token[len(token)-4:],
			CreatedAt: tx.Now(), CreatedBy: v.who.Name,
			GiverKind: access.SystemActor, Giver: v.who.Name,
		}
		owner := access.Grant{Environment: access.AnyEnvironment, Role: access.Owner}
		err := errors.Join(
			tx.InsertPerson(ctx, person), tx.InsertMember(ctx, member), tx.InsertGrant(ctx, member.ID, owner),
			tx.InsertToken(ctx, machine), tx.InsertGrant(ctx, machine.ID, owner),
		)
		if err != nil {
			return err
		}
		if err := insertBuiltIn(ctx, tx); err != nil {
			return err
		}
		tx.Serve()
		if err := tx.AppendAudit(ctx, v.entry(audit.Allowed)); err != nil || b.Keep == nil {
			return err
		}
		return b.Keep(made)
	})
	switch {
	case errors.Is(err, errNotFirst):
		return Bootstrapped{}, false, nil
	case err != nil:
		return Bootstrapped{}, false, err
	}
	return made, true, nil
}

// insertBuiltIn adds the environments that every account begins with.
func insertBuiltIn(ctx context.Context, tx *store.Tx) error {
	development, production := environment.BuiltIn()
	for _, e := range []environment.Environment{development, production} {
		e.ID, e.CreatedAt, e.UpdatedAt, e.RootHash = newID(), tx.Now(), tx.Now(), string(definition.Tree{}.Root())
		if err := tx.InsertEnvironment(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// errNotFirst says that another process on the same database was first.
var errNotFirst = errors.New("another process made the first account")

// claimFirst lets one of several processes that start at once make the first account; the others wait for it here.
func claimFirst(ctx context.Context, tx *store.Tx, account string) error {
	if err := tx.SetSetting(ctx, settingFirst, []byte(account)); err != nil {
		return err
	}
	first, err := tx.Setting(ctx, settingFirst)
	if err == nil && string(first) != account {
		err = errNotFirst
	}
	return err
}

// complete checks what was set and makes what was not.
func (b BootstrapConfig) complete() (Bootstrapped, error) {
	made := Bootstrapped{Email: normalEmail(b.Email), Password: b.Password}
	if made.Email == "" {
		made.Email = "owner@localhost"
	}
	if parsed, err := mail.ParseAddress(made.Email); err != nil || parsed.Address != made.Email {
		return made, errors.New("the bootstrap e-mail (LOCKAGE_BOOTSTRAP_EMAIL) is not an e-mail address")
	}
	if made.Password == "" {
		made.Password, made.MadePassword = rand.Text(), true
	}
	if n := len(made.Password); n < passwordLeast || n > passwordMost {
		return made, fmt.Errorf("the bootstrap password (LOCKAGE_BOOTSTRAP_PASSWORD) must have %d to %d bytes", passwordLeast, passwordMost)
	}
	if b.Token == "" {
		made.Token, made.MadeToken = apikey.Generate(apikey.Token), true
	} else if !tokenForm.MatchString(b.Token) {
		return made, errors.New("the bootstrap token (LOCKAGE_BOOTSTRAP_TOKEN) must be tk_ and 16 to 200 letters, digits, _ or -")
	}
	return made, nil
}
