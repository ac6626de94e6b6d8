package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

// A call that needs a fresh proof asks for one, and is made once more.
func TestAFreshProof(t *testing.T) {
	var got []string
	proven := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.URL.Path+" "+string(body))
		switch {
		case r.URL.Path == "/admin/auth/prove" && string(body) == `{"password":"wrong"}`:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"password: is wrong"}`)
		case r.URL.Path == "/admin/auth/prove":
			proven = true
			_, _ = io.WriteString(w, `{"proved_at":"2026-01-02T03:04:05.000Z"}`)
		case r.URL.Path == "/admin/auth/refresh":
			_, _ = io.WriteString(w, `{"token":"d.e.f","expires_at":"2026-01-02T03:04:05.000Z"}`)
		case r.URL.Path == "/admin/auth/logout":
			_, _ = io.WriteString(w, `{"ok":true}`)
		case !proven:
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"error":{"type":"forbidden","message":"prove again","request_id":"r1","step_up":true}}`)
		default:
			_, _ = io.WriteString(w, `{"data":{"environment":"production"},"meta":{"request_id":"r1"}}`)
		}
	}))
	defer server.Close()
	set := func(prove func(context.Context, string) (wire.Prove, error)) error {
		c, err := client.New(client.Config{Address: server.URL, Token: "a.b.c", Prove: prove})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.SetSecretValue(t.Context(), "stripe", "production", "v")
		return err
	}
	told, _ := errors.AsType[*client.Error](set(nil))
	if told == nil || !told.StepUp || !told.Problem().StepUp || told.Message != "prove again" {
		t.Errorf("without anybody to ask: got %+v, want to be told of it", told)
	}
	unwilling := errors.New("nobody is there")
	if err := set(func(context.Context, string) (wire.Prove, error) { return wire.Prove{}, unwilling }); !errors.Is(err, unwilling) {
		t.Errorf("unwilling: got %v", err)
	}
	if err := set(func(context.Context, string) (wire.Prove, error) { return wire.Prove{Password: "wrong"}, nil }); err == nil || err.Error() != "password: is wrong" {
		t.Errorf("wrong: got %v", err)
	}
	got = nil
	err := set(func(_ context.Context, why string) (wire.Prove, error) {
		if why != "prove again" {
			t.Errorf("got %q, want the reason", why)
		}
		return wire.Prove{Password: "right"}, nil
	})
	const path = `/v1/secrets/stripe/environments/production {"value":"v"}`
	if want := []string{path, `/admin/auth/prove {"password":"right"}`, path}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v and %q, want %q", err, got, want)
	}
	c := dial(t, server.URL)
	if again, err := c.Refresh(t.Context()); err != nil || again.Token != "d.e.f" {
		t.Errorf("refresh: got %+v and %v", again, err)
	}
	if err := c.Logout(t.Context()); err != nil {
		t.Errorf("logout: %v", err)
	}
}
