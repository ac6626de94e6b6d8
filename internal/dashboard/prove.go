package dashboard

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/factor"
	"github.com/lockage/lockage/internal/fault"
)

// provePage asks again who somebody is.
type provePage struct {
	Next          string
	Password      bool   // they have one, and it helps
	Authenticator bool   // they have one
	Recovery      bool   // they have codes left
	Provider      string // the way to log in at the login provider anew; "": they do not log in there
	Passkey       *passkeyForm
	Lacks         bool // it is not for something they do: the account demands a second factor
	Wrong         string
	Fields        wrongs
}

// asks says whether there is a form to write into.
func (p provePage) asks() bool { return p.Password || p.code() }

// code says whether a code is asked for. Nobody is led to use up a recovery code where a password does.
func (p provePage) code() bool { return p.Authenticator || p.Recovery && !p.Password }

func (d *Dashboard) prove(ctx context.Context, v *visit) (answer, error) {
	return d.proveAnswer(ctx, v, provePage{Next: localPath(v.r.URL.Query().Get("next"))})
}

// proveAnswer asks for what the person has. Where the account demands a second factor a password alone would not help.
func (d *Dashboard) proveAnswer(ctx context.Context, v *visit, p provePage) (answer, error) {
	found, err := d.control.ListFactors(ctx, v.who)
	if err != nil {
		return answer{}, err
	}
	has := func(kind factor.Kind) bool {
		return slices.ContainsFunc(found.List, func(f control.Factor) bool { return f.Kind == kind })
	}
	p.Lacks = v.who.Lacks == access.LacksFactor && len(found.List) > 0
	p.Password, p.Authenticator, p.Recovery = found.Password && !p.Lacks, has(factor.TOTP), found.RecoveryCodes > 0
	if text := p.Fields["password"]; text != "" && !p.Password { // nothing was shown
		p.Wrong = "Show one of these."
	}
	a := answer{title: "Is it you?"}
	if has(factor.Passkey) {
		if p.Passkey = d.shows("/prove", p.Next, "Use a passkey"); p.Passkey != nil {
			p.Passkey.Main = !p.asks()
			a.script = d.passkey
		}
	}
	if v.who.Provider {
		p.Provider = "/oidc/login?next=" + url.QueryEscape(p.Next)
	}
	a.body = proveBody(p)
	return a, nil
}

// proveAgain takes a fresh proof of who somebody is, for what wants one.
func (d *Dashboard) proveAgain(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("password", "code", "credential", "next")
	if err != nil {
		return answer{}, err
	}
	next := localPath(sent["next"])
	_, err = d.control.Prove(ctx, v.who, sent["password"], control.Proof{Code: sent["code"], Passkey: sent["credential"]})
	if err == nil {
		return goOn(next, proved), nil
	}
	p := provePage{Next: next}
	e, told := errors.AsType[*fault.Error](err)
	if !told {
		return answer{}, err
	}
	if p.Fields, p.Wrong = wrongsOf(e, "password", "code"); sent["credential"] != "" && p.Wrong == "" {
		p.Fields, p.Wrong = nil, "The passkey does not prove who you are, or its answer came too late. Try again."
	}
	a, err := d.proveAnswer(ctx, v, p)
	a.failure = e
	return a, err
}
