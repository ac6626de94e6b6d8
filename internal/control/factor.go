package control

import (
	"context"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/factor"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

const (
	factorsMost = 20               // of one person
	proofFresh  = 10 * time.Minute // how old a proof may be for changing what proves who one is
	enrolLife   = 15 * time.Minute // how long an authenticator may be set up
	factorNoun  = "second_factor"
)

// Factor is something a person proves who they are with besides a password.
type Factor struct {
	ID        string
	Kind      factor.Kind
	Name      string
	CreatedAt time.Time
	UsedAt    time.Time // zero: never
	BackedUp  bool      // a passkey that is kept beyond one device
}

// Factors are all of a person's.
type Factors struct {
	List          []Factor
	RecoveryCodes int  // that were not used
	Required      bool // the account the person acts in demands a second factor
	Password      bool // the person has a password to log in with
}

// factorsOf lists the factors that prove something.
func factorsOf(ctx context.Context, tx *store.Tx, person string) ([]Factor, error) {
	codes, err := tx.TOTPs(ctx, person)
	if err != nil {
		return nil, err
	}
	keys, err := tx.Passkeys(ctx, person)
	if err != nil {
		return nil, err
	}
	list := []Factor{}
	for _, k := range keys {
		list = append(list, Factor{ID: k.ID, Kind: factor.Passkey, Name: k.Name, CreatedAt: k.CreatedAt, UsedAt: k.UsedAt, BackedUp: k.BackedUp})
	}
	for _, f := range codes {
		if !f.ConfirmedAt.IsZero() {
			list = append(list, Factor{ID: f.ID, Kind: factor.TOTP, Name: f.Name, CreatedAt: f.CreatedAt, UsedAt: f.UsedAt})
		}
	}
	return list, nil
}

// ListFactors lists the principal's own factors: passkeys first, each kind oldest first.
func (c *Control) ListFactors(ctx context.Context, who access.Principal) (out Factors, err error) {
	err = c.read(ctx, who, access.FactorList, account, func(v *visit) error {
		if out.List, err = factorsOf(ctx, v.Tx, who.Person); err != nil {
			return err
		}
		if out.RecoveryCodes, err = v.CountRecoveryCodes(ctx, who.Person); err != nil {
			return err
		}
		a, err := v.AccountSettings(ctx)
		if err != nil {
			return err
		}
		out.Required = a.SecondFactor
		p, err := v.Person(ctx, who.Person)
		out.Password = p.PasswordHash != ""
		return err
	})
	return out, err
}

// changes is the scope of a change to what proves who the principal is: the proof that they are must be fresh, so that a
// session that was left open, or stolen, changes none of it.
func (c *Control) changes(_ context.Context, v *visit) error { return c.ProvedLately(v.who) }

// ProvedLately says whether a person has shown who they are so lately that they may change what proves it; fault.Forbidden
// with StepUp where not. A page asks before it asks for anything else, so that nobody fills in a form in vain.
func (c *Control) ProvedLately(who access.Principal) error {
	if who.Kind == access.MemberActor && (who.Proved.IsZero() || !c.now().Before(who.Proved.Add(proofFresh))) {
		refusal := fault.New(fault.Forbidden, "to change what proves who somebody is, prove again who you are: the last proof is older than %d minutes", int(proofFresh.Minutes()))
		refusal.StepUp = true
		return refusal
	}
	return nil
}

func factorTarget(id, name string) audit.Target {
	return audit.Target{Kind: factorNoun, ID: id, Name: name}
}

// room refuses one factor more than a person may have, and a name that they gave already.
func (v *visit) room(ctx context.Context, name string) error {
	list, err := factorsOf(ctx, v.Tx, v.who.Person)
	if err != nil {
		return err
	}
	if len(list) >= factorsMost {
		return fault.New(fault.Conflict, "you have %d second factors, which is as many as there may be; remove one first", len(list))
	}
	if slices.ContainsFunc(list, func(f Factor) bool { return f.Name == name }) {
		return fault.Refused("name", "is the name of another second factor of yours; choose another")
	}
	return nil
}

// firstCodes makes recovery codes for a person who has none, as when they set up their first factor.
func (c *Control) firstCodes(ctx context.Context, v *visit) ([]string, error) {
	n, err := v.CountRecoveryCodes(ctx, v.who.Person)
	if err != nil || n > 0 {
		return nil, err
	}
	return c.newCodes(ctx, v)
}

func (c *Control) newCodes(ctx context.Context, v *visit) ([]string, error) {
	codes := factor.NewRecoveryCodes()
	digests := make([]apikey.Digest, len(codes))
	for i, code := range codes {
		digests[i] = c.recoveryDigest(v.who.Person, code)
	}
	return codes, v.PutRecoveryCodes(ctx, v.who.Person, digests)
}

func (c *Control) recoveryDigest(person, code string) apikey.Digest {
	return c.digester.Sum(secret.Facts("lockage recovery code", person, factor.NormalRecovery(code)))
}

// RenewRecoveryCodes puts new recovery codes in place of those the principal has. They are shown this once.
func (c *Control) RenewRecoveryCodes(ctx context.Context, who access.Principal) (codes []string, err error) {
	err = c.write(ctx, who, access.RecoveryCodesRenew, c.changes, func(v *visit) error {
		v.target = audit.Target{Kind: "member", ID: who.ID, Name: who.Name}
		list, err := factorsOf(ctx, v.Tx, who.Person)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fault.New(fault.Conflict, "you have no second factor; set one up, which makes recovery codes too")
		}
		codes, err = c.newCodes(ctx, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// RemoveFactor removes one of the principal's factors, and with the last one their recovery codes.
func (c *Control) RemoveFactor(ctx context.Context, who access.Principal, id string) error {
	return c.write(ctx, who, access.FactorDelete, c.changes, func(v *visit) error {
		list, err := factorsOf(ctx, v.Tx, who.Person)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(f Factor) bool { return f.ID == id })
		if i < 0 {
			return fault.New(fault.NotFound, "no such second factor")
		}
		f := list[i]
		v.target, v.detail = factorTarget(f.ID, f.Name), audit.Detail("type", string(f.Kind))
		remove := v.DeleteTOTP
		if f.Kind == factor.Passkey {
			remove = v.DeletePasskey
		}
		switch there, err := remove(ctx, who.Person, id); {
		case err != nil:
			return err
		case !there:
			return fault.New(fault.NotFound, "no such second factor")
		case len(list) == 1:
			return v.PutRecoveryCodes(ctx, who.Person, nil)
		}
		return nil
	})
}

// showed notes that the session's holder has just shown a factor.
func (v *visit) showed(ctx context.Context, kind factor.Kind) error {
	s, err := v.Session(ctx, v.who.Session)
	if err != nil {
		return err
	}
	if !slices.Contains(s.Methods, string(kind)) {
		s.Methods = append(s.Methods, string(kind))
	}
	return v.ProveSession(ctx, s.ID, s.Methods)
}
