package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/wire"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const body = `{"name":"ci","grants":[{"environment":"development","role":"developer"}],"expires_at":"2999-01-01T00:00:00Z","addresses":["192.0.2.0/24"]}`
	a := r.do("POST", "/v1/tokens", body, idempotencyKey, "once")
	var made wire.Token
	a.data(201, &made)
	if kind, err := apikey.Parse(made.Token); err != nil || kind != apikey.Token {
		t.Errorf("got a credential of kind %q and %v, want a token", kind, err)
	}
	r.do("POST", "/v1/tokens", body, idempotencyKey, "once").exactly(201, a.body)
	one := "/v1/tokens/" + made.ID
	got := r.do("GET", one, nil)
	if strings.Contains(got.body, made.Token) {
		t.Errorf("the token is shown again: %s", got.body)
	}
	got.shaped(200, `{"data":{"id":"I","name":"ci","status":"active","grants":[{"environment":"development","role":"developer"}],`+
		`"given_by":{"kind":"token","id":"I","name":"bootstrap"},"addresses":["192.0.2.0/24"],"prefix":"`+made.Prefix+`","last_four":"`+made.LastFour+`",`+
		`"created_at":"T","created_by":"bootstrap","last_used_at":null,"expires_at":"T","revoked_at":null},"meta":{"request_id":"I"}}`)

	machine := *r
	machine.token = made.Token
	machine.do("GET", "/v1/whoami", nil).data(200, nil) // httptest asks from 192.0.2.1
	var me wire.Identity
	machine.do("GET", "/v1/whoami", nil).data(200, &me)
	if me.Kind != "token" || me.ID != made.ID || me.Name != "ci" || me.Email != "" || time.Time(me.ExpiresAt).Year() != 2999 {
		t.Errorf("got %+v", me)
	}
	machine.do("GET", "/v1/tokens", nil).problem(403, "forbidden")
	machine.do("DELETE", one, nil).problem(403, "forbidden") // a developer's token may not even end itself

	var changed wire.Token
	r.do("PATCH", one, `{"addresses":["198.51.100.7"],"expires_at":null,"name":"deploys"}`).data(200, &changed)
	if changed.Name != "deploys" || !time.Time(changed.ExpiresAt).IsZero() || len(changed.Addresses) != 1 || changed.Addresses[0] != "198.51.100.7/32" || changed.Token != "" {
		t.Errorf("got %+v", changed)
	}
	machine.do("GET", "/v1/whoami", nil).problem(401, "unauthenticated")
	r.do("PATCH", one, `{"addresses":[]}`).data(200, &made)
	machine.do("GET", "/v1/whoami", nil).data(200, nil)
	var used wire.Token
	r.do("GET", one, nil).data(200, &used)
	if time.Time(used.LastUsedAt).IsZero() {
		t.Errorf("got %+v, want its last use", used)
	}
	var revoked wire.Revoked
	r.do("DELETE", one, nil).data(200, &revoked)
	machine.do("GET", "/v1/whoami", nil).problem(401, "unauthenticated")
	r.do("PATCH", one, `{"name":"back"}`).problem(409, "conflict")
	r.do("GET", one, nil).data(200, &made)
	if made.Status != "revoked" || !revoked.Revoked {
		t.Errorf("got %+v", made)
	}
	var list []wire.Token
	r.do("GET", "/v1/tokens", nil).data(200, &list)
	if len(list) != 2 || list[0].Name != "bootstrap" || list[0].Status != "active" || list[0].GivenBy.Kind != "system" {
		t.Errorf("got %+v, want that of the first start too", list)
	}
}

func TestTokensAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const grants = `"grants":[{"environment":"*","role":"viewer"}]`
	for body, field := range map[string]string{
		`{"name":"canary\u0007",` + grants + `}`: "name",
		`{` + grants + `}`:                       "name",
		`{"name":"ci"}`:                          "grants",
		`{"name":"ci","grants":[]}`:              "grants",
		`{"name":"ci",` + grants + `,"expires_at":"2001-01-01T00:00:00Z"}`:     "expires_at",
		`{"name":"ci",` + grants + `,"addresses":["canary"]}`:                  "addresses",
		`{"name":"ci",` + grants + `,"addresses":["10.0.0.0/8","10.0.0.9/x"]}`: "addresses",
	} {
		if p := r.do("POST", "/v1/tokens", body).problem(400, "validation_error"); len(p.Fields) == 0 || p.Fields[0].Field != field || strings.Contains(p.Message, "canary") {
			t.Errorf("%s: got %+v, want %s refused", body, p, field)
		}
	}
	admin := r.as(everywhere(access.Admin))
	admin.do("POST", "/v1/tokens", `{"name":"ci","grants":[{"environment":"*","role":"owner"}]}`).problem(403, "forbidden")
	var made wire.Token
	r.do("POST", "/v1/tokens", `{"name":"ci","grants":[{"environment":"*","role":"owner"}]}`).data(201, &made)
	admin.do("PATCH", "/v1/tokens/"+made.ID, `{"name":"mine"}`).problem(403, "forbidden")
	admin.do("DELETE", "/v1/tokens/"+made.ID, nil).problem(403, "forbidden")
}

// A token that made another, and is revoked, leaves it ended: it is told as such, and refused.
func TestATokenEndsWithWhatMadeIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var parent, child wire.Token
	r.do("POST", "/v1/tokens", `{"name":"parent","grants":[{"environment":"*","role":"admin"}]}`).data(201, &parent)
	maker, made := *r, *r
	maker.token = parent.Token
	maker.do("POST", "/v1/tokens", `{"name":"child","grants":[{"environment":"*","role":"viewer"}]}`).data(201, &child)
	made.token = child.Token
	made.do("GET", "/v1/whoami", nil).data(200, nil)
	r.do("DELETE", "/v1/tokens/"+parent.ID, nil).data(200, nil)
	made.do("GET", "/v1/whoami", nil).problem(401, "unauthenticated")
	r.do("GET", "/v1/tokens/"+child.ID, nil).data(200, &child)
	if child.Status != "ended" {
		t.Errorf("got %+v, want it ended", child)
	}
}

func TestPermissionsTellWhy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	made, _ := r.invites("dana@example.com", wire.Grant{Environment: "production", Role: "support"})
	var list []wire.Permission
	r.do("GET", "/v1/permissions?member="+made.ID+"&environment=production", nil).data(200, &list)
	found := false
	for _, p := range list {
		if p.Action == "definition.commit" {
			found = true
			if p.Allowed || p.Environment != "production" || p.Grant == nil || p.Grant.Role != "support" || !strings.Contains(p.Why, "the grant for production says support") {
				t.Errorf("got %+v", p)
			}
		}
	}
	if !found || len(list) < 30 {
		t.Errorf("got %d lines, want one for each action", len(list))
	}
	r.do("GET", "/v1/permissions?environment=nowhere", nil).problem(404, "not_found")
	r.do("GET", "/v1/permissions?member=nobody", nil).problem(404, "not_found")
	r.do("GET", "/v1/permissions?member="+made.ID+"&token=x", nil).problem(400, "validation_error", "token")
	viewer := r.as(everywhere(access.Viewer))
	viewer.do("GET", "/v1/permissions", nil).data(200, &list)
	viewer.do("GET", "/v1/permissions?member="+made.ID, nil).problem(403, "forbidden")
}
