package control

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/oauth"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// The times of renewing tokens.
const (
	leaseLives  = 40 * time.Second // above the limit of a request to a provider: who holds a lease is done before it ends
	leasePoll   = 100 * time.Millisecond
	forceEvery  = 30 * time.Second // how often a token is renewed because an upstream refused it
	renewersMax = 8
	dueMax      = 200
)

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

// RenewToken obtains a newer access token for a version of an OAuth2 value than that of a serial, and answers when the
// gateway has it. However many ask, in this process and in others on the same database, one asks the provider; the rest
// wait for what comes. When another token is there already, nobody asks. It fails with Unavailable, and what stands in
// the way in the message.
func (c *Control) RenewToken(ctx context.Context, account, environmentID, secretID string, version, serial int64) error {
	if c.tokens == nil {
		return fault.New(fault.Unavailable, "this server does not speak to token endpoints")
	}
	d := store.DueToken{Account: account, EnvironmentID: environmentID, SecretID: secretID, Version: version, Serial: serial}
	done := c.renewals.DoChan(fmt.Sprintf("%q", []any{account, environmentID, secretID, version, serial}), func() (any, error) {
		// who asked first may go away; the others still wait
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseLives)
		defer cancel()
		return nil, c.renew(ctx, d)
	})
	select {
	case r := <-done:
		return r.Err
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "the provider did not answer in time")
	}
}

func (c *Control) renew(ctx context.Context, d store.DueToken) (err error) {
	defer fault.Wrap(&err, "control: renew a token")
	lease := newID()
	for {
		held, err := c.token(ctx, d)
		if err != nil {
			return err
		}
		if held.Serial > d.Serial && held.Usable(c.now()) {
			return c.learn(ctx, d.Account)
		}
		if err := c.mayRenew(d, held); err != nil {
			return err
		}
		d.Serial = held.Serial
		var mine bool
		err = c.store.Batch(ctx, func(tx *store.Tx) (err error) {
			mine, err = tx.LeaseOAuth2Token(ctx, d, lease, tx.Now().Add(leaseLives))
			return err
		})
		if err != nil {
			return err
		}
		if mine {
			return c.fetch(ctx, d, lease, held)
		}
		select { // somebody else asks; what comes is there soon
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "the provider did not answer in time")
		case <-time.After(leasePoll):
		}
	}
}

// mayRenew refuses to ask a provider that would only refuse again, or again too soon.
func (c *Control) mayRenew(d store.DueToken, t secret.Token) error {
	now := c.now()
	due := !t.Usable(now) || !t.RefreshAt.IsZero() && !now.Before(t.RefreshAt)
	switch {
	case t.Needs:
		return fault.New(fault.Unavailable, "somebody must authorize it")
	case now.Before(t.NextAttempt):
		return &fault.Error{
			Kind: fault.Unavailable, RetryAfter: t.NextAttempt.Sub(now),
			Message: refusedWith(t.ErrorCode) + "; it is tried again soon",
		}
	case !due && !c.forced.allow(d, now):
		return fault.New(fault.Unavailable, "it was renewed a moment ago, and another token would not be better")
	}
	return nil
}

// refusedWith words an error code for people.
func refusedWith(code string) string {
	what := "the provider refused it"
	switch code {
	case "unreachable":
		what = "the provider could not be reached"
	case "destination_refused":
		what = "the token endpoint is at an address this server may not connect to"
	case "client_certificate_missing":
		what = "its client certificate has no value in this environment"
	}
	return what + " (" + code + ")"
}

// forced remembers when tokens were renewed before they had to be, because an upstream refused them: one that refuses
// every token must not make a storm of requests for more. It is safe for concurrent use.
type forced struct {
	mu sync.Mutex
	at map[store.DueToken]time.Time // by the value; the serial does not count
}

func (f *forced) allow(d store.DueToken, now time.Time) bool {
	d.Serial = 0
	f.mu.Lock()
	defer f.mu.Unlock()
	if last, ok := f.at[d]; ok && now.Sub(last) < forceEvery {
		return false
	}
	if f.at == nil {
		f.at = map[store.DueToken]time.Time{}
	}
	for old, at := range f.at {
		if now.Sub(at) >= forceEvery {
			delete(f.at, old)
		}
	}
	f.at[d] = now
	return true
}

func (c *Control) token(ctx context.Context, d store.DueToken) (t secret.Token, err error) {
	err = c.store.Read(ctx, d.Account, func(tx *store.Tx) error {
		t, err = tx.OAuth2Token(ctx, d.EnvironmentID, d.SecretID, d.Version)
		return err
	})
	return t, err
}

// learn makes this process's gateway know what another one obtained.
func (c *Control) learn(ctx context.Context, account string) error {
	if c.holder == nil {
		return nil
	}
	return c.holder.Refresh(ctx, account)
}

// fetch asks the provider, under a lease.
func (c *Control) fetch(ctx context.Context, d store.DueToken, lease string, held secret.Token) error {
	o, identity, err := c.client(ctx, d)
	var refresh []byte
	if err == nil && len(held.Refresh.WrappedKey) > 0 {
		opener, openErr := c.sealer.Open(ctx, held.RefreshBinding(d.Account), held.Refresh)
		if openErr != nil {
			return openErr
		}
		if refresh, err = opener.AppendTo(nil); err != nil {
			return err
		}
		defer clear(refresh)
	}
	var got oauth.Tokens
	if err == nil {
		got, err = c.tokens.Fetch(ctx, o, string(refresh), identity)
	}
	return c.keepTokens(ctx, d, &lease, string(access.SystemActor), got, err)
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

// RenewTokens renews, until ctx ends, each token ahead of its end, looking every interval. It is for the server to run.
func (c *Control) RenewTokens(ctx context.Context, interval time.Duration) {
	if c.tokens == nil {
		return
	}
	var group sync.WaitGroup
	defer group.Wait()
	slots := make(chan struct{}, renewersMax)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, d := range c.dueTokens(ctx) {
			select {
			case <-ctx.Done():
				return
			case slots <- struct{}{}:
			}
			group.Go(func() {
				defer func() { <-slots }()
				if err := c.RenewToken(ctx, d.Account, d.EnvironmentID, d.SecretID, d.Version, d.Serial); err != nil && ctx.Err() == nil {
					c.logger.WarnContext(ctx, "a token could not be renewed", "account", d.Account, "secret", d.SecretID, "environment", d.EnvironmentID, "error", err)
				}
			})
		}
	}
}

func (c *Control) dueTokens(ctx context.Context) (due []store.DueToken) {
	err := c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.DueOAuth2Tokens(ctx, tx.Now(), dueMax)
		return err
	})
	if err != nil && ctx.Err() == nil {
		c.logger.WarnContext(ctx, "tokens that are to be renewed could not be found", "error", err)
	}
	return due
}
