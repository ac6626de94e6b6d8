package dashboard_test

import (
	"testing"

	"github.com/lockage/lockage/internal/store"
)

func TestSessionsPage(t *testing.T) {
	r := newRig(t)
	here, there, third := r.loggedIn(), r.loggedIn(), r.loggedIn()
	thereID := r.sessions(there.cookie())[1].ID // newest first
	here.get("/sessions").is(200, "This one", "Others", "last used <time datetime=\"", ", began <time datetime=\"", `action="/sessions/`+thereID+`/end"`, "End all others")
	here.post("/sessions/" + thereID + "/end").leads("/sessions")
	here.get("/sessions").is(200, "The session is ended.").silent(thereID)
	there.get("/").leads("/login?next=%2F")
	third.get("/").is(200)
	here.post("/sessions/"+thereID+"/end").is(404, "No such session.")
	here.post("/sessions/nothing/end").is(404, "No such session.")
	here.post("/sessions/"+thereID+"/end", "zebra", "1").is(400)
	here.post("/sessions/end-others").leads("/sessions")
	here.get("/sessions").is(200, "All your other sessions are ended.", "There are no others.").silent("End all others")
	third.get("/").leads("/login?next=%2F")
	own := r.sessions(here.cookie())[0].ID
	if p := here.post("/sessions/" + own + "/end").leads("/login"); p.cookies[sessionCookie] == nil || p.cookies[sessionCookie].MaxAge >= 0 {
		t.Errorf("got %v, want the cookie of a session that ended itself taken back", p.cookies)
	}
	here.get("/sessions").leads("/login?next=%2Fsessions")
}

// A session of somebody else is to a person as one that never was.
func TestSessionsOfOthers(t *testing.T) {
	r := newRig(t)
	ours := r.loggedIn()
	r.person("developer")
	b := r.browser()
	b.post("/login", "email", "developer@example.com", "password", ownerPassword, "next", "/").leads("/login/kept?next=%2F")
	theirs := r.sessions(b.cookie())
	if len(theirs) != 1 {
		t.Fatalf("got %d sessions, want the developer's own", len(theirs))
	}
	foreign := ours.post("/sessions/" + theirs[0].ID + "/end").is(404)
	never := ours.post("/sessions/00000000-0000-7000-8000-000000000000/end").is(404)
	if foreign.body != never.body {
		t.Errorf("got\n%s\nwant as for an id that never was\n%s", foreign.body, never.body)
	}
	b.get("/sessions").is(200).silent(r.sessions(ours.cookie())[0].ID)
	b.get("/").is(200, "You hold no role in any environment here.").silent("production", "development")
}

// person makes somebody who is in the account and holds nothing.
func (r *rig) person(name string) { r.joins(r.account, name) }

// knownElsewhere makes somebody who is in another account only.
func (r *rig) knownElsewhere(name string) {
	r.t.Helper()
	ctx := r.t.Context()
	must(r.t, r.store.CreateAccount(ctx, "account-elsewhere", "elsewhere", func(tx *store.Tx) error {
		return tx.AppendAudit(ctx, entry("account.create"))
	}))
	r.joins("account-elsewhere", name)
}

// joins makes a person with the owner's password a member.
func (r *rig) joins(account, name string) {
	r.t.Helper()
	ctx := r.t.Context()
	var owner store.Person
	must(r.t, r.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		owner, err = tx.PersonByEmail(ctx, ownerEmail)
		return err
	}))
	must(r.t, r.store.Write(ctx, account, func(tx *store.Tx) error {
		p := store.Person{ID: "person-" + name, Email: name + "@example.com", Name: name, PasswordHash: owner.PasswordHash, CreatedAt: tx.Now()}
		if err := tx.InsertPerson(ctx, p); err != nil {
			return err
		}
		if err := tx.InsertMember(ctx, store.Member{ID: "member-" + name, PersonID: p.ID, CreatedAt: tx.Now()}); err != nil {
			return err
		}
		return tx.AppendAudit(ctx, entry("member.join"))
	}))
}

func TestAccounts(t *testing.T) {
	r := newRig(t)
	one := r.loggedIn()
	one.get("/").is(200).silent(`href="/accounts"`)
	theirs := r.second("theirs")
	b := r.browser()
	b.post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/sessions").leads("/login/kept?next=%2Faccounts%3Fnext%3D%252Fsessions")
	b.get("/login/kept?next=%2Faccounts%3Fnext%3D%252Fsessions").leads("/accounts?next=%2Fsessions")
	b.get("/accounts?next=%2Fsessions").is(200, "default", "theirs", "you are here", `name="next" value="/sessions"`, `value="`+theirs+`"`)
	b.post("/accounts", "account", r.account, "next", "/sessions").leads("/sessions")
	before := b.cookie()
	b.post("/accounts", "account", theirs, "next", "/").leads("/")
	if b.cookie() == before {
		t.Error("another account has the same secret")
	}
	b.get("/").is(200, "You act in another account now.", "theirs", "You are "+"<bdi>"+ownerEmail)
	r.with(before).get("/").leads("/login?next=%2F")
	b.get("/sessions").is(200, "<bdi>theirs</bdi>", "<bdi>default</bdi>")
	b.post("/accounts", "account", "account-never", "next", "/").is(404, "No such account.")
	b.post("/accounts", "account", theirs, "next", "//evil.example").leads("/")
	b.get("/").is(200)
}
