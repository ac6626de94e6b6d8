package dashboard_test

import (
	"context"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/lockage/lockage/internal/control"
)

// onLocalhost is a rig whose pages a browser reaches by a name that it keeps passkeys for.
func onLocalhost(t *testing.T, set ...func(*control.Config)) (r *rig, base string) {
	t.Helper()
	var listening net.ListenConfig
	l, err := listening.Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	base = "http://localhost:" + port
	r = newRig(t, append(set, func(c *control.Config) { c.PublicURL = base })...)
	s := httptest.NewUnstartedServer(r.pages)
	must(t, s.Listener.Close())
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return r, base
}

// device gives a tab a device that keeps passkeys, whose user touches it whenever it asks.
func device(t *testing.T, ctx context.Context) webauthn.AuthenticatorID {
	t.Helper()
	return ask(t, ctx, "add a device", func(ctx context.Context, t *chromedp.Target) (webauthn.AuthenticatorID, error) {
		if _, err := cdp.Call(ctx, t, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
			return "", err
		}
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return "", err
		}
		got, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true,
			IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
		return got.AuthenticatorID, err
	})
}

// verifies says whether the device finds that its user is who they should be.
func verifies(id webauthn.AuthenticatorID, verified bool) step {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: id, IsUserVerified: verified})
		return chromedp.Void{}, err
	}
}

// said waits until the page says why nothing came of a passkey.
func said(text string) step {
	return chromedp.WaitVisible(`//p[@data-passkey-said and contains(., "` + text + `")]`)
}

func TestPasskeysInABrowser(t *testing.T) {
	r, base := onLocalhost(t)
	ctx := tab(t)
	id := device(t, ctx)
	do(t, ctx, "log in", chromedp.Navigate(base+"/security"), logIn(ownerPassword), heading("Security"))
	shoot(t, ctx, "security-none")
	do(t, ctx, "add a passkey", chromedp.Click(`//a[normalize-space()="Add a passkey"]`), heading("Add a passkey"))
	shoot(t, ctx, "passkey-new")
	do(t, ctx, "its user is not verified", verifies(id, false), chromedp.SetValue("#name", "laptop"), press("Make a passkey"), said("Nothing came of it"))
	shoot(t, ctx, "passkey-refused")
	do(t, ctx, "its user is verified", verifies(id, true), press("Make a passkey"), heading("Recovery codes"))
	shoot(t, ctx, "recovery-codes")
	do(t, ctx, "copy them", press("Copy"), chromedp.WaitVisible(`//span[@data-once-said and normalize-space()!=""]`))
	do(t, ctx, "go on", chromedp.Click(`//a[normalize-space()="I have kept them"]`), heading("Security"), chromedp.WaitVisible(`//bdi[.="laptop"]`))
	shoot(t, ctx, "security")
	do(t, ctx, "the device has one already", chromedp.Navigate(base+"/security/passkeys/new"), chromedp.SetValue("#name", "again"), press("Make a passkey"), said("holds a passkey for you here already"))
	do(t, ctx, "a name that is taken", chromedp.SetValue("#name", "laptop"), press("Make a passkey"), chromedp.WaitVisible("#name-error"))

	do(t, ctx, "log out", press("Log out"), heading("Log in"))
	shoot(t, ctx, "login-passkey")
	do(t, ctx, "not who they should be", verifies(id, false), press("Log in with a passkey"), said("Nothing came of it"))
	do(t, ctx, "log in", verifies(id, true), chromedp.Navigate(base+"/sessions"), heading("Log in"), press("Log in with a passkey"), heading("Sessions"), chromedp.WaitVisible(`//p[contains(., "by passkey")]`))

	do(t, ctx, "with a password it is the second factor", press("Log out"), logIn(ownerPassword), heading("Second factor"))
	shoot(t, ctx, "second-passkey")
	do(t, ctx, "show it", press("Use a passkey"), heading("default"))

	do(t, ctx, "prove anew", chromedp.Navigate(base+"/prove?next=%2Fsessions"), heading("Is it you?"))
	shoot(t, ctx, "prove-passkey")
	do(t, ctx, "show it", press("Use a passkey"), heading("Sessions"), chromedp.WaitVisible("#word"))

	do(t, ctx, "log out", press("Log out"), heading("Log in"))
	must(t, r.store.Close())
	do(t, ctx, "what fails at the server is told by the server", press("Log in with a passkey"), heading("Something went wrong here"))
}

// Passkeys are of one name: where the page was opened by another it says so, before anybody tries in vain.
func TestPasskeysAtAnotherNameInABrowser(t *testing.T) {
	_, base := onLocalhost(t)
	ctx := tab(t)
	do(t, ctx, "by its address", chromedp.Navigate(strings.Replace(base, "localhost", "127.0.0.1", 1)+"/login"), heading("Log in"), said("Passkeys work at "+base+" only."))
	if !ask(t, ctx, "the button", chromedp.Evaluate[bool](`document.querySelector("form[data-passkey] button").disabled`)) {
		t.Error("the button of what cannot work can be pressed")
	}
}
