package api_test

import (
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

func TestTree(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	start := r.clock.Now().Format("2006-01-02T15:04:05.000Z")
	made := r.lives()
	const path = "/v1/environments/production/tree"
	r.do("GET", path, nil).shaped(200, `{"data":{"environment":"production","commit":2,"root_hash":"H","definitions":[`+
		`{"kind":"route","key":"one","hash":"H"},{"kind":"route","key":"two","hash":"H"}]},"meta":{"request_id":"I"}}`)
	for at, want := range map[string]struct {
		commit int64
		keys   []string
	}{
		"2":          {2, []string{"one", "two"}},
		"1":          {1, []string{"one"}},
		"0":          {0, nil},
		made[0].ID:   {1, []string{"one"}},
		start:        {0, nil},
		"2001-01-01": {0, nil},
		"2999-01-01": {2, []string{"one", "two"}},
	} {
		var tree wire.Tree
		r.do("GET", path+"?at="+at, nil).data(200, &tree)
		var keys []string
		for _, d := range tree.Definitions {
			keys = append(keys, d.Key)
		}
		if differ(t, "at "+at, want.keys, keys); tree.Commit != want.commit {
			t.Errorf("at %s: got commit %d, want %d", at, tree.Commit, want.commit)
		}
		if want.commit == 1 && tree.RootHash != made[0].RootHash {
			t.Errorf("at %s: got root %s, want that of the commit, %s", at, tree.RootHash, made[0].RootHash)
		}
	}
	for _, at := range []string{"3", "-1", "yesterday", made[0].Source} {
		r.do("GET", path+"?at="+at, nil).problem(404, "not_found")
	}
	r.do("GET", "/v1/environments/nowhere/tree", nil).problem(404, "not_found")
	r.as(everywhere(access.Support)).do("GET", path, nil).problem(403, "forbidden")
}

func TestDiff(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.lives()
	r.do("PATCH", "/v1/routes/one?commit=", `{"description":"new"}`).data(200, nil)
	r.do("GET", "/v1/diff?from=production&to=development", nil).shaped(200, `{"data":{"from":{"environment":"production",`+
		`"commit":2,"root_hash":"H"},"to":{"environment":"development","commit":3,"root_hash":"H"},"changes":[{"kind":"route",`+
		`"key":"one","before":"H","after":"H","edits":[{"path":"description","op":"add","after":"new"}]}]},`+
		`"meta":{"request_id":"I"}}`)
	for query, want := range map[string]int{
		"from=production@1&to=production":          1,
		"from=production@0&to=production@2":        2,
		"from=production@2001-01-01&to=production": 2,
		"from=production&to=production":            0,
		"from=development@2&to=production":         0,
	} {
		var d wire.Comparison
		r.do("GET", "/v1/diff?"+query, nil).data(200, &d)
		if len(d.Changes) != want || (want == 0) != (d.From.RootHash == d.To.RootHash) {
			t.Errorf("%s: got %+v, want %d changes, and equal roots only without", query, d, want)
		}
	}
	for query, tt := range map[string]struct {
		status int
		kind   string
		fields []string
	}{
		"from=production":                 {400, "validation_error", []string{"to"}},
		"to=production":                   {400, "validation_error", []string{"from"}},
		"from=@1&to=production":           {400, "validation_error", []string{"from"}},
		"from=production&to=production@":  {400, "validation_error", []string{"to"}},
		"from=nowhere&to=production":      {404, "not_found", nil},
		"from=production@9&to=production": {404, "not_found", nil},
	} {
		r.do("GET", "/v1/diff?"+query, nil).problem(tt.status, tt.kind, tt.fields...)
	}
	var e wire.Environment
	r.do("GET", "/v1/environments/development", nil).data(200, &e)
	below := r.as(access.Grant{Environment: e.ID, Role: access.Viewer})
	below.do("GET", "/v1/diff?from=development&to=production", nil).problem(404, "not_found")
	r.as(everywhere(access.Support)).do("GET", "/v1/diff?from=development&to=production", nil).problem(403, "forbidden")
}
