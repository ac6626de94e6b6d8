package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
)

func (x *fixture) changes(t *testing.T, who access.Principal) []control.Change {
	t.Helper()
	list, err := x.ListChanges(t.Context(), who)
	if err != nil {
		t.Fatalf("list changes: %v", err)
	}
	return list
}

// tell is a change in a few words.
func tell(list []control.Change) (words []string) {
	for _, c := range list {
		text := fmt.Sprintf("%s %s by %s", c.Kind(), c.Ref.Key, c.SavedBy)
		for _, e := range c.Edits {
			text += fmt.Sprintf(", %s %s", e.Op, e.Path)
		}
		words = append(words, text)
	}
	return words
}

func TestChanges(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		if list := x.changes(t, x.viewer); len(list) != 0 || list == nil {
			t.Errorf("at first: got %v, want an empty list", list)
		}
		x.createRoute(t, `{"key":"b","target_url":"https://example.com"}`)
		x.createRoute(t, `{"key":"c","target_url":"https://example.com"}`)
		x.commit(t)
		x.promote(t, "production")
		x.clock.pass(time.Minute)
		x.createRoute(t, `{"key":"a","target_url":"https://example.com"}`)
		made, err := x.UpdateRoute(t.Context(), x.developer, "b", []byte(`{"timeout":"1s","environments":{"production":{"timeout":"2s"}}}`), nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := x.DeleteRoute(t.Context(), x.admin, "c", nil, ""); err != nil {
			t.Fatal(err)
		}
		got := x.changes(t, x.viewer)
		want := []string{"added a by owner, add ", "changed b by developer, add environments, add timeout", "deleted c by admin, remove "}
		if diff := cmp.Diff(want, tell(got)); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
		if b := got[1]; !b.SavedAt.Equal(x.clock.Now()) || b.SavedByID != x.developer.ID || b.ID != made.ID || string(b.Edits[0].After) != `{"production":{"timeout":"2s"}}` {
			t.Errorf("b: got %+v, want who and when, and environments by name", b)
		}
		// an environment that is not seen is not named; who does not see the first one sees no drafts
		local := x.with("local", access.Grant{Environment: x.development, Role: access.Viewer})
		if diff := cmp.Diff("changed b by developer, add timeout", tell(x.changes(t, local))[1]); diff != "" {
			t.Errorf("b, to one of development (-want +got):\n%s", diff)
		}
		for _, who := range []access.Principal{
			x.with("above", access.Grant{Environment: x.production, Role: access.Owner}),
			x.with("mixed", access.Grant{Environment: x.production, Role: access.Owner}, access.Grant{Environment: x.development, Role: access.Support}),
		} {
			if list := x.changes(t, who); len(list) != 0 {
				t.Errorf("%s: got %v, want nothing", who.Name, tell(list))
			}
		}
		_, err = x.ListChanges(t.Context(), x.support)
		wantFault(t, "support", err, fault.Forbidden, "")

		if err := x.DiscardChange(t.Context(), x.owner, ref("c")); err != nil {
			t.Errorf("discard: %v", err)
		}
		if stands(x.route(t, "c")) != "development on, production on" || x.route(t, "c").Draft {
			t.Errorf("discarded: got %+v, want it as committed", x.route(t, "c"))
		}
		if err := x.DiscardChange(t.Context(), x.owner, ref("a")); err != nil {
			t.Errorf("discard: %v", err)
		}
		_, err = x.GetRoute(t.Context(), x.owner, "a")
		wantFault(t, "a new one that was discarded", err, fault.NotFound, "no such route")
		for _, r := range []definition.Ref{ref("c"), ref("none"), {Kind: "layout", Key: "b"}, {Kind: "route", Key: made.ID}, ref("\x00")} {
			wantFault(t, "discard "+r.Key, x.DiscardChange(t.Context(), x.owner, r), fault.NotFound, "no such draft")
		}
		wantFault(t, "by a viewer", x.DiscardChange(t.Context(), x.viewer, ref("b")), fault.Forbidden, "")
		if done := x.commit(t); len(done.Changes) != 1 || x.changes(t, x.owner) == nil || len(x.changes(t, x.owner)) != 0 {
			t.Errorf("commit: got %+v, want the one that is left", done)
		}
	})
}

// Nobody saves over what another saved without having seen it.
func TestSavingOverAnothersDraft(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		save := func(who access.Principal, timeout, tag string) (control.Route, error) {
			return x.UpdateRoute(t.Context(), who, "a", fmt.Appendf(nil, `{"timeout":%q}`, timeout), nil, tag)
		}
		first := x.createRoute(t, `{"key":"a","target_url":"https://example.com"}`)
		if got := x.route(t, "a"); got.Tag != first.Tag || first.Tag == "" || first.Tag == `"0"` {
			t.Errorf("got tag %s, then %s, want one that is kept", first.Tag, got.Tag)
		}
		const told = "this draft was saved by owner at 2026-03-01T12:00:00.000Z; the version of developer was not saved over it: " +
			"read it again and send its ETag as If-Match"
		before := x.state(t)
		_, err := save(x.developer, "1s", "")
		wantFault(t, "without a tag", err, fault.Conflict, told)
		_, err = save(x.developer, "1s", `"0"`)
		wantFault(t, "who saw no draft", err, fault.Conflict, told)
		wantFault(t, "deleting", x.DeleteRoute(t.Context(), x.developer, "a", nil, ""), fault.Conflict, told)
		_, err = save(x.owner, "1s", `"999"`)
		wantFault(t, "the same person with another's tag", err, fault.Conflict, "")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
		mine, err := save(x.owner, "1s", "")
		if err != nil || mine.Tag == first.Tag {
			t.Errorf("by the same person: got tag %s and %v, want another", mine.Tag, err)
		}
		_, err = save(x.developer, "2s", first.Tag)
		wantFault(t, "with the tag of what was saved before", err, fault.Conflict, told)
		theirs, err := save(x.developer, "2s", mine.Tag)
		if err != nil || theirs.Tag == mine.Tag {
			t.Errorf("with the tag: got tag %s and %v, want another", theirs.Tag, err)
		}
		_, err = save(x.owner, "3s", "")
		wantFault(t, "the first one again", err, fault.Conflict, "")
		x.commit(t)
		const gone = "the draft you saw was committed or discarded meanwhile; read the definition again"
		_, err = save(x.developer, "3s", theirs.Tag)
		wantFault(t, "committed meanwhile", err, fault.Conflict, gone)
		if got := x.route(t, "a"); got.Tag != `"0"` {
			t.Errorf("committed: got tag %s, want that of no draft", got.Tag)
		}
		if _, err := save(x.developer, "3s", `"0"`); err != nil {
			t.Errorf("who saw no draft: %v", err)
		}
		if err := x.DiscardChange(t.Context(), x.owner, ref("a")); err != nil {
			t.Fatal(err)
		}
		if err := x.DeleteRoute(t.Context(), x.owner, "a", nil, `"0"`); err != nil {
			t.Errorf("delete: %v", err)
		}
	})
}
