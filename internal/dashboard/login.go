package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// loginPage asks who somebody is.
type loginPage struct {
	Email    string
	Next     string
	Wrong    string // why they are not logged in
	Insecure bool   // a browser would not keep the cookie
	Provider string // the way to the login provider; "": there is none
	Passkey  *passkeyForm
	SignsUp  bool // accounts are open to all
}

func (d *Dashboard) login(_ context.Context, v *visit) (answer, error) {
	next := localPath(v.r.URL.Query().Get("next"))
	if _, err := d.principal(v.r); err == nil {
		return goOn(next, ""), nil
	} else if !fault.Is(err, fault.Unauthenticated) {
		return answer{}, err
	}
	return d.loginAnswer(loginPage{Next: next, Insecure: !d.keeps(v.r)}), nil
}

func (d *Dashboard) loginAnswer(p loginPage) answer {
	if d.control.HasProvider() {
		p.Provider = "/oidc/login?next=" + url.QueryEscape(p.Next)
	}
	p.SignsUp = d.control.SignsUp()
	a := answer{title: "Log in"}
	if p.Passkey = d.shows("/login/passkey", p.Next, "Log in with a passkey"); p.Passkey != nil && !p.Insecure {
		a.script = d.passkey
	}
	a.body = loginBody(p)
	return a
}

func (d *Dashboard) logIn(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("email", "password", "next")
	if err != nil {
		return answer{}, err
	}
	next := localPath(sent["next"])
	if !d.keeps(v.r) {
		return d.loginAnswer(loginPage{Next: next, Insecure: true}), nil
	}
	in, err := d.control.Login(ctx, control.LoginRequest{Email: sent["email"], Password: sent["password"], Agent: v.r.UserAgent()}, web.Request(ctx))
	if in.Begun != "" {
		a := goOn("/login/second?next="+url.QueryEscape(next), "")
		a.cookies = append(a.cookies, begun(in.Begun, factorsAsked(err)...))
		return a, nil
	}
	if err != nil {
		return refill(err, func(e *fault.Error) answer {
			return d.loginAnswer(loginPage{Email: sent["email"], Next: next, Wrong: sentence(e.Error())})
		})
	}
	return d.began(ctx, v, in, next), nil
}

// began gives the browser the session that began, and ends the one it came with: nobody could end that any more. The way
// on leads over a page that looks whether the browser kept the cookie.
func (d *Dashboard) began(ctx context.Context, v *visit, in control.LoggedIn, next string) answer {
	if old, err := d.principal(v.r); err == nil {
		if err := d.control.Logout(ctx, old); err != nil {
			web.Note(ctx, err)
		}
	}
	if len(in.Accounts) > 1 {
		next = "/accounts?next=" + url.QueryEscape(next)
	}
	a := goOn("/login/kept?next="+url.QueryEscape(next), "")
	a.cookies = append(a.cookies, keep(in.Secret, in.Session.ExpiresAt.Sub(d.now())))
	return a
}

// kept is where a login leads first.
func (d *Dashboard) kept(_ context.Context, v *visit) (answer, error) {
	_, err := d.principal(v.r)
	switch {
	case err == nil:
		return goOn(localPath(v.r.URL.Query().Get("next")), ""), nil
	case fault.Is(err, fault.Unauthenticated):
		return answer{title: "Not logged in", status: http.StatusBadRequest, body: keptBody()}, nil
	default:
		return answer{}, err
	}
}

// logOut ends the session, at once and for good. Who has none is logged out already.
func (d *Dashboard) logOut(ctx context.Context, v *visit) (answer, error) {
	who, err := d.principal(v.r)
	if err == nil {
		err = d.control.Logout(ctx, who)
	}
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		return answer{}, err
	}
	a := goOn("/login", loggedOut)
	a.cookies = append(a.cookies, forget())
	return a, nil
}

// refill answers what is wrong with a form on the form's own page, filled in as it was sent; what is not about the form
// goes on as it is.
func refill(err error, page func(*fault.Error) answer) (answer, error) {
	var e *fault.Error
	if !errors.As(err, &e) {
		return answer{}, err
	}
	a := page(e)
	a.failure = e
	return a, nil
}
