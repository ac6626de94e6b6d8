package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/wire"
)

func TestWhatGroupsGiveIsSetInTheAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	o := r.asOwner()
	groups := []wire.GroupGrants{
		{Group: "engineers", Grants: []wire.Grant{{Environment: "development", Role: "developer"}, {Environment: "*", Role: "viewer"}}},
		{Group: "cn=staff", Grants: []wire.Grant{{Environment: "production", Role: "owner"}}},
	}
	var account wire.Account
	o.do("PATCH", "/v1/account", wire.AccountUpdate{OIDC: &wire.GroupLoginUpdate{Groups: &groups}}).data(200, &account)
	if diff := cmp.Diff(wire.GroupLogin{Groups: groups}, account.OIDC); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	o.do("PATCH", "/v1/account", `{"commit_message_required":true}`).data(200, &account)
	if diff := cmp.Diff(wire.GroupLogin{Groups: groups}, account.OIDC); diff != "" {
		t.Errorf("after another change (-want +got):\n%s", diff)
	}
	for body, field := range map[string]string{
		`{"oidc":{"groups":[{"group":"a","grants":[{"environment":"never","role":"viewer"}]}]}}`: "oidc.groups[0].grants[0].environment",
		`{"oidc":{"groups":[{"group":"a","grants":[{"environment":"*","role":"canary"}]}]}}`:     "oidc.groups[0].grants[0].role",
		`{"oidc":{"groups":[{"group":"a","grants":[{"environment":"*","role":"owner"}]}]}}`:      "oidc.groups[0].grants[0].role",
		`{"oidc":{"groups":[{"group":"a","grants":[]}]}}`:                                        "oidc.groups[0].grants",
		`{"oidc":{"only":true}}`: "oidc.only",
	} {
		o.do("PATCH", "/v1/account", body).problem(400, "validation_error", field)
	}
	o.do("PATCH", "/v1/account", `{"oidc":{"groups":[]}}`).data(200, &account)
	if len(account.OIDC.Groups) > 0 {
		t.Errorf("got %+v, want none left", account.OIDC)
	}
}

func TestWithoutALoginProvider(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	o := r.asOwner()
	var link wire.ProviderLink
	o.do("GET", "/v1/login-provider", nil).data(200, &link)
	if link.Issuer != "" || link.Linked {
		t.Errorf("got %+v, want no provider", link)
	}
	o.do("POST", "/v1/login-provider/begin", nil).problem(409, "conflict")
	o.do("POST", "/v1/login-provider", wire.ProviderAnswer{Code: "c", State: "s", Secret: "t"}).problem(409, "conflict")
	o.do("DELETE", "/v1/login-provider", nil).problem(409, "conflict")
	r.do("GET", "/v1/login-provider", nil).problem(403, "forbidden")
	const none = `{"error":"no login provider is set up here; an operator names one with --oidc-issuer"}`
	r.do("POST", "/admin/auth/provider/begin", nil, "Authorization", "").exactly(409, none)
	r.do("POST", "/admin/auth/provider", wire.ProviderProof{Code: "c", State: "s", Secret: "t"}, "Authorization", "").exactly(409, none)
}
