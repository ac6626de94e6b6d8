package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func TestNewRefuses(t *testing.T) {
	tests := []struct{ name, address, token, want string }{
		{"no address", "", "tk_x", "address: must be an http or https URL like http://127.0.0.1:7070"},
		{"no scheme", "127.0.0.1:7070", "tk_x", "address: must be an http or https URL like http://127.0.0.1:7070"},
		{"other scheme", "ftp://canary", "tk_x", "address: must be an http or https URL like http://127.0.0.1:7070"},
		{
			"user", "http://canary:canary@localhost", "tk_x",
			"address: must be an http or https URL like http://127.0.0.1:7070, without a user, a query or a fragment",
		},
		{
			"query", "http://localhost?canary", "tk_x",
			"address: must be an http or https URL like http://127.0.0.1:7070, without a user, a query or a fragment",
		},
		{"no token", "http://localhost", "", "token: missing"},
		{
			"line break", "http://localhost", "tk_canary\n",
			"token: must be one word of plain ASCII, without spaces or line breaks",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := client.New(client.Config{Address: tt.address, Token: tt.token})
			if err == nil || err.Error() != tt.want {
				t.Errorf("got error %v, want %s", err, tt.want)
			}
		})
	}
}

func TestPrefixOfAddress(t *testing.T) {
	c, got := record(t, "[]")
	if _, err := dial(t, c.Address()+"/lockage/").ListEnvironments(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := "/lockage/v1/environments"; (*got)[0].URI != want {
		t.Errorf("got %s, want %s", (*got)[0].URI, want)
	}
}

func TestTokenIsNotPrinted(t *testing.T) {
	cfg := client.Config{Address: "http://localhost", Token: "tk_canary"}
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&b, verb+verb, c, cfg)
	}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "client", c, "config", cfg)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "client", c, "config", cfg)
	if strings.Contains(b.String(), "canary") || strings.Contains(b.String(), fmt.Sprintf("%x", "canary")) {
		t.Errorf("the token was printed: %s", &b)
	}
}

func TestRefusal(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   client.Error
	}{
		{
			"fields", 400,
			`{"error":{"type":"validation_error","message":"m","request_id":"r","fields":[{"field":"name","message":"n"}]}}`,
			client.Error{
				Status: 400, Type: "validation_error", Message: "m", RequestID: "r",
				Fields: []wire.Field{{Field: "name", Message: "n"}},
			},
		},
		{
			"routes", 409, `{"error":{"type":"in_use","message":"m","request_id":"r","routes":[{"id":"1","name":"pay"}]}}`,
			client.Error{
				Status: 409, Type: "in_use", Message: "m", RequestID: "r", Routes: []wire.RouteRef{{ID: "1", Name: "pay"}},
			},
		},
		{"a proxy's page", 502, `<html>canary</html>`, client.Error{
			Status: 502, RequestID: "h",
			Message: "ADDRESS answered 502 Bad Gateway, not in the form of Lockage's management API: check the address",
		}},
		{"the gateway's port", 401, `{"error":"canary","type":"unauthenticated"}`, client.Error{
			Status: 401, RequestID: "h",
			Message: "ADDRESS answered 401 Unauthorized, not in the form of Lockage's management API: check the address",
		}},
		{"a redirect", 307, ``, client.Error{
			Status: 307, RequestID: "h",
			Message: "ADDRESS answers with a redirect (307), which is not followed: give the address it leads to",
		}},
		{"success of something else", 200, `{"canary":1}`, client.Error{
			Status: 200, RequestID: "h",
			Message: "ADDRESS does not answer in the form of Lockage's management API: check the address",
		}},
		{"success of another shape", 200, `{"data":"canary"}`, client.Error{
			Status: 200, RequestID: "h",
			Message: "ADDRESS does not answer in the form of Lockage's management API: check the address",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Request-Id", "h")
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			t.Cleanup(server.Close)
			_, err := dial(t, server.URL).GetSecret(t.Context(), "x")
			var got *client.Error
			if !errors.As(err, &got) {
				t.Fatalf("got error %v, want a *client.Error", err)
			}
			tt.want.Message = strings.ReplaceAll(tt.want.Message, "ADDRESS", server.URL)
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("the error differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIsNotSent(t *testing.T) {
	c, got := record(t, "{}")
	for _, ref := range []string{"", ".", ".."} {
		if err := c.DeleteSecret(t.Context(), ref); err == nil {
			t.Errorf("DeleteSecret(%q): got no error", ref)
		}
	}
	if _, err := c.SetSecretValue(t.Context(), "x", "qa", "\xff"); err == nil {
		t.Error("SetSecretValue with broken UTF-8: got no error")
	}
	if len(*got) != 0 {
		t.Errorf("something was sent: %v", *got)
	}
}

// flaky breaks the connection of the first requests, and gives the idempotency keys of those that came since the last
// time it was asked.
func flaky(t *testing.T, breaks int) (c *client.Client, keys func() []string) {
	t.Helper()
	var mu sync.Mutex
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Header.Get("Idempotency-Key"))
		if breaks--; breaks >= 0 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, `{"data":{},"meta":{}}`)
	}))
	t.Cleanup(server.Close)
	return dial(t, server.URL), func() []string {
		mu.Lock()
		defer mu.Unlock()
		defer func() { seen = nil }()
		return seen
	}
}

func TestPostIsRepeatedWithTheSameKey(t *testing.T) {
	c, keys := flaky(t, 1)
	if _, err := c.CreateSecret(t.Context(), wire.SecretCreate{Name: "x"}); err != nil {
		t.Fatal(err)
	}
	first := keys()
	if len(first) != 2 || first[0] != first[1] {
		t.Fatalf("got the keys %q, want the same one twice", first)
	}
	if id, err := uuid.Parse(first[0]); err != nil || id.Version() != 7 {
		t.Errorf("got the key %q, want a UUID of version 7", first[0])
	}
	if _, err := c.CreateSecret(t.Context(), wire.SecretCreate{Name: "x"}); err != nil {
		t.Fatal(err)
	}
	if second := keys(); second[0] == first[0] {
		t.Error("two operations sent the same key")
	}
}

func TestRepeatsOnlyOnceAndOnlyWhatItMay(t *testing.T) {
	c, keys := flaky(t, 9)
	tests := []struct {
		name string
		call func() error
		want int
	}{
		{"POST", func() error { _, err := c.Promote(t.Context(), wire.PromotionCreate{}); return err }, 2},
		{"POST of what would be done twice", func() error { _, err := c.CreateAccount(t.Context(), wire.AccountCreate{}); return err }, 1},
		{"GET", func() error { _, err := c.GetSecret(t.Context(), "x"); return err }, 2},
		{"DELETE", func() error { return c.DeleteSecret(t.Context(), "x") }, 1},
		{"PUT", func() error { _, err := c.SetSecretValue(t.Context(), "x", "qa", "canary"); return err }, 1},
	}
	for _, tt := range tests {
		err := tt.call()
		if got := len(keys()); err == nil || got != tt.want {
			t.Errorf("%s: got error %v after %d requests, want an error after %d", tt.name, err, got, tt.want)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error repeats the value: %v", tt.name, err)
		}
	}
}

func TestRefusalIsNotRepeated(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	if _, err := dial(t, server.URL).CreateSecret(t.Context(), wire.SecretCreate{}); err == nil || requests != 1 {
		t.Errorf("got error %v after %d requests, want an error after 1", err, requests)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		cancel()
		<-release
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	if _, err := dial(t, server.URL).ListEnvironments(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
}

func TestNobodyThere(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	_, err := dial(t, server.URL).Commit(t.Context(), wire.CommitCreate{})
	if err == nil || !strings.HasPrefix(err.Error(), "no answer from "+server.URL+": ") {
		t.Errorf("got error %v, want one that says who did not answer", err)
	}
}
