// Package dashboard is the pages: what a person sees in a browser of the same operations that the API has. Everything is
// a link or a form and works without script. A page names the action it decides in one table, calls control in process,
// and holds no rule. It promises that a page is complete or not sent, that nothing runs or is drawn which is not ours
// (a strict content policy, without inline script or style), that no form of another site is taken, and that what a
// browser keeps of a session is of no use to a script, to another site, or anywhere but here.
package dashboard

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// Config is what the pages are made of.
type Config struct {
	Control   *control.Control // required
	Logger    *slog.Logger     // required: receives one event per request
	Now       func() time.Time // nil: the real clock
	Proxies   web.Proxies      // whose word on where a request comes from is taken; none: nobody's
	PublicURL string           // where browsers reach this server: with https they are taken to have come by TLS
}

// bodyLimit is more than any form of ours holds.
const bodyLimit = 64 << 10

// policy lets a page load what is ours, and send forms and questions to us; nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Dashboard holds what the pages use.
type Dashboard struct {
	control  *control.Control
	now      func() time.Time
	secure   bool // browsers come by TLS, even where this server does not see it
	mux      *http.ServeMux
	sheet    string // path of the style sheet
	fragment string // paths of the modules: the one that reads the fragment of the address,
	passkey  string // the one that asks browsers for passkeys,
	once     string // and the one that helps to keep what is shown once
	origin   string // what browsers know this server by; "": wherever they found it
	pages    []Page
	problems []error // of the table of pages
	handler  http.Handler
}

// New makes the pages. It fails when a required part of the configuration is missing, and when a page does not name what
// it decides.
func New(c Config) (*Dashboard, error) {
	if c.Control == nil {
		return nil, errors.New("dashboard: a control is needed")
	}
	d := &Dashboard{control: c.Control, now: c.Now, secure: strings.HasPrefix(c.PublicURL, "https://"), origin: originOf(c.PublicURL), mux: http.NewServeMux()}
	if d.now == nil {
		d.now = time.Now
	}
	front, err := web.New(web.Config{Logger: c.Logger, Refuse: d.refuse, Now: c.Now, BodyLimit: bodyLimit, Proxies: c.Proxies})
	if err != nil {
		return nil, err
	}
	d.assets()
	d.table()
	if err := errors.Join(d.problems...); err != nil {
		return nil, err
	}
	own := http.NewCrossOriginProtection()
	own.SetDenyHandler(http.HandlerFunc(d.foreign))
	routed := own.Handler(web.Routes(d.mux, d.missing))
	d.handler = front.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		routed.ServeHTTP(w, r)
	}))
	return d, nil
}

// ServeHTTP answers a page, or with a page why there is none.
func (d *Dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.handler.ServeHTTP(w, r) }

// table is everything that is answered here. A page without a session says open, and is then what the audit log calls it.
func (d *Dashboard) table() {
	d.open(Page{"GET", "/login", access.SessionLogin, ""}, d.login)
	d.open(Page{"POST", "/login", access.SessionLogin, "/login"}, d.logIn)
	d.open(Page{"GET", "/login/second", access.SessionLogin, ""}, d.second)
	d.open(Page{"POST", "/login/second", access.SessionLogin, "/login"}, d.showSecond)
	d.open(Page{"POST", "/login/passkey", access.SessionLogin, "/login"}, d.logInWithPasskey)
	d.open(Page{"GET", "/login/question", access.SessionLogin, ""}, d.askPasskey)
	d.open(Page{"GET", "/login/kept", access.SessionLogin, ""}, d.kept)
	d.open(Page{"GET", "/oidc/login", access.SessionLogin, ""}, d.toProvider)
	d.open(Page{"GET", "/oidc/callback", access.SessionLogin, ""}, d.fromProvider)
	d.open(Page{"GET", "/forgot", access.PasswordResetRequest, ""}, d.forgot)
	d.open(Page{"POST", "/forgot", access.PasswordResetRequest, "/forgot"}, d.askReset)
	d.open(Page{"GET", "/reset", access.PasswordReset, ""}, d.reset)
	d.open(Page{"POST", "/reset", access.PasswordReset, "/reset"}, d.useReset)
	d.open(Page{"GET", "/invitations", access.MemberJoin, ""}, d.invitation)
	d.open(Page{"POST", "/invitations", access.MemberJoin, "/invitations"}, d.acceptInvitation)
	d.open(Page{"GET", "/signup", access.AccountRequest, ""}, d.signup)
	d.open(Page{"POST", "/signup", access.AccountRequest, "/signup"}, d.askAccount)
	d.open(Page{"GET", "/signup/confirm", access.AccountCreate, ""}, d.opening)
	d.open(Page{"POST", "/signup/confirm", access.AccountCreate, "/signup/confirm"}, d.confirmAccount)
	d.open(Page{"POST", "/logout", access.SessionLogout, ""}, d.logOut)

	d.page(Page{"GET", "/{$}", access.SessionSwitch, ""}, d.home)
	d.page(Page{"GET", "/accounts", access.SessionSwitch, ""}, d.accounts)
	d.page(Page{"POST", "/accounts", access.SessionSwitch, "/accounts"}, d.switchAccount)
	d.page(Page{"GET", "/password", access.PasswordChange, ""}, d.password)
	d.page(Page{"POST", "/password", access.PasswordChange, "/password"}, d.changePassword)
	d.page(Page{"GET", "/prove", access.SessionProve, ""}, d.prove)
	d.page(Page{"POST", "/prove", access.SessionProve, "/prove"}, d.proveAgain)
	d.page(Page{"GET", "/command-line", access.SessionLend, ""}, d.commandLine)
	d.page(Page{"POST", "/command-line", access.SessionLend, "/"}, d.lend)
	d.page(Page{"GET", "/security", access.FactorList, ""}, d.security)
	d.page(Page{"GET", "/security/authenticators/new", access.FactorCreate, ""}, d.newAuthenticator)
	d.page(Page{"POST", "/security/authenticators", access.FactorCreate, "/security/authenticators/new"}, d.addAuthenticator)
	d.page(Page{"GET", "/security/authenticators/{id}", access.FactorConfirm, ""}, d.authenticator)
	d.page(Page{"POST", "/security/authenticators/{id}", access.FactorConfirm, "/security"}, d.confirmAuthenticator)
	d.page(Page{"GET", "/security/passkeys/new", access.FactorCreate, ""}, d.newPasskey)
	d.page(Page{"GET", "/security/passkeys/question", access.FactorCreate, "/security/passkeys/new"}, d.askNewPasskey)
	d.page(Page{"POST", "/security/passkeys", access.FactorCreate, "/security/passkeys/new"}, d.addPasskey)
	d.page(Page{"GET", "/security/factors/{id}/remove", access.FactorDelete, ""}, d.askRemoval)
	d.page(Page{"POST", "/security/factors/{id}/remove", access.FactorDelete, "/security"}, d.removeFactor)
	d.page(Page{"GET", "/security/recovery-codes", access.RecoveryCodesRenew, ""}, d.askCodes)
	d.page(Page{"POST", "/security/recovery-codes", access.RecoveryCodesRenew, "/security/recovery-codes"}, d.renewCodes)
	d.page(Page{"GET", "/security/provider", access.ProviderRead, ""}, d.providerLink)
	d.page(Page{"GET", "/security/provider/begin", access.ProviderLink, "/security/provider"}, d.beginLink)
	d.page(Page{"GET", "/security/provider/callback", access.ProviderLink, "/security/provider"}, d.endLink)
	d.page(Page{"POST", "/security/provider/unlink", access.ProviderUnlink, "/security/provider"}, d.unlinkProvider)
	d.page(Page{"GET", "/sessions", access.SessionList, ""}, d.sessions)
	d.page(Page{"POST", "/sessions/{id}/end", access.SessionEnd, "/sessions"}, d.endSession)
	d.page(Page{"POST", "/sessions/end-others", access.SessionEnd, "/sessions"}, d.endOtherSessions)
}

// Pages are the lines of the table, for who wants to call them all.
func (d *Dashboard) Pages() []Page { return d.pages }

// foreign refuses a form that another site had the browser send.
func (d *Dashboard) foreign(w http.ResponseWriter, r *http.Request) {
	d.refuse(w, r, fault.New(fault.Forbidden, "this form was sent by another site, so nothing was done; open the page here and send it again"))
}

// missing says of a page that is not there that it is not there.
func (d *Dashboard) missing(w http.ResponseWriter, r *http.Request, err error) {
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "there is no such page")
	}
	d.refuse(w, r, err)
}
