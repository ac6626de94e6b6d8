package dashboard

import (
	"context"
	"errors"
	"slices"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/factor"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// secondPage asks who showed their password for a second factor.
type secondPage struct {
	Next          string
	Authenticator bool // they have one
	Recovery      bool // they have codes left
	Passkey       *passkeyForm
	Wrong         string // what was wrong with the one they showed
}

// codeHint says what the code is that is asked for.
func codeHint(authenticator, recovery bool) string {
	switch {
	case !authenticator:
		return "One of your recovery codes. It works once."
	case !recovery:
		return "The six digits that your authenticator shows."
	default:
		return "The six digits that your authenticator shows, or a recovery code."
	}
}

// secondAnswer asks for one of the second factors that the person has.
func (d *Dashboard) secondAnswer(next, wrong string, kinds []string) answer {
	p := secondPage{
		Next: next, Wrong: wrong,
		Authenticator: slices.Contains(kinds, string(factor.TOTP)), Recovery: slices.Contains(kinds, string(factor.Recovery)),
	}
	a := answer{title: "Second factor"}
	if slices.Contains(kinds, string(factor.Passkey)) {
		if p.Passkey = d.shows("/login/second", next, "Use a passkey"); p.Passkey != nil {
			p.Passkey.Main = !p.Authenticator
			a.script = d.passkey
		}
	}
	a.body = secondBody(p)
	return a
}

func (d *Dashboard) second(_ context.Context, v *visit) (answer, error) {
	next := localPath(v.r.URL.Query().Get("next"))
	held, kinds := begunOf(v.r)
	if held == "" {
		return goOn("/login", tooLong), nil
	}
	return d.secondAnswer(next, "", kinds), nil
}

// showSecond finishes a login that began with a password. Where the factor is wrong it can be shown again for a while; the
// password need not.
func (d *Dashboard) showSecond(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("code", "credential", "next")
	if err != nil {
		return answer{}, err
	}
	next := localPath(sent["next"])
	held, kinds := begunOf(v.r)
	proof := control.Proof{Code: sent["code"], Passkey: sent["credential"]}
	in, err := d.control.FinishLogin(ctx, held, control.LoginRequest{Proof: proof, Agent: v.r.UserAgent()}, web.Request(ctx))
	var e *fault.Error
	switch {
	case err == nil:
		a := d.began(ctx, v, in, next)
		a.cookies = append(a.cookies, begun(""))
		return a, nil
	case in.Begun != "":
		kinds = factorsAsked(err)
		a, err := refill(err, func(e *fault.Error) answer { return d.secondAnswer(next, sentence(e.Error()), kinds) })
		a.cookies = append(a.cookies, begun(in.Begun, kinds...))
		return a, err
	case errors.As(err, &e) && e.Kind == fault.Unauthenticated:
		a, err := refill(err, func(e *fault.Error) answer {
			return d.loginAnswer(loginPage{Next: next, Wrong: sentence(e.Error())})
		})
		a.cookies = append(a.cookies, begun(""))
		return a, err
	default:
		return refill(err, func(e *fault.Error) answer { return d.secondAnswer(next, sentence(e.Error()), kinds) })
	}
}

// factorsAsked are the second factors that a login was refused for want of.
func factorsAsked(err error) []string {
	var e *fault.Error
	if !errors.As(err, &e) {
		return nil
	}
	return e.Factors
}
