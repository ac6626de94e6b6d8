package control

import (
	"context"
	"errors"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/oauth"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

func (c *Control) token(ctx context.Context, d store.DueToken) (t secret.Token, err error) {
	err = c.store.Read(ctx, d.Account, func(tx *store.Tx) error {
		t, err = tx.OAuth2Token(ctx, d.EnvironmentID, d.SecretID, d.Version)
		return err
	})
	return t, err
}

// keepTokens stores what a provider gave before anything uses it, or why it gave nothing, and lets the gateway know. With
// a lease it does so only while that is held: who lost it must not overwrite what came later.
func (c *Control) keepTokens(ctx context.Context, d store.DueToken, lease *string, who string, got oauth.Tokens, failed error) error {
	var refusal *oauth.Error
	if failed != nil && !errors.As(failed, &refusal) {
		return failed // not the provider's: the lease ends by itself
	}
	v := &visit{who: access.System(d.Account), action: access.SecretTokenRefresh}
	v.who.Name = who
	keep := func(tx *store.Tx) error {
		v.Tx = tx
		if lease != nil {
			if held, err := tx.HoldsOAuth2Lease(ctx, d, *lease); err != nil || !held {
				return errors.Join(err, fault.New(fault.Unavailable, "another one renews it by now"))
			}
		}
		t, err := tx.OAuth2Token(ctx, d.EnvironmentID, d.SecretID, d.Version)
		if err != nil {
			return err
		}
		outcome, code := audit.Allowed, ""
		if refusal == nil {
			err = c.sealTokens(ctx, tx, t, got)
		} else {
			outcome, code = audit.Refused, refusal.Code
			err = c.failTokens(ctx, tx, d, t, refusal)
		}
		if err != nil {
			return err
		}
		if err := v.about(ctx, d); err != nil {
			return err
		}
		v.detail = connectionDetail(d.Version, code)
		tx.Serve()
		return tx.AppendAudit(ctx, v.entry(outcome))
	}
	if err := c.wrapping(func() error { return c.store.Write(ctx, d.Account, keep) }); err != nil {
		return err
	}
	if err := c.serve(ctx, v.Tx); err != nil {
		return err
	}
	if refusal != nil {
		return fault.New(fault.Unavailable, "%s", refusedWith(refusal.Code))
	}
	return nil
}

// about names what an entry of the system's is about.
func (v *visit) about(ctx context.Context, d store.DueToken) error {
	list, err := v.Environments(ctx)
	if err != nil {
		return err
	}
	for _, e := range list {
		if e.ID == d.EnvironmentID {
			v.environment = e
		}
	}
	s, err := v.Secret(ctx, d.SecretID)
	if err == nil {
		v.target = secretTarget(s)
	}
	return err
}

// sealTokens seals what a provider gave and stores it. A refresh token that it did not give anew stays, sealed for the new serial.
func (c *Control) sealTokens(ctx context.Context, tx *store.Tx, t secret.Token, got oauth.Tokens) error {
	refresh := []byte(got.Refresh)
	if len(refresh) == 0 && len(t.Refresh.WrappedKey) > 0 {
		opener, err := c.sealer.Open(ctx, t.RefreshBinding(tx.Account()), t.Refresh)
		if err != nil {
			return err
		}
		if refresh, err = opener.AppendTo(nil); err != nil {
			return err
		}
	}
	defer clear(refresh)
	t.Serial++
	t.Type, t.ObtainedAt, t.ExpiresAt = got.Type, tx.Now(), time.Time{}
	if got.Lives > 0 {
		t.ExpiresAt = t.ObtainedAt.Add(got.Lives)
	}
	t.RefreshAt = secret.RenewAt(t.ObtainedAt, t.ExpiresAt)
	t.Needs, t.ErrorCode, t.Attempts, t.NextAttempt = false, "", 0, time.Time{}
	var err error
	access := secret.NewPlaintext([]byte(got.Access))
	defer access.Wipe()
	if t.Access, err = c.sealer.Seal(ctx, t.AccessBinding(tx.Account()), access); err != nil {
		return err
	}
	t.Refresh = secret.Sealed{}
	if len(refresh) > 0 {
		if t.Refresh, err = c.sealer.Seal(ctx, t.RefreshBinding(tx.Account()), secret.NewPlaintext(refresh)); err != nil {
			return err
		}
	}
	return tx.PutOAuth2Token(ctx, t)
}

// failTokens notes a refusal. The token that is there serves to its end.
func (c *Control) failTokens(ctx context.Context, tx *store.Tx, d store.DueToken, t secret.Token, refusal *oauth.Error) error {
	value, err := tx.Value(ctx, d.EnvironmentID, d.SecretID, d.Version)
	if err != nil {
		return err
	}
	t.ErrorCode, t.Attempts = refusal.Code, t.Attempts+1
	wait := max(secret.Backoff(t.Attempts), refusal.RetryAfter)
	if refusal.Final {
		wait = max(wait, 5*time.Minute)
	}
	t.NextAttempt = tx.Now().Add(wait)
	// a grant that ended comes back only by somebody who gives it again
	t.Needs = t.Needs || refusal.Code == "invalid_grant" && !grantOf(value, secret.ClientCredentials)
	return tx.FailOAuth2Token(ctx, t)
}
