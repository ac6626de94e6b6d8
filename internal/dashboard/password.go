package dashboard

import (
	"context"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// forgotPage asks where to mail a link to.
type forgotPage struct{ Email, Wrong string }

// resetPage asks for a new password, for who came with a link.
type resetPage struct {
	Token  string
	Wrong  string
	Fields wrongs
}

// passwordPage asks for another password.
type passwordPage struct {
	Wrong  string
	Fields wrongs
}

func (d *Dashboard) forgot(context.Context, *visit) (answer, error) {
	return answer{title: "Forgotten password", body: forgotBody(forgotPage{})}, nil
}

func (d *Dashboard) askReset(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("email")
	if err != nil {
		return answer{}, err
	}
	if err := d.control.RequestReset(ctx, sent["email"], web.Request(ctx)); err != nil {
		return refill(err, func(e *fault.Error) answer {
			return answer{title: "Forgotten password", body: forgotBody(forgotPage{Email: sent["email"], Wrong: sentence(e.Error())})}
		})
	}
	return goOn("/login", resetAsked), nil
}

func (d *Dashboard) reset(context.Context, *visit) (answer, error) {
	return d.resetAnswer(resetPage{}), nil
}

func (d *Dashboard) resetAnswer(p resetPage) answer {
	return answer{title: "New password", script: d.fragment, body: resetBody(p)}
}

func (d *Dashboard) useReset(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("token", "password")
	if err != nil {
		return answer{}, err
	}
	if err := d.control.UseReset(ctx, sent["token"], sent["password"], web.Request(ctx)); err != nil {
		return refill(err, func(e *fault.Error) answer {
			p := resetPage{Token: sent["token"]}
			p.Fields, p.Wrong = wrongsOf(e, "token", "password")
			return d.resetAnswer(p)
		})
	}
	a := goOn("/login", passwordSet)
	a.cookies = append(a.cookies, forget())
	return a, nil
}

func (d *Dashboard) password(context.Context, *visit) (answer, error) {
	return answer{title: "Password", body: passwordBody(passwordPage{})}, nil
}

func (d *Dashboard) changePassword(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("current", "password")
	if err != nil {
		return answer{}, err
	}
	if err := d.control.ChangePassword(ctx, v.who, sent["current"], sent["password"]); err != nil {
		return refill(err, func(e *fault.Error) answer {
			var p passwordPage
			p.Fields, p.Wrong = wrongsOf(e, "current", "password")
			return answer{title: "Password", body: passwordBody(p)}
		})
	}
	return goOn("/sessions", passwordChanged), nil
}

// wrongs are what was wrong with the fields of a form, by their names.
type wrongs map[string]string

// wrongsOf tells what was wrong at the fields of a form; what was wrong elsewhere is a message about all of it.
func wrongsOf(e *fault.Error, names ...string) (fields wrongs, whole string) {
	fields = wrongs{}
	for _, f := range e.Fields {
		for _, name := range names {
			if f.Field == name {
				fields[name] = sentence(f.Message)
			}
		}
	}
	if len(fields) == 0 {
		whole = sentence(e.Error())
	}
	return fields, whole
}
