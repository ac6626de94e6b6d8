package control

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/lockage/lockage/internal/access"
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
