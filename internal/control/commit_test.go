package control_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

func refs(keys ...string) []definition.Ref {
	list := []definition.Ref{}
	for _, key := range keys {
		list = append(list, definition.Ref{Kind: definition.KindRoute, Key: key})
	}
	return list
}

// drafts are the keys of what is saved and uncommitted.
func (x *fixture) drafts(t *testing.T) (keys []string) {
	t.Helper()
	list, _, err := x.ListRoutes(t.Context(), x.owner, all)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.Draft {
			keys = append(keys, r.Ref.Key)
		}
	}
	return keys
}

func TestCommit(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for _, key := range []string{"a", "b", "c"} {
			x.createRoute(t, `{"key":"`+key+`","target_url":"https://example.com"}`)
		}
		before := x.state(t)
		for what, tt := range map[string]struct {
			refs    []definition.Ref
			message string
			kind    fault.Kind
			want    string
		}{
			"none":               {refs(), "", fault.Conflict, "there is nothing to commit: no draft is saved"},
			"one there is not":   {refs("a", "zebra"), "", fault.NotFound, "definitions[1]: no such definition"},
			"one twice":          {refs("a", "a"), "", fault.Conflict, "definitions[1]: nothing is saved and uncommitted of it"},
			"one of no kind":     {[]definition.Ref{{Kind: "zebra", Key: "a"}}, "", fault.NotFound, "definitions[0]: no such definition"},
			"a message":          {nil, "\xff", fault.Invalid, "message: is not valid UTF-8"},
			"an id in its place": {refs(x.route(t, "a").ID), "", fault.NotFound, "definitions[0]: no such definition"},
		} {
			_, err := x.Commit(t.Context(), x.developer, tt.message, tt.refs)
			wantFault(t, what, err, tt.kind, tt.want)
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
		empty := x.environment(t, "development").RootHash
		first, err := x.Commit(t.Context(), x.developer, "two\nof three", refs("c", "a"))
		if err != nil {
			t.Fatal(err)
		}
		after := definition.Tree{refs("a")[0]: x.route(t, "a").Hash, refs("c")[0]: x.route(t, "c").Hash}
		want := definition.Commit{
			ID: first.ID, EnvironmentID: x.development, Number: 1, Cause: definition.CauseCommit, Message: "two\nof three",
			Author: definition.Author{Kind: "member", ID: x.developer.ID, Name: "developer"}, Before: definition.Hash(empty), After: after.Root(),
			CreatedAt: x.clock.Now(), Changes: definition.Diff(nil, after),
		}
		stored := first.Commit
		err = x.store.Read(t.Context(), x.account, func(tx *store.Tx) (err error) {
			stored, err = tx.Commit(t.Context(), x.development, 1)
			return err
		})
		if diff := cmp.Diff(want, stored); diff != "" || err != nil || first.Environment != "development" {
			t.Errorf("commit of some, in %s: %v (-want +got):\n%s", first.Environment, err, diff)
		}
		if diff := cmp.Diff([]string{"b"}, x.drafts(t)); diff != "" {
			t.Errorf("drafts (-want +got):\n%s", diff)
		}
		x.updateRoute(t, "a", `{"timeout":"1s"}`)
		if err := x.DeleteRoute(t.Context(), x.owner, "c", nil, ""); err != nil {
			t.Fatal(err)
		}
		second := x.commit(t)
		if second.Number != 2 || second.Before != first.After || len(second.Changes) != 3 || x.drafts(t) != nil {
			t.Errorf("commit of all: got %+v, want three changes on top of the first", second)
		}
		x.replay(t, x.development)
		// definitions do not go up by themselves
		if e := x.environment(t, "production"); e.Head != 0 || e.RootHash != empty {
			t.Errorf("production: got %+v, want it as it was", e)
		}
	})
}

func TestPromote(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createEnvironment(t, "staging")
		for _, key := range []string{"a", "b", "c"} {
			x.createRoute(t, `{"key":"`+key+`","target_url":"https://example.com"}`)
		}
		if c := x.promote(t, "staging"); c != nil {
			t.Errorf("drafts: got %+v, want nothing to promote", c)
		}
		committed := x.commit(t)
		root := func(environment string) definition.Hash {
			return definition.Hash(x.environment(t, environment).RootHash)
		}
		empty := root("production")
		p, err := x.Promote(t.Context(), x.developer, control.PromotionRequest{To: "staging", Message: "up they go"})
		if err != nil || len(p.Commits) != 1 {
			t.Fatalf("got %v and %v, want a commit", p.Commits, err)
		}
		from, target, c := p.From, p.To, p.Commits[0]
		if from.Name != "development" || target.Name != "staging" || target.RootHash != string(root("development")) || c.Environment != "staging" ||
			c.Cause != definition.CausePromotion || c.Source != committed.ID || c.Number != 1 || c.Message != "up they go" || len(c.Changes) != 3 ||
			c.Before != empty || c.After != root("development") {
			t.Errorf("got from %s to %+v by %+v, want all of development", from.Name, target, c)
		}
		if root("staging") != root("development") || root("production") != empty {
			t.Error("got other roots, want staging as development and production as before")
		}
		before := x.state(t)
		if c := x.promote(t, "staging"); c != nil {
			t.Errorf("twice: got %+v, want nothing to promote", c)
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("promoting twice changed (-before +after):\n%s", diff)
		}
		x.promote(t, "production")
		x.updateRoute(t, "a", `{"timeout":"1s"}`)
		if err := x.DeleteRoute(t.Context(), x.owner, "b", nil, ""); err != nil {
			t.Fatal(err)
		}
		x.createRoute(t, `{"key":"d","target_url":"https://example.com"}`)
		x.commit(t)
		if c := x.promote(t, "production"); c != nil { // never past a level
			t.Errorf("staging has nothing new: got %+v, want nothing to promote", c)
		}
		x.promote(t, "staging")
		if c := x.promote(t, "production"); len(c.Changes) != 3 || root("production") != root("development") {
			t.Errorf("got %+v, want a change, a removal and an addition", c)
		}
		for _, e := range x.environments(t) {
			x.replay(t, e.ID)
		}
	})
}

func TestPromotionsAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		staging := x.createEnvironment(t, "staging")
		x.createRoute(t, `{"key":"a","target_url":"https://example.com"}`)
		x.commit(t)
		before := x.state(t)
		above := x.with("above", access.Grant{Environment: staging.ID, Role: access.Admin})
		for what, tt := range map[string]struct {
			who         access.Principal
			to, message string
			kind        fault.Kind
			want        string
		}{
			"into the first":           {x.owner, "development", "", fault.Invalid, "to: is the first environment: changes begin there by a commit"},
			"into nothing":             {x.owner, "none", "", fault.NotFound, "no such environment"},
			"a message":                {x.owner, "staging", "\x00", fault.Invalid, "message: must not contain control characters"},
			"a developer where kept":   {x.developer, "production", "", fault.Forbidden, ""},
			"a viewer":                 {x.viewer, "staging", "", fault.Forbidden, ""},
			"from what is not seen":    {above, "staging", "", fault.Forbidden, ""},
			"into what is not seen":    {above, "production", "", fault.NotFound, "no such environment"},
			"into what is not visible": {x.with("nobody"), "staging", "", fault.NotFound, "no such environment"},
		} {
			p, err := x.Promote(t.Context(), tt.who, control.PromotionRequest{To: tt.to, Message: tt.message})
			wantFault(t, what, err, tt.kind, tt.want)
			if diff := cmp.Diff(control.Promotion{}, p); diff != "" {
				t.Errorf("%s: something is told (-want +got):\n%s", what, diff)
			}
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
	})
}
