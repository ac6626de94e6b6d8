package control_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

func TestIdempotency(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		begin := func(what string, who access.Principal, key, fingerprint string, want *control.IdempotentAnswer) {
			t.Helper()
			saved, err := x.BeginIdempotent(t.Context(), who, key, fingerprint)
			if diff := cmp.Diff(want, saved); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
			}
		}
		conflict := func(what, key, fingerprint, message string) {
			t.Helper()
			saved, err := x.BeginIdempotent(t.Context(), x.owner, key, fingerprint)
			wantFault(t, what, err, fault.Conflict, message)
			if saved != nil {
				t.Errorf("%s: got an answer, want none", what)
			}
		}
		const (
			other      = "this Idempotency-Key was used for another request; use a new one for each request"
			unfinished = "the first request with this Idempotency-Key has not finished; look whether it took effect before sending it with a new key"
		)
		answer := control.IdempotentAnswer{Status: 201, Header: map[string]string{"Location": "/v1"}, Body: []byte(`{"key":"a credential that is shown once"}`)}
		x.hide("an answer", "a credential that is shown once")

		begin("first", x.owner, "k", "f", nil)
		conflict("unfinished", "k", "f", unfinished)
		conflict("another request meanwhile", "k", "g", other)
		begin("another principal's", x.admin, "k", "g", nil)
		stranger := x.owner
		stranger.Account = x.foreign.account // the same id in another account
		begin("another account's", stranger, "k", "g", nil)
		if err := x.DropIdempotent(t.Context(), stranger, "k"); err != nil {
			t.Fatal(err)
		}
		if err := x.EndIdempotent(t.Context(), x.owner, "k", "f", answer); err != nil {
			t.Fatal(err)
		}
		begin("repeated", x.owner, "k", "f", &answer)
		conflict("another request", "k", "g", other)
		begin("another key", x.owner, "l", "f", nil)
		if err := x.DropIdempotent(t.Context(), x.owner, "l"); err != nil {
			t.Fatal(err)
		}
		begin("after a refusal", x.owner, "l", "g", nil)

		x.clock.pass(24 * time.Hour)
		begin("a day later", x.owner, "k", "f", &answer)
		conflict("unfinished for a day", "l", "g", unfinished)
		x.clock.pass(time.Millisecond)
		begin("after a day", x.owner, "k", "g", nil)
		begin("unfinished after a day", x.owner, "l", "f", nil)
		if n := len(x.dump(t, "idempotency")); n != 2 {
			t.Errorf("got %d rows, want 2: the expired ones are gone", n)
		}
	})
}

// An answer is sealed for its place: moved to another key or principal it does not open.
func TestAnIdempotentAnswerIsBound(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for _, who := range []access.Principal{x.owner, x.admin} {
			if _, err := x.BeginIdempotent(t.Context(), who, "k", "f"); err != nil {
				t.Fatal(err)
			}
			if err := x.EndIdempotent(t.Context(), who, "k", "f", control.IdempotentAnswer{Status: 201, Body: []byte(who.Name)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, move := range []struct{ what, statement, key string }{
			{"another key", `UPDATE idempotency SET key = 'moved' WHERE holder_id = '` + x.owner.ID + `'`, "moved"},
			{"another principal", `UPDATE idempotency SET holder_id = '` + x.owner.ID + `' WHERE holder_id = '` + x.admin.ID + `'`, "k"},
		} {
			x.exec(t, move.statement)
			saved, err := x.BeginIdempotent(t.Context(), x.owner, move.key, "f")
			if saved != nil || !fault.Is(err, fault.Conflict) {
				t.Errorf("moved to %s: got %v and %v, want it not to open", move.what, saved, err)
			}
		}
	})
}
