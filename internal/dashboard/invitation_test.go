package dashboard_test

import (
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
)

// invite has the owner invite an address, and answers what the link carries.
func (r *rig) invite(email string) string {
	r.t.Helper()
	who, err := r.control.AuthenticateCookie(r.t.Context(), r.loggedIn().cookie(), access.Request{})
	must(r.t, err)
	in, err := r.control.InviteMember(r.t.Context(), who, email, "", []control.Grant{{Environment: "development", Role: "developer"}})
	must(r.t, err)
	_, token, found := strings.Cut(in.Link, "/invitations#")
	if !found {
		r.t.Fatalf("got the link %q, want one to the page", in.Link)
	}
	return token
}

func TestInvitation(t *testing.T) {
	r := newRig(t)
	token := r.invite("developer@example.com")
	b := r.browser()
	b.get("/invitations").is(200, "data-fragment", `type="module"`, `autocomplete="new-password"`)
	b.post("/invitations", "token", token, "name", "Dora", "password", "short").is(400, "Must have at least 12 characters.", `value="`+token+`"`, `value="Dora"`, `aria-describedby="password-error password-hint"`)
	b.post("/invitations", "token", "inv_wrong", "name", "", "password", newPassword).is(404, "The invitation is unknown, used, taken back or over").silent(newPassword)
	b.post("/invitations", "token", token, "name", "Dora", "password", newPassword).leads("/login/kept?next=%2F")
	b.get("/").is(200, "The invitation is accepted.", "developer@example.com", "development", "developer").silent("production")
	r.browser().post("/invitations", "token", token, "name", "", "password", newPassword).is(404)
	r.browser().post("/login", "email", "developer@example.com", "password", newPassword, "next", "/").leads("/login/kept?next=%2F")
	if log := r.log.text(); strings.Contains(log, token) {
		t.Error("the log repeats the code of the link")
	}
}

// Who is logged in accepts as who they are, and nobody accepts for another.
func TestInvitationOfSomebodyKnown(t *testing.T) {
	r := newRig(t)
	token := r.invite("known@example.com")
	owner := r.loggedIn()
	owner.get("/invitations").is(200, "You accept it as <bdi>"+ownerEmail, `action="/logout"`).silent(`type="password"`)
	owner.post("/invitations", "token", token, "name", "").is(404, "The invitation is unknown, used, taken back or over")
	r.knownElsewhere("known")
	b := r.browser()
	b.post("/invitations", "token", token, "name", "", "password", newPassword).is(401, "You have a login here already: accept with its password, or while you are logged in.")
	b.post("/login", "email", "known@example.com", "password", ownerPassword, "next", "/").leads("/login/kept?next=%2F")
	b.post("/invitations", "token", token, "name", "").leads("/accounts")
	b.get("/accounts").is(200, "The invitation is accepted.", "default", "elsewhere")
	b.post("/accounts", "account", r.account, "next", "/").leads("/")
	b.get("/").is(200, "development", "developer").silent("production")
}
