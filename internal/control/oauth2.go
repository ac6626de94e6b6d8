package control

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/oauth"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// firstFetch is how long setting a value waits for its first token; what takes longer goes on beside it.
const firstFetch = 5 * time.Second

// SetOAuth2Value checks the configuration of an OAuth2 client and seals it as a new version of a value. refresh is the
// refresh token of the grant type of that name. The first token is fetched at once where nobody has to authorize; that
// it could not be is told by the value's status, and is no refusal.
func (c *Control) SetOAuth2Value(ctx context.Context, who access.Principal, ref, environmentRef string, o secret.OAuth2Config, refresh string, in SecretValue) (SecretWrite, error) {
	o, refused := secret.CheckOAuth2(o, refresh)
	payload, err := o.Payload()
	if err != nil {
		return SecretWrite{}, err
	}
	detail, err := json.Marshal(o.Detail())
	if err != nil {
		return SecretWrite{}, err
	}
	in.Value, in.Detail, in.refresh = payload, string(detail), secret.NewPlaintext([]byte(refresh))
	defer in.refresh.Wipe()
	w, err := c.setValue(ctx, who, ref, environmentRef, secret.OAuth2, in, refused)
	if err == nil && o.GrantType != secret.AuthorizationCode {
		c.fetchFirst(ctx, who.Account, w)
	}
	return w, err
}

// fetchFirst obtains the first token of a value that was just set.
func (c *Control) fetchFirst(ctx context.Context, account string, w SecretWrite) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), firstFetch)
	defer cancel()
	if err := c.RenewToken(ctx, account, w.Environment.ID, w.Slot.SecretID, w.Version, 0); err != nil {
		c.logger.InfoContext(ctx, "no token yet", "secret", w.Slot.SecretID, "environment", w.Environment.ID, "error", err)
	}
}

// connect makes the row that holds the tokens of a version of an OAuth2 value that was just sealed.
func (c *Control) connect(ctx context.Context, v *visit, value secret.Value, refresh secret.Plaintext) error {
	var d secret.OAuth2Detail
	if err := json.Unmarshal([]byte(value.Detail), &d); err != nil {
		return err
	}
	t := secret.Token{SecretID: value.SecretID, EnvironmentID: value.EnvironmentID, Version: value.Version, RefreshAt: v.Now()}
	if refresh.Len() > 0 {
		var err error
		if t.Refresh, err = c.sealer.Seal(ctx, t.RefreshBinding(v.Account()), refresh); err != nil {
			return err
		}
	}
	if d.GrantType != secret.ClientCredentials && refresh.Len() == 0 {
		t.RefreshAt, t.Needs = time.Time{}, true
	}
	return v.PutOAuth2Token(ctx, t)
}

// authorizationLives is how long somebody may take to authorize.
const authorizationLives = 10 * time.Minute

// Authorize begins an authorization of the newest version of an OAuth2 value, the staged one if there is one: it answers
// the URL where somebody authorizes, and until when that can be done.
func (c *Control) Authorize(ctx context.Context, who access.Principal, ref, environmentRef string) (to string, until time.Time, err error) {
	err = c.write(ctx, who, access.SecretAuthorize, onSecret(ref, environmentRef), func(v *visit) error {
		s, err := v.Secret(ctx, ref)
		if err != nil {
			return err
		}
		if s.Type != secret.OAuth2 {
			return fault.New(fault.Invalid, "only an oauth2 secret is authorized; this one is of type %s", s.Type)
		}
		slot, err := v.slot(ctx, s.ID, v.environment.ID)
		if err != nil {
			return err
		}
		version := max(slot.Active, slot.Staged)
		if version == 0 {
			return errNoValue()
		}
		o, err := c.configuration(ctx, v.Tx, v.environment.ID, s.ID, version)
		if err != nil {
			return err
		}
		if o.GrantType != secret.AuthorizationCode {
			return fault.New(fault.Conflict, "with the grant type %s nobody authorizes; set the client anew instead", o.GrantType)
		}
		state, verifier := oauth.NewVerifier(), oauth.NewVerifier() // 256 random bits each
		digest := c.stateDigest(state)
		a := store.Authorization{
			Account: v.Account(), EnvironmentID: v.environment.ID, SecretID: s.ID, Version: version, State: digest, Redirect: c.redirect(),
			MemberID: who.ID, Member: who.Name, ExpiresAt: v.Now().Add(authorizationLives),
		}
		if a.Verifier, err = c.sealer.Seal(ctx, a.Binding(), secret.NewPlaintext([]byte(verifier))); err != nil {
			return err
		}
		to, until = oauth.AuthorizationURL(o, a.Redirect, state, verifier), a.ExpiresAt
		return v.InsertAuthorization(ctx, a)
	})
	return to, until, err
}

// RedirectURI is what is registered at a provider for authorizations.
func (c *Control) RedirectURI() string { return c.redirect() }

func (c *Control) redirect() string { return strings.TrimRight(c.publicURL, "/") + "/oauth/callback" }

func (c *Control) stateDigest(state string) []byte {
	sum := c.digester.Sum("oauth2 state " + state)
	return sum[:]
}

// errAuthorization is the one answer to every state that does not lead on: unknown, used, or over.
func errAuthorization() error {
	return fault.New(fault.NotFound, "this authorization is unknown, was used already, or took too long; begin it again")
}

// Authorized ends an authorization with what the provider sent back: a code, or an error code of its own. The state is
// the proof of who began it, and is used once.
func (c *Control) Authorized(ctx context.Context, state, code, providerError string) error {
	var a store.Authorization
	err := c.store.Batch(ctx, func(tx *store.Tx) (err error) {
		a, err = tx.TakeAuthorization(ctx, c.stateDigest(state))
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return errAuthorization()
	}
	if err != nil {
		return err
	}
	due := store.DueToken{Account: a.Account, EnvironmentID: a.EnvironmentID, SecretID: a.SecretID, Version: a.Version}
	if providerError != "" {
		return c.keepTokens(ctx, due, nil, a.Member, oauth.Tokens{}, &oauth.Error{Code: secret.ErrorCode(providerError), Final: true})
	}
	o, identity, err := c.client(ctx, due)
	if err != nil {
		return err
	}
	opener, err := c.sealer.Open(ctx, a.Binding(), a.Verifier)
	if err != nil {
		return err
	}
	verifier, err := opener.AppendTo(nil)
	if err != nil {
		return err
	}
	defer clear(verifier)
	got, err := c.tokens.Exchange(ctx, o, code, string(verifier), a.Redirect, identity)
	return c.keepTokens(ctx, due, nil, a.Member, got, err)
}

// configuration unseals that of a version of an OAuth2 value.
func (c *Control) configuration(ctx context.Context, tx *store.Tx, environmentID, secretID string, version int64) (o secret.OAuth2Config, err error) {
	value, err := tx.Value(ctx, environmentID, secretID, version)
	if err != nil {
		return o, err
	}
	plain, err := c.reveal(ctx, tx.Account(), value)
	if err != nil {
		return o, err
	}
	defer clear(plain)
	return secret.OpenOAuth2(plain)
}

// reveal opens a value to use it here: for a provider's token endpoint, and nothing else. The caller wipes it.
func (c *Control) reveal(ctx context.Context, account string, value secret.Value) ([]byte, error) {
	opener, err := c.sealer.Open(ctx, value.Binding(account), value.Sealed)
	if err != nil {
		return nil, err
	}
	return opener.AppendTo(make([]byte, 0, opener.Len()))
}

// client reads what it takes to speak to a value's provider.
func (c *Control) client(ctx context.Context, d store.DueToken) (o secret.OAuth2Config, id oauth.Identity, err error) {
	err = c.store.Read(ctx, d.Account, func(tx *store.Tx) error {
		if o, err = c.configuration(ctx, tx, d.EnvironmentID, d.SecretID, d.Version); err != nil || o.ClientCertificate == "" {
			return err
		}
		s, err := tx.Secret(ctx, o.ClientCertificate)
		if err != nil {
			return err
		}
		slots, err := tx.Slots(ctx, s.ID)
		if err != nil {
			return err
		}
		for _, slot := range slots {
			if slot.EnvironmentID != d.EnvironmentID || slot.Active == 0 || s.Type != secret.Certificate {
				continue
			}
			value, err := tx.Value(ctx, slot.EnvironmentID, s.ID, slot.Active)
			if err != nil {
				return err
			}
			plain, err := c.reveal(ctx, d.Account, value)
			if err != nil {
				return err
			}
			defer clear(plain)
			id.Certificate, id.Trusted, err = secret.OpenCertificate(plain)
			return err
		}
		return &oauth.Error{Code: "client_certificate_missing", Final: true}
	})
	return o, id, err
}

// grantOf says whether an OAuth2 value is of a grant type.
func grantOf(value secret.Value, g secret.GrantType) bool {
	var d secret.OAuth2Detail
	return json.Unmarshal([]byte(value.Detail), &d) == nil && d.GrantType == g
}

// connectionDetail tells the audit log what became of an attempt.
func connectionDetail(version int64, code string) map[string]string {
	d := versionDetail(version)
	if code != "" {
		d["error"] = code
	}
	return d
}

func versionDetail(version int64) map[string]string {
	return audit.Detail("version", formatInt(version))
}
