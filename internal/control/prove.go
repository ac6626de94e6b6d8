package control

import (
	"context"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// Prove notes that whoever has the session has just shown again who they are, by their password or a second factor that
// they have set up. What the account demands a fresh proof for is then allowed for a while.
func (c *Control) Prove(ctx context.Context, who access.Principal, password string, p Proof) (at time.Time, err error) {
	person, err := c.self(ctx, who, access.SessionProve)
	if err != nil {
		return at, err
	}
	if _, err := c.attempt(person.Email, who.Request); err != nil {
		return at, err
	}
	method, refusal := c.shows(ctx, person, password, p)
	if refusal != nil && !fault.Is(refusal, fault.Invalid) {
		return at, refusal
	}
	err = c.write(ctx, who, access.SessionProve, account, func(v *visit) error {
		v.target = sessionTarget(who.Session)
		if refusal != nil {
			return refusal
		}
		s, err := v.Session(ctx, who.Session)
		if err != nil {
			return err
		}
		if !slices.Contains(s.Methods, method) {
			s.Methods = append(s.Methods, method)
		}
		at = v.Now()
		return v.ProveSession(ctx, s.ID, s.Methods)
	})
	return at, err
}

// shows answers by what a person shows who they are; what shows nothing is fault.Invalid.
func (c *Control) shows(ctx context.Context, person store.Person, password string, p Proof) (method string, err error) {
	if p == (Proof{}) {
		right, err := c.rightPassword(ctx, person, password)
		if err == nil && !right {
			err = fault.Refused("password", "is wrong")
		}
		return methodPassword, err
	}
	for _, f := range c.secondFactors() {
		right, err := f.proves(ctx, person.ID, p)
		if right || err != nil {
			return f.name, err
		}
	}
	return "", fault.Refused("code", "is wrong, or was used before; try again with a new one")
}

// rightPassword is checkPassword for a person; one that is longer than any is wrong without being hashed.
func (c *Control) rightPassword(ctx context.Context, person store.Person, password string) (bool, error) {
	if len(password) > passwordMost {
		password = ""
	}
	return c.checkPassword(ctx, person.PasswordHash, password)
}

// self is the person that the principal is.
func (c *Control) self(ctx context.Context, who access.Principal, action access.Action) (p store.Person, err error) {
	err = c.read(ctx, who, action, account, func(v *visit) error {
		p, err = v.Person(ctx, who.Person)
		return err
	})
	return p, err
}

// ChangePassword puts another password in place of the principal's, who must know it. All of their other sessions end
// with it, in all accounts.
func (c *Control) ChangePassword(ctx context.Context, who access.Principal, current, next string) error {
	person, err := c.self(ctx, who, access.PasswordChange)
	if err != nil {
		return err
	}
	if _, err := c.attempt(person.Email, who.Request); err != nil {
		return err
	}
	right, err := c.rightPassword(ctx, person, current)
	if err != nil {
		return err
	}
	if !right {
		return c.write(ctx, who, access.PasswordChange, account, func(v *visit) error {
			v.target = audit.Target{Kind: "member", ID: who.ID, Name: who.Name}
			return fault.Refused("current", "is not your password")
		})
	}
	hash, err := c.newPassword(ctx, "password", next)
	if err != nil {
		return err
	}
	err = c.endOthers(ctx, who, access.PasswordChange, func(v *visit) error { return v.SetPassword(ctx, who.Person, hash) })
	if err == nil {
		c.tellPasswordChanged(person)
	}
	return err
}

// newPassword checks the form of a password that is to be set, and hashes it, a bounded number at once.
func (c *Control) newPassword(ctx context.Context, field, password string) (hash string, err error) {
	if err := checkPasswordForm(field, password); err != nil {
		return "", err
	}
	if err := c.hashing.Acquire(ctx, 1); err != nil {
		return "", fault.New(fault.Unavailable, "too many passwords are checked at this moment; try again")
	}
	defer c.hashing.Release(1)
	return hashPassword(password), nil
}
