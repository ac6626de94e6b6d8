package oidc

import (
	"context"
	"fmt"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Unavailable is what is answered while a provider that failed is left alone.
type Unavailable struct {
	After time.Duration // until it is asked again
	Err   error
}

func (e *Unavailable) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Unavailable) Unwrap() error { return e.Err }

// discover answers what the provider says of itself, and asks it where that is not known yet: one question at a time,
// whoever waits for it, and none in the pause after a failure.
func (p *Provider) discover(ctx context.Context) (*discovered, error) {
	for {
		p.mu.Lock()
		if p.known != nil {
			defer p.mu.Unlock()
			return p.known, nil
		}
		if wait := p.until.Sub(p.config.Now()); wait > 0 {
			defer p.mu.Unlock()
			return nil, &Unavailable{After: wait, Err: fmt.Errorf("%w: it failed a moment ago", ErrUnavailable)}
		}
		if p.asking == nil {
			p.asking = make(chan struct{})
			p.mu.Unlock()
			return p.ask(ctx)
		}
		asking := p.asking
		p.mu.Unlock()
		select {
		case <-asking:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: it took too long", ErrUnavailable)
		}
	}
}

// ask fetches the provider's description, as long as that may take: who asked may go away meanwhile.
func (p *Provider) ask(ctx context.Context) (*discovered, error) {
	// the client is kept for fetching keys later; the library takes no more of this context
	base := oidc.ClientContext(context.WithoutCancel(ctx), p.client)
	limited, cancel := context.WithTimeout(base, limit)
	defer cancel()
	provider, err := oidc.NewProvider(limited, p.config.Issuer)
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.asking)
	p.asking = nil
	if err != nil {
		pause := min(time.Second<<min(p.failures, 10), pauseMost)
		p.failures++
		p.until = p.config.Now().Add(pause)
		return nil, &Unavailable{After: pause, Err: fmt.Errorf("%w: %s", ErrUnavailable, why(err))}
	}
	p.failures = 0
	p.known = &discovered{
		provider: provider,
		verifier: provider.Verifier(&oidc.Config{ClientID: p.config.ClientID, SupportedSigningAlgs: algorithms, Now: p.config.Now}),
		oauth2: oauth2.Config{
			ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, RedirectURL: p.config.RedirectURL,
			Endpoint: provider.Endpoint(), Scopes: append([]string{oidc.ScopeOpenID}, p.config.Scopes...),
		},
	}
	return p.known, nil
}
