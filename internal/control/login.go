package control

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/factor"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// The ways to prove who one is, as a session names them.
const methodPassword = "password"

// Proof shows a second factor. A request without one is told which are demanded.
type Proof struct {
	Code    string // typed by a person
	Passkey string // what a browser answered to AskPasskey
}

// LoginRequest is what somebody who logs in sends.
type LoginRequest struct {
	Email    string
	Password string
	Proof    Proof
	Account  string // the id of the account to act in; "": the one they have belonged to for longest
	Agent    string // the program it is sent with
}

// Session is what a person opened by logging in.
type Session = store.Session

// LoggedIn is a session that has begun.
type LoggedIn struct {
	Session  Session
	Secret   string // what a browser keeps, as its cookie
	Accounts []Account

	Token     string // a JWT of the session, what a program sends
	ExpiresAt time.Time

	Begun string // of a refusal for want of a second factor, the only thing that is set: FinishLogin goes on with it
}

// proven is a person who showed a first factor.
type proven struct {
	person  store.Person
	methods []string // what was shown
	whole   bool     // it counts as both factors
	refused int      // attempts before this one that were too many
	agent   string   // the program they were shown with, as it says
}

// secondFactor is a way to prove who one is besides the first.
type secondFactor struct {
	name     string
	enrolled func(ctx context.Context, tx *store.Tx, person string) (bool, error) // whether the person has set it up
	proves   func(ctx context.Context, person string, p Proof) (bool, error)      // whether this shows it; what is used once is used up
}

// Login opens a session for an e-mail address and a password, and where the person has set up a second factor, that too.
// A wrong password and an unknown person get the same answer after the same work.
func (c *Control) Login(ctx context.Context, r LoginRequest, from access.Request) (_ LoggedIn, err error) {
	defer fault.Wrap(&err, "control: login")
	if len(r.Password) > passwordMost || len(r.Email) > emailMost {
		r.Email, r.Password = "", "" // nobody's; refused and recorded as anybody unknown
	}
	refused, err := c.attempt(r.Email, from)
	if err != nil {
		return LoggedIn{}, err
	}
	var person store.Person
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		person, err = tx.PersonByEmail(ctx, normalEmail(r.Email))
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return LoggedIn{}, err
	}
	right, err := c.checkPassword(ctx, person.PasswordHash, r.Password)
	if err != nil {
		return LoggedIn{}, err
	}
	first := proven{person: person, methods: []string{methodPassword}, refused: refused, agent: r.Agent}
	if !right {
		return LoggedIn{}, c.refuseLogin(ctx, first, from, errLogin())
	}
	return c.begin(ctx, first, r, from)
}

// attempt counts an attempt to prove who one is, and refuses one that is too many. It answers how many of this person
// were refused since the last that counted.
func (c *Control) attempt(email string, from access.Request) (refused int, err error) {
	wait, refused := c.attempts.allow(normalEmail(email), from.Address, c.now())
	if wait > 0 {
		// not recorded one by one, or whoever can reach us could fill the audit log: the next one that counts tells how many
		return 0, &fault.Error{
			Kind: fault.Limited, RetryAfter: wait, Message: "too many attempts; wait before the next",
		}
	}
	return refused, nil
}

// begin opens a session for a person who showed a first factor, in an account they belong to. Where they have set up
// second factors, one of these must be shown too, unless the first was whole.
func (c *Control) begin(ctx context.Context, first proven, r LoginRequest, from access.Request) (_ LoggedIn, err error) {
	methods, err := c.second(ctx, first, r.Proof)
	if err != nil {
		return LoggedIn{Begun: c.begunBy(first, err)}, c.refuseLogin(ctx, first, from, err)
	}
	var found []store.Member
	out := LoggedIn{}
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		if found, err = tx.Memberships(ctx, first.person.ID); err != nil {
			return err
		}
		out.Accounts, err = tx.AccountsOf(ctx, first.person.ID)
		return err
	})
	if err != nil {
		return LoggedIn{}, err
	}
	if len(found) == 0 { // who belongs to no account any more is nobody here
		return LoggedIn{}, c.refuseLogin(ctx, first, from, errLogin())
	}
	member := found[0]
	if r.Account != "" {
		i := slices.IndexFunc(found, func(m store.Member) bool { return m.Account == r.Account })
		if i < 0 {
			return LoggedIn{}, c.refuseLogin(ctx, first, from, fault.Refused("account", "is no account that you belong to; leave it out, and switch afterwards"))
		}
		member = found[i]
	}
	out.Secret = newSecret()
	now := c.now().UTC().Truncate(time.Millisecond)
	out.Session = Session{
		ID: newID(), Account: member.Account, PersonID: first.person.ID, Digest: c.digester.Sum(out.Secret), Epoch: first.person.Epoch,
		Methods: methods, Address: from.Address, Agent: printable(r.Agent, agentMost),
		CreatedAt: now, SeenAt: now, ProvedAt: now, ExpiresAt: now.Add(sessionLife), Member: member,
	}
	entry := loginEntry(member, first, from)
	if slices.Contains(methods, string(factor.Recovery)) {
		maps.Copy(entry.Detail, audit.Detail("type", string(factor.Recovery)))
	}
	err = c.store.Write(ctx, member.Account, func(tx *store.Tx) error {
		if err := tx.InsertSession(ctx, out.Session); err != nil {
			return err
		}
		return tx.AppendAudit(ctx, entry)
	})
	if err != nil {
		return LoggedIn{}, err
	}
	if slices.Contains(methods, string(factor.Recovery)) {
		c.tellRecovery(ctx, first.person, from.Address)
	}
	out.Token, out.ExpiresAt, err = c.issue(out.Session)
	return out, err
}

// second checks the second factor, and answers all methods that were shown.
func (c *Control) second(ctx context.Context, first proven, p Proof) (methods []string, err error) {
	methods = slices.Clone(first.methods)
	if first.whole {
		return methods, nil
	}
	var demanded []string
	var checks []secondFactor
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		for _, f := range c.secondFactors() {
			has, err := f.enrolled(ctx, tx, first.person.ID)
			if err != nil {
				return err
			}
			if has {
				demanded, checks = append(demanded, f.name), append(checks, f)
			}
		}
		return nil
	})
	if err != nil || len(demanded) == 0 {
		return methods, err
	}
	for _, f := range checks {
		right, err := f.proves(ctx, first.person.ID, p)
		if err != nil {
			return nil, err
		}
		if right {
			return append(methods, f.name), nil
		}
	}
	message := "a second factor is needed too: " + strings.Join(demanded, " or ")
	if p != (Proof{}) {
		message = "the second factor is wrong or was used before; try again with a new one"
	}
	return nil, &fault.Error{Kind: fault.Unauthenticated, Message: message, Factors: demanded}
}

// refuseLogin records a login that was refused, where it belongs, and answers why.
func (c *Control) refuseLogin(ctx context.Context, first proven, from access.Request, refusal error) error {
	kind := fault.KindOf(refusal)
	if kind == fault.Internal || kind == fault.Unavailable {
		return refusal // not a decision
	}
	var member store.Member
	var where string
	err := c.store.ReadAll(ctx, func(tx *store.Tx) error {
		found, err := tx.Memberships(ctx, first.person.ID)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			member, where = found[0], found[0].Account
			return nil
		}
		where, err = tx.OldestAccount(ctx) // somebody unknown knocked: its log keeps it, without what they typed
		return err
	})
	if err != nil {
		return err
	}
	if where == "" {
		return refusal
	}
	entry := loginEntry(member, first, from)
	entry.Outcome = audit.Refused
	if first.refused == 0 {
		maps.Copy(entry.Detail, audit.Detail("error", string(kind)))
	}
	if err := c.record(ctx, where, entry); err != nil {
		return err
	}
	return refusal
}

func loginEntry(m store.Member, first proven, from access.Request) audit.Entry {
	e := audit.Entry{
		Actor: audit.Actor{Kind: string(access.MemberActor), ID: m.ID, Name: m.Email}, Action: string(access.SessionLogin),
		Outcome: audit.Allowed, Target: audit.Target{Kind: "member", ID: m.ID, Name: m.Email},
		RequestID: from.ID, Address: from.Address,
	}
	e.Detail = map[string]string{}
	if first.refused > 0 {
		maps.Copy(e.Detail, audit.Detail("reason", fmt.Sprintf("%d attempts before this one were refused as too many", first.refused)))
	}
	if agent := printable(first.agent, agentMost); agent != "" {
		maps.Copy(e.Detail, audit.Detail("agent", agent))
	}
	return e
}

func errLogin() error {
	return fault.New(fault.Unauthenticated, "the e-mail address or the password is wrong")
}

func normalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// agentMost is how much is kept of the name a program gives itself.
const agentMost = 120

// printable is a text of strangers as it may be shown: one line of printable characters, cut.
func printable(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most])
	}
	return s
}

// newSecret is a text of 256 random bits.
func newSecret() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(raw[:])
}
