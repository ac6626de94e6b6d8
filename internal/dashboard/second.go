package dashboard

import (
	"context"
	"errors"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// secondPage asks who showed their password for a second factor.
type secondPage struct {
	Next  string
	Wrong string // what was wrong with the one they showed
}

func secondAnswer(p secondPage) answer { return answer{title: "Second factor", body: secondBody(p)} }

func (d *Dashboard) second(_ context.Context, v *visit) (answer, error) {
	next := localPath(v.r.URL.Query().Get("next"))
	if _, err := v.r.Cookie(begunCookie); err != nil {
		return goOn("/login", tooLong), nil
	}
	return secondAnswer(secondPage{Next: next}), nil
}

// showSecond finishes a login that began with a password. Where the factor is wrong it can be shown again for a while; the
// password need not.
func (d *Dashboard) showSecond(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("code", "next")
	if err != nil {
		return answer{}, err
	}
	next, held := localPath(sent["next"]), ""
	if c, err := v.r.Cookie(begunCookie); err == nil {
		held = c.Value
	}
	in, err := d.control.FinishLogin(ctx, held, control.LoginRequest{Proof: control.Proof{Code: sent["code"]}, Agent: v.r.UserAgent()}, web.Request(ctx))
	var e *fault.Error
	switch {
	case err == nil:
		a := d.began(ctx, v, in, next)
		a.cookies = append(a.cookies, begun(""))
		return a, nil
	case in.Begun != "":
		a, err := refill(err, func(e *fault.Error) answer {
			return secondAnswer(secondPage{Next: next, Wrong: sentence(e.Error())})
		})
		a.cookies = append(a.cookies, begun(in.Begun))
		return a, err
	case errors.As(err, &e) && e.Kind == fault.Unauthenticated:
		a, err := refill(err, func(e *fault.Error) answer {
			return d.loginAnswer(loginPage{Next: next, Wrong: sentence(e.Error())})
		})
		a.cookies = append(a.cookies, begun(""))
		return a, err
	default:
		return refill(err, func(e *fault.Error) answer {
			return secondAnswer(secondPage{Next: next, Wrong: sentence(e.Error())})
		})
	}
}
