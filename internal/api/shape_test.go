package api_test

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

// What differs from run to run, by the letter it is shown as: times, ids, hashes, ETags.
var moving = []struct {
	form *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`), `"T"`},
	{regexp.MustCompile(`"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"`), `"I"`},
	{regexp.MustCompile(`"[0-9a-f]{64}"`), `"H"`},
	{regexp.MustCompile(`"\\"\d+\\""`), `"E"`},
}

// shaped checks status and body to the byte, but for what differs from run to run.
func (a answer) shaped(status int, want string) {
	a.t.Helper()
	got := a.body
	for _, m := range moving {
		got = m.form.ReplaceAllString(got, m.as)
	}
	if a.status != status {
		a.t.Errorf("%s: got status %d, want %d", a.what, a.status, status)
	}
	if d := cmp.Diff(want, got); d != "" {
		a.t.Errorf("%s: body (-want +got):\n%s", a.what, d)
	}
}

// everywhere is a grant of a role in all environments.
func everywhere(role access.Role) access.Grant {
	return access.Grant{Environment: access.AnyEnvironment, Role: role}
}

// protect sets what an environment asks of those who change it.
func (r *rig) protect(environment, protection string) {
	r.t.Helper()
	r.do("PATCH", "/v1/environments/"+environment, `{"protection":`+protection+`}`).data(200, nil)
}

// lives gives production two commits: routes "one" and then "two" as well.
func (r *rig) lives() (commits []wire.Commit) {
	r.t.Helper()
	for _, key := range []string{"one", "two"} {
		r.route(key, "")
		var p wire.Promotion
		r.do("POST", "/v1/promotions", `{"to":"production","message":"bring `+key+`"}`).data(201, &p)
		commits = append(commits, *p.Commit)
	}
	return commits
}

// plan plans a promotion or rollback.
func (r *rig) plan(path, body string) (p wire.Plan) {
	r.t.Helper()
	r.do("POST", path+"/plan", body).data(200, &p)
	return p
}

func kinds(list []wire.Finding) (out []string) {
	for _, f := range list {
		out = append(out, f.Kind)
	}
	return out
}

func differ(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
