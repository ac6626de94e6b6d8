package dashboard_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
)

const begunCookie = "__Host-lockage-begun"

// codeOf is what an authenticator shows at the clock's time.
func (r *rig) codeOf(key string) string {
	r.t.Helper()
	code, err := totp.GenerateCodeCustom(key, r.clock.Now(), totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix})
	must(r.t, err)
	return code
}

// authenticator sets one up for the owner, and answers its key and recovery codes.
func (r *rig) authenticator() (key string, recovery []string) {
	r.t.Helper()
	who, err := r.control.AuthenticateCookie(r.t.Context(), r.loggedIn().cookie(), access.Request{})
	must(r.t, err)
	a, err := r.control.AddTOTP(r.t.Context(), who, "phone")
	must(r.t, err)
	recovery, err = r.control.ConfirmTOTP(r.t.Context(), who, a.ID, r.codeOf(a.Key))
	must(r.t, err)
	r.clock.forward(time.Minute) // another code
	return a.Key, recovery
}

func TestSecondFactor(t *testing.T) {
	r := newRig(t)
	key, recovery := r.authenticator()
	b := r.browser()
	password := func() {
		t.Helper()
		p := b.post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/sessions").leads("/login/second?next=%2Fsessions")
		c := p.cookies[begunCookie]
		if c == nil || !c.Secure || !c.HttpOnly || c.MaxAge != 300 || p.cookies[sessionCookie] != nil {
			t.Errorf("got cookies %v, want what the login goes on with, and no session", p.cookies)
		}
		r.clock.forward(time.Minute)
	}
	b.get("/login/second?next=%2F").leads("/login")
	b.get("/login").is(200, "This took too long. Begin again with your password.")
	b.post("/login", "email", ownerEmail, "password", "wrong", "next", "/").is(401, "The e-mail address or the password is wrong.")

	password()
	b.get("/login/second?next=%2Fsessions").is(200, `autocomplete="one-time-code"`, `aria-describedby="code-hint"`, `name="next" value="/sessions"`)
	b.get("/").leads("/login?next=%2F")
	b.post("/login/second", "code", "000000", "next", "/sessions").is(401, "The second factor is wrong or was used before; try again with a new one.",
		`aria-describedby="wrong code-hint"`, `name="next" value="/sessions"`).silent("000000")
	code := r.codeOf(key)
	spaced := code[:3] + " " + code[3:]
	done := b.post("/login/second", "code", spaced, "next", "/sessions").leads("/login/kept?next=%2Fsessions")
	if c := done.cookies[begunCookie]; c == nil || c.MaxAge >= 0 {
		t.Errorf("got %v, want what the login began with taken back", c)
	}
	b.get("/sessions").is(200, "by password, authenticator")
	r.clock.forward(time.Minute)

	again := r.browser()
	again.post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/").leads("/login/second?next=%2F")
	again.post("/login/second", "code", code, "next", "/").is(401).silent(code)
	again.post("/login/second", "code", strings.ToUpper(recovery[0]), "next", "//evil.example").leads("/login/kept?next=%2F")
	again.get("/sessions").is(200, "by password, recovery code")
	r.clock.forward(time.Minute)

	late := r.browser()
	late.post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/").leads("/login/second?next=%2F")
	r.clock.forward(6 * time.Minute)
	p := late.post("/login/second", "code", r.codeOf(key), "next", "/").is(401, "This took too long; begin again with your password.", `type="password"`)
	if c := p.cookies[begunCookie]; c == nil || c.MaxAge >= 0 || late.cookie() != "" {
		t.Errorf("got %v, want what was too late taken back", p.cookies)
	}
	r.browser().post("/login/second", "code", r.codeOf(key), "next", "/").is(401, "This took too long; begin again with your password.")
	if log := r.log.text(); strings.Contains(log, code) || strings.Contains(log, recovery[0]) {
		t.Error("the log repeats a code")
	}
}

// Who lacks what the account demands is told so on the first page, and may still see to their sessions.
func TestAnAccountThatDemandsASecondFactor(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	_, recovery := r.authenticator()
	who, err := r.control.AuthenticateCookie(t.Context(), r.loggedInWith(recovery[0]).cookie(), access.Request{})
	must(t, err)
	_, err = r.control.UpdateAccount(t.Context(), who, control.AccountFields{SecondFactor: new(true)})
	must(t, err)
	b.get("/").is(200, "This account demands a second factor").silent("production", "You hold no role")
	b.get("/sessions").is(200, "you are here")
	b.post("/logout").leads("/login")
}

// loggedInWith is loggedIn for an owner who has a second factor.
func (r *rig) loggedInWith(code string) *browser {
	r.t.Helper()
	b := r.browser()
	b.post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/").leads("/login/second?next=%2F")
	b.post("/login/second", "code", code, "next", "/").leads("/login/kept?next=%2F")
	r.clock.forward(time.Minute)
	return b
}
