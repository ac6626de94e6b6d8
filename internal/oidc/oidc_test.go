package oidc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/oidc"
	"github.com/lockage/lockage/internal/oidctest"
)

const redirect = "https://lockage.example.com/oidc/callback"

func open(t *testing.T, p *oidctest.Provider, change func(*oidc.Config)) *oidc.Provider {
	t.Helper()
	c := oidc.Config{
		Issuer: p.Issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, Scopes: []string{"email", "profile"},
		RedirectURL: redirect, TLS: p.TLS(),
	}
	if change != nil {
		change(&c)
	}
	got, err := oidc.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(got.Close)
	return got
}

// login goes the whole way as one of the provider's people.
func login(t *testing.T, p *oidctest.Provider, c *oidc.Provider, subject string) (oidc.Identity, error) {
	t.Helper()
	verifier := oidc.NewVerifier()
	to, err := c.AuthorizationURL(t.Context(), "a state", "a nonce", verifier, false)
	if err != nil {
		return oidc.Identity{}, err
	}
	back := p.Login(t, to, subject)
	if got := back.Query().Get("state"); got != "a state" {
		t.Fatalf("the provider sends back to %s, want the state", back)
	}
	return c.Exchange(t.Context(), back.Query().Get("code"), "a nonce", verifier)
}

var ada = oidctest.Person{Subject: "ada", Email: "ada@example.com", Verified: true, Groups: []string{"engineers", "admins", "engineers"}}

func TestWhoLoggedIn(t *testing.T) {
	p := oidctest.New(t, redirect)
	p.Put(ada)
	p.Put(oidctest.Person{Subject: "eve", Email: "ada@example.com"})
	c := open(t, p, nil)
	for subject, want := range map[string]oidc.Identity{
		"ada": {Subject: "ada", Email: "ada@example.com", EmailVerified: true, Name: "Somebody ada", Groups: []string{"admins", "engineers"}},
		"eve": {Subject: "eve", Email: "ada@example.com", Name: "Somebody eve", Groups: []string{}},
	} {
		got, err := login(t, p, c, subject)
		if err != nil {
			t.Errorf("%s: %v", subject, err)
		}
		if time.Since(got.AuthTime) > time.Hour {
			t.Errorf("%s: logged in at %s, want just now", subject, got.AuthTime)
		}
		want.Issuer, got.AuthTime = p.Issuer, time.Time{}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", subject, diff)
		}
	}
}

func TestTheBrowserIsSentWithWhatProtectsTheLogin(t *testing.T) {
	p := oidctest.New(t, redirect)
	to, err := open(t, p, nil).AuthorizationURL(t.Context(), "a state", "a nonce", "a verifier of at least the length that the standard asks for", true)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("code_challenge") == "" || strings.Contains(to, "verifier") {
		t.Errorf("got %s, want the challenge of the verifier alone", to)
	}
	q.Del("code_challenge")
	want := url.Values{
		"client_id": {oidctest.ClientID}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid email profile"},
		"state": {"a state"}, "nonce": {"a nonce"}, "code_challenge_method": {"S256"}, "max_age": {"0"},
	}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

func TestWrongIDTokensAreRefused(t *testing.T) {
	p := oidctest.New(t, redirect)
	p.Put(ada)
	c := open(t, p, nil)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, value any) func(*oidctest.Token) {
		return func(k *oidctest.Token) { k.Claims[name] = value }
	}
	without := func(name string) func(*oidctest.Token) {
		return func(k *oidctest.Token) { delete(k.Claims, name) }
	}
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for name, spoil := range map[string]func(*oidctest.Token){
		"no signature": func(k *oidctest.Token) { k.Algorithm = "none" },
		"signed with the client's secret": func(k *oidctest.Token) {
			k.Algorithm, k.Key, k.KeyID = jose.HS256, []byte(oidctest.ClientSecret+oidctest.ClientSecret), ""
		},
		"signed by somebody else":           func(k *oidctest.Token) { k.Key = other },
		"signed by a key nobody knows":      func(k *oidctest.Token) { k.Key, k.KeyID = other, "another" },
		"another issuer":                    claim("iss", "https://somebody.example.com"),
		"the issuer with a slash":           claim("iss", p.Issuer+"/"),
		"no issuer":                         without("iss"),
		"another audience":                  claim("aud", "somebody"),
		"another audience in a list":        claim("aud", []string{"somebody"}),
		"an empty audience":                 claim("aud", []string{}),
		"no audience":                       without("aud"),
		"two audiences and no party":        func(k *oidctest.Token) { k.Claims["aud"] = []string{oidctest.ClientID, "b"}; delete(k.Claims, "azp") },
		"made for another client":           claim("azp", "somebody"),
		"expired":                           claim("exp", in(-time.Hour)),
		"without an end":                    without("exp"),
		"an end that is text":               claim("exp", "2099-01-01T00:00:00Z"),
		"made in the future":                claim("iat", in(time.Hour)),
		"without a beginning":               without("iat"),
		"not yet valid":                     claim("nbf", in(time.Hour)),
		"another login's":                   claim("nonce", "another nonce"),
		"of no login":                       without("nonce"),
		"of nobody":                         claim("sub", ""),
		"of somebody with a very long name": claim("sub", strings.Repeat("a", 1000)),
		"tokens of two answers":             claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
		"none":                              func(k *oidctest.Token) { k.Claims = nil },
	} {
		p.Tamper(spoil)
		if got, err := login(t, p, c, "ada"); !errors.Is(err, oidc.ErrRefused) {
			t.Errorf("%s: got %+v and %v, want it refused", name, got, err)
		}
	}
	p.Tamper(func(*oidctest.Token) {})
	if _, err := login(t, p, c, "ada"); err != nil {
		t.Errorf("untouched: %v", err)
	}
}

func TestAnAddressIsVerifiedOnlyWhereTheProviderSaysSo(t *testing.T) {
	p := oidctest.New(t, redirect)
	p.Put(ada)
	c := open(t, p, nil)
	for name, value := range map[string]any{"text": "true", "one": 1, "null": nil, "false": false} {
		p.Tamper(func(k *oidctest.Token) { k.Claims["email"], k.Claims["email_verified"] = "ada@example.com", value })
		if got, err := login(t, p, c, "ada"); err != nil || got.EmailVerified {
			t.Errorf("%s: got verified %t and %v", name, got.EmailVerified, err)
		}
	}
	// an address in the ID token is not verified by what userinfo says of another
	p.Tamper(func(k *oidctest.Token) { k.Claims["email"] = "victim@example.com"; delete(k.Claims, "email_verified") })
	if got, err := login(t, p, c, "ada"); err != nil || got.EmailVerified || got.Email != "victim@example.com" {
		t.Errorf("unsaid: got %+v and %v, want the address, unverified", got, err)
	}
}

func TestWhatIsNotInTheIDTokenIsAskedFor(t *testing.T) {
	p := oidctest.New(t, redirect)
	p.Put(ada)
	c := open(t, p, nil)
	p.Tamper(func(k *oidctest.Token) {
		for _, name := range []string{"email", "email_verified", "groups"} {
			delete(k.Claims, name)
		}
	})
	got, err := login(t, p, c, "ada")
	if err != nil || got.Email != ada.Email || !got.EmailVerified || len(got.Groups) != 2 {
		t.Errorf("got %+v and %v, want what userinfo says", got, err)
	}
	p.Before(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/userinfo" {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"sub":"eve","email":"ada@example.com","email_verified":true,"groups":["admins"]}`)
		return true
	})
	if got, err := login(t, p, c, "ada"); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("userinfo of another: got %+v and %v, want it refused", got, err)
	}
}

func TestGroupsHaveManyForms(t *testing.T) {
	p := oidctest.New(t, redirect)
	p.Put(ada)
	c := open(t, p, func(c *oidc.Config) { c.GroupsClaim = "roles" })
	many := make([]any, 5000)
	for i := range many {
		many[i] = fmt.Sprintf("group %d", i)
	}
	for _, tt := range []struct {
		claim any
		want  int
	}{
		{[]any{"a", "b", "a"}, 2},
		{"a", 1},
		{[]any{"a", 1, nil, map[string]any{"a": "b"}, ""}, 1},
		{map[string]any{"a": true}, 0},
		{nil, 0},
		{many, 1000},
		{[]any{strings.Repeat("a", 1000)}, 0},
	} {
		p.Tamper(func(k *oidctest.Token) { k.Claims["roles"], k.Claims["email"] = tt.claim, "ada@example.com" })
		if got, err := login(t, p, c, "ada"); err != nil || len(got.Groups) != tt.want {
			t.Errorf("%.60v: got %.3v and %v, want %d groups", tt.claim, got.Groups, err, tt.want)
		}
	}
}

func TestACodeAndItsVerifierBelongTogether(t *testing.T) {
	p := oidctest.New(t, redirect)
	p.Put(ada)
	c := open(t, p, nil)
	verifier := oidc.NewVerifier()
	to, err := c.AuthorizationURL(t.Context(), "s", "n", verifier, false)
	if err != nil {
		t.Fatal(err)
	}
	code := p.Login(t, to, "ada").Query().Get("code")
	if _, err := c.Exchange(t.Context(), code, "n", oidc.NewVerifier()); !errors.Is(err, oidc.ErrRefused) && !errors.Is(err, oidc.ErrUnavailable) {
		t.Errorf("with another verifier: got %v", err)
	}
	for _, code := range []string{"", "no such code"} {
		if _, err := c.Exchange(t.Context(), code, "n", verifier); err == nil {
			t.Errorf("with the code %q: it is taken", code)
		}
	}
}

func TestAWrongSecretIsTheOperatorsTrouble(t *testing.T) {
	p := oidctest.New(t, redirect)
	p.Put(ada)
	c := open(t, p, func(c *oidc.Config) { c.ClientSecret = "a wrong secret" })
	_, err := login(t, p, c, "ada")
	if !errors.Is(err, oidc.ErrUnavailable) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want the provider unavailable, and nothing of the secret", err)
	}
}

func TestKeysRotate(t *testing.T) {
	p := oidctest.New(t, redirect)
	p.Put(ada)
	c := open(t, p, nil)
	for i := range 3 {
		if _, err := login(t, p, c, "ada"); err != nil {
			t.Fatalf("after %d rotations: %v", i, err)
		}
		p.RotateKeys(t, i == 1)
	}
	if n := p.Asked("/keys"); n != 3 {
		t.Errorf("keys were fetched %d times, want once for each", n)
	}
	if n := p.Asked("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("the description was fetched %d times, want once", n)
	}
}

func TestAProviderThatFailsIsLeftAloneForAWhile(t *testing.T) {
	p := oidctest.New(t, redirect)
	var mu sync.Mutex
	now := time.Now()
	pass := func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}
	c := open(t, p, func(c *oidc.Config) {
		c.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		}
	})
	var asked atomic.Int64
	p.Before(func(w http.ResponseWriter, _ *http.Request) bool {
		asked.Add(1)
		http.Error(w, "a secret of the provider", http.StatusInternalServerError)
		return true
	})
	want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60}
	for i, pause := range want {
		pause *= time.Second
		for range 3 {
			_, err := c.AuthorizationURL(t.Context(), "s", "n", "v", false)
			told, ok := errors.AsType[*oidc.Unavailable](err)
			if !ok || !errors.Is(err, oidc.ErrUnavailable) || told.After != pause || strings.Contains(err.Error(), "secret") {
				t.Fatalf("failure %d: got %v (%+v), want to wait for %s", i, err, told, pause)
			}
		}
		if n := asked.Load(); n != int64(i+1) {
			t.Fatalf("asked %d times, want %d", n, i+1)
		}
		pass(pause)
	}
	p.Before(nil)
	if _, err := c.AuthorizationURL(t.Context(), "s", "n", "v", false); err != nil {
		t.Errorf("after it came back: %v", err)
	}
}

func TestManyWaitForOneQuestion(t *testing.T) {
	p := oidctest.New(t, redirect)
	c := open(t, p, nil)
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	p.Before(func(http.ResponseWriter, *http.Request) bool {
		arrived <- struct{}{}
		<-release
		return false
	})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	first := make(chan error, 1)
	go func() { _, err := c.AuthorizationURL(t.Context(), "s", "n", "v", false); first <- err }()
	<-arrived
	if _, err := c.AuthorizationURL(gone, "s", "n", "v", false); !errors.Is(err, oidc.ErrUnavailable) {
		t.Errorf("somebody who went away: got %v", err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := c.AuthorizationURL(t.Context(), "s", "n", "v", false); err != nil {
				t.Error(err)
			}
		})
	}
	close(release)
	all.Wait()
	if err := <-first; err != nil {
		t.Error(err)
	}
	if n := p.Asked("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"no JSON":        func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>") },
		"too long":       func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 4<<20)) },
		"a redirect":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"hung up":        func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"another issuer": func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"issuer":"https://example.com"}`) },
	} {
		p := oidctest.New(t, redirect)
		p.Before(func(w http.ResponseWriter, r *http.Request) bool { answer(w, r); return true })
		if _, err := open(t, p, nil).AuthorizationURL(t.Context(), "s", "n", "v", false); !errors.Is(err, oidc.ErrUnavailable) {
			t.Errorf("%s: got %v, want it unavailable", name, err)
		}
	}
}

func TestAProviderWithACertificateNobodyTrustsIsNotBelieved(t *testing.T) {
	p := oidctest.New(t, redirect)
	_, err := open(t, p, func(c *oidc.Config) { c.TLS = nil }).AuthorizationURL(t.Context(), "s", "n", "v", false)
	if !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v, want it unavailable for its certificate", err)
	}
}

func TestWhatNewRefuses(t *testing.T) {
	good := oidc.Config{Issuer: "https://login.example.com", ClientID: "id", RedirectURL: redirect}
	if _, err := oidc.New(good); err != nil {
		t.Errorf("as it should be: %v", err)
	}
	for name, change := range map[string]func(*oidc.Config){
		"no issuer": func(c *oidc.Config) { c.Issuer = "" }, "http": func(c *oidc.Config) { c.Issuer = "http://login.example.com" },
		"a query": func(c *oidc.Config) { c.Issuer += "?a" }, "a fragment": func(c *oidc.Config) { c.Issuer += "#a" },
		"somebody": func(c *oidc.Config) { c.Issuer = "https://a:b@login.example.com" }, "no host": func(c *oidc.Config) { c.Issuer = "https:///a" },
		"no client": func(c *oidc.Config) { c.ClientID = "" }, "no way back": func(c *oidc.Config) { c.RedirectURL = "" },
	} {
		c := good
		change(&c)
		if _, err := oidc.New(c); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
