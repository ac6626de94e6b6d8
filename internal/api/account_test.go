package api_test

import (
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

func TestAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var account wire.Account
	a := r.do("GET", "/v1/account", nil)
	a.data(200, &account)
	a.shaped(200, `{"data":{"id":"I","name":"`+account.Name+`","commit_message_required":false,"created_at":"T"},"meta":{"request_id":"I"}}`)
	r.do("PATCH", "/v1/account", `{}`).data(200, nil)
	if r.do("PATCH", "/v1/account", `{"commit_message_required":true}`).data(200, &account); !account.CommitMessageRequired {
		t.Errorf("got %+v, want a message required", account)
	}
	r.do("POST", "/v1/routes", `{"key":"pay","target_url":"https://example.com"}`).data(201, nil)
	r.do("POST", "/v1/commits", `{}`).problem(400, "validation_error", "message")
	r.do("PATCH", "/v1/routes/pay?commit=", `{"description":"d"}`).problem(400, "validation_error", "message")
	r.do("POST", "/v1/commits", `{"message":"because"}`).data(201, nil)
	r.do("POST", "/v1/promotions", `{"to":"production"}`).problem(400, "validation_error", "message")
	r.do("POST", "/v1/commits", `{"message":"again"}`).problem(409, "conflict")

	for _, body := range []string{`{"commit_message_required":null}`, `{"commit_message_required":"yes"}`} {
		r.do("PATCH", "/v1/account", body).problem(400, "validation_error", "commit_message_required")
	}
	viewer := r.as(everywhere(access.Viewer))
	viewer.do("GET", "/v1/account", nil).data(200, nil)
	viewer.do("PATCH", "/v1/account", `{"commit_message_required":false}`).problem(403, "forbidden")
}
