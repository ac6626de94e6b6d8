package api_test

import (
	"strings"
	"testing"

	"github.com/lockage/lockage/wire"
)

func TestPush(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	two := `[{"kind":"route","key":"one","content":{"target_url":"https://one.example.com"}},
		{"kind":"route","key":"two","content":{"target_url":"https://two.example.com","environments":{"production":{"timeout":"5s"}}}}]`

	var planned wire.PushAnswer
	r.do("PUT", "/v1/definitions", `{"plan":true,"definitions":`+two+`}`).data(200, &planned)
	if len(planned.Changes) != 2 || planned.Changes[0].Change != "added" || planned.Commit != nil {
		t.Errorf("planned: got %+v, want two added and no commit", planned)
	}
	r.do("GET", "/v1/routes/one", nil).problem(404, "not_found")

	var pushed wire.PushAnswer
	r.do("PUT", "/v1/definitions", `{"commit":"both","definitions":`+two+`}`).data(200, &pushed)
	if len(pushed.Changes) != 2 || pushed.Commit == nil || len(pushed.Commit.Changes) != 2 {
		t.Errorf("pushed: got %+v, want one commit of two", pushed)
	}
	var again wire.PushAnswer
	r.do("PUT", "/v1/definitions", `{"commit":"again","definitions":`+two+`}`).data(200, &again)
	if len(again.Changes) != 0 || again.Commit != nil {
		t.Errorf("again: got %+v, want nothing", again)
	}
	var gone wire.PushAnswer
	r.do("PUT", "/v1/definitions", `{"commit":"one goes","definitions":[{"kind":"route","key":"one","delete":true}]}`).data(200, &gone)
	if len(gone.Changes) != 1 || gone.Changes[0].Change != "deleted" || gone.Commit == nil {
		t.Errorf("deleted: got %+v, want one deletion, committed", gone)
	}

	// What was saved before is committed too, once somebody asks for it.
	r.do("PUT", "/v1/definitions", `{"definitions":[{"kind":"route","key":"two","content":{"target_url":"https://2.example.com"}}]}`).data(200, &gone)
	r.do("PUT", "/v1/definitions", `{"commit":"now","definitions":[{"kind":"route","key":"two","content":{"target_url":"https://2.example.com"}}]}`).data(200, &gone)
	if len(gone.Changes) != 0 || gone.Commit == nil {
		t.Errorf("saved before: got %+v, want no change and a commit", gone)
	}

	// More than other bodies may have, as a folder does.
	r.do("PUT", "/v1/definitions", `{"definitions":[{"kind":"route","key":"none","delete":true}`+strings.Repeat(" ", 2<<20)+`]}`).data(200, &gone)

	// All or none: the good first one must not be saved beside a bad second.
	r.do("PUT", "/v1/definitions", `{"definitions":[{"kind":"route","key":"good","content":{"target_url":"https://example.com"}},
		{"kind":"route","key":"bad","content":{"target_url":"canary"}}]}`).problem(400, "validation_error", "definitions[1].content.target_url")
	r.do("GET", "/v1/routes/good", nil).problem(404, "not_found")
	for body, field := range map[string]string{
		`{"definitions":[{"kind":"layout","key":"a","content":{}}]}`:                                                     "definitions[0].kind",
		`{"definitions":[{"kind":"route","key":"A","content":{}}]}`:                                                      "definitions[0].key",
		`{"definitions":[{"kind":"route","key":"a"}]}`:                                                                   "definitions[0].content",
		`{"definitions":[{"kind":"route","key":"a","content":{"key":"a","target_url":"https://example.com"}}]}`:          "definitions[0].content.key",
		`{"definitions":[{"kind":"route","key":"two","delete":true,"content":{}}]}`:                                      "definitions[0].content",
		`{"definitions":[{"kind":"route","key":"two","delete":true},{"kind":"route","key":"two","delete":true}]}`:        "definitions[1]",
		`{"definitions":[{"kind":"route","key":"a","content":{"target_url":"https://example.com","tmieout":"canary"}}]}`: "definitions[0].content.tmieout",
	} {
		r.do("PUT", "/v1/definitions", body).problem(400, "validation_error", field)
	}
	r.do("PUT", "/v1/definitions", `{"definitions":[{"kind":"route","key":"nowhere","delete":true}]}`).data(200, &gone)
	if len(gone.Changes) != 0 {
		t.Errorf("deleting what is not there: got %+v, want nothing", gone)
	}
}
