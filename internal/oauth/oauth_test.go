package oauth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/oauth"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/testkit"
)

func newClient() *oauth.Client {
	return oauth.New(oauth.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
}

func config(p *testkit.Provider) secret.OAuth2Config {
	return secret.OAuth2Config{
		GrantType: secret.ClientCredentials, ClientID: testkit.ProviderClient, ClientSecret: testkit.ProviderSecret,
		TokenURL: p.TokenURL, AuthURL: p.AuthURL,
	}
}

func TestFetchAuthenticatesAsConfigured(t *testing.T) {
	p := testkit.NewProvider(t, time.Hour)
	for _, auth := range []string{secret.AuthBasic, secret.AuthBody} {
		o := config(p)
		o.ClientAuth = auth
		before := p.Basic()
		got, err := newClient().Fetch(t.Context(), o, "", oauth.Identity{})
		if err != nil || !p.Valid(got.Access) || got.Type != "Bearer" || got.Lives <= 59*time.Minute {
			t.Errorf("%s: got a token of type %q that lives %s, valid: %v, error %v", auth, got.Type, got.Lives, p.Valid(got.Access), err)
		}
		if basic := p.Basic() > before; basic != (auth == secret.AuthBasic) {
			t.Errorf("%s: the credentials came in a header: %v", auth, basic)
		}
	}
}

func TestExchangeAndRefresh(t *testing.T) {
	p := testkit.NewProvider(t, time.Hour)
	o, verifier := config(p), oauth.NewVerifier()
	o.GrantType = secret.AuthorizationCode
	const redirect = "http://127.0.0.1:1/oauth/callback"
	code := authorize(t, oauth.AuthorizationURL(o, redirect, "the-state", verifier))
	if _, err := newClient().Exchange(t.Context(), o, code, oauth.NewVerifier(), redirect, oauth.Identity{}); err == nil {
		t.Fatal("a code was exchanged with another verifier")
	}
	code = authorize(t, oauth.AuthorizationURL(o, redirect, "the-state", verifier))
	first, err := newClient().Exchange(t.Context(), o, code, verifier, redirect, oauth.Identity{})
	if err != nil || first.Refresh == "" {
		t.Fatalf("exchange: %v, a refresh token came: %v", err, first.Refresh != "")
	}
	second, err := newClient().Fetch(t.Context(), o, first.Refresh, oauth.Identity{})
	if err != nil || second.Refresh == "" || second.Refresh == first.Refresh || !p.Valid(second.Access) {
		t.Fatalf("refresh: %v, rotated: %v", err, second.Refresh != first.Refresh)
	}
	var refused *oauth.Error
	if _, err := newClient().Fetch(t.Context(), o, first.Refresh, oauth.Identity{}); !errors.As(err, &refused) || !refused.Final {
		t.Errorf("a refresh token that was used: got %v, want a refusal that is final", err)
	}
}

// authorize does what a browser would, up to the redirect, and answers the code.
func authorize(t *testing.T, address string) string {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	back, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || back.Query().Get("state") != "the-state" || back.Query().Get("code") == "" {
		t.Fatalf("status %d, redirected to %v, %v", answer.StatusCode, back, err)
	}
	return back.Query().Get("code")
}

func TestRefusalsTellACodeAndNothingElse(t *testing.T) {
	const canary = "canary-3f81d9"
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter)
		want   oauth.Error
	}{
		"a code of RFC 6749": {respond(400, `{"error":"invalid_grant","error_description":"`+canary+`"}`), oauth.Error{Code: "invalid_grant", Final: true}},
		"a body of text":     {respond(500, canary), oauth.Error{Code: "http_500"}},
		"a code of its own":  {respond(400, `{"error":"<b>`+canary+`</b>"}`), oauth.Error{Code: secret.ErrorCode("<b>" + canary + "</b>")}},
		"later": {func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "7")
			respond(503, canary)(w)
		}, oauth.Error{Code: "http_503", RetryAfter: 7 * time.Second}},
		"no token":      {respond(200, `{"note":"`+canary+`"}`), oauth.Error{Code: "invalid_response"}},
		"no JSON":       {respond(200, canary), oauth.Error{Code: "invalid_response"}},
		"a huge token":  {respond(200, `{"access_token":"`+strings.Repeat("x", 33<<10)+`"}`), oauth.Error{Code: "invalid_response"}},
		"elsewhere":     {func(w http.ResponseWriter) { w.Header().Set("Location", "/"+canary); w.WriteHeader(302) }, oauth.Error{Code: "http_302"}},
		"an empty body": {respond(401, ""), oauth.Error{Code: "http_401"}},
	} {
		p := testkit.NewProvider(t, time.Hour)
		p.Answer(func(w http.ResponseWriter, _ *http.Request) { tt.answer(w) })
		_, err := newClient().Fetch(t.Context(), config(p), "", oauth.Identity{})
		var got *oauth.Error
		if !errors.As(err, &got) || *got != tt.want {
			t.Errorf("%s: got %v, want %+v", name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error repeats what the provider wrote: %v", name, err)
		}
		if p.Requests() != 1 {
			t.Errorf("%s: %d requests, want 1", name, p.Requests())
		}
	}
}

func respond(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestFetchReachesNoOtherDestination(t *testing.T) {
	var calls int
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	defer s.Close()
	o := secret.OAuth2Config{GrantType: secret.ClientCredentials, ClientID: "id", ClientSecret: "a secret", TokenURL: s.URL}
	var got *oauth.Error
	_, err := oauth.New(oauth.Config{}).Fetch(t.Context(), o, "", oauth.Identity{})
	if !errors.As(err, &got) || got.Code != "destination_refused" || calls > 0 {
		t.Errorf("loopback that is not allowed: got %v after %d calls", err, calls)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newClient().Fetch(ended, o, "", oauth.Identity{}); !errors.As(err, &got) || got.Code != "unreachable" || calls > 0 {
		t.Errorf("a context that ended: got %v after %d calls", err, calls)
	}
}
