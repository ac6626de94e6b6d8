package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/wire"
)

func TestReplayLog(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	at := r.clock.Now()
	must(t, r.control.RecordCalls(t.Context(), []route.Call{{
		ID: idAt(at), Account: r.account, EnvironmentID: r.environmentID("production"), RouteID: "id-of-pay", RouteKey: "pay", Method: "POST", Path: "/pay/v1", Status: 500, Time: at,
		Content: &route.Content{RequestHeaders: []route.HeaderField{{Name: "Cookie", Value: route.RecordedMark}}, RequestBody: route.Body{Bytes: []byte(`{"token":"[redacted]"}`), Type: "application/json"}},
	}}))
	path := "/v1/logs/" + idAt(at) + "/replay"
	const body = `{"environment":"development"}`
	r.do("POST", path, body).problem(409, "conflict") // hidden
	r.do("PATCH", "/v1/environments/production", `{"show_message_contents":true}`).data(200, nil)
	var got wire.LogReplay
	r.do("POST", path, body).data(200, &got)
	want := wire.LogReplay{ID: idAt(at), ReplayOf: idAt(at), Environment: "development", Status: 502, ErrorType: "development", LeftOut: []string{"Cookie"}, Cut: true, Masked: false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.do("POST", path, `{"environment":"production"}`).problem(400, "validation_error", "environment")
	r.do("POST", path, `{}`).problem(400, "validation_error", "environment")
	r.do("POST", path, `{"environment":"canary"}`).problem(404, "not_found")
	r.do("POST", "/v1/logs/canary/replay", body).problem(404, "not_found")
	r.as(everywhere(access.Support)).do("POST", path, body).problem(403, "forbidden")
}
