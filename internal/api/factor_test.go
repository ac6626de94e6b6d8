package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"github.com/lockage/lockage/wire"
)

// asOwner is the rig with a session of the owner's.
func (r *rig) asOwner() *rig {
	r.t.Helper()
	other := *r
	other.token = r.jwt()
	return &other
}

// shows is what an authenticator shows at the rig's time.
func (r *rig) shows(key string) string {
	r.t.Helper()
	code, err := totp.GenerateCode(key, r.clock.Now())
	must(r.t, err)
	return code
}

func TestSecondFactors(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	o := r.asOwner()
	if got := r.do("GET", "/v1/second-factors", nil).problem(403, "forbidden").Message; !strings.Contains(got, "token") {
		t.Errorf("a token: got %q, want to be told that it has none", got)
	}
	o.do("POST", "/v1/second-factors/totp", `{"name":" "}`).problem(400, "validation_error", "name")
	o.do("POST", "/v1/second-factors/totp", `{"name":"phone","secret":"mine"}`).problem(400, "validation_error", "secret")
	var made wire.TOTP
	o.do("POST", "/v1/second-factors/totp", wire.TOTPCreate{Name: "phone"}).data(201, &made)
	confirm := "/v1/second-factors/totp/" + made.ID + "/confirm"
	o.do("POST", confirm, wire.TOTPConfirm{Code: "canary"}).problem(400, "validation_error", "code")
	var codes wire.RecoveryCodes
	o.do("POST", confirm, wire.TOTPConfirm{Code: r.shows(made.Secret)}).data(200, &codes)
	if len(codes.RecoveryCodes) != 10 {
		t.Fatalf("got %v, want 10 recovery codes", codes)
	}
	o.do("POST", confirm, wire.TOTPConfirm{Code: r.shows(made.Secret)}).problem(409, "conflict")
	var list wire.SecondFactors
	o.do("GET", "/v1/second-factors", nil).data(200, &list)
	if len(list.Factors) != 1 || list.RecoveryCodes != 10 || list.Required {
		t.Errorf("got %+v, want the phone and ten codes", list)
	}
	r.clock.forward(time.Minute)

	login := func(more string) answer {
		return r.do("POST", "/admin/auth/login", `{"email":"`+ownerEmail+`","password":"`+ownerPassword+`"`+more+`}`, "Authorization", "")
	}
	asked := login("")
	var told wire.AdminFailure
	if asked.status != 401 || json.Unmarshal([]byte(asked.body), &told) != nil || cmp.Diff(told.SecondFactor, []string{"totp", "recovery_code"}) != "" {
		t.Errorf("without a code: got %d %s, want to be asked for one", asked.status, asked.body)
	}
	code := r.shows(made.Secret)
	if a := login(`,"code":"` + code + `"`); a.status != 200 {
		t.Errorf("with a code: got %d %s", a.status, a.body)
	}
	if a := login(`,"code":"` + code + `"`); a.status != 401 {
		t.Errorf("with the same again: got %d %s", a.status, a.body)
	}
	a := login(`,"code":"` + strings.ToUpper(codes.RecoveryCodes[3]) + `"`)
	if a.status != 200 {
		t.Fatalf("with a recovery code: got %d %s", a.status, a.body)
	}
	var in wire.LoginAnswer
	strict(t, a.body, &in)
	o.token = in.Token
	o.do("POST", "/v1/second-factors/recovery-codes", nil).data(200, &codes)
	o.do("DELETE", "/v1/second-factors/"+list.Factors[0].ID, nil).data(200, nil)
	if strings.Contains(r.logged(), made.Secret) || strings.Contains(r.logged(), code) || strings.Contains(r.logged(), codes.RecoveryCodes[0]) {
		t.Error("the log tells what proves who the owner is")
	}
}

func TestAnAccountDemandsASecondFactor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	o := r.asOwner()
	o.do("PATCH", "/v1/account", `{"second_factor":"canary"}`).problem(400, "validation_error", "second_factor")
	r.do("PATCH", "/v1/account", `{"second_factor":"required"}`).data(200, nil)
	o.do("GET", "/v1/environments", nil).problem(403, "forbidden")
	o.do("GET", "/v1/environments/production", nil).problem(403, "forbidden")
	o.do("GET", "/v1/sessions", nil).data(200, nil)
	var account wire.Account
	r.do("GET", "/v1/account", nil).data(200, &account) // a token is no person
	if account.SecondFactor != "required" {
		t.Errorf("got %+v, want a second factor to be required", account)
	}
	var made wire.TOTP
	o.do("POST", "/v1/second-factors/totp", wire.TOTPCreate{Name: "phone"}).data(201, &made)
	o.do("POST", "/v1/second-factors/totp/"+made.ID+"/confirm", wire.TOTPConfirm{Code: r.shows(made.Secret)}).data(200, nil)
	o.do("GET", "/v1/environments", nil).data(200, nil)
	r.do("PATCH", "/v1/account", `{"second_factor":"off"}`).data(200, &account)
	if account.SecondFactor != "off" {
		t.Errorf("got %+v, want none required", account)
	}
}
