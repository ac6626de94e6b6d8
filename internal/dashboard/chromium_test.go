package dashboard_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/lockage/lockage/internal/testkit"
)

// browserLimit ends a test whose page never shows what it waits for. It is no measure of anything.
const browserLimit = 2 * time.Minute

// chromium is the one browser of the package's tests; each test has a profile of its own in it.
var chromium struct {
	once   sync.Once
	ctx    context.Context
	err    error
	cancel []context.CancelFunc
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, cancel := range chromium.cancel {
		cancel()
	}
	os.Exit(code)
}

// tab opens a tab of a fresh profile. The test is skipped where there is no chromium; see testkit.Require.
func tab(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		testkit.Require(t, "chromium", "no chromium on the path; install it (Debian: apt-get install chromium)")
	}
	chromium.once.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path), chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(browserLimit))
		ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
		chromium.cancel = append(chromium.cancel, cancel)
		chromium.ctx, cancel = chromedp.NewContext(ctx)
		chromium.cancel = append([]context.CancelFunc{cancel}, chromium.cancel...)
		chromium.err = chromedp.Do(chromium.ctx)
	})
	if chromium.err != nil {
		t.Fatalf("start chromium: %v", chromium.err)
	}
	ctx, cancel := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, browserLimit)
	t.Cleanup(cancel)
	return ctx
}

// served is the pages in clear on this machine, as a first start has them.
func (r *rig) served() string {
	s := httptest.NewServer(r.pages)
	r.t.Cleanup(s.Close)
	return s.URL
}

// step is something that is done in a browser.
type step = chromedp.Action[chromedp.Void]

func do(t *testing.T, ctx context.Context, what string, steps ...step) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		failed(t, ctx, what, err)
	}
}

// ask is do for what has an answer.
func ask[T any](t *testing.T, ctx context.Context, what string, a chromedp.Action[T]) T {
	t.Helper()
	got, err := chromedp.Run(ctx, a)
	if err != nil {
		failed(t, ctx, what, err)
	}
	return got
}

func failed(t *testing.T, ctx context.Context, what string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.OuterHTML("html")) // to be told with the failure, if it can be had
	t.Fatalf("%s: %v\n%s", what, err, text)
}

// heading waits until a page has this heading.
func heading(text string) step {
	return chromedp.WaitVisible(`//h1[normalize-space()="` + text + `"]`)
}

// logIn fills in the login's form and sends it.
func logIn(password string) step {
	return chromedp.Steps(
		heading("Log in"),
		chromedp.SetValue("#email", ownerEmail),
		chromedp.SetValue("#password", password),
		press("Log in"),
	)
}

// press clicks the button whose text begins with this.
func press(text string) step {
	return chromedp.Click(`//button[starts-with(normalize-space(), "` + text + `")]`)
}

func TestInABrowser(t *testing.T) {
	r := newRig(t)
	base := r.served()
	ctx := tab(t)
	do(t, ctx, "asked for a login", chromedp.Navigate(base+"/sessions"), heading("Log in"))
	shoot(t, ctx, "login")

	do(t, ctx, "a wrong password", logIn("zebra zebra zebra"), chromedp.WaitVisible("#wrong"))
	described := ask(t, ctx, "what the field is tied to", chromedp.AttributeValue("#password", "aria-describedby")).Value
	email, password := ask(t, ctx, "the address", chromedp.Value("#email")), ask(t, ctx, "the password", chromedp.Value("#password"))
	if described != "wrong" || email != ownerEmail || password != "" {
		t.Errorf("got a form described by %q with %q and %q, want the address alone, and what was wrong tied to it", described, email, password)
	}
	shoot(t, ctx, "login-wrong")

	other := r.loggedIn()
	do(t, ctx, "a login leads where it was asked for", logIn(ownerPassword), heading("Sessions"))
	cookies := ask(t, ctx, "the cookies", func(ctx context.Context, t *chromedp.Target) ([]*network.Cookie, error) {
		got, err := cdp.Call(ctx, t, network.GetCookies, network.GetCookiesParams{})
		return got.Cookies, err
	})
	session := ""
	for _, c := range cookies {
		if c.Name == sessionCookie && c.HTTPOnly && c.Secure && c.SameSite == network.CookieSameSiteLax {
			session = c.Value
		}
	}
	if session == "" {
		t.Fatalf("got cookies %+v, want the session's", cookies)
	}
	if seen := ask(t, ctx, "what a script sees", chromedp.Evaluate[string]("document.cookie")); strings.Contains(seen, "lockage") {
		t.Errorf("a script sees %q", seen)
	}
	shoot(t, ctx, "sessions")
	do(t, ctx, "end another session", press("End the session"), chromedp.WaitVisible("#word"))
	other.get("/").leads("/login?next=%2F")

	do(t, ctx, "home", chromedp.Navigate(base+"/"), heading("default"))
	shoot(t, ctx, "home")
	do(t, ctx, "log out", press("Log out"), heading("Log in"), chromedp.WaitVisible("#word"))
	do(t, ctx, "back shows nothing of before", chromedp.NavigateBack(), heading("Log in"))
	if at := ask(t, ctx, "where back leads", chromedp.Location()); at != base+"/login?next=%2F" {
		t.Errorf("back leads to %s, want the login", at)
	}
	do(t, ctx, "the cookie of before is worth nothing", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{
			Name: sessionCookie, Value: session, URL: base, Path: "/", Secure: new(true), HTTPOnly: new(true),
		})
		return chromedp.Void{}, err
	}, chromedp.Navigate(base+"/"), heading("Log in"))
}

// A form on a page of another site, sent with the person's browser, does nothing.
func TestAnotherSiteInABrowser(t *testing.T) {
	r := newRig(t)
	base := r.served()
	ctx := tab(t)
	other := r.loggedIn()
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<h1>Win</h1><form method="post" action="` + base + `/sessions/end-others"><button>Win now</button></form>`))
	}))
	t.Cleanup(evil.Close)
	// another name for this machine is another site
	at := strings.Replace(evil.URL, "127.0.0.1", "localhost", 1)
	do(t, ctx, "log in, and be led astray", chromedp.Navigate(base+"/"), logIn(ownerPassword), heading("default"),
		chromedp.Navigate(at), heading("Win"), press("Win now"), heading("This is not yours to do"))
	other.get("/").is(200)
}

// A browser goes on to the command line by itself, which the policy on forms would keep a redirect from.
func TestACommandLineInABrowser(t *testing.T) {
	r := newRig(t)
	base := r.served()
	ctx := tab(t)
	came := make(chan string, 1)
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/lockage" {
			came <- r.Header.Get("Referer") + " " + r.URL.Query().Get("state")
		}
		_, _ = w.Write([]byte("<h1>Thank you</h1>"))
	}))
	t.Cleanup(program.Close)
	page, _ := lending("to", program.Listener.Addr().String())
	do(t, ctx, "log in, and agree", chromedp.Navigate(base+page), logIn(ownerPassword), heading("Let a command line act as you?"))
	shoot(t, ctx, "command-line")
	do(t, ctx, "the browser goes on", press("Let it act as me"), heading("Thank you"))
	if got, want := <-came, " "+strings.Repeat("s", 43); got != want {
		t.Errorf("got %q, want %q: the state, and no word of where from", got, want)
	}
}

// Without script nothing is missing.
func TestWithoutScriptInABrowser(t *testing.T) {
	r := newRig(t)
	base := r.served()
	ctx := tab(t)
	do(t, ctx, "log in and out", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return chromedp.Void{}, err
	}, chromedp.Navigate(base+"/"), logIn(ownerPassword), heading("default"), press("Log out"), heading("Log in"))
}

// A link's secret stands behind its #: script takes it from there into the form, and out of the address.
func TestResetInABrowser(t *testing.T) {
	box := newMailbox()
	r := newRig(t, box.config)
	box.run(t, r)
	base := r.served()
	ctx := tab(t)
	do(t, ctx, "ask for a link", chromedp.Navigate(base+"/forgot"), heading("Forgotten password"), chromedp.SetValue("#email", ownerEmail), press("Mail a link"), heading("Log in"))
	token := tokenOf(t, (<-box.got).Text)
	do(t, ctx, "open it", chromedp.Navigate(base+"/reset#"+token), heading("New password"), chromedp.WaitNotVisible("#token"))
	if at, held := ask(t, ctx, "the address", chromedp.Location()), ask(t, ctx, "the field", chromedp.Value("#token")); at != base+"/reset" || held != token {
		t.Errorf("got the address %s and the field %q, want the code in the field alone", at, held)
	}
	do(t, ctx, "too short a password", chromedp.SetValue("#password", "short"), press("Set the password"), chromedp.WaitVisible("#password-error"), chromedp.WaitNotVisible("#token"))
	shoot(t, ctx, "reset")
	do(t, ctx, "a good one", chromedp.SetValue("#password", newPassword), press("Set the password"), heading("Log in"),
		logIn(newPassword), heading("default"))
}

// shoot keeps a picture of a page in light, dark, and on a telephone, in the folder that LOCKAGE_TEST_PICTURES names.
func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("LOCKAGE_TEST_PICTURES")
	if folder == "" {
		return
	}
	for _, view := range []struct {
		name, scheme string
		width        int64
	}{{"light", "light", 1280}, {"dark", "dark", 1280}, {"phone", "light", 360}} {
		do(t, ctx, "look", scheme(view.scheme), chromedp.EmulateViewport(view.width, 800))
		must(t, os.WriteFile(filepath.Join(folder, name+"-"+view.name+".png"), ask(t, ctx, "picture", chromedp.CaptureScreenshot()), 0o600))
	}
	do(t, ctx, "look as before", scheme(""), chromedp.EmulateViewport(1280, 800))
}

// scheme is what the person likes pages to look like.
func scheme(value string) step {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}},
		})
		return chromedp.Void{}, err
	}
}
