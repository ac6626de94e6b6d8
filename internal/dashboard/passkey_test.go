package dashboard_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/testkit"
)

const publicURL = "https://lockage.example"

func named(c *control.Config) { c.PublicURL = publicURL }

// question is what a script of ours asks for.
func (b *browser) question(path string) []byte {
	b.r.t.Helper()
	p := b.get(path).is(200, `"challenge":"`)
	if p.header.Get("Content-Type") != "application/json" || p.header.Get("Cache-Control") != "no-store" {
		b.r.t.Errorf("GET %s: got headers %v, want JSON that is not kept", path, p.header)
	}
	return []byte(p.body)
}

// device adds a passkey to who is logged in, and answers the recovery codes that came with it.
func (b *browser) device(name string) (d *testkit.Authenticator, codes []string) {
	b.r.t.Helper()
	d = testkit.NewAuthenticator(publicURL)
	made := d.Create(b.r.t, b.question("/security/passkeys/question?name="+url.QueryEscape(name)))
	p := b.post("/security/passkeys", "name", name, "credential", string(made))
	return d, p.is(200, "The passkey is added.").found(shownOnce)
}

// shown is what a device answers to who logs in.
func (b *browser) shown(d *testkit.Authenticator) string {
	b.r.t.Helper()
	return string(d.Get(b.r.t, b.question("/login/question")))
}

func TestAddingAPasskey(t *testing.T) {
	r := newRig(t, named)
	b := r.loggedIn()
	b.get("/security").is(200, `href="/security/passkeys/new"`).silent("--public-url")
	b.get("/security/passkeys/new").is(200, `data-passkey="create"`, `data-question="/security/passkeys/question"`, `data-origin="`+publicURL+`"`, `hidden`, `name="name"`,
		"<noscript>", "Passkeys need script", `type="module"`, `aria-describedby="name-hint"`)
	_, codes := b.device("laptop")
	if len(codes) != 10 {
		t.Errorf("got %d recovery codes, want 10", len(codes))
	}
	b.get("/security").is(200, "<bdi>laptop</bdi>", "never used", "10 left").silent("You have no second factor")
	second := testkit.NewAuthenticator(publicURL)
	answer := string(second.Create(t, b.question("/security/passkeys/question")))

	// a name that is taken is refused before a device makes anything, and says so on the page
	b.get("/security/passkeys/question?name=laptop").is(400)
	b.get("/security/passkeys/question?name=" + strings.Repeat("x", 65)).is(400)
	b.post("/security/passkeys", "name", "laptop", "credential", "").is(400, "Is the name of another second factor of yours", `value="laptop"`, `aria-describedby="name-error name-hint"`)
	b.post("/security/passkeys", "name", "", "credential", "").is(400, "Must have 1 to 64 characters.")
	ofAnotherPage := string(testkit.NewAuthenticator("https://evil.example").Create(t, b.question("/security/passkeys/question")))
	for _, credential := range []string{"", "{}", "null", strings.Repeat("x", 20<<10), ofAnotherPage} {
		b.post("/security/passkeys", "name", "phone", "credential", credential).is(400, "The passkey was not added", `value="phone"`, `role="alert"`).silent("clientDataJSON", "xxxx")
	}
	b.post("/security/passkeys", "name", "phone", "credential", answer).leads("/security")
	b.get("/security").is(200, "The passkey is added. It logs you in from now on.", "<bdi>phone</bdi>")
	b.post("/security/passkeys", "name", "phone 2", "credential", answer).is(400, "The passkey was not added")
	late := string(second.Create(t, b.question("/security/passkeys/question")))
	r.clock.forward(6 * time.Minute)
	b.post("/security/passkeys", "name", "late", "credential", late).is(400, "The passkey was not added")
	other := r.browser()
	other.get("/security/passkeys/question").leads("/login?next=%2Fsecurity%2Fpasskeys%2Fnew")
	if log := r.log.text(); strings.Contains(log, codes[0]) || strings.Contains(log, "laptop") {
		t.Error("the log repeats a code, or what somebody calls their things")
	}
}

func TestLoggingInWithAPasskey(t *testing.T) {
	r := newRig(t, named)
	owner := r.loggedIn()
	device, codes := owner.device("laptop")
	b := r.browser()
	b.get("/login?next=%2Fsessions").is(200, `action="/login/passkey"`, `data-passkey="get"`, `data-question="/login/question"`, "Log in with a passkey", "Passkeys need script")
	answer := b.shown(device)
	b.post("/login/passkey", "credential", answer, "next", "/sessions").leads("/login/kept?next=%2Fsessions")
	b.get("/sessions").is(200, "by passkey")
	b.get("/security").is(200, "last used <time")
	r.clock.forward(time.Minute)

	again := r.browser()
	wrong := again.post("/login/passkey", "credential", answer, "next", "/sessions").is(401, "The passkey is not known here, or its answer came too late; try again.", `name="next" value="/sessions"`, `role="alert"`)
	wrong.silent(answer)
	stranger := testkit.NewAuthenticator(publicURL)
	stranger.Create(t, owner.question("/security/passkeys/question")) // never sent
	for _, credential := range []string{"", "{}", "[]", strings.Repeat("x", 20<<10), again.shown(stranger)} {
		again.post("/login/passkey", "credential", credential, "next", "/").is(401, "The passkey is not known here")
		r.clock.forward(time.Minute)
	}
	late := again.shown(device)
	r.clock.forward(5*time.Minute + time.Second)
	again.post("/login/passkey", "credential", late, "next", "/").is(401, "came too late")
	if again.cookie() != "" {
		t.Error("a refused passkey opened a session")
	}

	// beside a password it is one of the second factors
	again.post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/sessions").leads("/login/second?next=%2Fsessions")
	again.get("/login/second?next=%2Fsessions").is(200, `action="/login/second"`, `data-passkey="get"`, "Use a passkey", "One of your recovery codes. It works once.", `name="next" value="/sessions"`).silent("your authenticator shows")
	again.post("/login/second", "credential", late, "next", "/sessions").is(401, "The second factor is wrong or was used before", "Use a passkey").silent(late)
	again.post("/login/second", "credential", again.shown(device), "next", "/sessions").leads("/login/kept?next=%2Fsessions")
	again.get("/sessions").is(200, "by password, passkey")
	r.clock.forward(time.Minute)
	r.loggedInWith(codes[0])

	if log := r.log.text(); strings.Contains(log, answer) || strings.Contains(log, `clientDataJSON`) {
		t.Error("the log repeats what a device answered")
	}
}

// Where a browser would not keep the login nothing is asked for, and no session is opened.
func TestPasskeysWithoutTLS(t *testing.T) {
	r := newRig(t, func(c *control.Config) { c.PublicURL = "http://localhost:7070" })
	form := url.Values{"credential": {"{}"}, "next": {"/"}}
	for at, want := range map[string]int{"http://lockage.example": 200, "http://localhost:7070": 401} {
		w := r.plain("GET", at+"/login", nil)
		if asks := strings.Contains(w.Body.String(), "data-passkey"); asks != (want == 401) {
			t.Errorf("%s: asks for a passkey: %t", at, asks)
		}
		w = r.plain("POST", at+"/login/passkey", form)
		if w.Code != want || strings.Contains(w.Body.String(), "came without TLS") != (want == 200) {
			t.Errorf("%s: got %d %s", at, w.Code, w.Body)
		}
	}
}

func TestProvingWithAPasskey(t *testing.T) {
	r := newRig(t, named)
	b := r.loggedIn()
	device, _ := b.device("laptop")
	r.clock.forward(11 * time.Minute)
	b.get("/security/recovery-codes").leads("/prove?next=%2Fsecurity%2Frecovery-codes")
	b.get("/prove?next=%2Fsecurity%2Frecovery-codes").is(200, `action="/prove"`, `data-passkey="get"`, "Use a passkey", `name="next" value="/security/recovery-codes"`, `name="password"`)
	used := b.shown(device)
	b.post("/prove", "credential", "{}", "next", "/sessions").is(400, "The passkey does not prove who you are", `name="next" value="/sessions"`, `role="alert"`)
	b.post("/prove", "credential", used, "next", "/security/recovery-codes").leads("/security/recovery-codes")
	b.get("/security/recovery-codes").is(200, "You have shown who you are.")
	b.post("/prove", "credential", used, "next", "/").is(400, "The passkey does not prove who you are").silent(used)
	// another's proves nothing about this session's holder
	r.person("developer")
	d := r.browser()
	d.post("/login", "email", "developer@example.com", "password", ownerPassword, "next", "/").leads("/login/kept?next=%2F")
	theirs, _ := d.device("theirs")
	b.post("/prove", "credential", b.shown(theirs), "next", "/").is(400, "The passkey does not prove who you are")
}

func TestPasskeysWithoutAName(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	r.browser().get("/login").is(200).silent("data-passkey", "passkey")
	b.get("/security/passkeys/new").is(200, "this server is reached by an address").silent("data-passkey")
	b.get("/security/passkeys/question").is(409)
	b.post("/security/passkeys", "name", "x", "credential", "{}").is(409, "this server is reached by an address")
	r.browser().get("/login/question").is(409)
	r.browser().post("/login/passkey", "credential", "{}", "next", "/").is(409, "Passkeys need a name browsers can trust")
}
