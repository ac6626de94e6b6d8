package control

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/factor"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// Authenticator is what a person enters into an authenticator, once.
type Authenticator struct {
	ID  string
	Key string // as people type it
	URL string // as the authenticator reads it from a picture
}

// AddTOTP makes a key for an authenticator. It proves nothing until ConfirmTOTP.
func (c *Control) AddTOTP(ctx context.Context, who access.Principal, name string) (out Authenticator, err error) {
	if err := factor.CheckName(name); err != nil {
		return out, err
	}
	key := factor.NewKey()
	defer clear(key)
	f := store.TOTP{PersonID: who.Person, ID: newID(), Name: name, CreatedAt: c.now().UTC().Truncate(time.Millisecond)}
	err = c.write(ctx, who, access.FactorCreate, c.changes, func(v *visit) error {
		v.target, v.detail = factorTarget(f.ID, name), audit.Detail("type", string(factor.TOTP))
		if err := v.room(ctx, name); err != nil {
			return err
		}
		if f.Key, err = c.sealer.Seal(ctx, f.Binding(), secret.NewPlaintext(key)); err != nil {
			return err
		}
		return v.InsertTOTP(ctx, f, v.Now().Add(-enrolLife))
	})
	if err != nil {
		return Authenticator{}, err
	}
	return Authenticator{ID: f.ID, Key: factor.KeyText(key), URL: factor.KeyURL("Lockage", who.Name, key)}, nil
}

// ConfirmTOTP checks that an authenticator makes the right codes; from then on it proves who the principal is, and logging
// in asks for it. It answers recovery codes where the principal had none; they are shown this once.
func (c *Control) ConfirmTOTP(ctx context.Context, who access.Principal, id, code string) (codes []string, err error) {
	err = c.write(ctx, who, access.FactorConfirm, c.changes, func(v *visit) error {
		f, err := v.TOTP(ctx, who.Person, id)
		if err != nil {
			return err
		}
		v.target, v.detail = factorTarget(f.ID, f.Name), audit.Detail("type", string(factor.TOTP))
		if !f.ConfirmedAt.IsZero() {
			return fault.New(fault.Conflict, "this second factor is set up already")
		}
		if !v.Now().Before(f.CreatedAt.Add(enrolLife)) {
			return fault.New(fault.NotFound, "no such second factor")
		}
		if err := v.room(ctx, f.Name); err != nil {
			return err
		}
		if err := c.codes.allow(who.Person, c.now()); err != nil {
			return err
		}
		step, right, err := c.codeOf(ctx, f, code)
		if err != nil {
			return err
		}
		if right {
			right, err = v.UseTOTP(ctx, who.Person, id, step)
		}
		if err == nil && !right {
			err = fault.Refused("code", "is not the one the authenticator shows now; check its clock, and type the newest one")
		}
		if err != nil {
			return err
		}
		c.codes.clear(who.Person)
		if _, err := v.ConfirmTOTP(ctx, who.Person, id); err != nil {
			return err
		}
		if codes, err = c.firstCodes(ctx, v); err != nil {
			return err
		}
		return v.showed(ctx, factor.TOTP)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// codeOf says whether a code is one of an authenticator's now, and of which step.
func (c *Control) codeOf(ctx context.Context, f store.TOTP, code string) (step int64, right bool, err error) {
	opener, err := c.sealer.Open(ctx, f.Binding(), f.Key)
	if err != nil {
		return 0, false, err
	}
	key, err := opener.AppendTo(nil)
	if err != nil {
		return 0, false, err
	}
	defer clear(key)
	step, right = factor.CheckCode(key, code, c.now(), f.LastStep)
	return step, right, nil
}

// provesTOTP says whether a code is one of a person's authenticators, and uses it up.
func (c *Control) provesTOTP(ctx context.Context, person, code string) (bool, error) {
	if !factor.LooksLikeCode(code) {
		return false, nil
	}
	if err := c.codes.allow(person, c.now()); err != nil {
		return false, err
	}
	var list []store.TOTP
	err := c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.TOTPs(ctx, person)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, f := range list {
		if f.ConfirmedAt.IsZero() {
			continue
		}
		step, right, err := c.codeOf(ctx, f, code)
		if err != nil || !right {
			if err != nil {
				return false, err
			}
			continue
		}
		err = c.store.Batch(ctx, func(tx *store.Tx) error {
			right, err = tx.UseTOTP(ctx, person, f.ID, step) // of two with the same code, one
			return err
		})
		if err != nil {
			return false, err
		}
		if right {
			c.codes.clear(person)
			return true, nil
		}
	}
	return false, nil
}

// provesRecovery says whether a code is one of a person's recovery codes, and uses it up.
func (c *Control) provesRecovery(ctx context.Context, person, code string) (right bool, err error) {
	if factor.NormalRecovery(code) == "" {
		return false, nil
	}
	err = c.store.Batch(ctx, func(tx *store.Tx) error {
		right, err = tx.UseRecoveryCode(ctx, person, c.recoveryDigest(person, code))
		return err
	})
	return right, err
}

// The limits on one-time codes, which are short: so many wrong ones of a person, then one in so much time. A right one
// begins anew. Whoever is limited has shown the password before, so that nobody else can keep a person out.
const (
	codesPerPerson = 5
	codeEvery      = 5 * time.Minute
)

// codeTries counts the one-time codes that were tried. It is safe for concurrent use.
type codeTries struct {
	mu     sync.Mutex
	people map[string]*tries
}

func (t *codeTries) allow(person string, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.people == nil {
		t.people = map[string]*tries{}
	}
	one := find(t.people, person, codesPerPerson, codeEvery, now)
	if one.limiter.AllowN(now, 1) {
		return nil
	}
	wait := time.Duration((1 - one.limiter.TokensAt(now)) / float64(rate.Every(codeEvery)) * float64(time.Second))
	return &fault.Error{Kind: fault.Limited, RetryAfter: wait, Message: "too many wrong codes; wait before the next, or use a passkey or a recovery code"}
}

func (t *codeTries) clear(person string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.people, person)
}
