package testkit

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-oauth2/oauth2/v4"
	"github.com/go-oauth2/oauth2/v4/manage"
	"github.com/go-oauth2/oauth2/v4/models"
	"github.com/go-oauth2/oauth2/v4/server"
	"github.com/go-oauth2/oauth2/v4/store"
)

// The client that a Provider knows.
const (
	ProviderClient = "the-client-id"
	ProviderSecret = "the-client-secret-1f83b0"
)

// Provider is an OAuth2 server on loopback: client credentials, refresh tokens that are used once, and authorization codes
// with PKCE, which it demands. Whoever comes to its authorization endpoint authorizes at once.
type Provider struct {
	URL      string
	TokenURL string
	AuthURL  string

	manager *manage.Manager
	leeway  leeway
	mu      sync.Mutex
	tokens  int
	answer  http.HandlerFunc
	hold    chan struct{}
	basic   int
}

// NewProvider starts a provider whose access tokens live as long as it is told.
func NewProvider(t testing.TB, lives time.Duration) *Provider {
	t.Helper()
	p := &Provider{manager: manage.NewDefaultManager()}
	p.manager.SetClientTokenCfg(&manage.Config{AccessTokenExp: lives})
	p.manager.SetAuthorizeCodeTokenCfg(&manage.Config{AccessTokenExp: lives, RefreshTokenExp: time.Hour, IsGenerateRefresh: true})
	p.manager.SetRefreshTokenCfg(&manage.RefreshingConfig{
		AccessTokenExp: lives, RefreshTokenExp: time.Hour, IsGenerateRefresh: true, IsRemoveAccess: true, IsRemoveRefreshing: true,
	})
	tokens, err := store.NewMemoryTokenStore()
	if err != nil {
		t.Fatal(err)
	}
	p.leeway.TokenStore = tokens
	p.manager.MapTokenStorage(&p.leeway)
	clients := store.NewClientStore()
	if err := clients.Set(ProviderClient, &models.Client{ID: ProviderClient, Secret: ProviderSecret}); err != nil {
		t.Fatal(err)
	}
	p.manager.MapClientStorage(clients)
	p.manager.SetValidateURIHandler(func(_, redirect string) error {
		if !strings.HasSuffix(redirect, "/oauth/callback") {
			return errors.New("the redirect URI is not registered")
		}
		return nil
	})
	srv := server.NewServer(&server.Config{
		TokenType: "Bearer", AllowedResponseTypes: []oauth2.ResponseType{oauth2.Code},
		AllowedGrantTypes:           []oauth2.GrantType{oauth2.AuthorizationCode, oauth2.ClientCredentials, oauth2.Refreshing},
		AllowedCodeChallengeMethods: []oauth2.CodeChallengeMethod{oauth2.CodeChallengeS256}, ForcePKCE: true,
	}, p.manager)
	srv.SetClientInfoHandler(func(r *http.Request) (string, string, error) {
		if id, secret, ok := r.BasicAuth(); ok {
			p.mu.Lock()
			p.basic++
			p.mu.Unlock()
			return id, secret, nil
		}
		return server.ClientFormHandler(r)
	})
	srv.SetUserAuthorizationHandler(func(http.ResponseWriter, *http.Request) (string, error) { return "mira", nil })
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.tokens++
		answer, hold := p.answer, p.hold
		p.mu.Unlock()
		if hold != nil {
			select {
			case <-hold:
			case <-r.Context().Done():
				return
			}
		}
		if answer != nil {
			answer(w, r)
			return
		}
		_ = srv.HandleTokenRequest(w, r)
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		if err := srv.HandleAuthorizeRequest(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	p.URL, p.TokenURL, p.AuthURL = s.URL, s.URL+"/token", s.URL+"/authorize"
	return p
}

// Answer has h answer the requests for tokens to come; nil brings the server back.
func (p *Provider) Answer(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = h
}

// Hold makes requests for tokens wait until the channel is closed; nil lets them go on.
func (p *Provider) Hold(c chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hold = c
}

// Requests is how many requests for tokens came.
func (p *Provider) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens
}

// Basic is how many of them authenticated in a header.
func (p *Provider) Basic() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.basic
}

// Valid says whether an access token is one of the provider's that lives.
func (p *Provider) Valid(token string) bool {
	_, err := p.manager.LoadAccessToken(context.Background(), token)
	return err == nil
}

// Leeway has a refresh token that was used stay good until the one that was given for it is used: then its answer may get
// lost. Providers that give each token once do so (RFC 9700, section 4.14.2, leaves it to them), for some time at least.
func (p *Provider) Leeway() { p.leeway.on.Store(true) }

// Good says whether a refresh token would be taken.
func (p *Provider) Good(refresh string) bool {
	_, err := p.manager.LoadRefreshToken(context.Background(), refresh)
	return err == nil
}

// leeway is a store of tokens that ends a refresh token late.
type leeway struct {
	oauth2.TokenStore

	on   atomic.Bool
	mu   sync.Mutex
	used string // and still good
}

// RemoveByRefresh is called when a refresh token was used.
func (l *leeway) RemoveByRefresh(ctx context.Context, refresh string) error {
	if !l.on.Load() {
		return l.TokenStore.RemoveByRefresh(ctx, refresh)
	}
	l.mu.Lock()
	before := l.used
	l.used = refresh
	l.mu.Unlock()
	if before == "" || before == refresh {
		return nil
	}
	return l.TokenStore.RemoveByRefresh(ctx, before)
}

// Revoke ends an access token.
func (p *Provider) Revoke(token string) error {
	return p.manager.RemoveAccessToken(context.Background(), token)
}
