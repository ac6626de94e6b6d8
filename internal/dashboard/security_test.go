package dashboard_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
)

var (
	pendingForm = regexp.MustCompile(`action="/security/authenticators/([0-9a-f-]{36})"`)
	removalLink = regexp.MustCompile(`href="/security/factors/([0-9a-f-]{36})/remove"`)
	shownOnce   = regexp.MustCompile(`<code data-once-line>(.*?)</code>`)
	markup      = regexp.MustCompile(`<[^>]*>|\s`)
)

// found is what a pattern finds in a page, without markup and spaces.
func (p page) found(pattern *regexp.Regexp) (all []string) {
	p.t.Helper()
	for _, m := range pattern.FindAllStringSubmatch(p.body, -1) {
		all = append(all, markup.ReplaceAllString(m[1], ""))
	}
	if len(all) == 0 {
		p.t.Fatalf("%s: the page has no %s:\n%s", p.what, pattern, p.body)
	}
	return all
}

func TestSecurityPageOfWhoHasAPasswordOnly(t *testing.T) {
	r := newRig(t)
	r.browser().get("/security").leads("/login?next=%2Fsecurity")
	b := r.loggedIn()
	b.get("/").is(200, `href="/security"`)
	b.get("/sessions").is(200, `href="/security"`)
	b.get("/security").is(200, `aria-current="page">Security`, `href="/password"`, "You have no second factor", `href="/security/authenticators/new"`,
		"this server is reached by an address", "--public-url").silent("Recovery codes", "Your organisation", "Remove", `href="/security/passkeys/new"`)
	b.post("/security/recovery-codes").is(409, "You have no second factor; set one up, which makes recovery codes too.")
}

func TestSettingUpAnAuthenticator(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	b.get("/security/authenticators/new").is(200, `name="name"`, `aria-describedby="name-hint"`)
	for name, says := range map[string]string{
		"": "Must have 1 to 64 characters.", strings.Repeat("é", 65): "Must have 1 to 64 characters.", "a\nb": "Must be printable",
	} {
		b.post("/security/authenticators", "name", name).is(400, says, `aria-describedby="name-error name-hint"`)
	}
	made := b.post("/security/authenticators", "name", " my phone ").is(200, `<svg class="qr"`, `aria-label="The key, as a QR code"`, `autocomplete="one-time-code"`)
	if made.header.Get("Cache-Control") != "no-store" || made.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("got headers %v, want a page that is kept nowhere", made.header)
	}
	id, key := made.found(pendingForm)[0], made.found(shownOnce)[0]
	if strings.Contains(made.body, "otpauth:") || strings.Contains(made.body, key) { // the groups are apart: it stands in no attribute either
		t.Errorf("the key stands in the page more than once:\n%s", made.body)
	}
	b.get("/security").is(200).silent("my phone")
	const wrong = "zebra" // which no clock shows
	b.post("/security/authenticators/"+id, "code", wrong).is(400, "Is not the one the authenticator shows now", `aria-describedby="code-error code-hint"`,
		`action="/security/authenticators/`+id+`"`, `href="/security/authenticators/new"`).silent(wrong, key, "<svg class=\"qr\"")
	b.get("/security/authenticators/"+id).is(200, `action="/security/authenticators/`+id+`"`).silent(key)

	done := b.post("/security/authenticators/"+id, "code", r.codeOf(key)).is(200, "The authenticator is set up.", "They are shown this once", `data-once-save="lockage-recovery-codes.txt"`)
	codes := done.found(shownOnce)
	if len(codes) != 10 || done.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d codes and headers %v, want 10 that are kept nowhere", len(codes), done.header)
	}
	b.get("/security").is(200, "<bdi>my phone</bdi>", "10 left", "last used <time", `aria-label="Authenticators"`).silent("You have no second factor", codes[0])
	b.post("/security/authenticators/"+id, "code", r.codeOf(key)).is(409, "This second factor is set up already.")
	b.post("/security/authenticators", "name", "my phone").is(400, "Is the name of another second factor of yours; choose another.", `value="my phone"`)
	// a second one comes without codes: they have some
	second := b.post("/security/authenticators", "name", "tablet")
	secondID, secondKey := second.found(pendingForm)[0], second.found(shownOnce)[0]
	b.post("/security/authenticators/"+secondID, "code", r.codeOf(secondKey)).leads("/security")
	b.get("/security").is(200, "The authenticator is set up. Logging in asks for a code of it from now on.", "tablet")

	b.get("/security/recovery-codes").is(200, "are void from then on")
	renewed := b.post("/security/recovery-codes").is(200, "These are in place of the ones you had.").found(shownOnce)
	r.clock.forward(time.Minute)
	r.browser().refusedWith(codes[1])
	r.loggedInWith(renewed[0])
	b.get("/security").is(200, "9 left")
	for _, s := range append(append([]string{key, secondKey}, codes...), renewed...) {
		if strings.Contains(r.log.text(), s) {
			t.Error("the log repeats a key or a code")
		}
	}
}

// refusedWith shows the owner's password and a code that is refused.
func (b *browser) refusedWith(code string) {
	b.r.t.Helper()
	b.post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/").leads("/login/second?next=%2F")
	b.post("/login/second", "code", code, "next", "/").is(401).silent(code)
	b.r.clock.forward(time.Minute)
}

func TestRemovingAFactor(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	_, recovery := r.authenticator()
	id := b.get("/security").found(removalLink)[0]
	remove := "/security/factors/" + id + "/remove"
	b.get(remove).is(200, "Remove <bdi>phone</bdi>?", "It is your last second factor. Your recovery codes go with it", `href="/security"`)
	b.post(remove, "zebra", "1").is(400)
	b.post(remove).leads("/security")
	b.get("/security").is(200, "It is removed.", "You have no second factor").silent("<bdi>phone</bdi>")
	b.get(remove).is(404, "No such second factor.")
	b.post(remove).is(404, "No such second factor.")
	r.clock.forward(time.Minute)
	r.browser().post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/").leads("/login/kept?next=%2F")

	r.authenticator()
	must(t, r.demand(b))
	id = b.get("/security").is(200, "Accounts of yours that demand a second factor: ", "<bdi>default</bdi>").found(removalLink)[0]
	b.get("/security/factors/"+id+"/remove").is(200, "this account demands one").silent("your password alone logs you in", recovery[0])
}

// demand has the account demand a second factor.
func (r *rig) demand(b *browser) error {
	r.t.Helper()
	who, err := r.control.AuthenticateCookie(r.t.Context(), b.cookie(), access.Request{})
	must(r.t, err)
	_, err = r.control.UpdateAccount(r.t.Context(), who, control.AccountFields{SecondFactor: new(true)})
	return err
}

// A change of what proves who somebody is wants a fresh proof. It is asked for before anything is filled in, and where it
// went stale meanwhile what was typed is there again afterwards.
func TestFreshProofs(t *testing.T) {
	r := newRig(t, func(c *control.Config) { c.PublicURL = "https://lockage.example" })
	b := r.loggedIn()
	r.authenticator()
	id := b.get("/security").found(removalLink)[0]
	r.clock.forward(11 * time.Minute)
	b.get("/security").is(200, "<bdi>phone</bdi>")
	for _, path := range []string{"/security/authenticators/new", "/security/passkeys/new", "/security/factors/" + id + "/remove", "/security/recovery-codes", "/security/authenticators/" + id} {
		b.get(path).leads("/prove?next=" + strings.ReplaceAll(path, "/", "%2F"))
	}
	for path, test := range map[string]struct{ fields, back string }{
		"/security/authenticators":            {"name", "%2Fsecurity%2Fauthenticators%2Fnew%3Fname%3Dmy%2Bphone"},
		"/security/passkeys":                  {"name", "%2Fsecurity%2Fpasskeys%2Fnew%3Fname%3Dmy%2Bphone"},
		"/security/factors/" + id + "/remove": {"", "%2Fsecurity%2Ffactors%2F" + id + "%2Fremove"},
		"/security/recovery-codes":            {"", "%2Fsecurity%2Frecovery-codes"},
		"/security/authenticators/" + id:      {"code", "%2Fsecurity%2Fauthenticators%2F" + id},
	} {
		fields := []string{}
		if test.fields != "" {
			fields = []string{test.fields, "my phone"}
		}
		b.post(path, fields...).leads("/prove?next=" + test.back)
	}
	back := "/security/authenticators/new?name=my+phone"
	b.get("/prove?next=%2Fsecurity%2Fauthenticators%2Fnew%3Fname%3Dmy%2Bphone").is(200, "wants a fresh proof", `name="next" value="`+back+`"`, `name="password"`, "Or a code",
		"The six digits that your authenticator shows, or a recovery code.").silent("data-passkey")
	b.post("/prove", "password", ownerPassword, "code", "", "next", back).leads(back)
	b.get(back).is(200, "You have shown who you are.", `value="my phone"`)
	b.post("/security/authenticators", "name", "my phone").is(200, `<svg class="qr"`)
}

// Who lacks what the account demands is told on the first page where to go, and goes on once they have.
func TestSettingUpWhatAnAccountDemands(t *testing.T) {
	r := newRig(t)
	b, other := r.loggedIn(), r.loggedIn()
	must(t, r.demand(b))
	for path, says := range map[string]string{"/": `href="/security">Set one up</a>`, "/security": "Add a passkey or an authenticator to go on."} {
		b.get(path).is(200, "This account demands a second factor", says).silent("production", "lockage second-factors", "You have no second factor")
	}
	made := b.post("/security/authenticators", "name", "phone")
	id, key := made.found(pendingForm)[0], made.found(shownOnce)[0]
	codes := b.post("/security/authenticators/"+id, "code", r.codeOf(key)).is(200).found(shownOnce)
	b.get("/").is(200, "production").silent("demands")

	// a session that began before there was one shows it
	other.get("/").is(200, "This account demands a second factor", `href="/prove?next=/">Show yours</a>`).silent("production")
	other.get("/prove?next=/").is(200, "Show one of yours", `name="code"`).silent(`name="password"`)
	other.post("/prove", "code", "", "next", "/").is(400, "Show one of these.")
	other.post("/prove", "code", codes[1], "next", "/").leads("/")
	other.get("/").is(200, "production").silent("demands")
}
