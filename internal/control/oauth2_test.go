package control_test

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/oauth"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// online gives the fixture a client for token endpoints, and a clock that tells the real time: a provider's does.
func (x *fixture) online(t *testing.T) {
	t.Helper()
	x.clock.pass(time.Since(x.clock.Now()))
	x.settings.Tokens = oauth.New(oauth.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	x.settings.PublicURL = "https://lockage.example.com/"
	x.Control = open(t, x.settings)
	x.hide("the client secret", testkit.ProviderSecret)
	if _, err := x.CreateSecret(t.Context(), x.owner, "google", secret.OAuth2, ""); err != nil {
		t.Fatal(err)
	}
}

func clientOf(p *testkit.Provider, grant secret.GrantType) secret.OAuth2Config {
	o := secret.OAuth2Config{GrantType: grant, ClientID: testkit.ProviderClient, ClientSecret: testkit.ProviderSecret, TokenURL: p.TokenURL, Scopes: []string{"read"}}
	if grant == secret.AuthorizationCode {
		o.AuthURL = p.AuthURL
	}
	return o
}

func (x *fixture) setOAuth2(t *testing.T, environmentRef string, o secret.OAuth2Config) control.SecretWrite {
	t.Helper()
	w, err := x.SetOAuth2Value(t.Context(), x.owner, "google", environmentRef, o, "", control.SecretValue{})
	if err != nil {
		t.Fatalf("set: %v", err)
	}
	return w
}

// connection is the state of the secret in an environment.
func (x *fixture) connection(t *testing.T, environmentID string) control.SecretStatus {
	t.Helper()
	_, list, _, err := x.SecretEnvironments(t.Context(), x.owner, "google")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Environment.ID == environmentID {
			return s
		}
	}
	t.Fatal("no such environment")
	return control.SecretStatus{}
}

// accessToken opens what the gateway would inject.
func (x *fixture) accessToken(t *testing.T, environmentID string, version int64) string {
	t.Helper()
	var text []byte
	err := x.store.Read(t.Context(), x.account, func(tx *store.Tx) error {
		s, err := tx.Secret(t.Context(), "google")
		if err != nil {
			return err
		}
		token, err := tx.OAuth2Token(t.Context(), environmentID, s.ID, version)
		if err != nil {
			return err
		}
		opener, err := x.settings.Sealer.Open(t.Context(), token.AccessBinding(x.account), token.Access)
		if err != nil {
			return err
		}
		text, err = opener.AppendTo(nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	x.hide("an access token", string(text))
	return string(text)
}

func (x *fixture) renew(t *testing.T, w control.SecretWrite) error {
	t.Helper()
	s := x.connection(t, w.Environment.ID)
	return x.RenewToken(t.Context(), x.account, w.Environment.ID, w.Slot.SecretID, w.Version, s.Token.Serial)
}

func TestClientCredentials(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.online(t)
		p := testkit.NewProvider(t, time.Hour)
		w := x.setOAuth2(t, "production", clientOf(p, secret.ClientCredentials))
		if s := x.connection(t, x.production); s.Connection != secret.Connected || s.Token.Serial != 1 || p.Requests() != 1 || p.Basic() != 1 {
			t.Errorf("got %s, serial %d, %d requests", s.Connection, s.Token.Serial, p.Requests())
		}
		if token := x.accessToken(t, x.production, w.Version); !p.Valid(token) {
			t.Error("what is injected is no token of the provider's")
		}
		if err := x.renew(t, w); err != nil { // an upstream refused it
			t.Errorf("forced: got %v", err)
		}
		wantFault(t, "forced again", x.renew(t, w), fault.Unavailable, "it was renewed a moment ago, and another token would not be better")
		// the body instead of the header
		o := clientOf(p, secret.ClientCredentials)
		o.ClientAuth = secret.AuthBody
		x.setOAuth2(t, "development", o)
		if s := x.connection(t, x.development); s.Connection != secret.Connected || p.Basic() != 2 {
			t.Errorf("in the body: got %s and %d in a header", s.Connection, p.Basic())
		}
		// a duplicate has the configuration, and fetched a token of its own
		first, asked := x.accessToken(t, x.production, w.Version), p.Requests()
		d, err := x.DuplicateSecretValue(t.Context(), x.owner, "google", control.SecretDuplicate{Source: "production", Target: "development", Overwrite: true})
		if err != nil || len(d.Warnings) != 2 || !strings.Contains(d.Warnings[1], "the value of 'production' is now in 'development' too") {
			t.Fatalf("duplicate: got %v, %v, want the warnings of an equal value and of one out of production", d.Warnings, err)
		}
		if s := x.connection(t, x.development); s.Token.Serial != 1 || s.Connection != secret.Connected || p.Requests() != asked+1 {
			t.Errorf("duplicate: got %s with serial %d after %d requests, want a token of its own", s.Connection, s.Token.Serial, p.Requests()-asked)
		}
		if token := x.accessToken(t, x.development, d.Version); token == first || !p.Valid(token) {
			t.Error("duplicate: its token is that of the source, or none of the provider's")
		}
		entries := x.entries(t)
		last := entries[len(entries)-1]
		if last.Action != string(access.SecretTokenRefresh) || last.Outcome != audit.Allowed || last.Target.Name != "google" || last.Environment != "development" {
			t.Errorf("the entry: got %+v", last)
		}
	})
}

func TestAProviderThatFails(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.online(t)
		p := testkit.NewProvider(t, time.Hour)
		const canary = "canary-of-the-providers-answer"
		x.hide("the provider's answer", canary)
		for code, answer := range map[string]http.HandlerFunc{
			"invalid_client": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = w.Write([]byte(`{"error":"invalid_client","error_description":"` + canary + `"}`))
			},
			"http_500": func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, "<html>"+canary, http.StatusInternalServerError)
			},
			"http_302": func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/elsewhere?"+canary, http.StatusFound)
			},
			"invalid_response": func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(`{"access_token":"","x":"` + canary + `"}`))
			},
			"unreachable": func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err == nil {
					_ = conn.Close()
				}
			},
		} {
			p.Answer(answer)
			w := x.setOAuth2(t, "production", clientOf(p, secret.ClientCredentials))
			s := x.connection(t, x.production)
			if s.Connection != secret.ConnectionError || s.Token.ErrorCode != code || s.Token.Attempts != 1 {
				t.Errorf("%s: got %s %q after %d attempts", code, s.Connection, s.Token.ErrorCode, s.Token.Attempts)
			}
			n := p.Requests()
			said := "the provider refused it"
			if code == "unreachable" {
				said = "the provider could not be reached"
			}
			wantFault(t, code+" again at once", x.renew(t, w), fault.Unavailable, said+" ("+code+"); it is tried again soon")
			if p.Requests() != n {
				t.Errorf("%s: the provider was asked again at once", code)
			}
			entries := x.entries(t)
			if last := entries[len(entries)-1]; last.Outcome != audit.Refused || last.Detail["error"] != code {
				t.Errorf("%s: the entry: got %+v", code, last)
			}
		}
		p.Answer(nil)
		x.clock.pass(10 * time.Minute)
		w := control.SecretWrite{Environment: x.connection(t, x.production).Environment, Slot: x.slotOf(t, "google", x.production)}
		w.Version = w.Slot.Active
		if err := x.renew(t, w); err != nil {
			t.Errorf("back again: got %v", err)
		}
		if s := x.connection(t, x.production); s.Connection != secret.Connected || s.Token.ErrorCode != "" || s.Token.Attempts != 0 {
			t.Errorf("back again: got %s %q", s.Connection, s.Token.ErrorCode)
		}
	})
}

// browse goes where a browser would, and answers what the provider sends it back with.
func browse(t *testing.T, to string) url.Values {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get(to)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	back, err := answer.Location()
	if err != nil {
		t.Fatalf("the provider answered %s and no redirect", answer.Status)
	}
	if !strings.HasPrefix(back.String(), "https://lockage.example.com/oauth/callback?") {
		t.Fatalf("sent back to %s", back)
	}
	return back.Query()
}

func TestAuthorizationCode(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.online(t)
		p := testkit.NewProvider(t, time.Hour)
		w := x.setOAuth2(t, "production", clientOf(p, secret.AuthorizationCode))
		if s := x.connection(t, x.production); s.Connection != secret.NeedsAuthorization {
			t.Errorf("got %s, want needs_authorization", s.Connection)
		}
		wantFault(t, "renew before", x.renew(t, w), fault.Unavailable, "somebody must authorize it")
		to, until, err := x.Authorize(t.Context(), x.admin, "google", "production")
		if err != nil || !until.After(x.clock.Now()) || strings.Contains(to, testkit.ProviderSecret) || !strings.Contains(to, "code_challenge_method=S256") {
			t.Fatalf("got %s until %s, %v", to, until, err)
		}
		back := browse(t, to)
		state, code := back.Get("state"), back.Get("code")
		x.hide("the state", state)
		wantFault(t, "another state", x.Authorized(t.Context(), state+"x", code, ""), fault.NotFound, "")
		if err := x.Authorized(t.Context(), state, code, ""); err != nil {
			t.Fatal(err)
		}
		if s := x.connection(t, x.production); s.Connection != secret.Connected || s.Token.Serial != 1 {
			t.Errorf("got %s, serial %d", s.Connection, s.Token.Serial)
		}
		wantFault(t, "the state twice", x.Authorized(t.Context(), state, code, ""), fault.NotFound, "this authorization is unknown, was used already, or took too long; begin it again")
		first := x.accessToken(t, x.production, w.Version)
		x.clock.pass(56 * time.Minute) // into the time in which it is renewed
		if s := x.connection(t, x.production); s.Connection != secret.Expiring {
			t.Errorf("later: got %s, want expiring", s.Connection)
		}
		if err := x.renew(t, w); err != nil {
			t.Fatal(err)
		}
		second := x.accessToken(t, x.production, w.Version)
		if second == first || p.Valid(first) || !p.Valid(second) {
			t.Error("renewed: want another token, by the refresh token, which was used up")
		}
		if err := func() error { x.clock.pass(56 * time.Minute); return x.renew(t, w) }(); err != nil {
			t.Errorf("with the rotated refresh token: got %v", err)
		}
		// the grant ends: only somebody brings it back
		x.clock.pass(56 * time.Minute)
		p.Answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		})
		wantFault(t, "ended", x.renew(t, w), fault.Unavailable, "the provider refused it (invalid_grant)")
		if s := x.connection(t, x.production); s.Connection != secret.Expiring || s.Token.ErrorCode != "invalid_grant" {
			t.Errorf("ended, the token still serves: got %s %q", s.Connection, s.Token.ErrorCode)
		}
		x.clock.pass(10 * time.Minute)
		if s := x.connection(t, x.production); s.Connection != secret.NeedsAuthorization {
			t.Errorf("ended: got %s, want needs_authorization", s.Connection)
		}
		// refused in the browser
		to, _, err = x.Authorize(t.Context(), x.admin, "google", "production")
		if err != nil {
			t.Fatal(err)
		}
		asked, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		wantFault(t, "refused", x.Authorized(t.Context(), asked.Query().Get("state"), "", "access_denied"), fault.Unavailable, "the provider refused it (access_denied)")
		// too late
		to, _, err = x.Authorize(t.Context(), x.admin, "google", "production")
		if err != nil {
			t.Fatal(err)
		}
		x.clock.pass(11 * time.Minute)
		if asked, err = url.Parse(to); err != nil {
			t.Fatal(err)
		}
		wantFault(t, "too late", x.Authorized(t.Context(), asked.Query().Get("state"), "x", ""), fault.NotFound, "")
		_, _, err = x.Authorize(t.Context(), x.developer, "google", "production")
		wantFault(t, "a developer", err, fault.Forbidden, "")
		_, _, err = x.Authorize(t.Context(), x.admin, "google", "development")
		wantFault(t, "no value", err, fault.NotFound, "the secret has no value in this environment")
	})
}

func TestOAuth2ValuesAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.online(t)
		p := testkit.NewProvider(t, time.Hour)
		before := x.state(t)
		for field, edit := range map[string]func(*secret.OAuth2Config){
			"grant_type":         func(o *secret.OAuth2Config) { o.GrantType = "password" },
			"client_id":          func(o *secret.OAuth2Config) { o.ClientID = "" },
			"client_secret":      func(o *secret.OAuth2Config) { o.ClientSecret = "" },
			"token_url":          func(o *secret.OAuth2Config) { o.TokenURL = "ftp://canary" },
			"auth_url":           func(o *secret.OAuth2Config) { o.AuthURL = "https://canary.example" },
			"scopes":             func(o *secret.OAuth2Config) { o.Scopes = []string{"two words"} },
			"client_auth":        func(o *secret.OAuth2Config) { o.ClientAuth = "canary" },
			"client_certificate": func(o *secret.OAuth2Config) { o.ClientCertificate = "can ary" },
		} {
			o := clientOf(p, secret.ClientCredentials)
			edit(&o)
			_, err := x.SetOAuth2Value(t.Context(), x.owner, "google", "production", o, "", control.SecretValue{})
			wantFault(t, field, err, fault.Invalid, "")
			if err != nil && (!strings.Contains(err.Error(), field) || strings.Contains(err.Error(), "canary")) {
				t.Errorf("%s: got %v", field, err)
			}
		}
		_, err := x.SetOAuth2Value(t.Context(), x.owner, "google", "production", clientOf(p, secret.RefreshToken), "", control.SecretValue{})
		wantFault(t, "no refresh token", err, fault.Invalid, "")
		if diff := cmp.Diff(before, x.state(t)); diff != "" || p.Requests() != 0 {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
	})
}

// However many ask, in however many processes on one database, one asks the provider.
func TestOneAsksTheProvider(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.online(t)
		p := testkit.NewProvider(t, time.Hour)
		w := x.setOAuth2(t, "production", clientOf(p, secret.ClientCredentials))
		other := open(t, x.settings) // another process, as far as this one can tell
		x.clock.pass(2 * time.Hour)
		n, hold := p.Requests(), make(chan struct{})
		p.Hold(hold)
		var group sync.WaitGroup
		for i := range 64 {
			who := x.Control
			if i%2 == 1 {
				who = other
			}
			group.Go(func() {
				if err := who.RenewToken(context.Background(), x.account, w.Environment.ID, w.Slot.SecretID, w.Version, 1); err != nil {
					t.Errorf("got %v", err)
				}
			})
		}
		for p.Requests() == n {
			time.Sleep(time.Millisecond)
		}
		close(hold)
		group.Wait()
		if got := p.Requests() - n; got != 1 {
			t.Errorf("got %d requests for tokens, want 1", got)
		}
	})
}

func TestTokensAreRenewedAhead(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.online(t)
		p := testkit.NewProvider(t, time.Hour)
		x.setOAuth2(t, "production", clientOf(p, secret.ClientCredentials))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); x.RenewTokens(ctx, time.Millisecond) }()
		x.clock.pass(50 * time.Minute)
		for range 20 {
			time.Sleep(time.Millisecond)
		}
		if n := p.Requests(); n != 1 {
			t.Errorf("long before the end: got %d requests, want the first alone", n)
		}
		x.clock.pass(5 * time.Minute)
		for x.connection(t, x.production).Token.Serial < 2 {
			time.Sleep(time.Millisecond)
		}
		cancel()
		<-done
		if n := p.Requests(); n != 2 {
			t.Errorf("got %d requests, want 2", n)
		}
	})
}
