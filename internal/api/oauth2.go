package api

import (
	"context"
	"encoding/json"
	"html/template"
	"net/http"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

func (a *API) setOAuth2Value(ctx context.Context, c *call, in *secretInEnvironment) (wire.SecretEnvironment, error) {
	w, err := a.setOAuth2(ctx, c, in.ID, in.Environment)
	return a.written(ctx, c, in.ID, w, err)
}

func (a *API) adminSetOAuth2(ctx context.Context, c *call, in *adminValue) (wire.AdminDone, error) {
	w, err := a.setOAuth2(ctx, c, in.SecretID, in.EnvironmentName)
	return wire.AdminDone{OK: true, Environment: w.Environment.Name, Warnings: w.Warnings}, err
}

// setOAuth2 is the PUT …/oauth2 of both surfaces.
func (a *API) setOAuth2(ctx context.Context, c *call, ref, env string) (control.SecretWrite, error) {
	b, err := decode[wire.SecretOAuth2](c)
	clear(c.body)
	if err != nil {
		return control.SecretWrite{}, err
	}
	o := secret.OAuth2Config{
		GrantType: secret.GrantType(b.GrantType), ClientID: b.ClientID, ClientSecret: b.ClientSecret, TokenURL: b.TokenURL, AuthURL: b.AuthURL,
		Scopes: b.Scopes, Audience: b.Audience, ClientAuth: b.ClientAuth, ClientCertificate: b.ClientCertificate,
	}
	return a.control.SetOAuth2Value(ctx, c.who, ref, env, o, b.RefreshToken, termed(control.SecretValue{Stage: b.Stage}, b.SecretTerms))
}

func (a *API) authorizeOAuth2(ctx context.Context, c *call, in *secretInEnvironment) (wire.SecretAuthorize, error) {
	to, until, err := a.control.Authorize(ctx, c.who, in.ID, in.Environment)
	return wire.SecretAuthorize{AuthorizationURL: to, ExpiresAt: wire.Time(until), RedirectURI: a.control.RedirectURI()}, err
}

// oauth2Of is what may be told of an OAuth2 value; nil for values of other types.
func oauth2Of(s control.SecretStatus) *wire.OAuth2 {
	var d secret.OAuth2Detail
	if s.Value.Type != secret.OAuth2 || json.Unmarshal([]byte(s.Value.Detail), &d) != nil {
		return nil
	}
	if d.Scopes == nil {
		d.Scopes = []string{}
	}
	return &wire.OAuth2{
		GrantType: string(d.GrantType), TokenURL: d.TokenURL, AuthURL: d.AuthURL, Scopes: d.Scopes, Audience: d.Audience,
		ClientAuth: d.ClientAuth, ClientCertificate: d.ClientCertificate,
		TokenExpiresAt: wire.Time(s.Token.ExpiresAt), ObtainedAt: wire.Time(s.Token.ObtainedAt),
	}
}

var callbackPage = template.Must(template.New("callback").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}} · Lockage</title></head>
<body><main><h1>{{.Title}}</h1><p>{{.Text}}</p></main></body>
</html>
`))

// callback is where a provider sends a browser back to. What the browser carries is not shown; the state is the proof of
// who began.
func (a *API) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	err := a.control.Authorized(r.Context(), q.Get("state"), q.Get("code"), q.Get("error"))
	page := struct{ Title, Text string }{"Authorized", "Lockage has the token. You can close this page."}
	status := http.StatusOK
	if err != nil {
		web.Note(r.Context(), err)
		status, page.Title, page.Text = http.StatusInternalServerError, "Not authorized", "Something went wrong; begin the authorization again."
		switch fault.KindOf(err) {
		case fault.NotFound:
			status, page.Text = http.StatusNotFound, err.Error()
		case fault.Unavailable:
			status, page.Text = http.StatusBadGateway, err.Error()
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = callbackPage.Execute(w, page) // a failure here is the browser's: there is nobody left to tell
}
