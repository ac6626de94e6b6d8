package api_test

import (
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

const comersPassword = "a password of somebody new"

// comes accepts an invitation without a credential, or with a session.
func (r *rig) comes(token, password, session string) answer {
	r.t.Helper()
	if session != "" {
		session = "Bearer " + session
	}
	return r.do("POST", "/admin/invitations/accept", wire.InvitationAccept{Token: token, Password: password}, "Authorization", session)
}

func (r *rig) invites(email string, grants ...wire.Grant) (wire.MemberInvited, string) {
	r.t.Helper()
	var out wire.MemberInvited
	r.do("POST", "/v1/members", wire.MemberInvite{Email: email, Grants: grants}).data(201, &out)
	_, token, ok := strings.Cut(out.Link, "/invitations#")
	if !ok || out.Sent || !strings.HasPrefix(token, "inv_") {
		r.t.Fatalf("got the link %q and sent %v, want a link with a token, shown", out.Link, out.Sent)
	}
	return out, token
}

func TestAMemberComesAndGoes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.environment("staging")
	a := r.do("POST", "/v1/members", `{"email":"dana@example.com","name":"Dana","grants":[{"environment":"staging","role":"support"},{"environment":"development","role":"developer"}]}`)
	var made wire.MemberInvited
	a.data(201, &made)
	link, token, _ := strings.Cut(made.Link, "#")
	one := "/v1/members/" + made.ID
	invited := `{"data":{"id":"I","email":"dana@example.com","name":"Dana","status":"invited",` +
		`"grants":[{"environment":"development","role":"developer"},{"environment":"staging","role":"support"}],` +
		`"created_at":"T","invited_by":"bootstrap","expires_at":"T"},"meta":{"request_id":"I"}}`
	r.do("GET", one, nil).shaped(200, invited)

	r.comes(token, "", "").status400(t, "password")
	var joined wire.InvitationAccepted
	accepted := r.comes(token, comersPassword, "")
	strict(t, accepted.body, &joined)
	if accepted.status != 200 || joined.Account.ID != r.account || joined.Member.ID != made.ID || joined.Member.Status != "active" {
		t.Errorf("got %d %s", accepted.status, accepted.body)
	}
	again, never := r.comes(token, comersPassword, ""), r.comes("inv_never", comersPassword, "")
	if again.status != 404 || again.body != never.body {
		t.Errorf("used: got %d %s, want what an unknown one answers, %s", again.status, again.body, never.body)
	}

	dana, _ := r.login("dana@example.com", comersPassword)
	var me wire.Identity
	dana.do("GET", "/v1/whoami", nil).data(200, &me)
	if me.Kind != "member" || me.Email != "dana@example.com" || len(me.Grants) != 2 || me.Account.ID != r.account {
		t.Errorf("got %+v", me)
	}
	dana.do("GET", "/v1/members", nil).problem(403, "forbidden")
	dana.do("PATCH", "/v1/members/"+me.ID, `{"grants":[{"environment":"*","role":"owner"}]}`).problem(403, "forbidden")
	var changed wire.Member
	r.do("PATCH", one, `{"name":"D.","grants":[{"environment":"development","role":"viewer"}]}`).data(200, &changed)
	if changed.Name != "D." || len(changed.Grants) != 1 {
		t.Errorf("got %+v", changed)
	}
	dana.do("GET", "/v1/environments/staging", nil).problem(404, "not_found")
	dana.do("GET", "/v1/environments/development", nil).data(200, nil)
	r.do("PATCH", one, `{"grants":[]}`).data(200, nil)
	dana.do("GET", "/v1/environments/development", nil).problem(404, "not_found")
	dana.do("GET", "/v1/whoami", nil).data(200, nil)

	var removed wire.MemberRemoved
	r.do("DELETE", one, nil).data(200, &removed)
	if !removed.Removed || removed.TokensEnded != 0 {
		t.Errorf("got %+v", removed)
	}
	dana.do("GET", "/v1/whoami", nil).problem(401, "unauthenticated")
	r.do("GET", one, nil).problem(404, "not_found")
	if strings.Contains(r.log.String(), token) || strings.Contains(link, token) {
		t.Error("the log tells the token of an invitation")
	}
}

// status400 wants a refused field of an answer of /admin.
func (a answer) status400(t *testing.T, field string) {
	t.Helper()
	if a.status != 400 || !strings.Contains(a.body, field) {
		t.Errorf("%s: got %d %s, want %s refused", a.what, a.status, a.body, field)
	}
}

// A session is taken where it is sent, and then it must be a good one: who comes with a broken one does not come as
// somebody new.
func TestAnInvitationTakesASession(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	made, token := r.invites("dana@example.com", wire.Grant{Environment: "*", Role: "viewer"})
	for session, want := range map[string]int{
		r.jwt():      404, // the owner's: another person
		machineToken: 401, // a token is nobody
		"nonsense":   401,
	} {
		if a := r.comes(token, comersPassword, session); a.status != want {
			t.Errorf("with the credential %.9s…: got %d %s, want %d", session, a.status, a.body, want)
		}
	}
	if a := r.do("POST", "/admin/invitations/accept", wire.InvitationAccept{Token: token, Password: comersPassword}, "Authorization", "Basic eDp5"); a.status != 401 {
		t.Errorf("with another kind of credential: got %d %s", a.status, a.body)
	}
	// a second link: the first is dead
	var again wire.MemberInvited
	r.do("POST", "/v1/members/"+made.ID+"/resend", nil).data(200, &again)
	if a := r.comes(token, comersPassword, ""); a.status != 404 {
		t.Errorf("the link before: got %d %s", a.status, a.body)
	}
	_, token, _ = strings.Cut(again.Link, "#")
	if a := r.comes(token, strings.Repeat("x", 1<<20), ""); a.status != 400 && a.status != 413 {
		t.Errorf("a password of a megabyte: got %d %s", a.status, a.body)
	}
	if a := r.comes(token, comersPassword, ""); a.status != 200 {
		t.Errorf("got %d %s", a.status, a.body)
	}
	r.do("POST", "/v1/members/"+made.ID+"/resend", nil).problem(409, "conflict")
}

func TestInvitingIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for body, field := range map[string]string{
		`{"email":"canary","grants":[{"environment":"*","role":"viewer"}]}`:                             "email",
		`{"email":"a@example.com","grants":[{"environment":"*","role":"canary"}]}`:                      "grants[0].role",
		`{"email":"a@example.com","grants":[{"environment":"canary","role":"viewer"}]}`:                 "grants[0].environment",
		`{"email":"a@example.com","grants":[]}`:                                                         "grants",
		`{"email":"a@example.com","name":"a\u001b[2Jb","grants":[{"environment":"*","role":"viewer"}]}`: "name",

		`{"email":"a@example.com"}`:                        "grants",
		`{"grants":[{"environment":"*","role":"viewer"}]}`: "email",
	} {
		if p := r.do("POST", "/v1/members", body).problem(400, "validation_error"); len(p.Fields) == 0 || !strings.HasPrefix(p.Fields[0].Field, field) || strings.Contains(p.Message, "canary") {
			t.Errorf("%s: got %+v, want %s refused", body, p, field)
		}
	}
	r.invites("dana@example.com", wire.Grant{Environment: "*", Role: "viewer"})
	r.do("POST", "/v1/members", `{"email":"Dana@example.com","grants":[{"environment":"*","role":"viewer"}]}`).problem(409, "conflict")
	admin := r.as(everywhere(access.Admin))
	admin.do("POST", "/v1/members", `{"email":"b@example.com","grants":[{"environment":"*","role":"owner"}]}`).problem(403, "forbidden")
	admin.do("POST", "/v1/members", `{"email":"b@example.com","grants":[{"environment":"*","role":"admin"}]}`).data(201, nil)
	var list []wire.Member
	meta := r.do("GET", "/v1/members?limit=2", nil).data(200, &list)
	if len(list) != 2 || meta.NextCursor == "" {
		t.Errorf("got %+v and the cursor %q, want two of three", list, meta.NextCursor)
	}
}
