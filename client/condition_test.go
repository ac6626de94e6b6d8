package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func TestConditionsGoIntoTheHeader(t *testing.T) {
	var got [][2]string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, [2]string{r.Header.Get("If-Match"), r.Header.Get("Lockage-Override-Freeze")})
		_, _ = io.WriteString(w, `{"data":{},"meta":{}}`)
	}))
	t.Cleanup(server.Close)
	plain := dial(t, server.URL)
	const reason = "the key leaked, ünd must go"
	overriding, err := client.New(client.Config{Address: server.URL, Token: "tk_1", OverrideFreeze: reason})
	if err != nil {
		t.Fatal(err)
	}
	body := json.RawMessage(`{}`)
	_, err1 := plain.UpdateRoute(t.Context(), "pay", body, nil)
	_, err2 := plain.UpdateRoute(t.Context(), "pay", body, nil, client.IfMatch(`"7"`))
	_, err3 := overriding.GetAccount(t.Context())
	if err := errors.Join(
		err1, err2, err3, plain.DeleteRoute(t.Context(), "pay", nil, client.IfMatch("")),
		overriding.DeleteRoute(t.Context(), "pay", nil, client.IfMatch(`"8"`)),
	); err != nil {
		t.Fatal(err)
	}
	want := [][2]string{{"", ""}, {`"7"`, ""}, {"", reason}, {"", ""}, {`"8"`, reason}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("If-Match and reason differ (-want +got):\n%s", diff)
	}
}

func TestAReasonIsOneLine(t *testing.T) {
	for _, reason := range []string{"canary\nLockage-Key: x", "canary\x00", "canary\xff"} {
		_, err := client.New(client.Config{Address: "http://127.0.0.1:1", Token: "tk_1", OverrideFreeze: reason})
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: got %v, want a refusal that does not repeat it", reason, err)
		}
	}
}

func TestARefusalCarriesThePlan(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"error":{"type":"not_ready","message":"no","request_id":"r","plan":{"kind":"promotion","hash":"h",`+
			`"steps":[{"blockers":[{"kind":"hold","environment":"qa","message":"held"}]}]}}}`)
	}))
	t.Cleanup(server.Close)
	_, err := dial(t, server.URL).Promote(t.Context(), wire.PromotionCreate{To: "qa"})
	var refusal *client.Error
	if !errors.As(err, &refusal) || refusal.Plan == nil {
		t.Fatalf("got %v, want a refusal with the plan", err)
	}
	want := &wire.Plan{Kind: "promotion", Hash: "h", Steps: []wire.Step{
		{Blockers: []wire.Finding{{Kind: "hold", Environment: "qa", Message: "held"}}},
	}}
	if diff := cmp.Diff(want, refusal.Problem().Plan); diff != "" {
		t.Errorf("the plan differs (-want +got):\n%s", diff)
	}
}
