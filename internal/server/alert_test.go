package server_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/server"
	"github.com/lockage/lockage/internal/testkit"
	"github.com/lockage/lockage/wire"
)

// An upstream that fails is told of by a signed message, once however often it fails on; and so is that it is well again.
// All of it goes the way of real calls: through the gateway, into the log, to whoever watches it.
func TestAnUpstreamThatFailsIsToldOf(t *testing.T) {
	upstream, hooks := testkit.NewUpstream(t), testkit.NewUpstream(t)
	var status atomic.Int32
	status.Store(http.StatusBadGateway)
	upstream.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) })
	hooks.Answer(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	c := local(t.TempDir())
	c.BootstrapToken, c.AllowUpstreams = witnessToken, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	r, err := server.StartWatching(t.Context(), c, slog.New(slog.DiscardHandler), 20*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, r)
	api, err := client.New(client.Config{Address: "http://" + r.ControlAddress(), Token: witnessToken})
	if err != nil {
		t.Fatal(err)
	}
	key, a := watched(t, api, upstream.URL, hooks.URL)
	calls := 0
	call := func(n, want int) {
		t.Helper()
		for range n {
			q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.GatewayAddress()+"/charges/v1", nil)
			if err != nil {
				t.Fatal(err)
			}
			q.Header.Set("Lockage-Key", key)
			answer, err := http.DefaultClient.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if answer.StatusCode != want {
				t.Fatalf("call: got %d, want %d", answer.StatusCode, want)
			}
			calls++
		}
	}
	// looked says that the calls were seen by whoever watches: the value is of all of them.
	looked := func(value float64) func() bool {
		return func() bool {
			got, err := api.GetAlert(t.Context(), a.ID)
			return err == nil && got.Value == value
		}
	}
	call(9, http.StatusBadGateway)
	eventually(t, "the first calls are recorded", func() bool { return recorded(t, api) == calls })
	if got := hooks.Requests(); len(got) != 0 {
		t.Errorf("below the least number of calls: got %+v, want nothing", got)
	}
	call(1, http.StatusBadGateway)
	eventually(t, "somebody is told", func() bool { return len(hooks.Requests()) == 1 })
	m := signed(t, hooks.Requests()[0], a.To[0].Key)
	if m.Type != "alert.firing" || m.Data.AlertID != a.ID || m.Data.Environment != "development" || m.Data.Value != 100 || m.Data.Name != "charges fail" {
		t.Errorf("got %+v", m)
	}
	status.Store(http.StatusOK)
	call(10, http.StatusOK)
	eventually(t, "half of the calls are well", looked(50))
	status.Store(http.StatusBadGateway)
	call(5, http.StatusBadGateway)
	eventually(t, "more have failed", looked(60))
	if got := hooks.Requests(); len(got) != 1 {
		t.Errorf("while it is quiet: got %d messages, want one", len(got))
	}
	status.Store(http.StatusOK)
	call(15, http.StatusOK)
	eventually(t, "somebody is told that it is over", func() bool { return len(hooks.Requests()) == 2 })
	if m := signed(t, hooks.Requests()[1], a.To[0].Key); m.Type != "alert.resolved" || m.Data.Value >= 50 {
		t.Errorf("got %+v", m)
	}
	eventually(t, "the history says so", func() bool {
		events, _, err := api.ListAlertHistory(t.Context(), a.ID, client.Page{})
		return err == nil && len(events) == 1 && events[0].State == "resolved" && len(events[0].Deliveries) == 2 &&
			events[0].Deliveries[0].State == "delivered" && events[0].Deliveries[1].State == "delivered"
	})
	// it fails again while the alert is to be quiet: that is seen, and nobody is told
	status.Store(http.StatusBadGateway)
	call(20, http.StatusBadGateway)
	eventually(t, "it fails again", func() bool {
		got, err := api.GetAlert(t.Context(), a.ID)
		return err == nil && got.State == "firing"
	})
	if events, _, err := api.ListAlertHistory(t.Context(), a.ID, client.Page{}); err != nil || len(events) != 2 || len(events[0].Deliveries) != 0 {
		t.Errorf("an episode in the quiet time: got %+v and %v, want one without a message", events, err)
	}
	if got := hooks.Requests(); len(got) != 2 {
		t.Errorf("in the quiet time: got %d messages, want two", len(got))
	}
}

// watched makes a route in development that can be called, and an alert of it.
func watched(t *testing.T, api *client.Client, upstream, hooks string) (key string, a wire.Alert) {
	t.Helper()
	ctx, message := t.Context(), "begin"
	if _, err := api.CreateRoute(ctx, json.RawMessage(`{"key":"charges","target_url":"`+upstream+`"}`), &message); err != nil {
		t.Fatal(err)
	}
	k, err := api.CreateAPIKey(ctx, wire.APIKeyCreate{Environment: "development", Type: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	half, least, route := 50.0, int64(10), "charges"
	a, err = api.CreateAlert(ctx, wire.AlertCreate{
		Environment: "development", Name: "charges fail", Kind: "error_rate", Route: &route, Threshold: &half, MinimumCalls: &least,
		To: []wire.AlertTo{{Webhook: hooks + "/services/T0"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return k.Key, a
}

func recorded(t *testing.T, api *client.Client) (n int) {
	t.Helper()
	for _, err := range api.Logs(context.WithoutCancel(t.Context()), client.LogFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// told is what a message of an alert says.
type told struct {
	Type string `json:"type"`
	Data struct {
		AlertID     string  `json:"alert_id"`
		Name        string  `json:"name"`
		Environment string  `json:"environment"`
		Value       float64 `json:"value"`
	} `json:"data"`
}

// signed is a message that a key signed, as Standard Webhooks says.
func signed(t *testing.T, r testkit.Received, key string) (m told) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whsec_"))
	if err != nil || len(raw) == 0 {
		t.Fatalf("the key %q: %v", key, err)
	}
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte(r.Header.Get("Webhook-Id") + "." + r.Header.Get("Webhook-Timestamp") + "." + r.Body))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("Webhook-Signature") != want {
		t.Errorf("signature: got %q, want %q", r.Header.Get("Webhook-Signature"), want)
	}
	if err := json.Unmarshal([]byte(r.Body), &m); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return m
}
