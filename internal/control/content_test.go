package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// contentOf is a content that is different for each number.
func contentOf(n int) *route.Content {
	return &route.Content{
		Query:           fmt.Sprintf("page=%d-of-the-content", n),
		RequestHeaders:  []route.HeaderField{{Name: "Accept", Value: "*/*"}},
		ResponseHeaders: []route.HeaderField{{Name: "Content-Type", Value: "application/json"}},
		RequestBody:     route.Body{Bytes: fmt.Appendf(nil, `{"what":"the body of the content %d"}`, n), Size: 100, Type: "application/json", Truncated: true},
		ResponseBody:    route.Body{Bytes: []byte{}, Size: int64(n), Omitted: route.OmittedBinary},
		Cut:             n,
	}
}

// contentCall is a call at the present with a content.
func (x *fixture) contentCall(n int, environmentID string) route.Call {
	return route.Call{
		ID: idAt(x.clock.Now(), n), Account: x.account, RequestID: fmt.Sprint("request", n), Time: x.clock.Now(), EnvironmentID: environmentID,
		Method: "POST", Path: "/charges", Status: 200, Content: contentOf(n),
	}
}

// idAt is an id of a time, as calls have it.
func idAt(at time.Time, n int) string {
	ms := at.UnixMilli()
	return fmt.Sprintf("%08x-%04x-7000-8000-%012d", ms>>16, ms&0xffff, n)
}

func TestContentIsStoredSealed(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.hide("the query", "1-of-the-content")
		x.hide("the body", "the body of the content")
		one, other, without := x.contentCall(1, x.development), x.contentCall(2, x.production), x.contentCall(3, x.development)
		without.Content = nil
		x.record(t, one, other, without)
		d, err := x.GetCall(t.Context(), x.support, one.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one.Content, d.Content); diff != "" || d.ContentsHidden || !d.HasContent || d.Environment != "development" {
			t.Errorf("got %+v; content (-want +got):\n%s", d, diff)
		}
		want := one
		want.Content, want.HasContent, want.RecordedAt, want.Secrets = nil, true, x.clock.Now(), []string{}
		if diff := cmp.Diff(want, d.Call.Call, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the call (-want +got):\n%s", diff)
		}
		if d, err := x.GetCall(t.Context(), x.owner, other.ID); err != nil || d.Content != nil || !d.ContentsHidden || !d.HasContent {
			t.Errorf("in production: got %+v and %v, want it hidden", d, err)
		}
		if d, err := x.GetCall(t.Context(), x.owner, without.ID); err != nil || d.Content != nil || d.ContentsHidden || d.HasContent {
			t.Errorf("without a content: got %+v and %v, want none", d, err)
		}
		if _, err := x.UpdateEnvironment(t.Context(), x.owner, "production", environment.Fields{ShowMessageContents: new(true)}); err != nil {
			t.Fatal(err)
		}
		if d, err := x.GetCall(t.Context(), x.owner, other.ID); err != nil || !cmp.Equal(other.Content, d.Content) {
			t.Errorf("in production, shown: got %+v and %v, want the content", d, err)
		}
		local := x.with("local", access.Grant{Environment: x.production, Role: access.Support})
		_, err = x.GetCall(t.Context(), local, one.ID)
		_, never := x.GetCall(t.Context(), local, idAt(x.clock.Now(), 99))
		if !fault.Is(err, fault.NotFound) || err.Error() != never.Error() {
			t.Errorf("of an environment that is not seen: got %v, want %v", err, never)
		}
	})
}

func TestContentKeysLastADay(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		keys := func() (n int) {
			t.Helper()
			if err := x.db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM content_keys`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		first := x.contentCall(1, x.development)
		x.record(t, first)
		x.clock.pass(23 * time.Hour)
		x.Control = open(t, x.settings) // a process that starts goes on with the key that is stored
		x.record(t, x.contentCall(2, x.development))
		if n := keys(); n != 1 {
			t.Errorf("within a day: got %d keys, want one", n)
		}
		x.clock.pass(2 * time.Hour)
		last := x.contentCall(3, x.development)
		x.record(t, last)
		if n := keys(); n != 2 {
			t.Errorf("a day later: got %d keys, want another", n)
		}
		for _, c := range []route.Call{first, last} {
			if d, err := x.GetCall(t.Context(), x.owner, c.ID); err != nil || !cmp.Equal(c.Content, d.Content) {
				t.Errorf("got %+v and %v, want the content", d, err)
			}
		}
	})
}

func TestContentThatWasMovedDoesNotOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		one, other := x.contentCall(1, x.development), x.contentCall(2, x.development)
		x.record(t, one, other)
		x.exec(t, `UPDATE call_contents SET ciphertext = (SELECT o.ciphertext FROM call_contents o WHERE o.call_id = $1) WHERE call_id = $2`, other.ID, one.ID)
		d, err := x.GetCall(t.Context(), x.owner, one.ID)
		if err == nil || d.Content != nil || fault.KindOf(err) != fault.Internal {
			t.Errorf("got %+v and %v, want a failure that tells nothing", d, err)
		}
		if d, err := x.GetCall(t.Context(), x.owner, other.ID); err != nil || d.Content == nil {
			t.Errorf("the one that was not touched: got %+v and %v", d, err)
		}
	})
}

func TestDeletingAnEnvironmentDeletesItsContents(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		e := x.createEnvironment(t, "staging")
		x.record(t, x.contentCall(1, e.ID), x.contentCall(2, x.development))
		if err := x.DeleteEnvironment(t.Context(), x.owner, "staging"); err != nil {
			t.Fatal(err)
		}
		x.record(t, x.contentCall(3, e.ID)) // was on its way
		for table, want := range map[string]int{"call_contents": 1, "content_keys": 1, "calls": 1} {
			var n int
			if err := x.db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table+` WHERE account_id = $1`, x.account).Scan(&n); err != nil || n != want {
				t.Errorf("%s: got %d rows and %v, want the %d of development", table, n, err, want)
			}
		}
	})
}
