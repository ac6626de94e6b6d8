package api_test

import (
	"strings"
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
	a.shaped(200, `{"data":{"id":"I","name":"`+account.Name+`","commit_message_required":false,"obfuscation":{"fields":[],"keep":[]},"second_factor":"off","step_up":{"values":false,"promotions":false,"grants":false,"max_age":"10m0s","allow_tokens":false},"oidc":{"groups":[],"only":false},"audit":{"retention":"never"},"created_at":"T"},"meta":{"request_id":"I"}}`)
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
	const lists = `{"obfuscation":{"fields":[{"path":"$.customer.ref","class":"free_text"}],"keep":["$.order.name"]}}`
	if r.do("PATCH", "/v1/account", lists).data(200, &account); len(account.Obfuscation.Fields) != 1 || account.Obfuscation.Keep[0] != "$.order.name" {
		t.Errorf("got %+v, want both lists", account)
	}
	if r.do("PATCH", "/v1/account", `{"obfuscation":{"keep":[]}}`).data(200, &account); len(account.Obfuscation.Fields) != 1 || len(account.Obfuscation.Keep) != 0 {
		t.Errorf("got %+v, want one list emptied", account)
	}
	for body, field := range map[string]string{
		`{"obfuscation":null}`: "obfuscation", `{"obfuscation":[]}`: "obfuscation", `{"obfuscation":{"zebra":1}}`: "obfuscation.zebra",
		`{"obfuscation":{"fields":[{"path":"$.a"}]}}`:                                               "obfuscation.fields[0].class",
		`{"obfuscation":{"fields":[{"path":"a","class":"name"}]}}`:                                  "obfuscation.fields[0].path",
		`{"obfuscation":{"keep":["$.a[3]"]}}`:                                                       "obfuscation.keep[0]",
		`{"obfuscation":{"keep":["$.customer.ref"]}}`:                                               "obfuscation.keep[0]",
		`{"obfuscation":{"keep":[` + strings.TrimSuffix(strings.Repeat(`"$.a",`, 101), ",") + `]}}`: "obfuscation.keep",
	} {
		r.do("PATCH", "/v1/account", body).problem(400, "validation_error", field)
	}
	if r.do("PATCH", "/v1/account", `{"audit":{"retention":"400d"}}`).data(200, &account); account.Audit.Retention != "400d" {
		t.Errorf("got %+v, want the audit log kept for 400 days", account)
	}
	if r.do("PATCH", "/v1/account", `{"audit":{}}`).data(200, &account); account.Audit.Retention != "400d" {
		t.Errorf("got %+v, want what it was", account)
	}
	for body, field := range map[string]string{
		`{"audit":null}`: "audit", `{"audit":"400d"}`: "audit", `{"audit":{"zebra":1}}`: "audit.zebra", `{"audit":{"retention":400}}`: "audit.retention",
		`{"audit":{"retention":null}}`: "audit.retention", `{"step_up":{"values":null}}`: "step_up.values", `{"oidc":{"only":null}}`: "oidc.only", `{"obfuscation":{"keep":null}}`: "obfuscation.keep",
		`{"audit":{"retention":"zebra"}}`: "audit.retention", `{"audit":{"retention":"89d"}}`: "audit.retention",
	} {
		r.do("PATCH", "/v1/account", body).problem(400, "validation_error", field)
	}
	r.as(everywhere(access.Admin)).do("PATCH", "/v1/account", `{"audit":{"retention":"never"}}`).problem(403, "forbidden")
	viewer := r.as(everywhere(access.Viewer))
	viewer.do("GET", "/v1/account", nil).data(200, nil)
	viewer.do("PATCH", "/v1/account", `{"commit_message_required":false}`).problem(403, "forbidden")
}
