package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

const idempotencyKey = "Idempotency-Key"

func TestARepeatedRequestHappensOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const path, body = "/v1/api-keys", `{"environment":"production","type":"secret"}`
	first := r.do("POST", path, body, idempotencyKey, "k1")
	var k wire.APIKey
	first.data(201, &k)
	if got := first.header.Get("Idempotency-Replayed"); got != "" {
		t.Errorf("first: got Idempotency-Replayed %q, want none", got)
	}
	again := r.do("POST", path, body, idempotencyKey, "k1")
	again.exactly(201, first.body)
	if again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("Content-Type") != "application/json" ||
		again.header.Get("X-Request-Id") == first.header.Get("X-Request-Id") {
		t.Errorf("again: got header %v, want a replay in JSON with an id of its own", again.header)
	}
	var list []wire.APIKey
	r.do("GET", path, nil).data(200, &list)
	if len(list) != 1 {
		t.Errorf("got %d keys, want 1", len(list))
	}

	for name, a := range map[string]answer{
		"another body":  r.do("POST", path, body+" ", idempotencyKey, "k1"),
		"another path":  r.do("POST", "/v1/secrets", `{"name":"x"}`, idempotencyKey, "k1"),
		"another query": r.do("POST", "/v1/routes?commit=a", body, idempotencyKey, "k1"),
	} {
		if a.problem(409, "conflict"); a.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("%s: got a replay", name)
		}
	}
	other := r.as(access.Grant{Environment: access.AnyEnvironment, Role: access.Owner})
	if a := other.do("POST", path, body, idempotencyKey, "k1"); a.status != 201 || a.body == first.body {
		t.Errorf("another token with the same key: got %d %s, want a key of its own", a.status, a.body)
	}
	r.clock.forward(25 * time.Hour)
	if a := r.do("POST", path, body, idempotencyKey, "k1"); a.status != 201 || a.body == first.body {
		t.Errorf("after a day: got %d %s, want another key", a.status, a.body)
	}
}

func TestARefusalFreesTheKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.do("POST", "/v1/secrets", `{"name":"a b"}`, idempotencyKey, "k").problem(400, "validation_error", "name")
	r.do("POST", "/v1/secrets", `{"name":"ab"}`, idempotencyKey, "k").data(201, nil)
}

func TestTheIdempotencyKeyIsChecked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for name, key := range map[string]string{
		"too long": strings.Repeat("a", 256), "space": "a b", "not ASCII": "ä", "control": "a\x01",
	} {
		a := r.do("POST", "/v1/secrets", `{"name":"x"}`, idempotencyKey, key)
		a.problem(400, "validation_error", idempotencyKey)
		if strings.Contains(a.body, key) {
			t.Errorf("%s: the key is repeated: %s", name, a.body)
		}
	}
	r.do("POST", "/v1/secrets", `{"name":"x"}`, idempotencyKey, strings.Repeat("~", 255)).data(201, nil)

	for name, values := range map[string][]string{"empty": {""}, "twice": {"a", "a"}} {
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/secrets", strings.NewReader(`{"name":"y"}`))
		req.Header.Set("Authorization", "Bearer "+r.token)
		req.Header[idempotencyKey] = values
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req)
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d %s, want 400", name, w.Code, w.Body)
		}
	}
}

func TestACallerWhoGoesAwayComesBackForTheAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, leave := context.WithCancel(t.Context())
	req := httptest.NewRequestWithContext(ctx, "POST", "/v1/secrets", &leaving{reader: strings.NewReader(`{"name":"x"}`), leave: leave})
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set(idempotencyKey, "k")
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)

	a := r.do("POST", "/v1/secrets", `{"name":"x"}`, idempotencyKey, "k")
	if a.status != 201 || a.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("got %d %s, want the kept answer of the first request", a.status, a.body)
	}
}

// leaving is a body whose sender goes away once it was read.
type leaving struct {
	reader *strings.Reader
	leave  func()
}

func (l *leaving) Read(p []byte) (int, error) {
	n, err := l.reader.Read(p)
	if err != nil {
		l.leave()
	}
	return n, err
}

func TestAFailureOfOursKeepsTheKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.sql(`ALTER TABLE secrets RENAME TO elsewhere`)
	r.do("POST", "/v1/secrets", `{"name":"x"}`, idempotencyKey, "k").problem(500, "internal_error")
	r.sql(`ALTER TABLE elsewhere RENAME TO secrets`)
	// Nobody knows how far the first request came, so the second one must not simply happen.
	r.do("POST", "/v1/secrets", `{"name":"x"}`, idempotencyKey, "k").problem(409, "conflict")
	r.do("POST", "/v1/secrets", `{"name":"x"}`, idempotencyKey, "k2").data(201, nil)
}

func TestADoneRequestIsAnsweredThoughItCannotBeKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.sql(`CREATE TRIGGER no BEFORE UPDATE ON idempotency BEGIN SELECT RAISE(ABORT, 'no'); END`)
	r.do("POST", "/v1/secrets", `{"name":"x"}`, idempotencyKey, "k").data(201, nil)
	if !strings.Contains(r.logged(), `"cause":"control: end an idempotent request`) {
		t.Errorf("got log %s, want why the answer was not kept", r.logged())
	}
	r.do("POST", "/v1/secrets", `{"name":"x"}`, idempotencyKey, "k").problem(409, "conflict")
}
