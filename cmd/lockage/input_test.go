package main_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// refusal is a refused call of /v1.
type refusal struct {
	Error struct {
		Type, Message string
		RequestID     string `json:"request_id"`
		Fields        []struct{ Field, Message string }
	}
}

func TestHostileInputChangesNothing(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		w.runs(t, "", "secrets", "create", "victim")
		w.runs(t, "value", "secrets", "set", "victim", "-e", "development")
		w.runs(t, "", "routes", "create", "victim", "--target", "http://example.com")
		key := w.makeKey(t, "development")
		before := w.state(t)
		for _, h := range hostileBodies() {
			w.refuses(t, h)
		}
		w.login(t)
		for _, h := range hostileBodies() {
			if path, found := strings.CutPrefix(h.path, "/v1/secrets/"); found {
				h.path = "/admin/secrets/" + path
				w.refusesBare(t, h)
			}
		}
		w.refusesAtTheGateway(t, key.Key)
		w.refusesRaw(t)
		if diff := cmp.Diff(before, w.state(t)); diff != "" {
			t.Errorf("hostile requests changed something (-before +after):\n%s", diff)
		}
		w.runs(t, "", "audit", "verify")
		if list := w.runs(t, "", "audit", "list", "--limit=0", "--json"); strings.Contains(list, canary) {
			t.Errorf("the audit log repeats what was refused:\n%s", around(list, canary))
		}
		if list := w.runs(t, "", "logs", "--limit=0", "--json"); strings.Contains(list, key.Key) {
			t.Errorf("the log of calls repeats a key:\n%s", around(list, key.Key))
		}
		w.stop(t)
		if log := w.process.log.String(); strings.Contains(log, canary) {
			t.Errorf("the log repeats what was refused:\n%s", around(log, canary))
		}
	})
}

// used is what a call, also a refused one, tells of the use of its key.
var used = regexp.MustCompile(`"last_used_at":[^,]+,"uses":\d+,`)

// state is all that hostile requests could have changed.
func (w *world) state(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, path := range []string{
		"/v1/environments", "/v1/secrets", "/v1/secrets/victim/environments", "/v1/routes", "/v1/api-keys", "/v1/changes",
		"/v1/commits", "/v1/promotions", "/v1/account",
	} {
		a := w.api(t, http.MethodGet, path, "")
		want[any](t, a, http.StatusOK)
		all[path], _, _ = strings.Cut(used.ReplaceAllString(a.body, ""), `"meta"`)
	}
	return all
}

func (w *world) refuses(t *testing.T, h hostile) {
	t.Helper()
	a := w.send(t, h.method, w.control+h.path, ownerToken, h.body)
	name := h.method + " " + short(h.path) + " " + short(h.body)
	if a.StatusCode != h.status {
		t.Errorf("%s: status %d, want %d: %s", name, a.StatusCode, h.status, a.body)
		return
	}
	var r refusal
	read(t, a.body, &r)
	if r.Error.Message == "" || r.Error.RequestID != a.Header.Get("X-Request-Id") {
		t.Errorf("%s: the refusal has no message or another request id: %s", name, a.body)
	}
	message := r.Error.Message
	if h.field != "" {
		found := false
		for _, f := range r.Error.Fields {
			if f.Field == h.field {
				found, message = true, f.Message
			}
		}
		if !found || r.Error.Type != "validation_error" {
			t.Errorf("%s: want a validation_error of the field %s: %s", name, h.field, a.body)
		}
	}
	if !strings.Contains(message, h.says) {
		t.Errorf("%s: the message is %q, want %q in it", name, message, h.says)
	}
	notRepeated(t, name, a)
}

// refusesBare is refuses on the admin surface, whose errors are bare.
func (w *world) refusesBare(t *testing.T, h hostile) {
	t.Helper()
	name := h.method + " " + short(h.path) + " " + short(h.body)
	a := w.send(t, h.method, w.control+h.path, w.jwt, h.body)
	var r struct{ Error string }
	read(t, a.body, &r)
	if a.StatusCode != h.status || r.Error == "" {
		t.Errorf("%s: status %d, want %d and an error: %s", name, a.StatusCode, h.status, a.body)
	}
	if h.field != "" && !strings.Contains(r.Error, h.field) {
		t.Errorf("%s: the error does not name %s: %s", name, h.field, a.body)
	}
	notRepeated(t, name, a)
}

// notRepeated fails the test when an answer carries what was refused.
func notRepeated(t *testing.T, name string, a reply) {
	t.Helper()
	var headers strings.Builder
	_ = a.Header.Write(&headers)
	if all := headers.String() + a.body; strings.Contains(all, canary) {
		t.Errorf("%s: the answer repeats what was refused: %s", short(name), all)
	}
}

// around is where in a text something stands.
func around(text, something string) string {
	at := strings.Index(text, something)
	return text[max(0, at-300):min(len(text), at+300)]
}

// short is a text that fits a line.
func short(s string) string {
	if len(s) > 120 {
		return s[:120] + "…"
	}
	return s
}
