package control_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

const why = "ticket 4711: the refund did not arrive"

func (x *fixture) revealCall(t *testing.T, who access.Principal, id string) control.CallDetail {
	t.Helper()
	d, err := x.RevealCall(t.Context(), who, id, why)
	if err != nil {
		t.Fatalf("reveal as %s: %v", who.Name, err)
	}
	return d
}

func TestReveal(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		one, two := x.customerCall(1, x.production), x.customerCall(2, x.production)
		x.record(t, one, two)
		for _, who := range []access.Principal{x.owner, x.admin, x.support} {
			if d := x.call(t, who, one.ID); !d.Revealable || !d.RevealedUntil.IsZero() {
				t.Errorf("as %s: got %+v, want it to be revealable", who.Name, d)
			}
		}
		for _, who := range []access.Principal{x.developer, x.viewer} {
			if d := x.call(t, who, one.ID); d.Revealable {
				t.Errorf("as %s: got a record that they may reveal", who.Name)
			}
			_, err := x.RevealCall(t.Context(), who, one.ID, why)
			wantFault(t, "reveal as "+who.Name, err, fault.Forbidden, "the role "+who.Name+" may not reveal a record of this environment; ask an owner or admin")
		}
		n := len(x.entries(t))
		d := x.revealCall(t, x.support, one.ID)
		until := x.clock.Now().Add(15 * time.Minute)
		whole := func(d control.CallDetail) bool {
			return d.Path == one.Path && cmp.Equal(d.Content, one.Content) && d.RevealedUntil.Equal(until) && !d.ContentsHidden && !d.Obfuscated && !d.Revealable
		}
		if !whole(d) || !whole(x.call(t, x.support, one.ID)) {
			t.Errorf("got %+v, want all of it until %v", d, until)
		}
		entries := x.newest(t, n)
		want := audit.Detail("reason", why, "expires_at", until.Format(time.RFC3339))
		if len(entries) != 1 || entries[0].Action != "log.reveal" || entries[0].Outcome != audit.Allowed || entries[0].Target.ID != one.ID ||
			entries[0].Environment != "production" || entries[0].Actor.ID != x.support.ID || !cmp.Equal(entries[0].Detail, want) {
			t.Errorf("got %+v, want one entry with the reason", entries)
		}
		wantNoCustomer(t, "the audit log", entries)
		// nobody else, no other record, no list
		for _, who := range []access.Principal{x.owner, x.admin, x.developer, x.viewer} {
			wantNoCustomer(t, "the record, to "+who.Name, x.call(t, who, one.ID))
		}
		token := x.support
		token.Kind = access.TokenActor
		wantNoCustomer(t, "the record, to a token of the same id", x.call(t, token, one.ID))
		wantNoCustomer(t, "another record", x.call(t, x.support, two.ID))
		list, _, err := x.ListCalls(t.Context(), x.support, control.CallFilter{})
		if err != nil || len(list) != 2 {
			t.Fatalf("list: got %d and %v", len(list), err)
		}
		wantNoCustomer(t, "the list", list)
		x.clock.pass(15*time.Minute - time.Millisecond)
		if !whole(x.call(t, x.support, one.ID)) {
			t.Error("just before its end: it is masked already")
		}
		x.clock.pass(time.Millisecond)
		if d := x.call(t, x.support, one.ID); !d.Revealable || !d.RevealedUntil.IsZero() {
			t.Errorf("at its end: got %+v, want masks again", d)
		}
		wantNoCustomer(t, "at its end, the record", x.call(t, x.support, one.ID))
		x.revealCall(t, token, two.ID)
		if got := x.dump(t, "reveals"); len(got) != 1 {
			t.Errorf("got %d rows, want the ended one gone", len(got))
		}
	})
}

func TestRevealAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		one := x.customerCall(1, x.production)
		x.record(t, one)
		x.revealCall(t, x.support, one.ID)
		x.clock.pass(10 * time.Minute)
		n := len(x.entries(t))
		d := x.revealCall(t, x.support, one.ID)
		if want := x.clock.Now().Add(control.RevealFor); !d.RevealedUntil.Equal(want) || !x.call(t, x.support, one.ID).RevealedUntil.Equal(want) {
			t.Errorf("got %v, want %v", d.RevealedUntil, want)
		}
		if got := len(x.newest(t, n)); got != 1 {
			t.Errorf("got %d entries, want one of its own", got)
		}
	})
}

// A reveal ends with the right to it, and with the environment.
func TestRevealEndsWithTheGrant(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createEnvironment(t, "staging")
		staging := x.environment(t, "staging")
		x.show(t, "staging", true, false)
		above, below := x.customerCall(1, x.production), x.customerCall(2, staging.ID)
		x.record(t, above, below)
		who := x.with("sue", access.Grant{Environment: x.production, Role: access.Support}, access.Grant{Environment: staging.ID, Role: access.Support})
		x.revealCall(t, who, above.ID)
		x.revealCall(t, who, below.ID)
		demoted := x.with("sue", access.Grant{Environment: x.production, Role: access.Viewer})
		wantNoCustomer(t, "to a viewer, the record", x.call(t, demoted, above.ID))
		_, err := x.GetCall(t.Context(), demoted, below.ID)
		_, never := x.GetCall(t.Context(), demoted, idAt(x.clock.Now(), 99))
		if !fault.Is(err, fault.NotFound) || err.Error() != never.Error() {
			t.Errorf("without the grant: got %v, want %v", err, never)
		}
		_, err = x.RevealCall(t.Context(), demoted, below.ID, why)
		_, never = x.RevealCall(t.Context(), demoted, idAt(x.clock.Now(), 99), why)
		if !fault.Is(err, fault.NotFound) || err.Error() != never.Error() {
			t.Errorf("reveal without the grant: got %v, want %v", err, never)
		}
		if d := x.call(t, who, below.ID); d.Path != below.Path {
			t.Errorf("with the grant: got %s, want it revealed still", d.Path)
		}
		if err := x.DeleteEnvironment(t.Context(), x.owner, "staging"); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(x.dump(t, "reveals"), "\n"); strings.Contains(got, staging.ID) || !strings.Contains(got, x.production) {
			t.Errorf("got %s, want the deleted environment's gone", got)
		}
	})
}

func TestRevealRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		one, open, plain := x.customerCall(1, x.production), x.customerCall(2, x.development), x.customerCall(3, x.production)
		plain.Path, plain.Content = "/charges/v1/charges/ch_1", nil
		x.record(t, one, open, plain)
		for name, reason := range map[string]string{
			"none": "", "short": "123456789", "spaces": "   1234567    ", "long": strings.Repeat("a", 501), "two lines": "because of\nthe ticket", "an escape": "because of \x1b[31mit",
			"no text": "because of \xff it all",
		} {
			_, err := x.RevealCall(t.Context(), x.owner, one.ID, reason)
			wantFault(t, name, err, fault.Invalid, "reason: must have 10 to 500 printable characters")
		}
		const nothing = "nothing of this record is hidden; read it as it is"
		_, err := x.RevealCall(t.Context(), x.owner, open.ID, why)
		wantFault(t, "in development", err, fault.Conflict, nothing)
		_, err = x.RevealCall(t.Context(), x.owner, plain.ID, why)
		wantFault(t, "nothing masked", err, fault.Conflict, nothing)
		if d := x.call(t, x.owner, plain.ID); d.Revealable || d.Obfuscated {
			t.Errorf("nothing masked: got %+v, want nothing to reveal", d)
		}
		if got := x.dump(t, "reveals"); len(got) > 0 {
			t.Errorf("refused, but kept: %v", got)
		}
		if d := x.call(t, x.owner, one.ID); !d.RevealedUntil.IsZero() {
			t.Error("refused, but revealed")
		}
		// longest and shortest
		for _, reason := range []string{"1234567890", strings.Repeat("ß", 500)} {
			if _, err := x.RevealCall(t.Context(), x.owner, one.ID, reason); err != nil {
				t.Errorf("%d characters: got %v", len(reason), err)
			}
		}
		x.freeze(t, "production", 1)
		if _, err := x.RevealCall(t.Context(), x.support, one.ID, why); err != nil {
			t.Errorf("in a freeze: got %v: looking changes nothing that is frozen", err)
		}
	})
}

// What was cut out before it was stored is not there to be revealed.
func TestRevealDoesNotBringBackCredentials(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		one := x.customerCall(1, x.production)
		one.Content.RequestHeaders = append(one.Content.RequestHeaders, route.HeaderField{Name: "Authorization", Value: route.RecordedMark})
		one.Content.Cut = 1
		x.record(t, one)
		d := x.revealCall(t, x.owner, one.ID)
		if got := d.Content.RequestHeaders[2].Value; got != route.RecordedMark || d.Content.Cut != 1 {
			t.Errorf("got %q, want %q", got, route.RecordedMark)
		}
	})
}
