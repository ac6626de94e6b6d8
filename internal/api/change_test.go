package api_test

import (
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.do("GET", "/v1/changes", nil).shaped(200, `{"data":[],"meta":{"request_id":"I"}}`)
	r.route("stay", "")
	r.route("leave", "")
	r.do("PATCH", "/v1/routes/stay", `{"description":"kept"}`).data(200, nil)
	r.do("DELETE", "/v1/routes/leave", nil).data(200, nil)
	r.do("POST", "/v1/routes", `{"key":"come","target_url":"https://example.com"}`).data(201, nil)

	var list []wire.DraftChange
	a := r.do("GET", "/v1/changes", nil)
	a.data(200, &list)
	var got []string
	for _, c := range list {
		got = append(got, c.Kind+" "+c.Key+" "+c.Change)
		if c.SavedBy == "" || c.ETag == "" || (c.Before == "") != (c.Change == "added") || (c.After == "") != (c.Change == "deleted") {
			t.Errorf("got %+v, want who saved it, its ETag, and the hashes there are", c)
		}
	}
	differ(t, "changes", []string{"route come added", "route leave deleted", "route stay changed"}, got)
	const edit = `{"kind":"route","key":"stay","change":"changed","before":"H","after":"H","edits":[` +
		`{"path":"description","op":"add","after":"kept"}],"saved_by":"bootstrap","saved_at":"T","etag":"E"}`
	all := a.body
	for _, m := range moving {
		all = m.form.ReplaceAllString(all, m.as)
	}
	if !strings.Contains(all, edit) {
		t.Errorf("got %s, want in it %s", all, edit)
	}

	r.do("DELETE", "/v1/changes/route/leave", nil).shaped(200, `{"data":{"discarded":true},"meta":{"request_id":"I"}}`)
	r.do("DELETE", "/v1/changes/route/leave", nil).problem(404, "not_found")
	r.do("DELETE", "/v1/changes/layout/stay", nil).problem(404, "not_found")
	var rt wire.Route
	if r.do("GET", "/v1/routes/leave", nil).data(200, &rt); rt.DeletionPending || rt.Draft {
		t.Errorf("after its deletion was discarded: got %+v, want the route as committed", rt)
	}

	viewer := r.as(everywhere(access.Viewer))
	viewer.do("GET", "/v1/changes", nil).data(200, &list)
	if len(list) != 2 {
		t.Errorf("to a viewer: got %+v, want the two changes left", list)
	}
	viewer.do("DELETE", "/v1/changes/route/stay", nil).problem(403, "forbidden")
	r.as(everywhere(access.Support)).do("GET", "/v1/changes", nil).problem(403, "forbidden")
	var e wire.Environment
	r.do("GET", "/v1/environments/production", nil).data(200, &e)
	elsewhere := r.as(access.Grant{Environment: e.ID, Role: access.Viewer})
	if elsewhere.do("GET", "/v1/changes", nil).data(200, &list); len(list) != 0 {
		t.Errorf("to one who does not see development: got %+v, want nothing", list)
	}
}

func TestAnotherPersonsDraftIsNotSavedOverUnseen(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var rt, seen wire.Route
	a := r.do("POST", "/v1/routes", `{"key":"pay","target_url":"https://example.com"}`, idempotencyKey, "k")
	a.data(201, &rt)
	if rt.ETag == "" || a.header.Get("ETag") != rt.ETag {
		t.Errorf("created: got ETag %q, etag %q; want one and the same", a.header.Get("ETag"), rt.ETag)
	}
	again := r.do("POST", "/v1/routes", `{"key":"pay","target_url":"https://example.com"}`, idempotencyKey, "k")
	if got := again.header.Get("ETag"); got != rt.ETag {
		t.Errorf("created again with the same key: got ETag %q, want %q", got, rt.ETag)
	}
	a = r.do("GET", "/v1/routes/pay", nil)
	if a.data(200, &seen); a.header.Get("ETag") != rt.ETag || seen.ETag != rt.ETag {
		t.Errorf("read: got ETag %q, etag %q; want %q", a.header.Get("ETag"), seen.ETag, rt.ETag)
	}

	other := r.as(everywhere(access.Developer))
	p := other.do("PATCH", "/v1/routes/pay", `{"description":"mine"}`).problem(409, "conflict")
	if !strings.Contains(p.Message, "saved by bootstrap") || !strings.Contains(p.Message, "machine") {
		t.Errorf("got message %q, want both authors in it", p.Message)
	}
	other.do("DELETE", "/v1/routes/pay", nil).problem(409, "conflict")
	other.do("PATCH", "/v1/routes/pay", `{"description":"mine"}`, "If-Match", `"1"`).problem(409, "conflict")
	a = other.do("PATCH", "/v1/routes/pay", `{"description":"mine"}`, "If-Match", rt.ETag)
	if a.data(200, &seen); seen.ETag == rt.ETag || a.header.Get("ETag") != seen.ETag {
		t.Errorf("saved: got ETag %q, etag %q, want one that is new", a.header.Get("ETag"), seen.ETag)
	}
	r.do("DELETE", "/v1/routes/pay", nil, "If-Match", rt.ETag).problem(409, "conflict")
	r.do("DELETE", "/v1/routes/pay", nil, "If-Match", seen.ETag).data(200, nil)

	for _, wrong := range []string{"", "*", "1", `W/"1"`, `"1", "2"`, `"x"`, `"1`, `""`, `"-1"`} {
		r.do("PATCH", "/v1/routes/pay", `{}`, "If-Match", wrong).problem(400, "validation_error", "If-Match")
		r.do("DELETE", "/v1/routes/pay", nil, "If-Match", wrong).problem(400, "validation_error", "If-Match")
	}
}
