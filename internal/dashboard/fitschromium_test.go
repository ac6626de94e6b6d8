package dashboard_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/control"
)

// faults looks a page over as a person with weak eyes, a small screen or a keyboard meets it: nothing sticks out to the
// side, text stands out from what is behind it (WCAG 2.2 AA, 1.4.3), fields and what can be pressed have names, ids are
// there once, headings leave out no level, and what is referred to exists.
const faults = `(() => {
  const found = [];
  const seen = (e) => e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && !e.closest(".unseen, .frame-skip");
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) found.push("sticks out by " + wide + " px");

  const rgb = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  for (const e of document.querySelectorAll("body *")) {
    const text = [...e.childNodes].filter((n) => n.nodeType === 3 && n.data.trim()).map((n) => n.data.trim()).join(" ");
    if (!text || !seen(e) || e.closest(":disabled, svg, noscript, script")) continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(rgb(style.color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push("contrast " + ratio.toFixed(2) + ": " + text);
  }

  for (const e of document.querySelectorAll("input:not([type=hidden])")) {
    if (!e.labels.length) found.push("a field without a label: " + e.name);
  }
  for (const e of document.querySelectorAll("a[href], button")) {
    if (!e.textContent.trim()) found.push("something to press without a name");
  }
  for (const e of document.querySelectorAll("a[href], button, input:not([type=hidden])")) {
    const box = e.getBoundingClientRect();
    if (seen(e) && box.height < 24 && !e.closest("p, li")) found.push("too small to press: " + e.textContent); // 2.5.8; in a sentence it may be
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push("two of the id " + id);
  for (const e of document.querySelectorAll("[aria-describedby]")) {
    for (const id of e.getAttribute("aria-describedby").split(" ")) if (!ids.includes(id)) found.push("refers to nothing: " + id);
  }
  const levels = [...document.querySelectorAll("h1, h2, h3")].map((h) => Number(h.localName[1]));
  if (levels.filter((l) => l === 1).length !== 1 || levels.some((l, i) => i && l - levels[i - 1] > 1)) found.push("headings " + levels);
  if (!document.title || document.documentElement.lang !== "en" || !document.querySelector("main")) found.push("no title, language or main part");
  return [...new Set(found)];
})()`

func TestPagesInABrowser(t *testing.T) {
	r, base := onLocalhost(t, func(c *control.Config) { c.OpenSignup, c.Mail = true, newMailbox() })
	long := strings.Repeat("a-name-without-a-space-", 2)
	other := r.loggedIn()
	r.second(long)
	ctx := tab(t)
	to := func(path string) step { return chromedp.Navigate(base + path) }
	look := func(name string, steps ...step) {
		t.Helper()
		do(t, ctx, name, steps...)
		shoot(t, ctx, "all-"+name)
		for _, view := range []struct {
			scheme string
			width  int64
		}{{"light", 360}, {"dark", 768}, {"light", 1440}} {
			do(t, ctx, name, scheme(view.scheme), chromedp.EmulateViewport(view.width, 800))
			if d := cmp.Diff([]string{}, ask(t, ctx, name, chromedp.Evaluate[[]string](faults))); d != "" {
				t.Errorf("%s, %s, %d px (-want +got):\n%s", name, view.scheme, view.width, d)
			}
		}
		do(t, ctx, name, scheme(""), chromedp.EmulateViewport(1280, 800))
	}
	look("login", to("/login"), heading("Log in"))
	look("login-wrong", logIn("zebra zebra zebra"), chromedp.WaitVisible("#wrong"))
	look("forgot", to("/forgot"), heading("Forgotten password"))
	look("reset", to("/reset"), heading("New password"))
	look("invitation", to("/invitations"), heading("Invitation"))
	look("signup", to("/signup"), heading("Open an account"))
	look("signup-confirm", to("/signup/confirm"), heading("Your account"))
	look("missing", to("/nothing"), heading("Nothing is here"))
	look("kept", to("/login/kept"), heading("You are not logged in"))
	look("accounts", to("/security"), logIn(ownerPassword), heading("Accounts"))
	look("security-none", to("/security"), heading("Security"))

	must(t, r.demand(other))
	look("security-lacks", to("/security"), chromedp.WaitVisible("#lacks"))
	look("home-lacks", to("/"), chromedp.WaitVisible("#lacks"))
	look("authenticator-new", to("/security/authenticators/new"), heading("Add an authenticator"))
	look("authenticator-wrong-name", chromedp.SetValue("#name", strings.Repeat("x", 65)), press("Go on"), chromedp.WaitVisible("#name-error"))
	look("authenticator-key", chromedp.SetValue("#name", long), press("Go on"), chromedp.WaitVisible("svg.qr"))
	key := ask(t, ctx, "the key", chromedp.Evaluate[string](`document.querySelector("[data-once-line]").textContent.replace(/\s/g, "")`))
	look("authenticator-wrong", chromedp.SetValue("#code", "no code"), press("Set it up"), chromedp.WaitVisible("#code-error"))
	look("recovery-codes", chromedp.SetValue("#code", r.codeOf(key)), press("Set it up"), heading("Recovery codes"))
	look("security", to("/security"), chromedp.WaitVisible(`//bdi[.="`+long+`"]`))
	look("passkey-new", to("/security/passkeys/new"), heading("Add a passkey"))
	look("recovery-codes-new", to("/security/recovery-codes"), heading("Make new recovery codes"))
	look("remove", to("/security"), chromedp.Click(`//a[starts-with(normalize-space(), "Remove")]`), chromedp.WaitVisible("#last"))
	look("password", to("/password"), heading("Password"))
	look("prove", to("/prove"), heading("Is it you?"))
	look("sessions", to("/sessions"), heading("Sessions"))
	look("home", to("/"), chromedp.WaitVisible("h1"))
	look("signup-again", to("/signup"), heading("Open an account"))
	challenge := strings.Repeat("A", 43)
	look("command-line", to("/command-line?"+url.Values{"to": {"127.0.0.1:5000"}, "state": {challenge}, "challenge": {challenge}}.Encode()), chromedp.WaitVisible("form"))

	look("second", press("Log out"), logIn(ownerPassword), heading("Second factor"))
}
