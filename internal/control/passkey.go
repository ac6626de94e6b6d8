package control

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/factor"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/passkey"
	"github.com/lockage/lockage/internal/store"
)

const (
	passkeyLife      = 5 * time.Minute // how long a question may be answered
	purposeRegister  = "register a passkey"
	purposeLogin     = "log in with a passkey"
	wherePasskeysAre = "passkeys need a name browsers can trust: start the server with --public-url https://…, or http://localhost:PORT on this machine"
)

// PasskeyQuestion is what a browser is asked.
type PasskeyQuestion struct {
	Options   json.RawMessage // for navigator.credentials
	ExpiresAt time.Time
}

// HasPasskeys says whether this server is reached in a way that browsers keep passkeys for.
func (c *Control) HasPasskeys() bool { return c.passkeys != nil }

func (c *Control) party() (*passkey.Party, error) {
	if c.passkeys == nil {
		return nil, fault.New(fault.Conflict, wherePasskeysAre)
	}
	return c.passkeys, nil
}

// holder is a person as passkeys know them.
func holder(ctx context.Context, tx *store.Tx, person string) (who passkey.Person, keys []store.Passkey, err error) {
	p, err := tx.Person(ctx, person)
	if err != nil {
		return who, nil, err
	}
	if keys, err = tx.Passkeys(ctx, person); err != nil {
		return who, nil, err
	}
	who = passkey.Person{ID: p.ID, Email: p.Email, Name: p.Name}
	for _, k := range keys {
		who.Records = append(who.Records, k.Record)
	}
	return who, keys, nil
}

// BeginPasskey asks the principal's browser for a new passkey. A name that it could not be kept under is refused before a
// device makes one in vain; "" where it is not chosen yet.
func (c *Control) BeginPasskey(ctx context.Context, who access.Principal, name string) (q PasskeyQuestion, err error) {
	party, err := c.party()
	if err != nil {
		return q, err
	}
	if name != "" {
		if err := factor.CheckName(name); err != nil {
			return q, err
		}
	}
	err = c.read(ctx, who, access.FactorCreate, c.changes, func(v *visit) error {
		if name != "" {
			if err := v.room(ctx, name); err != nil {
				return err
			}
		}
		person, _, err := holder(ctx, v.Tx, who.Person)
		if err != nil {
			return err
		}
		challenge, expires := c.once(purposeRegister, who.Session, passkeyLife)
		q.ExpiresAt = expires
		q.Options, err = party.Register(person, challenge)
		return err
	})
	return q, err
}

// AddPasskey keeps the passkey that the principal's browser answered with, after a question to this session. It answers
// recovery codes where the principal had none; they are shown this once.
func (c *Control) AddPasskey(ctx context.Context, who access.Principal, name string, answer []byte) (made Factor, codes []string, err error) {
	party, err := c.party()
	if err != nil {
		return made, nil, err
	}
	if err := factor.CheckName(name); err != nil {
		return made, nil, err
	}
	parsed, bad := passkey.ReadRegistration(answer)
	good := false
	if bad == nil && who.Session != "" {
		if good, err = c.spend(ctx, purposeRegister, who.Session, parsed.Challenge); err != nil {
			return made, nil, err
		}
	}
	err = c.write(ctx, who, access.FactorCreate, c.changes, func(v *visit) error {
		k := store.Passkey{PersonID: who.Person, ID: newID(), Name: name, CreatedAt: v.Now()}
		v.target, v.detail = factorTarget(k.ID, name), audit.Detail("type", string(factor.Passkey))
		if !good {
			return refusedPasskey(bad)
		}
		if err := v.room(ctx, name); err != nil {
			return err
		}
		person, _, err := holder(ctx, v.Tx, who.Person)
		if err != nil {
			return err
		}
		p, err := party.Registered(person, parsed)
		if errors.Is(err, passkey.ErrRefused) {
			return refusedPasskey(err)
		}
		if err != nil {
			return err
		}
		k.Credential, k.Record, k.Counted, k.BackedUp = p.ID, p.Record, int64(p.Count), p.BackedUp
		added, err := v.InsertPasskey(ctx, k)
		if err != nil {
			return err
		}
		if !added {
			return fault.New(fault.Conflict, "this passkey is registered already")
		}
		if codes, err = c.firstCodes(ctx, v); err != nil {
			return err
		}
		made = Factor{ID: k.ID, Kind: factor.Passkey, Name: name, CreatedAt: k.CreatedAt, BackedUp: k.BackedUp}
		return v.showed(ctx, factor.Passkey)
	})
	if err != nil {
		return Factor{}, nil, err
	}
	return made, codes, nil
}

func refusedPasskey(cause error) error {
	return &fault.Error{
		Kind: fault.Invalid, Err: cause, Message: "credential: is no answer to a question this session was asked in the last 5 minutes; begin again",
		Fields: []fault.Field{{Field: "credential", Message: "is no answer to a question this session was asked in the last 5 minutes; begin again"}},
	}
}

// AskPasskey asks anybody's browser for a passkey, to log in with or to prove anew who somebody is. Nothing is stored, and
// nothing told of anyone: the device says whose its passkey is.
func (c *Control) AskPasskey() (q PasskeyQuestion, err error) {
	party, err := c.party()
	if err != nil {
		return q, err
	}
	challenge, expires := c.once(purposeLogin, "", passkeyLife)
	q.ExpiresAt = expires
	q.Options, err = party.Ask(nil, challenge)
	return q, err
}

// provenByPasskey says whose passkey answered a question for a purpose and a holder; "" where nobody is proved. What the
// answer changes is stored, so that no answer counts twice and no counter goes back.
func (c *Control) provenByPasskey(ctx context.Context, purpose, holds string, answer []byte) (person string, err error) {
	party, err := c.party()
	if err != nil {
		return "", err
	}
	if len(answer) > passkey.MaxAnswer {
		return "", nil
	}
	a, err := passkey.Read(answer)
	if err != nil {
		c.logger.InfoContext(ctx, "an answer of a passkey was refused", "error", err)
		return "", nil
	}
	if good, err := c.spend(ctx, purpose, holds, a.Challenge); err != nil || !good {
		return "", err
	}
	err = c.store.Batch(ctx, func(tx *store.Tx) error {
		who, keys, err := holder(ctx, tx, a.Person)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		used, err := party.Answered(who, a)
		if errors.Is(err, passkey.ErrRefused) || errors.Is(err, passkey.ErrCloned) {
			c.logger.WarnContext(ctx, "an answer of a passkey was refused", "person", who.ID, "error", err)
			if errors.Is(err, passkey.ErrCloned) {
				return errCloned()
			}
			return nil
		}
		if err != nil {
			return err
		}
		for _, k := range keys {
			if string(k.Credential) != string(used.ID) {
				continue
			}
			k.Record, k.Counted, k.BackedUp = used.Record, int64(used.Count), used.BackedUp
			fresh, err := tx.UsePasskey(ctx, k)
			if err == nil && fresh {
				person = who.ID
			}
			return err
		}
		return nil
	})
	return person, err
}

// errCloned tells the owner of a passkey, who just proved to hold it, why it is refused all the same.
func errCloned() error {
	return fault.New(fault.Unauthenticated, "this passkey is refused: its counter went back, as if another device held a copy of it; log in another way and remove it")
}

// LoginWithPasskey opens a session for whoever a passkey proves; it counts as both factors, as the device verified its
// user.
func (c *Control) LoginWithPasskey(ctx context.Context, answer []byte, r LoginRequest, from access.Request) (_ LoggedIn, err error) {
	defer fault.Wrap(&err, "control: login with a passkey")
	claimed := ""
	if a, bad := passkey.Read(answer); bad == nil && len(answer) <= passkey.MaxAnswer && len(a.Person) <= len(newID()) {
		claimed = a.Person // counted apart for each person, so that nobody keeps another out of their password
	}
	refused, err := c.attempt("passkey "+claimed, from)
	if err != nil {
		return LoggedIn{}, err
	}
	person, err := c.provenByPasskey(ctx, purposeLogin, "", answer)
	first := proven{methods: []string{string(factor.Passkey)}, whole: true, refused: refused, agent: r.Agent}
	if err == nil && person == "" {
		err = fault.New(fault.Unauthenticated, "the passkey is not known here, or its answer came too late; try again")
	}
	if err != nil {
		if fault.Is(err, fault.Unauthenticated) && claimed != "" {
			first.person.ID = c.known(ctx, claimed)
		}
		return LoggedIn{}, c.refuseLogin(ctx, first, from, err)
	}
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		first.person, err = tx.Person(ctx, person)
		return err
	})
	if err != nil {
		return LoggedIn{}, err
	}
	return c.begin(ctx, first, r, from)
}

// known is a person's id where there is such a person, so that the refusal stands in their account's log; else "".
func (c *Control) known(ctx context.Context, person string) string {
	err := c.store.ReadAll(ctx, func(tx *store.Tx) error {
		_, err := tx.Person(ctx, person)
		return err
	})
	if err != nil {
		return ""
	}
	return person
}
