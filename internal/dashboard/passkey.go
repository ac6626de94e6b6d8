package dashboard

import (
	"context"
	"net/url"
	"strings"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// passkeyForm is a form that is sent with what a passkey answered. A script asks for it; without script it is not there.
type passkeyForm struct {
	Action   string
	Question string // where the script asks what a passkey is to answer
	Create   bool   // a new one is made
	Origin   string // where passkeys work; "": wherever the page is
	Next     string
	Text     string // of the button
	Main     bool   // the button is the page's main one
}

// passkeyPage asks for a new passkey.
type passkeyPage struct {
	Form   passkeyForm
	None   bool // browsers keep no passkeys for this server as it is reached
	Name   string
	Wrong  string
	Fields wrongs
}

// shows is a form that has a passkey shown; nil where there can be none.
func (d *Dashboard) shows(action, next, text string) *passkeyForm {
	if !d.control.HasPasskeys() {
		return nil
	}
	return &passkeyForm{Action: action, Question: "/login/question", Origin: d.origin, Next: next, Text: text}
}

// askPasskey answers the question that a passkey shows who somebody is by. It asks nobody in particular.
func (d *Dashboard) askPasskey(context.Context, *visit) (answer, error) {
	q, err := d.control.AskPasskey()
	return answer{data: q.Options}, err
}

func (d *Dashboard) logInWithPasskey(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("credential", "next")
	if err != nil {
		return answer{}, err
	}
	next := localPath(sent["next"])
	if !d.keeps(v.r) {
		return d.loginAnswer(loginPage{Next: next, Insecure: true}), nil
	}
	in, err := d.control.LoginWithPasskey(ctx, []byte(sent["credential"]), control.LoginRequest{Agent: v.r.UserAgent()}, web.Request(ctx))
	if err != nil {
		return refill(err, func(e *fault.Error) answer { return d.loginAnswer(loginPage{Next: next, Wrong: sentence(e.Error())}) })
	}
	a := d.began(ctx, v, in, next)
	a.cookies = append(a.cookies, begun("")) // of a login by password that was not gone on with
	return a, nil
}

func (d *Dashboard) newPasskey(_ context.Context, v *visit) (answer, error) {
	if err := d.control.ProvedLately(v.who); err != nil {
		return answer{}, err
	}
	return d.passkeyAnswer(passkeyPage{Name: v.r.URL.Query().Get("name")}), nil
}

func (d *Dashboard) passkeyAnswer(p passkeyPage) answer {
	p.None = !d.control.HasPasskeys()
	p.Form = passkeyForm{Action: "/security/passkeys", Question: "/security/passkeys/question", Create: true, Origin: d.origin, Text: "Make a passkey", Main: true}
	return answer{title: "Add a passkey", script: d.passkey, body: passkeyBody(p)}
}

// askNewPasskey answers the question that a device makes a passkey for, for this session.
func (d *Dashboard) askNewPasskey(ctx context.Context, v *visit) (answer, error) {
	q, err := d.control.BeginPasskey(ctx, v.who, strings.TrimSpace(v.r.URL.Query().Get("name")))
	return answer{data: q.Options}, err
}

// addPasskey keeps a new passkey. One that was not made, as its question was refused, is asked for again to say why.
func (d *Dashboard) addPasskey(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("name", "credential")
	if err != nil {
		return answer{}, err
	}
	name := strings.TrimSpace(sent["name"])
	v.again = "/security/passkeys/new?name=" + url.QueryEscape(name)
	var codes []string
	if sent["credential"] == "" {
		_, err = d.control.BeginPasskey(ctx, v.who, name)
	}
	if err == nil {
		_, codes, err = d.control.AddPasskey(ctx, v.who, name, []byte(sent["credential"]))
	}
	if err != nil {
		return refill(err, func(e *fault.Error) answer {
			p := passkeyPage{Name: name}
			if p.Fields, p.Wrong = wrongsOf(e, "name"); p.Wrong != "" && fault.Is(e, fault.Invalid) {
				p.Wrong = "The passkey was not added: it was made for another page, or took too long. Try again."
			}
			return d.passkeyAnswer(p)
		})
	}
	return d.added(passkeyAdded, codes), nil
}
