package control

import (
	"context"
	"encoding/base64"
	"errors"
	"net/mail"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/oidc"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

const (
	providerLife    = 10 * time.Minute // how long a login at the provider may take
	purposeProvider = "log in at the provider"
	purposeLink     = "link the provider"
	personNameMost  = 100
)

// ProviderLogin is a login at the login provider that has begun.
type ProviderLogin struct {
	URL       string // where a browser goes
	Secret    string // kept by who began it, in a cookie; without it what comes back counts for nothing
	ExpiresAt time.Time
}

// ProviderAnswer is what a browser came back with from the provider, and the secret of who began the login.
type ProviderAnswer struct{ Code, State, Secret string }

// HasProvider says whether people can log in at a provider.
func (c *Control) HasProvider() bool { return c.provider != nil }

func errNoProvider() error {
	return fault.New(fault.Conflict, "no login provider is set up here; an operator names one with --oidc-issuer")
}

// BeginProviderLogin sends anybody's browser to the login provider. Nothing is stored: what the login is bound to is made of
// the secret, which its browser alone has, and of the state.
func (c *Control) BeginProviderLogin(ctx context.Context) (l ProviderLogin, err error) {
	defer fault.Wrap(&err, "control: begin a login at the provider")
	return c.beginProvider(ctx, purposeProvider, "")
}

func (c *Control) beginProvider(ctx context.Context, purpose, session string) (l ProviderLogin, err error) {
	if c.provider == nil {
		return l, errNoProvider()
	}
	l.Secret = newSecret()
	text, expires := c.once(purpose, session+" "+l.Secret, providerLife)
	state := base64.RawURLEncoding.EncodeToString(text)
	l.ExpiresAt = expires
	nonce, verifier := c.boundTo(l.Secret, state)
	if l.URL, err = c.provider.AuthorizationURL(ctx, state, nonce, verifier, false); err != nil {
		return ProviderLogin{}, c.providerFailed(ctx, err)
	}
	return l, nil
}

// boundTo are the nonce and the PKCE verifier of a login, which nobody knows without its secret.
func (c *Control) boundTo(browser, state string) (nonce, verifier string) {
	derived := func(what string) string {
		d := c.digester.Sum(secret.Facts("lockage login provider", what, browser, state))
		return base64.RawURLEncoding.EncodeToString(d[:])
	}
	return derived("nonce"), derived("verifier")
}

// identified says who the provider says somebody is, for a login that was begun here for the purpose, and not used before.
func (c *Control) identified(ctx context.Context, purpose, session string, a ProviderAnswer) (who oidc.Identity, err error) {
	if c.provider == nil {
		return who, errNoProvider()
	}
	text, err := base64.RawURLEncoding.DecodeString(a.State)
	good := err == nil && a.Code != "" && a.Secret != ""
	if good {
		if good, err = c.spend(ctx, purpose, session+" "+a.Secret, text); err != nil {
			return who, err
		}
	}
	if !good {
		return who, fault.New(fault.Unauthenticated, "this login was not begun here, took too long, or is over; begin again")
	}
	nonce, verifier := c.boundTo(a.Secret, a.State)
	who, err = c.provider.Exchange(ctx, a.Code, nonce, verifier)
	return who, c.providerFailed(ctx, err)
}

// providerFailed is what somebody is told of a failure at the provider; the log knows why.
func (c *Control) providerFailed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, oidc.ErrRefused) {
		c.logger.WarnContext(ctx, "an answer of the login provider was refused", "error", err)
		return fault.New(fault.Unauthenticated, "the login provider's answer does not prove who you are; begin again")
	}
	c.logger.ErrorContext(ctx, "the login provider could not be asked", "error", err)
	told := &fault.Error{Kind: fault.Unavailable, Err: err, Message: "the login provider cannot be reached at this moment; try again, or log in another way"}
	if u, ok := errors.AsType[*oidc.Unavailable](err); ok {
		told.RetryAfter = max(u.After, time.Second)
	}
	return told
}

// LoginAtProvider opens a session for whom the provider says it is. They are known by the provider's own name for them, or
// become a person here where an account gives their groups something. What groups give is brought up to date first.
func (c *Control) LoginAtProvider(ctx context.Context, a ProviderAnswer, r LoginRequest, from access.Request) (_ LoggedIn, err error) {
	defer fault.Wrap(&err, "control: login at the provider")
	refused, err := c.attempt("provider "+a.State[:min(len(a.State), 100)], from) // each state counts once: it is the address that is limited
	if err != nil {
		return LoggedIn{}, err
	}
	first := proven{methods: []string{methodOIDC}, whole: true, refused: refused, agent: r.Agent}
	who, err := c.identified(ctx, purposeProvider, "", a)
	if err == nil {
		first.person, err = c.personAt(ctx, who)
	}
	if err != nil {
		return LoggedIn{}, c.refuseLogin(ctx, first, from, err)
	}
	if err := c.syncGroups(ctx, first.person, who.Groups, from); err != nil {
		return LoggedIn{}, err
	}
	usable, err := c.holding(ctx, first.person.ID)
	if err != nil {
		return LoggedIn{}, err
	}
	switch {
	case len(usable) == 0:
		return LoggedIn{}, c.refuseLogin(ctx, first, from, errNoGroup())
	case r.Account == "":
		r.Account = usable[0]
	}
	if err := c.store.Batch(ctx, func(tx *store.Tx) error { return tx.UseOIDCLink(ctx, who.Issuer, who.Subject) }); err != nil {
		return LoggedIn{}, err
	}
	return c.begin(ctx, first, r, from)
}

func errNoGroup() error {
	return fault.New(fault.Unauthenticated, "your groups at the login provider give access to nothing here; ask an owner or admin")
}

// personAt is who somebody of the provider is here. An address alone makes nobody anyone: who has a login here links the
// provider to it after having shown that it is theirs; who has none needs an address that the provider says it verified.
// The person is answered with a refusal too where one is concerned.
func (c *Control) personAt(ctx context.Context, who oidc.Identity) (p store.Person, err error) {
	for range 2 { // another request of theirs may be faster
		var email string
		err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
			link, err := tx.OIDCLink(ctx, who.Issuer, who.Subject)
			if err == nil {
				p, err = tx.Person(ctx, link.PersonID)
				return err
			}
			if !fault.Is(err, fault.NotFound) {
				return err
			}
			if email, err = verified(who); err != nil {
				return err
			}
			if p, err = tx.PersonByEmail(ctx, email); !fault.Is(err, fault.NotFound) {
				if err == nil {
					err = fault.New(fault.Unauthenticated, "there is a login here for your address already: log in with it, and link the login provider to it")
				}
				return err
			}
			gives, err := c.givesAny(ctx, tx, who.Groups)
			if err == nil && !gives {
				err = errNoGroup()
			}
			return err
		})
		if err != nil || p.ID != "" {
			return p, err
		}
		fresh := store.Person{ID: newID(), Email: email, Name: printable(who.Name, personNameMost), CreatedAt: c.now().UTC().Truncate(time.Millisecond)}
		if fresh.Name == "" {
			fresh.Name = email
		}
		switch err := c.insertLinked(ctx, fresh, who); {
		case err == nil:
			return fresh, nil
		case !errors.Is(err, errFaster):
			return p, err
		}
	}
	return p, fault.New(fault.Unavailable, "another login of yours was faster; try again")
}

// verified is the address that the provider says is somebody's, in its normal form.
func verified(who oidc.Identity) (string, error) {
	email := normalEmail(who.Email)
	if parsed, err := mail.ParseAddress(email); !who.EmailVerified || len(email) > emailMost || err != nil || parsed.Address != email || strings.ContainsFunc(email, func(r rune) bool { return r > 0x7e }) {
		return "", fault.New(fault.Unauthenticated, "the login provider does not say that it verified your e-mail address; ask who runs it, or to be invited here and link it")
	}
	return email, nil
}

// errFaster says that somebody else made the same person, or link, a moment ago.
var errFaster = errors.New("another login was faster")

func (c *Control) insertLinked(ctx context.Context, p store.Person, who oidc.Identity) error {
	return c.store.Batch(ctx, func(tx *store.Tx) error {
		added, err := tx.InsertPersonOnce(ctx, p)
		if err == nil && added {
			added, err = tx.InsertOIDCLink(ctx, store.OIDCLink{Issuer: who.Issuer, Subject: who.Subject, PersonID: p.ID, Email: p.Email, CreatedAt: p.CreatedAt})
		}
		if err == nil && !added {
			err = errFaster
		}
		return err
	})
}
