package server_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/server"
	"github.com/lockage/lockage/internal/testkit"
	"github.com/lockage/lockage/wire"
)

// shop is a server with a route to an upstream that takes a provider's tokens and nothing else.
type shop struct {
	*client.Client
	provider *testkit.Provider
	gateway  string
	key      string
	calls    atomic.Int64 // that the upstream got
	tokens   sync.Map     // that it took
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{provider: testkit.NewProvider(t, time.Hour)}
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !s.provider.Valid(token) {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		s.tokens.Store(token, true)
		w.Header().Set("X-Echo", "it is "+token)
		_, _ = w.Write(append([]byte("got "), body...))
	}))
	t.Cleanup(up.Close)
	config := server.Defaults()
	config.Data, config.Listen, config.GatewayListen, config.Dev = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", true
	config.BootstrapToken = "tk_of_the_operator_of_these_tests"
	running, err := server.Start(t.Context(), config, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := running.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	s.gateway = "http://" + running.GatewayAddress()
	if s.Client, err = client.New(client.Config{Address: "http://" + running.ControlAddress(), Token: config.BootstrapToken}); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, err = s.CreateSecret(ctx, wire.SecretCreate{Name: "google", Type: "oauth2"})
	if err == nil {
		_, err = s.CreateRoute(ctx, json.RawMessage(`{"key":"ads","target_url":"`+up.URL+`","inject_headers":{"Authorization":"Bearer {{secret:google}}"},"timeout":"5s"}`), new("ads"))
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := s.CreateAPIKey(ctx, wire.APIKeyCreate{Environment: "development", Type: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	s.key = key.Key
	return s
}

func (s *shop) set(t *testing.T) wire.SecretEnvironment {
	t.Helper()
	v, err := s.PutOAuth2(t.Context(), "google", "development", wire.SecretOAuth2{
		GrantType: "client_credentials", ClientID: testkit.ProviderClient, ClientSecret: testkit.ProviderSecret, TokenURL: s.provider.TokenURL,
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (s *shop) call(t *testing.T, method string, body io.Reader) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.gateway+"/ads/x", body)
	if err != nil {
		t.Error(err)
		return nil, ""
	}
	r.Header.Set("Lockage-Key", s.key)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Error(err)
		return nil, ""
	}
	defer answer.Body.Close()
	b, _ := io.ReadAll(answer.Body)
	return answer, string(b)
}

func TestOAuth2EndToEnd(t *testing.T) {
	s := newShop(t)
	if v := s.set(t); v.ConnectionStatus != "connected" || v.OAuth2 == nil || v.OAuth2.TokenURL != s.provider.TokenURL {
		t.Fatalf("got %+v", v)
	}
	if answer, body := s.call(t, "GET", nil); answer.StatusCode != 200 || body != "got " || answer.Header.Get("X-Echo") != "it is [redacted]" {
		t.Fatalf("got %d %s and %v", answer.StatusCode, body, answer.Header)
	}
	revoke := func() {
		s.tokens.Range(func(token, _ any) bool {
			if err := s.provider.Revoke(token.(string)); err != nil {
				t.Fatal(err)
			}
			s.tokens.Delete(token)
			return true
		})
	}
	// the upstream refuses the token: it is renewed once, and a call that can be sent again is
	revoke()
	n, asked := s.calls.Load(), s.provider.Requests()
	if answer, body := s.call(t, "POST", strings.NewReader("a small body")); answer.StatusCode != 200 || body != "got a small body" || answer.Header.Get("X-Echo") != "it is [redacted]" {
		t.Errorf("refused once: got %d %s and %v", answer.StatusCode, body, answer.Header)
	}
	if calls, requests := s.calls.Load()-n, s.provider.Requests()-asked; calls != 2 || requests != 1 {
		t.Errorf("refused once: got %d calls and %d requests for tokens, want 2 and 1", calls, requests)
	}
	// again at once: the answer is the caller's, and the provider is left alone
	revoke()
	n, asked = s.calls.Load(), s.provider.Requests()
	for range 5 {
		if answer, body := s.call(t, "GET", nil); answer.StatusCode != 401 || body != "who are you?\n" || answer.Header.Get("Lockage-Error") != "" {
			t.Errorf("refused again: got %d %s", answer.StatusCode, body)
		}
	}
	if calls, requests := s.calls.Load()-n, s.provider.Requests()-asked; calls != 5 || requests != 0 {
		t.Errorf("refused again: got %d calls and %d requests for tokens, want 5 and none", calls, requests)
	}
}

// A body that streams cannot be sent again: its caller gets the answer, and the next call has the new token.
func TestA401ToAStream(t *testing.T) {
	s := newShop(t)
	s.set(t)
	s.call(t, "GET", nil)
	s.tokens.Range(func(token, _ any) bool { return s.provider.Revoke(token.(string)) == nil })
	if answer, _ := s.call(t, "POST", io.MultiReader(strings.NewReader("in "), strings.NewReader("chunks"))); answer.StatusCode != 401 {
		t.Errorf("got %d, want the upstream's 401", answer.StatusCode)
	}
	if answer, body := s.call(t, "POST", io.MultiReader(strings.NewReader("in "), strings.NewReader("chunks"))); answer.StatusCode != 200 || body != "got in chunks" {
		t.Errorf("the next: got %d %s", answer.StatusCode, body)
	}
}

func TestManyCallersWaitForOneToken(t *testing.T) {
	s := newShop(t)
	hold := make(chan struct{})
	s.provider.Hold(hold)
	var group sync.WaitGroup
	group.Go(func() { s.set(t) })
	for s.provider.Requests() == 0 {
		time.Sleep(time.Millisecond)
	}
	for range 64 {
		group.Go(func() {
			if answer, body := s.call(t, "GET", nil); answer == nil || answer.StatusCode != 200 {
				t.Errorf("got %v %s", answer, body)
			}
		})
	}
	close(hold)
	group.Wait()
	if n := s.provider.Requests(); n != 1 {
		t.Errorf("got %d requests for tokens, want 1", n)
	}
}

func TestNoToken(t *testing.T) {
	s := newShop(t)
	s.provider.Answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(400)
		_, _ = w.Write([]byte(`{"error":"invalid_client","error_description":"canary"}`))
	})
	if v := s.set(t); v.ConnectionStatus != "error" || v.ConnectionError != "invalid_client" {
		t.Errorf("got %s %s", v.ConnectionStatus, v.ConnectionError)
	}
	answer, body := s.call(t, "GET", nil)
	if answer.StatusCode != 502 || answer.Header.Get("Lockage-Error") != "credential_unavailable" ||
		!strings.Contains(body, "secret 'google' has no access token that serves now in environment 'development': the provider refused it (invalid_client)") || strings.Contains(body, "canary") {
		t.Errorf("got %d %s", answer.StatusCode, body)
	}
	if s.calls.Load() != 0 {
		t.Error("the upstream was called without a token")
	}
}
