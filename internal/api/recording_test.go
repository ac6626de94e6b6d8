package api_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/wire"
)

func TestRecording(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.route("pay", "")
	var e wire.Environment
	r.do("PATCH", "/v1/environments/development", `{"logs":{"retention":"36h","record_content":true,"cut":["iban","$.a[*].b"]}}`).data(200, &e)
	want := wire.LogSettings{Retention: "36h0m0s", RecordContent: true, Cut: []string{"iban", "$.a[*].b"}}
	if d := cmp.Diff(want, e.Logs); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	r.do("PATCH", "/v1/environments/development", `{"logs":{"retention":"7d"}}`).data(200, &e)
	if want.Retention = "7d"; !cmp.Equal(want, e.Logs) {
		t.Errorf("got %+v, want the rest as it was", e.Logs)
	}
	for body, field := range map[string]string{
		`{"logs":{"retention":"canary"}}`: "logs.retention", `{"logs":{"retention":5}}`: "logs.retention", `{"logs":{"cut":["$."]}}`: "logs.cut",
		`{"logs":{"canary":1}}`: "logs.canary", `{"logs":{"record_content":"yes"}}`: "logs.record_content",
	} {
		r.do("PATCH", "/v1/environments/development", body).problem(400, "validation_error", field)
	}
	const recording = "/v1/routes/pay/environments/development/recording"
	for _, body := range []string{"true", "false", "null"} {
		var s wire.RouteStatus
		r.do("PUT", recording, `{"record":`+body+`}`).data(200, &s)
		var rt wire.Route
		r.do("GET", "/v1/routes/pay", nil).data(200, &rt)
		got := map[*bool]string{nil: "null"}[s.Record]
		if s.Record != nil {
			got = map[bool]string{true: "true", false: "false"}[*s.Record]
		}
		if got != body || !cmp.Equal(s.Record, rt.Status[0].Record) || s.Environment != "development" {
			t.Errorf("%s: got %+v, and %+v of the route", body, s, rt.Status[0])
		}
	}
	for _, body := range []string{`{}`, `{"record":1}`, `{"record":true,"x":1}`, ``} {
		r.do("PUT", recording, body).problem(400, "validation_error")
	}
	r.do("PUT", "/v1/routes/pay/environments/nowhere/recording", `{"record":true}`).problem(404, "not_found")
	r.as(everywhere(access.Developer)).do("PUT", recording, `{"record":true}`).problem(403, "forbidden")
}

func TestLogDetail(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var e wire.Environment
	r.do("GET", "/v1/environments/development", nil).data(200, &e)
	call := route.Call{
		ID: "01a1fbed-28ad-7a01-a5be-a66fed5fc146", Account: r.account, RequestID: "q1", Time: r.clock.Now(), EnvironmentID: e.ID, Method: "POST",
		Path: "/pay/x", Status: 200,
		Content: &route.Content{
			Query: "a=1", RequestHeaders: []route.HeaderField{{Name: "Accept", Value: "*/*"}},
			RequestBody:  route.Body{Bytes: []byte("text"), Size: 4, Type: "text/plain"},
			ResponseBody: route.Body{Bytes: []byte("\xff\xfe"), Size: 90000, Truncated: true, Type: "text/plain"}, Cut: 2,
		},
	}
	must(t, r.control.RecordCalls(t.Context(), []route.Call{call}))
	const path = "/v1/logs/01a1fbed-28ad-7a01-a5be-a66fed5fc146"
	var d wire.LogDetail
	r.as(everywhere(access.Support)).do("GET", path, nil).data(200, &d)
	want := &wire.LogContent{
		Query: "a=1", RequestHeaders: []wire.LogHeader{{Name: "Accept", Value: "*/*"}}, ResponseHeaders: []wire.LogHeader{},
		RequestBody:  wire.LogBody{Text: "text", Encoding: "utf-8", Size: 4, ContentType: "text/plain"},
		ResponseBody: wire.LogBody{Text: "//4=", Encoding: "base64", Size: 90000, Truncated: true, ContentType: "text/plain"}, Cut: 2,
	}
	if diff := cmp.Diff(want, d.Content); diff != "" || d.ContentsHidden || !d.Recorded || d.ID != call.ID || d.RevealedUntil != nil {
		t.Errorf("got %+v (-want +got):\n%s", d, diff)
	}
	r.do("PATCH", "/v1/environments/development", `{"show_message_contents":false}`).data(200, nil)
	r.do("GET", path, nil).data(http.StatusOK, &d)
	if d.Content != nil || !d.ContentsHidden {
		t.Errorf("hidden: got %+v, want nothing", d)
	}
	r.do("GET", "/v1/logs/01a1fbed-28ad-7a01-a5be-a66fed5fc149", nil).problem(404, "not_found")
}
