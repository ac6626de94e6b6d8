package dashboard

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// providerCookie holds the secret of a login at the provider that this browser began, and where it leads. It is sent along
// when the provider sends the browser back, which SameSite=Strict would not let it.
const providerCookie = "__Host-lockage-provider"

// providerLogin is that cookie; "" takes it back.
func providerLogin(secret, next string) *http.Cookie {
	c := &http.Cookie{
		Name: providerCookie, Value: secret + "." + base64.RawURLEncoding.EncodeToString([]byte(next)), Path: "/", MaxAge: 600,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if secret == "" {
		c.Value, c.MaxAge = "", -1
	}
	return c
}

// linking stands in place of where a login leads, where it links the provider to somebody who is logged in.
const linking = "link"

// providerLoginOf is what the browser keeps of a login at the provider; nothing where it began none.
func providerLoginOf(r *http.Request) (secret, next string) {
	c, err := r.Cookie(providerCookie)
	if err != nil {
		return "", ""
	}
	held, encoded, _ := strings.Cut(c.Value, ".")
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return "", ""
	}
	return held, string(text)
}

// toProvider sends the browser to the login provider. It is a link and no form: what it begins is worth nothing without the
// cookie, and a form may not lead to another site.
func (d *Dashboard) toProvider(ctx context.Context, v *visit) (answer, error) {
	next := localPath(v.r.URL.Query().Get("next"))
	if !d.keeps(v.r) {
		return d.loginAnswer(loginPage{Next: next, Insecure: true}), nil
	}
	l, err := d.control.BeginProviderLogin(ctx)
	if err != nil {
		return refill(err, func(e *fault.Error) answer { return d.loginAnswer(loginPage{Next: next, Wrong: sentence(e.Error())}) })
	}
	return answer{to: l.URL, cookies: []*http.Cookie{providerLogin(l.Secret, next)}}, nil
}

// fromProvider is where the provider sends the browser back to.
func (d *Dashboard) fromProvider(ctx context.Context, v *visit) (answer, error) {
	secret, next := providerLoginOf(v.r)
	q := v.r.URL.Query()
	if next == linking { // which takes a session, and is another action
		return goOn("/security/provider/callback?"+url.Values{"code": {q.Get("code")}, "state": {q.Get("state")}}.Encode(), ""), nil
	}
	next = localPath(next)
	in, err := d.control.LoginAtProvider(ctx, control.ProviderAnswer{Code: q.Get("code"), State: q.Get("state"), Secret: secret},
		control.LoginRequest{Agent: v.r.UserAgent()}, web.Request(ctx))
	if err != nil {
		a, err := refill(err, func(e *fault.Error) answer { return d.loginAnswer(loginPage{Next: next, Wrong: sentence(e.Error())}) })
		a.cookies = append(a.cookies, providerLogin("", ""))
		return a, err
	}
	a := d.began(ctx, v, in, next)
	a.cookies = append(a.cookies, providerLogin("", ""))
	return a, nil
}
