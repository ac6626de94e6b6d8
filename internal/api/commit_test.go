package api_test

import (
	"net/url"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

func TestHistory(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	made := r.lives()
	r.do("POST", "/v1/environments/production/rollback", `{"to":1,"message":"back"}`).data(201, nil)

	for query, want := range map[string][]string{
		"":                         {"back", "bring two", "first", "bring one", "first"},
		"?environment=development": {"first", "first"},
		"?environment=production&cause=promotion":      {"bring two", "bring one"},
		"?cause=rollback":                              {"back"},
		"?definition=route/one":                        {"bring one", "first"},
		"?definition=" + url.QueryEscape("route/none"): nil,
		"?author=bootstrap&cause=commit":               {"first", "first"},
		"?author=nobody":                               nil,
	} {
		var list []wire.Commit
		r.do("GET", "/v1/commits"+query, nil).data(200, &list)
		var got []string
		for i, c := range list {
			got = append(got, c.Message)
			if len(c.Changes) != 1 || c.Changes[0].Edits != nil || c.RootBefore == "" || c.RootHash == "" {
				t.Errorf("%s: got %+v, want one change without its edits, and both roots", query, c)
			}
			if (c.Source == "") != (c.Cause == "commit") {
				t.Errorf("%s: commit %d, a %s: got source %q", query, i, c.Cause, c.Source)
			}
		}
		differ(t, "commits"+query, want, got)
	}

	var page []wire.Commit
	next := r.do("GET", "/v1/commits?limit=3", nil).data(200, &page).NextCursor
	if len(page) != 3 || next == "" {
		t.Fatalf("first page: got %d commits, cursor %q; want 3 and a cursor", len(page), next)
	}
	if next = r.do("GET", "/v1/commits?limit=3&cursor="+next, nil).data(200, &page).NextCursor; len(page) != 2 || next != "" {
		t.Errorf("second page: got %d commits, cursor %q; want 2 and no cursor", len(page), next)
	}

	r.do("GET", "/v1/commits/"+made[0].ID, nil).shaped(200, `{"data":{"id":"I","number":1,"environment":"production",`+
		`"cause":"promotion","message":"bring one","author":"bootstrap","created_at":"T","root_before":"H","root_hash":"H",`+
		`"source":"I","changes":[{"kind":"route","key":"one","before":"","after":"H","edits":[{"path":"","op":"add","after":`+
		`{"name":"one","target_url":"https://api.example.com"}}]}]},"meta":{"request_id":"I"}}`)

	for _, tt := range []struct {
		path   string
		status int
		kind   string
		fields []string
	}{
		{"?environment=nowhere", 404, "not_found", nil},
		{"?definition=route", 400, "validation_error", []string{"definition"}},
		{"?cause=chance", 400, "validation_error", []string{"cause"}},
		{"?cursor=!", 400, "validation_error", []string{"cursor"}},
		{"?limit=0", 400, "validation_error", []string{"limit"}},
		{"/none", 404, "not_found", nil},
	} {
		r.do("GET", "/v1/commits"+tt.path, nil).problem(tt.status, tt.kind, tt.fields...)
	}
	r.as(everywhere(access.Support)).do("GET", "/v1/commits", nil).problem(403, "forbidden")

	var e wire.Environment
	r.do("GET", "/v1/environments/development", nil).data(200, &e)
	below := r.as(access.Grant{Environment: e.ID, Role: access.Viewer})
	if below.do("GET", "/v1/commits", nil).data(200, &page); len(page) != 2 {
		t.Errorf("to one who sees development only: got %d commits, want its 2", len(page))
	}
	below.do("GET", "/v1/commits/"+made[0].ID, nil).problem(404, "not_found")
	below.do("GET", "/v1/commits?environment=production", nil).problem(404, "not_found")
}
