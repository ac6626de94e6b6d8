package control_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
)

// past makes a history over an hour and a day: two commits by owner and developer, promoted one by one.
func (x *fixture) past(t *testing.T) (commits []control.Commit) {
	t.Helper()
	x.createRoute(t, `{"key":"a","target_url":"https://example.com"}`)
	commits = append(commits, x.commit(t))
	x.clock.pass(time.Hour)
	commits = append(commits, *x.promote(t, "production"))
	x.clock.pass(24 * time.Hour)
	x.updateRoute(t, "a", `{"timeout":"1s"}`)
	x.createRoute(t, `{"key":"b","target_url":"https://example.com"}`)
	second, err := x.Commit(t.Context(), x.developer, "the second", nil)
	if err != nil {
		t.Fatal(err)
	}
	x.clock.pass(time.Hour)
	return append(commits, second, *x.promote(t, "production"))
}

func TestCommitsAreListed(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		made := x.past(t)
		ids := func(list []control.Commit) (ids []string) {
			for _, m := range list {
				ids = append(ids, m.Environment+" "+m.ID)
			}
			return ids
		}
		pick := func(which ...int) (list []control.Commit) {
			for _, i := range which {
				list = append(list, made[i])
			}
			return list
		}
		local := x.with("local", access.Grant{Environment: x.production, Role: access.Viewer})
		for what, tt := range map[string]struct {
			who  access.Principal
			f    control.CommitFilter
			want []control.Commit
		}{
			"all, newest first": {x.viewer, control.CommitFilter{}, pick(3, 2, 1, 0)},
			"of an environment": {x.viewer, control.CommitFilter{Environment: "development"}, pick(2, 0)},
			"by its id":         {x.viewer, control.CommitFilter{Environment: x.production}, pick(3, 1)},
			"of a definition":   {x.viewer, control.CommitFilter{Definition: "route/b"}, pick(3, 2)},
			"of none":           {x.viewer, control.CommitFilter{Definition: "layout/b"}, nil},
			"by an author":      {x.viewer, control.CommitFilter{Author: "developer"}, pick(2)},
			"by an author's id": {x.viewer, control.CommitFilter{Author: x.owner.ID}, pick(3, 1, 0)},
			"by nobody":         {x.viewer, control.CommitFilter{Author: "zebra\x00"}, nil},
			"of a cause":        {x.viewer, control.CommitFilter{Cause: "promotion"}, pick(3, 1)},
			"several":           {x.viewer, control.CommitFilter{Cause: "commit", Definition: "route/a", Author: "owner"}, pick(0)},
			"of what is seen":   {local, control.CommitFilter{}, pick(3, 1)},
			"of no rollback":    {x.viewer, control.CommitFilter{Cause: "rollback"}, nil},
		} {
			list, next, err := x.ListCommits(t.Context(), tt.who, tt.f)
			if diff := cmp.Diff(ids(tt.want), ids(list)); diff != "" || err != nil || next != "" {
				t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
			}
		}
		list, next, err := x.ListCommits(t.Context(), x.viewer, control.CommitFilter{Page: control.Page{Limit: 3}})
		if err != nil || len(list) != 3 || next == "" {
			t.Fatalf("a page: got %d and %q, %v", len(list), next, err)
		}
		if diff := cmp.Diff(made[3].Commit, list[0].Commit); diff != "" {
			t.Errorf("with its changes (-want +got):\n%s", diff)
		}
		list, next, err = x.ListCommits(t.Context(), x.viewer, control.CommitFilter{Page: control.Page{Limit: 3, Cursor: next}})
		if diff := cmp.Diff(ids(pick(0)), ids(list)); diff != "" || err != nil || next != "" {
			t.Errorf("the next page: %v (-want +got):\n%s", err, diff)
		}
		for what, tt := range map[string]struct {
			who  access.Principal
			f    control.CommitFilter
			kind fault.Kind
		}{
			"no cause":      {x.viewer, control.CommitFilter{Cause: "zebra"}, fault.Invalid},
			"no definition": {x.viewer, control.CommitFilter{Definition: "zebra"}, fault.Invalid},
			"half of one":   {x.viewer, control.CommitFilter{Definition: "route/"}, fault.Invalid},
			"not there":     {x.viewer, control.CommitFilter{Environment: "zebra"}, fault.NotFound},
			"not seen":      {local, control.CommitFilter{Environment: "development"}, fault.NotFound},
			"not allowed":   {x.support, control.CommitFilter{Environment: "development"}, fault.Forbidden},
			"nowhere":       {x.support, control.CommitFilter{}, fault.Forbidden},
			"no cursor":     {x.viewer, control.CommitFilter{Page: control.Page{Cursor: "%"}}, fault.Invalid},
		} {
			_, _, err := x.ListCommits(t.Context(), tt.who, tt.f)
			wantFault(t, what, err, tt.kind, "")
		}
		m, edits, err := x.GetCommit(t.Context(), x.viewer, made[3].ID)
		if diff := cmp.Diff(made[3], m); diff != "" || err != nil || len(edits) != 2 || len(edits[0]) != 1 || edits[0][0].Path != "timeout" || edits[1][0].Op != definition.EditAdd {
			t.Errorf("one: got edits %+v and %v (-want +got):\n%s", edits, err, diff)
		}
		if m.Source != made[2].ID {
			t.Errorf("source: got %s, want %s", m.Source, made[2].ID)
		}
		for what, id := range map[string]string{"not there": never, "of what is not seen": made[0].ID, "broken": "\xff"} {
			_, _, err := x.GetCommit(t.Context(), local, id)
			wantFault(t, what, err, fault.NotFound, "no such commit")
		}
		_, _, err = x.GetCommit(t.Context(), x.support, made[0].ID)
		wantFault(t, "by support", err, fault.Forbidden, "")
	})
}

func TestAnyMoment(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		made := x.past(t)
		for at, want := range map[string]definition.Hash{
			"":                          made[3].After,
			"2":                         made[3].After,
			"1":                         made[1].After,
			"0":                         definition.Tree{}.Root(),
			made[1].ID:                  made[1].After,
			"2026-03-01T12:59:59.999Z":  definition.Tree{}.Root(),
			"2026-03-01T13:00:00Z":      made[1].After,
			"2026-03-01T14:00:00+01:00": made[1].After,
			"2026-03-02":                made[1].After,
			"2026-03-03":                made[3].After,
			"2026-01-01":                definition.Tree{}.Root(),
		} {
			m, err := x.TreeAt(t.Context(), x.viewer, "production", at)
			if err != nil || m.Tree.Root() != want || m.Environment.Name != "production" {
				t.Errorf("at %q: got %+v and %v, want %s", at, m, err, want)
			}
			c, err := x.Compare(t.Context(), x.viewer, "production@"+at, "production")
			if at == "" {
				wantFault(t, "compare at nothing", err, fault.Invalid, "")
				continue
			}
			if err != nil {
				t.Errorf("compare at %q: %v", at, err)
				continue
			}
			if after, err := c.From.Tree.Apply(c.Changes); err != nil || after.Root() != c.To.Tree.Root() || len(c.Edits) != len(c.Changes) {
				t.Errorf("compare at %q: got %+v, want what turns one into the other", at, c.Changes)
			}
		}
		local := x.with("local", access.Grant{Environment: x.production, Role: access.Viewer})
		for what, tt := range map[string]struct {
			who   access.Principal
			e, at string
			kind  fault.Kind
		}{
			"too new":        {x.viewer, "production", "3", fault.NotFound},
			"negative":       {x.viewer, "production", "-1", fault.NotFound},
			"another's":      {x.viewer, "production", made[0].ID, fault.NotFound},
			"none":           {x.viewer, "production", "zebra", fault.NotFound},
			"not seen":       {local, "development", "", fault.NotFound},
			"not allowed":    {x.support, "production", "", fault.Forbidden},
			"much too large": {x.viewer, "production", "99999999999999999999", fault.NotFound},
		} {
			_, err := x.TreeAt(t.Context(), tt.who, tt.e, tt.at)
			wantFault(t, what, err, tt.kind, "")
			_, err = x.Compare(t.Context(), tt.who, tt.e+"@"+"0"+tt.at, "production")
			if tt.kind != fault.NotFound {
				wantFault(t, what+", compared", err, tt.kind, "")
			}
		}
		_, err := x.Compare(t.Context(), local, "production", "development")
		wantFault(t, "compare with what is not seen", err, fault.NotFound, "no such environment")
		_, err = x.Compare(t.Context(), x.viewer, "", "development")
		wantFault(t, "compare nothing", err, fault.Invalid, "")
		x.updateRoute(t, "a", `{"timeout":"5s"}`)
		x.commit(t)
		c, err := x.Compare(t.Context(), x.viewer, "production", "development")
		if err != nil || len(c.Changes) != 1 || c.Edits[0][0].Path != "timeout" {
			t.Errorf("two environments: got %+v and %v, want one change", c, err)
		}
	})
}

func TestMessagesMayBeRequired(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createRoute(t, `{"key":"a","target_url":"https://example.com"}`)
		if a, err := x.GetAccount(t.Context(), x.support); err != nil || a.CommitMessageRequired || a.ID != x.account {
			t.Errorf("at first: got %+v and %v", a, err)
		}
		_, err := x.UpdateAccount(t.Context(), x.developer, control.AccountFields{CommitMessageRequired: ptr(true)})
		wantFault(t, "by a developer", err, fault.Forbidden, "")
		_, err = x.UpdateAccount(t.Context(), x.with("local", access.Grant{Environment: x.production, Role: access.Owner}), control.AccountFields{CommitMessageRequired: ptr(true)})
		wantFault(t, "by an owner of one environment", err, fault.Forbidden, "")
		if a, err := x.UpdateAccount(t.Context(), x.admin, control.AccountFields{CommitMessageRequired: ptr(true)}); err != nil || !a.CommitMessageRequired {
			t.Errorf("set: got %+v and %v", a, err)
		}
		if a, err := x.UpdateAccount(t.Context(), x.admin, control.AccountFields{}); err != nil || !a.CommitMessageRequired {
			t.Errorf("left: got %+v and %v", a, err)
		}
		const refused = "message: is required: the account asks for one"
		_, err = x.Commit(t.Context(), x.owner, "", nil)
		wantFault(t, "commit", err, fault.Invalid, refused)
		_, err = x.UpdateRoute(t.Context(), x.owner, "a", []byte(`{"timeout":"1s"}`), ptr(""), "")
		wantFault(t, "commit with a save", err, fault.Invalid, refused)
		x.commit(t)
		_, err = x.Promote(t.Context(), x.owner, control.PromotionRequest{To: "production"})
		wantFault(t, "promote", err, fault.Invalid, refused)
		x.promote(t, "production")
		_, err = x.Rollback(t.Context(), x.owner, "production", control.RollbackRequest{To: "0"})
		wantFault(t, "roll back", err, fault.Invalid, refused)
		x.createEnvironment(t, "staging") // Lockage's own commits have one
		if _, err := x.UpdateAccount(t.Context(), x.owner, control.AccountFields{CommitMessageRequired: ptr(false)}); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Rollback(t.Context(), x.owner, "production", control.RollbackRequest{To: "0"}); err != nil {
			t.Errorf("roll back without: %v", err)
		}
	})
}
