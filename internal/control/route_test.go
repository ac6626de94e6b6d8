package control_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// stands says how a route stands in each environment: "-" not live, "on", "off".
func stands(r control.Route) string {
	var words []string
	for _, s := range r.Status {
		word := "-"
		if s.Committed {
			word = map[bool]string{true: "on", false: "off"}[s.Active]
		}
		words = append(words, s.Environment.Name+" "+word)
	}
	return strings.Join(words, ", ")
}

func TestDrafts(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		begun := x.clock.Now()
		made, err := x.CreateRoute(t.Context(), x.developer, []byte(`{"key":"charges","target_url":"https://example.com"}`), nil)
		if err != nil {
			t.Fatal(err)
		}
		if made.Ref.Key != "charges" || made.Definition.Name != "charges" || !made.Draft || made.CreatedBy != "developer" || made.Leaving ||
			stands(made) != "development -, production -" {
			t.Errorf("got %+v, want a draft that is live nowhere", made)
		}
		for _, ref := range []string{"charges", made.ID} {
			if got, err := x.GetRoute(t.Context(), x.viewer, ref); err != nil || !cmp.Equal(made, got) {
				t.Errorf("get %s: %v (-want +got):\n%s", ref, err, cmp.Diff(made, got))
			}
		}
		x.clock.pass(time.Minute)
		x.commit(t)
		committed := x.route(t, "charges")
		if committed.Draft || stands(committed) != "development on, production -" || !committed.UpdatedAt.Equal(x.clock.Now()) || !committed.CreatedAt.Equal(begun) {
			t.Errorf("committed: got %+v, want it live in development, updated now", committed)
		}
		x.clock.pass(time.Minute)
		changed := x.updateRoute(t, "charges", `{"timeout":"5s"}`)
		if !changed.Draft || changed.Hash == committed.Hash || changed.Definition.Timeout != 5*time.Second || !changed.UpdatedAt.Equal(x.clock.Now()) {
			t.Errorf("changed: got %+v, want a draft", changed)
		}
		// saving what is live takes the draft away
		back := x.updateRoute(t, "charges", `{"timeout":null}`)
		if diff := cmp.Diff(committed, back); diff != "" || len(x.rowsOf(t, x.account)["drafts"]) != 0 {
			t.Errorf("back to what is live (-want +got):\n%s", diff)
		}
		if same := x.updateRoute(t, "charges", `{}`); same.Draft {
			t.Errorf("an update of nothing: got %+v, want no draft", same)
		}
		_, err = x.Commit(t.Context(), x.owner, "", nil)
		wantFault(t, "commit nothing", err, fault.Conflict, "there is nothing to commit: no draft is saved")
	})
}

func TestDeletingARouteIsADraft(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		made := x.createRoute(t, `{"key":"charges","target_url":"https://example.com"}`)
		remove := func(commit *string) {
			t.Helper()
			if err := x.DeleteRoute(t.Context(), x.owner, "charges", commit, x.route(t, "charges").Tag); err != nil {
				t.Fatalf("delete: %v", err)
			}
		}
		gone := func(what string) {
			t.Helper()
			_, err := x.GetRoute(t.Context(), x.owner, "charges")
			wantFault(t, what, err, fault.NotFound, "no such route")
			if list, _, err := x.ListRoutes(t.Context(), x.owner, all); err != nil || len(list) != 0 {
				t.Errorf("%s: got list %v and %v, want none", what, list, err)
			}
		}
		remove(nil)
		gone("never committed")
		again := x.createRoute(t, `{"key":"charges","target_url":"https://example.com/2"}`)
		if again.ID != made.ID || !again.CreatedAt.Equal(made.CreatedAt) {
			t.Errorf("same key again: got %+v, want its id %s back", again.Identity, made.ID)
		}
		x.commit(t)
		x.promote(t, "production")
		remove(nil)
		leaving := x.route(t, "charges")
		if !leaving.Draft || !leaving.Leaving || stands(leaving) != "development on, production on" {
			t.Errorf("deletion saved: got %+v, want it live until committed", leaving)
		}
		_, err := x.UpdateRoute(t.Context(), x.owner, "charges", []byte(`{"timeout":"1s"}`), nil, leaving.Tag)
		wantFault(t, "update what leaves", err, fault.Conflict, "the route's deletion is saved and waits to be committed; create it anew to keep it")
		if kept := x.createRoute(t, `{"key":"charges","target_url":"https://example.com/2"}`); kept.Draft || kept.ID != made.ID {
			t.Errorf("created as it was: got %+v, want the deletion taken back", kept)
		}
		remove(ptr("away"))
		if got := x.route(t, "charges"); stands(got) != "development -, production on" || got.Draft {
			t.Errorf("committed: got %s, want it live above only", stands(got))
		}
		wantFault(t, "delete twice", x.DeleteRoute(t.Context(), x.owner, "charges", nil, x.route(t, "charges").Tag), fault.Conflict,
			"the route's deletion is committed already; promote it to the environments above")
		if back := x.createRoute(t, `{"key":"charges","target_url":"https://example.com/9"}`); back.ID != made.ID || !back.Draft {
			t.Errorf("created while it lives on above: got %+v, want a draft with its id back", back)
		}
		remove(nil)
		x.promote(t, "production")
		gone("promoted")
		if again := x.createRoute(t, `{"key":"charges","target_url":"https://example.com/3"}`); again.ID != made.ID {
			t.Errorf("same key again: got id %s, want %s", again.ID, made.ID)
		}
		for _, e := range []string{x.development, x.production} {
			x.replay(t, e)
		}
	})
}

func TestCommitAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createRoute(t, `{"key":"waits","target_url":"https://example.com"}`)
		n := len(x.entries(t))
		r, err := x.CreateRoute(t.Context(), x.developer, []byte(`{"key":"charges","target_url":"https://example.com"}`), ptr("at once"))
		if err != nil || r.Draft || stands(r) != "development on, production -" {
			t.Fatalf("create: got %+v and %v, want it live", r, err)
		}
		entries := x.entries(t)
		if e := entries[len(entries)-1]; len(entries) != n+1 || e.Action != "route.save" || e.Detail["message"] != "at once" || e.Detail["commit"] == "" {
			t.Errorf("got entries %+v, want one that tells of the commit", entries[n:])
		}
		if head := x.environment(t, "development").Head; head != 1 || !x.route(t, "waits").Draft {
			t.Errorf("got head %d, want 1 and the other draft left alone", head)
		}
		if _, err := x.UpdateRoute(t.Context(), x.developer, "charges", []byte(`{}`), ptr("nothing new"), ""); err != nil {
			t.Errorf("nothing to commit: got %v, want no error", err)
		}
		before := x.state(t)
		_, err = x.CreateRoute(t.Context(), x.developer, []byte(`{"key":"other","target_url":"https://example.com"}`), ptr("\x00"))
		wantFault(t, "a message", err, fault.Invalid, "message: must not contain control characters")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("the refusal changed (-before +after):\n%s", diff)
		}
	})
}

func TestRoutesAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		made := x.createRoute(t, `{"key":"charges","target_url":"https://example.com"}`)
		// a key in the form of an id stands in nobody's way
		twin := fmt.Sprintf(`{"key":"%s","target_url":"https://example.com"}`, made.ID)
		if other := x.createRoute(t, twin); other.ID == made.ID {
			t.Error("a route whose key is another one's id took its place")
		}
		before := x.state(t)
		for _, body := range []string{`{"key":"charges","target_url":"https://example.com"}`, twin} {
			_, err := x.CreateRoute(t.Context(), x.owner, []byte(body), nil)
			wantFault(t, "a key twice", err, fault.Conflict, "a route with this key already exists")
		}
		for what, body := range map[string]string{
			"no JSON": `{`, "an unknown field": `{"key":"a","target_url":"https://example.com","zebra":1}`, "no target": `{"key":"a"}`,
			"an unknown environment": `{"key":"a","target_url":"https://example.com","environments":{"none":{}}}`,
			"an id as a name":        `{"key":"a","target_url":"https://example.com","environments":{"` + x.development + `":{"timeout":"1s"}}}`,
			"a template":             `{"key":"a","target_url":"https://example.com","inject_query":{"a":"{{secret:}}"}}`,
		} {
			_, err := x.CreateRoute(t.Context(), x.owner, []byte(body), nil)
			wantFault(t, "create with "+what, err, fault.Invalid, "")
		}
		_, err := x.UpdateRoute(t.Context(), x.owner, "charges", []byte(`{"key":"other"}`), nil, "")
		wantFault(t, "another key", err, fault.Invalid, "")
		for _, ref := range []string{"", "none", "Charges", "\x00", "\xff"} {
			_, err := x.GetRoute(t.Context(), x.owner, ref)
			wantFault(t, "get", err, fault.NotFound, "no such route")
			_, err = x.UpdateRoute(t.Context(), x.owner, ref, []byte(`{}`), nil, "")
			wantFault(t, "update", err, fault.NotFound, "no such route")
			wantFault(t, "delete", x.DeleteRoute(t.Context(), x.owner, ref, nil, ""), fault.NotFound, "no such route")
			_, err = x.SwitchRoute(t.Context(), x.owner, ref, "development", false)
			wantFault(t, "switch", err, fault.NotFound, "no such route")
			_, err = x.EffectiveRoute(t.Context(), x.owner, ref, "development")
			wantFault(t, "effective", err, fault.NotFound, "no such route")
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
	})
}

func TestRouteLists(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for _, key := range []string{"b", "d", "a", "c", "e"} {
			x.createRoute(t, `{"key":"`+key+`","target_url":"https://example.com"}`)
		}
		if err := x.DeleteRoute(t.Context(), x.owner, "c", nil, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Commit(t.Context(), x.owner, "", []definition.Ref{{Kind: "route", Key: "d"}}); err != nil {
			t.Fatal(err)
		}
		x.promote(t, "production")
		list := func(who access.Principal, limit int) (keys []string) {
			t.Helper()
			p := control.Page{Limit: limit}
			for {
				routes, next, err := x.ListRoutes(t.Context(), who, p)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range routes {
					keys = append(keys, r.Ref.Key)
				}
				if p.Cursor = next; next == "" {
					return keys
				}
			}
		}
		for _, limit := range []int{1, 2, 4, 5} {
			if diff := cmp.Diff([]string{"a", "b", "d", "e"}, list(x.viewer, limit)); diff != "" {
				t.Errorf("pages of %d (-want +got):\n%s", limit, diff)
			}
		}
		// drafts are of the first environment: who does not see it sees what is live elsewhere
		above := x.with("above", access.Grant{Environment: x.production, Role: access.Viewer})
		if diff := cmp.Diff([]string{"d"}, list(above, 2)); diff != "" {
			t.Errorf("of production only (-want +got):\n%s", diff)
		}
		x.updateRoute(t, "d", `{"description":"drafted","environments":{"development":{"timeout":"1s"}}}`)
		if r, err := x.GetRoute(t.Context(), above, "d"); err != nil || r.Draft || r.Definition.Description != "" || stands(r) != "production on" {
			t.Errorf("of production only: got %+v and %v, want what is live there", r, err)
		}
		_, err := x.GetRoute(t.Context(), above, "a")
		wantFault(t, "a draft, from production", err, fault.NotFound, "no such route")
	})
}

func TestEffective(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createRoute(t, `{"key":"charges","target_url":"https://example.com","inject_headers":{"A":"1","B":"2"},
			"environments":{"production":{"target_url":"https://prod.example.com","inject_headers":{"B":null,"C":"3"},"timeout":null}}}`)
		effective := func(who access.Principal, environment, source, target string, headers map[string]string, timeout time.Duration) control.EffectiveRoute {
			t.Helper()
			e, err := x.EffectiveRoute(t.Context(), who, "charges", environment)
			if err != nil {
				t.Fatalf("effective in %s: %v", environment, err)
			}
			if e.Key != "charges" || e.Environment.Name != environment || e.Source != source || e.Effective.TargetURL != target ||
				e.Effective.Timeout != timeout || !cmp.Equal(headers, e.Effective.InjectHeaders) {
				t.Errorf("in %s: got %+v, want source %s, target %s, headers %v, timeout %v", environment, e, source, target, headers, timeout)
			}
			return e
		}
		base, prod := map[string]string{"A": "1", "B": "2"}, map[string]string{"A": "1", "C": "3"}
		effective(x.viewer, "development", "draft", "https://example.com", base, route.DefaultTimeout)
		e := effective(x.viewer, "production", "draft", "https://prod.example.com", prod, 0)
		for field, want := range map[string]string{
			"target_url": "environment", "inject_headers.A": "base", "inject_headers.C": "environment", "timeout": "environment", "methods": "default",
		} {
			if got := e.Effective.Origin[field]; got != want {
				t.Errorf("origin of %s: got %s, want %s", field, got, want)
			}
		}
		x.commit(t)
		x.promote(t, "production")
		x.updateRoute(t, "charges", `{"target_url":"https://v2.example.com","environments":{"production":null}}`)
		effective(x.viewer, "development", "committed", "https://example.com", base, route.DefaultTimeout)
		x.commit(t)
		effective(x.viewer, "development", "committed", "https://v2.example.com", base, route.DefaultTimeout)
		effective(x.viewer, "production", "committed", "https://prod.example.com", prod, 0)
		x.promote(t, "production")
		effective(x.developer, "production", "committed", "https://v2.example.com", base, route.DefaultTimeout)
		_, err := x.EffectiveRoute(t.Context(), x.support, "charges", "production")
		wantFault(t, "by support", err, fault.Forbidden, "")
	})
}

func TestSwitch(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createRoute(t, `{"key":"charges","target_url":"https://example.com"}`)
		root := x.environment(t, "development").RootHash
		status, err := x.SwitchRoute(t.Context(), x.developer, "charges", "production", false) // ahead of its promotion
		if err != nil || status.Committed || status.Active || status.Environment.ID != x.production {
			t.Errorf("ahead: got %+v and %v, want it off and not live", status, err)
		}
		x.commit(t)
		x.promote(t, "production")
		if got := stands(x.route(t, "charges")); got != "development on, production off" {
			t.Errorf("promoted: got %s, want it off in production", got)
		}
		for _, active := range []bool{true, true, false, true} {
			status, err := x.SwitchRoute(t.Context(), x.developer, "charges", "production", active)
			if err != nil || status.Active != active || !status.Committed {
				t.Errorf("switch to %v: got %+v and %v", active, status, err)
			}
			state, _ := x.settings.Holder.Account(x.account)
			e, _ := state.Environment("production")
			if r, ok := e.Route("charges"); !ok || r.Active != active {
				t.Errorf("the gateway: got %+v, %v, want active %v at once", r, ok, active)
			}
		}
		if got := x.environment(t, "development"); got.Head != 1 || got.RootHash == root {
			t.Errorf("got head %d, want 1: switching is outside commits", got.Head)
		}
	})
}
