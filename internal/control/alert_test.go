package control_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// telling lets alerts reach a receiver of webhooks and a mail server.
func (x *fixture) telling(t *testing.T, m testkit.MailConfig) (*testkit.Upstream, *testkit.MailServer) {
	t.Helper()
	hooks, mails := testkit.NewUpstream(t), testkit.NewMailServer(t, m)
	hooks.Answer(answering(http.StatusNoContent))
	mailer, err := mail.New(mail.Config{URL: mails.URL, From: "lockage@example.com", Roots: mails.Roots})
	if err != nil {
		t.Fatal(err)
	}
	x.settings.Mail, x.settings.PublicURL = mailer, "https://lockage.example.com"
	x.Control = open(t, x.settings)
	return hooks, mails
}

// answering reads a message whole and answers a status.
func answering(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		if status != http.StatusNoContent {
			_, _ = io.WriteString(w, "canary of the receiver")
		}
	}
}

const hookPath = "/services/T0/canary-of-the-webhook"

func (x *fixture) alert(t *testing.T, environment string, kind alert.Kind, f alert.Fields, to ...control.AlertTarget) control.Alert {
	t.Helper()
	if f.Name == nil {
		f.Name = ptr(string(kind))
	}
	a, err := x.CreateAlert(t.Context(), x.owner, environment, kind, control.AlertInput{Fields: f, To: &to})
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	return a
}

// look looks at all alerts and delivers what is due.
func (x *fixture) look(t *testing.T) {
	t.Helper()
	if err := x.LookAtAlerts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := x.DeliverDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// calls records some of an environment at the present time.
func (x *fixture) calls(t *testing.T, n int, edit func(i int, c *route.Call)) {
	t.Helper()
	list := make([]route.Call, n)
	for i := range list {
		now := x.clock.Now()
		hex := fmt.Sprintf("%012x", now.UnixMilli())
		x.recorded++
		list[i] = route.Call{
			ID: fmt.Sprintf("%s-%s-7000-8000-%012x", hex[:8], hex[8:], x.recorded), Account: x.account, EnvironmentID: x.production, Time: now, RouteKey: "charges",
			Method: "GET", Path: "/", Status: 200, Latency: time.Millisecond, KeyID: "none",
		}
		list[i].RequestID = list[i].ID
		edit(i, &list[i])
	}
	if err := x.RecordCalls(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

func (x *fixture) history(t *testing.T, id string) []control.AlertEvent {
	t.Helper()
	list, _, err := x.AlertHistory(t.Context(), x.owner, id, control.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// verified is the message of a delivery that was signed with a key.
func verified(t *testing.T, r testkit.Received, key string) alert.Message {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte(r.Header.Get("Webhook-Id") + "." + r.Header.Get("Webhook-Timestamp") + "." + r.Body))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("Webhook-Signature") != want {
		t.Errorf("signature: got %q, want %q", r.Header.Get("Webhook-Signature"), want)
	}
	var m alert.Message
	if err := json.Unmarshal([]byte(r.Body), &m); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return m
}

func TestAnAlertFiresAndIsOver(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		hooks, mails := x.telling(t, testkit.MailConfig{})
		charges := x.createRoute(t, `{"key":"charges","target_url":"https://api.example.com"}`).ID
		x.commit(t)
		x.promote(t, "production")
		a := x.alert(t, "production", alert.ErrorRate, alert.Fields{Name: ptr("charges — fail"), Route: ptr(charges), Threshold: ptr(50.0)},
			control.AlertTarget{Webhook: hooks.URL + hookPath}, control.AlertTarget{Email: "oncall@example.com"})
		key := a.Keys[a.Targets[0].ID]
		x.hide("the webhook's URL", "canary-of-the-webhook")
		x.hide("the webhook's key", key)
		if len(a.Keys) != 1 || a.Targets[0].Webhook != hooks.URL || a.Targets[1].Email != "oncall@example.com" {
			t.Fatalf("got %+v", a)
		}
		x.look(t)
		x.calls(t, 40, func(i int, c *route.Call) {
			c.Status = 200 + i%2*303 // every other fails
			if i%4 > 0 {
				c.RouteID = charges // or is not asked about
			}
		})
		x.look(t)
		x.look(t)
		if got := hooks.Requests(); len(got) != 1 {
			t.Fatalf("got %d deliveries, want one", len(got))
		}
		m := verified(t, hooks.Requests()[0], key)
		if m.Type != "alert.firing" || m.Data.AlertID != a.ID || m.Data.Environment != "production" || m.Data.Route != "charges" ||
			m.Data.Value != 66.66 || m.Data.Threshold != 50 || m.Data.Window != "5m0s" || !strings.HasPrefix(m.Data.URL, "https://lockage.example.com/v1/alerts/") {
			t.Errorf("got %+v", m)
		}
		letter := mails.Wait(t)
		if s := letter.Header(t, "Subject"); s != "[Lockage] FIRING: charges — fail in production" || letter.To != "oncall@example.com" {
			t.Errorf("got the subject %q to %s", s, letter.To)
		}
		if text := letter.Text(t); !strings.Contains(text, "20 of 30 calls failed") || !strings.Contains(text, "66.66%") {
			t.Errorf("got the text %s", text)
		}
		got, err := x.GetAlert(t.Context(), x.developer, a.ID)
		if err != nil || !got.Firing || !got.Since.Equal(x.clock.Now()) || got.Value != 66.66 || len(got.Keys) != 0 {
			t.Errorf("got %+v, %v", got, err)
		}

		x.clock.pass(6 * time.Minute)
		x.look(t)
		if got := hooks.Requests(); len(got) != 2 || verified(t, got[1], key).Type != "alert.resolved" || verified(t, got[1], key).Data.EndedAt == nil {
			t.Fatalf("got %+v, want that it is over", got)
		}
		if s := mails.Wait(t).Header(t, "Subject"); s != "[Lockage] RESOLVED: charges — fail in production" {
			t.Errorf("got the subject %q", s)
		}
		events := x.history(t, a.ID)
		if len(events) != 1 || events[0].State != "resolved" || !events[0].EndedAt.Equal(x.clock.Now()) || len(events[0].Deliveries) != 4 {
			t.Fatalf("got %+v", events)
		}
		for _, d := range events[0].Deliveries {
			if d.State != store.DeliveryDelivered || d.Attempts != 1 || d.Error != "" {
				t.Errorf("got %+v", d)
			}
		}
	})
}

func TestEachKindOfAlert(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		hooks, _ := x.telling(t, testkit.MailConfig{})
		to := control.AlertTarget{Webhook: hooks.URL + hookPath}
		key := x.createKey(t, "production")
		x.createSecret(t, "stripe")
		if _, err := x.SetSecretValue(t.Context(), x.owner, "stripe", "production", control.SecretValue{
			Value: plaintext("the value of stripe"), ExpiresAt: x.clock.Now().Add(15 * 24 * time.Hour),
		}); err != nil {
			t.Fatal(err)
		}
		x.hide("stripe's value", "the value of stripe")
		from := func(address string) {
			x.calls(t, 1, func(_ int, c *route.Call) { c.KeyID, c.Address, c.Status = key.ID, address, 201 })
			x.clock.pass(time.Second)
		}
		from("192.0.2.1") // the first use of the key
		for _, c := range []struct {
			kind    alert.Kind
			happens func()
			value   float64
			detail  string
		}{
			{alert.LatencyP95, func() {
				x.calls(t, 100, func(i int, c *route.Call) { c.Latency = time.Duration(i+1) * 20 * time.Millisecond })
			}, 1900, "of 10"},
			{alert.HardFail, func() {
				x.calls(t, 2, func(i int, c *route.Call) { c.Status, c.ErrorType = 500, "secret_not_configured" })
			}, 2, "route charges"},
			{alert.AccessRefused, func() {
				for range 5 {
					_, err := x.CreateAlert(t.Context(), x.viewer, "production", alert.HardFail, control.AlertInput{})
					wantFault(t, "as a viewer", err, fault.Forbidden, "")
				}
			}, 5, ""},
			{alert.SecretExpiring, func() { x.clock.pass(24 * time.Hour) }, 1, "secret stripe ends at 2026-03-16T12:0"},
			{alert.KeyNewAddress, func() { from("192.0.2.1"); from("2001:db8::1"); from("2001:db8::2"); from("198.51.100.9") }, 2, "from 198.51.100.9"},
		} {
			before := len(hooks.Requests())
			a := x.alert(t, "production", c.kind, alert.Fields{}, to)
			x.look(t)
			if got := hooks.Requests()[before:]; len(got) != 0 {
				t.Errorf("%s: got %+v before anything happened", c.kind, got)
			}
			c.happens()
			x.look(t)
			got := hooks.Requests()[before:]
			if len(got) != 1 {
				t.Errorf("%s: got %d deliveries, want one", c.kind, len(got))
				continue
			}
			m := verified(t, got[0], a.Keys[a.Targets[0].ID])
			if m.Type != "alert.firing" || m.Data.Kind != c.kind || m.Data.Value != c.value || !strings.Contains(strings.Join(m.Data.Details, "\n"), c.detail) {
				t.Errorf("%s: got %+v, want %v and %q", c.kind, m, c.value, c.detail)
			}
			if err := x.DeleteAlert(t.Context(), x.owner, a.ID); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A public key is used from everywhere, and a token by people: where from is noted of neither.
func TestOnlySecretKeysHavePlaces(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		hooks, _ := x.telling(t, testkit.MailConfig{})
		public, _, err := x.CreateAPIKey(t.Context(), x.owner, "production", apikey.Public, noFields)
		if err != nil {
			t.Fatal(err)
		}
		x.alert(t, "production", alert.KeyNewAddress, alert.Fields{}, control.AlertTarget{Webhook: hooks.URL + hookPath})
		for _, id := range []string{public.ID, "a-token"} {
			x.calls(t, 1, func(_ int, c *route.Call) { c.KeyID, c.Address = id, "192.0.2.1" })
			x.clock.pass(2 * time.Hour)
			x.calls(t, 1, func(_ int, c *route.Call) { c.KeyID, c.Address = id, "192.0.2.2" })
			x.look(t)
		}
		if got := hooks.Requests(); len(got) != 0 {
			t.Errorf("got %+v, want nothing", got)
		}
	})
}

func TestAMessageIsTriedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		refused := func(step string) error {
			if step != "RCPT" {
				return nil
			}
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "canary of the server"}
		}
		hooks, _ := x.telling(t, testkit.MailConfig{Refuse: refused})
		x.hide("the mail server's words", "canary of the server")
		x.hide("the receiver's words", "canary of the receiver")
		hooks.Answer(answering(http.StatusServiceUnavailable))
		a := x.alert(t, "production", alert.HardFail, alert.Fields{}, control.AlertTarget{Webhook: hooks.URL}, control.AlertTarget{Email: "nobody@example.com"})
		event, err := x.TestAlert(t.Context(), x.admin, a.ID)
		if err != nil || event.State != "test" || len(event.Deliveries) != 2 {
			t.Fatalf("got %+v, %v", event, err)
		}
		x.look(t)
		x.look(t) // nothing is due yet
		d := x.history(t, a.ID)[0].Deliveries
		if d[0].State != store.DeliveryPending || d[0].Attempts != 1 || !d[0].NextAt.Equal(x.clock.Now().Add(10*time.Second)) || !strings.Contains(d[0].Error, "503") {
			t.Errorf("webhook: got %+v", d[0])
		}
		if d[1].State != store.DeliveryFailed || d[1].Error != "the mail server refused the recipient, with 550" {
			t.Errorf("mail: got %+v", d[1])
		}
		if s := x.AlertStats(); s.Pending != 1 || s.Failed != 1 || s.Retried != 1 || s.Delivered != 0 {
			t.Errorf("stats: got %+v", s)
		}
		x.clock.pass(10 * time.Second)
		hooks.Answer(nil)
		x.look(t)
		got := hooks.Requests()
		if len(got) != 2 || got[0].Header.Get("Webhook-Id") != got[1].Header.Get("Webhook-Id") || got[0].Header.Get("Webhook-Id") != d[0].ID || got[0].Body != got[1].Body {
			t.Fatalf("got %+v, want the same message again", got)
		}
		if d := x.history(t, a.ID)[0].Deliveries[0]; d.State != store.DeliveryDelivered || d.Attempts != 2 || d.Error != "" {
			t.Errorf("got %+v", d)
		}

		// one that never arrives is given up after a day
		hooks.Answer(answering(http.StatusBadGateway))
		if _, err := x.TestAlert(t.Context(), x.admin, a.ID); err != nil {
			t.Fatal(err)
		}
		for range 60 {
			x.look(t)
			x.clock.pass(time.Hour)
		}
		if d := x.history(t, a.ID)[0].Deliveries[0]; d.State != store.DeliveryFailed || d.EndedAt.Sub(d.CreatedAt) > 24*time.Hour || d.Attempts < 20 {
			t.Errorf("got %+v, want it failed within a day", d)
		}
	})
}

// What a process had begun to deliver when it died is delivered by another, once the first one's time is over; and of two
// that live, one looks at the rules.
func TestAnotherProcessGoesOn(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		hooks, _ := x.telling(t, testkit.MailConfig{})
		other := open(t, x.settings)
		a := x.alert(t, "production", alert.HardFail, alert.Fields{}, control.AlertTarget{Webhook: hooks.URL})
		x.look(t) // the first looks from now on
		x.calls(t, 1, func(_ int, c *route.Call) { c.Status, c.ErrorType = 500, "secret_expired" })
		if err := other.LookAtAlerts(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := x.history(t, a.ID); len(got) != 0 {
			t.Fatalf("got %+v: two processes look", got)
		}
		x.clock.pass(46 * time.Second) // the first one died
		if err := other.LookAtAlerts(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := x.history(t, a.ID); len(got) != 1 {
			t.Fatalf("got %+v, want that the other one took over", got)
		}
		dying, die := context.WithCancel(t.Context())
		hooks.Answer(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or its end would not show
			die()
			<-r.Context().Done()
		})
		_ = x.DeliverDue(dying)
		hooks.Answer(nil)
		if err := other.DeliverDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := hooks.Requests(); len(got) != 1 {
			t.Fatalf("got %d attempts, want none while the first one's time lasts", len(got)-1)
		}
		x.clock.pass(time.Minute)
		if err := other.DeliverDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := x.history(t, a.ID)[0].Deliveries[0]; d.State != store.DeliveryDelivered || d.Attempts != 2 {
			t.Errorf("got %+v", d)
		}
	})
}

func TestAlertsAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		name := alert.Fields{Name: ptr("x")}
		silent := func(what string, to ...control.AlertTarget) {
			t.Helper()
			_, err := x.CreateAlert(ctx, x.owner, "production", alert.HardFail, control.AlertInput{Fields: name, To: &to})
			if wantFault(t, what, err, fault.Invalid, ""); err != nil && !strings.HasPrefix(err.Error(), "to: ") {
				t.Errorf("%s: got %v, want the field to", what, err)
			}
		}
		silent("no mail server", control.AlertTarget{Email: "a@example.com"})
		webhooks := x.settings.Webhooks
		x.settings.Webhooks = nil
		x.Control = open(t, x.settings)
		silent("no webhooks", control.AlertTarget{Webhook: "https://example.com"})
		x.settings.Webhooks = webhooks
		hooks, _ := x.telling(t, testkit.MailConfig{})
		silent("nobody")
		_, err := x.CreateAlert(ctx, x.owner, "production", alert.HardFail, control.AlertInput{
			Fields: alert.Fields{Name: ptr("x"), Route: ptr("chagres")}, To: &[]control.AlertTarget{{Webhook: hooks.URL}},
		})
		wantFault(t, "a route that is not there", err, fault.Invalid, "route: is not live in this environment; promote it first, or leave it out for all routes")
		silent("no receiver", control.AlertTarget{})
		silent("two in one", control.AlertTarget{Email: "a@example.com", Webhook: "https://example.com"})
		silent("an id of nobody", control.AlertTarget{ID: never})
		silent("a URL of nothing", control.AlertTarget{Webhook: "ftp://example.com"})
		silent("in the clear", control.AlertTarget{Webhook: "http://example.com"})
		silent("no address", control.AlertTarget{Email: "a@example.com\nBcc: b@example.com"})
		silent("one twice", control.AlertTarget{Email: "a@example.com"}, control.AlertTarget{Email: "a@example.com"})
		silent("too many", make([]control.AlertTarget, 11)...)
		_, err = x.CreateAlert(ctx, x.owner, "production", alert.HardFail, control.AlertInput{Fields: name})
		wantFault(t, "no receivers", err, fault.Invalid, "")

		a := x.alert(t, "production", alert.HardFail, alert.Fields{}, control.AlertTarget{Webhook: hooks.URL + "/a"}, control.AlertTarget{Webhook: hooks.URL + "/b"})
		kept := a.Targets[1].ID
		changed, err := x.UpdateAlert(ctx, x.owner, a.ID, control.AlertInput{To: &[]control.AlertTarget{{ID: kept}, {Email: "a@example.com"}}})
		if err != nil || len(changed.Targets) != 2 || changed.Targets[0] != a.Targets[1] || len(changed.Keys) != 0 {
			t.Errorf("got %+v, %v, want the second webhook kept without showing its key", changed, err)
		}
		_, err = x.UpdateAlert(ctx, x.owner, a.ID, control.AlertInput{To: &[]control.AlertTarget{{ID: a.Targets[0].ID}}})
		wantFault(t, "a receiver that went", err, fault.Invalid, "")
		if _, err := x.TestAlert(ctx, x.owner, a.ID); err != nil {
			t.Fatal(err)
		}
		x.look(t)
		if got := hooks.Requests(); len(got) != 1 || got[0].Path != "/b" {
			t.Errorf("got %+v, want the kept webhook alone", got)
		}
		verified(t, hooks.Requests()[0], a.Keys[kept])
		// switched off while it fires: it is over without a word
		x.calls(t, 1, func(_ int, c *route.Call) { c.Status, c.ErrorType = 500, "secret_expired" })
		x.look(t)
		if _, err := x.UpdateAlert(ctx, x.owner, a.ID, control.AlertInput{Fields: alert.Fields{Active: ptr(false)}}); err != nil {
			t.Fatal(err)
		}
		x.look(t)
		x.clock.pass(time.Hour)
		x.look(t)
		if got := hooks.Requests(); len(got) != 2 {
			t.Errorf("got %d deliveries, want the test and that it fired", len(got))
		}
		if got, err := x.GetAlert(ctx, x.owner, a.ID); err != nil || got.Firing || got.Active {
			t.Errorf("got %+v, %v", got, err)
		}
		for range alert.MaxRules - 1 {
			x.alert(t, "production", alert.HardFail, alert.Fields{}, control.AlertTarget{Email: "a@example.com"})
		}
		_, err = x.CreateAlert(ctx, x.owner, "production", alert.HardFail, control.AlertInput{Fields: name, To: &[]control.AlertTarget{{Email: "a@example.com"}}})
		wantFault(t, "too many alerts", err, fault.Conflict, "")
	})
}
