package dashboard

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/dashboard/part/qr"
	"github.com/lockage/lockage/internal/factor"
	"github.com/lockage/lockage/internal/fault"
)

// authenticatorPage asks what an authenticator is to be called.
type authenticatorPage struct {
	Name   string
	Wrong  string
	Fields wrongs
}

// confirmPage asks for a code of an authenticator that got its key.
type confirmPage struct {
	ID     string
	Key    []string // in groups, as it is typed; nil: it was shown before, and is not again
	Code   qr.Code
	Wrong  string
	Fields wrongs
}

// codesPage shows recovery codes, this once.
type codesPage struct {
	Done  string // what was done
	Codes []string
}

func (d *Dashboard) newAuthenticator(_ context.Context, v *visit) (answer, error) {
	if err := d.control.ProvedLately(v.who); err != nil {
		return answer{}, err
	}
	return authenticatorAnswer(authenticatorPage{Name: v.r.URL.Query().Get("name")}), nil
}

func authenticatorAnswer(p authenticatorPage) answer {
	return answer{title: "Add an authenticator", body: authenticatorBody(p)}
}

// addAuthenticator makes a key and shows it. It stands in this answer alone: no other address has it, and a look back at the
// page asks for another.
func (d *Dashboard) addAuthenticator(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("name")
	if err != nil {
		return answer{}, err
	}
	name := strings.TrimSpace(sent["name"])
	v.again = "/security/authenticators/new?name=" + url.QueryEscape(name)
	made, err := d.control.AddTOTP(ctx, v.who, name)
	if err != nil {
		return refill(err, func(e *fault.Error) answer {
			p := authenticatorPage{Name: name}
			p.Fields, p.Wrong = wrongsOf(e, "name")
			return authenticatorAnswer(p)
		})
	}
	p := confirmPage{ID: made.ID}
	for group := range slices.Chunk([]byte(made.Key), 4) {
		p.Key = append(p.Key, string(group))
	}
	if p.Code, err = qr.Make(made.URL); err != nil {
		return answer{}, err
	}
	return d.confirmAnswer(p), nil
}

func (d *Dashboard) confirmAnswer(p confirmPage) answer {
	return answer{title: "Add an authenticator", script: d.once, body: confirmBody(p)}
}

// confirmAuthenticator is for who reloads the page that showed the key, or comes back to it.
func (d *Dashboard) authenticator(_ context.Context, v *visit) (answer, error) {
	if err := d.control.ProvedLately(v.who); err != nil {
		return answer{}, err
	}
	return d.confirmAnswer(confirmPage{ID: v.r.PathValue("id")}), nil
}

func (d *Dashboard) confirmAuthenticator(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("code")
	if err != nil {
		return answer{}, err
	}
	id := v.r.PathValue("id")
	v.again = "/security/authenticators/" + id
	codes, err := d.control.ConfirmTOTP(ctx, v.who, id, sent["code"])
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Limited) {
		return refill(err, func(e *fault.Error) answer {
			p := confirmPage{ID: id}
			p.Fields, p.Wrong = wrongsOf(e, "code")
			return d.confirmAnswer(p)
		})
	}
	if err != nil {
		return answer{}, err
	}
	return d.added(authenticatorAdded, codes), nil
}

// added tells that a second factor is set up; where it is the first, on the page with the recovery codes.
func (d *Dashboard) added(word flash, codes []string) answer {
	if len(codes) == 0 {
		return goOn("/security", word)
	}
	return d.codesAnswer(codesPage{Done: word.text(), Codes: codes})
}

func (d *Dashboard) codesAnswer(p codesPage) answer {
	return answer{title: "Recovery codes", script: d.once, body: codesBody(p)}
}

// removePage asks whether a second factor is to be removed.
type removePage struct {
	Factor   factorRow
	Passkey  bool
	Last     bool // the recovery codes go with it
	Demanded bool // the account the person acts in demands one
}

func (d *Dashboard) askRemoval(ctx context.Context, v *visit) (answer, error) {
	if err := d.control.ProvedLately(v.who); err != nil {
		return answer{}, err
	}
	found, err := d.control.ListFactors(ctx, v.who)
	if err != nil {
		return answer{}, err
	}
	i := slices.IndexFunc(found.List, func(f control.Factor) bool { return f.ID == v.r.PathValue("id") })
	if i < 0 {
		return answer{}, fault.New(fault.NotFound, "no such second factor")
	}
	p := removePage{Factor: rowOf(found.List[i]), Passkey: found.List[i].Kind == factor.Passkey, Last: len(found.List) == 1, Demanded: found.Required}
	return answer{title: "Remove", body: removeBody(p)}, nil
}

func (d *Dashboard) removeFactor(ctx context.Context, v *visit) (answer, error) {
	if _, err := v.form(); err != nil {
		return answer{}, err
	}
	v.again = "/security/factors/" + v.r.PathValue("id") + "/remove"
	if err := d.control.RemoveFactor(ctx, v.who, v.r.PathValue("id")); err != nil {
		return answer{}, err
	}
	return goOn("/security", factorRemoved), nil
}

func (d *Dashboard) askCodes(_ context.Context, v *visit) (answer, error) {
	if err := d.control.ProvedLately(v.who); err != nil {
		return answer{}, err
	}
	return answer{title: "Recovery codes", body: askCodesBody()}, nil
}

func (d *Dashboard) renewCodes(ctx context.Context, v *visit) (answer, error) {
	if _, err := v.form(); err != nil {
		return answer{}, err
	}
	codes, err := d.control.RenewRecoveryCodes(ctx, v.who)
	if err != nil {
		return answer{}, err
	}
	return d.codesAnswer(codesPage{Done: "These are in place of the ones you had.", Codes: codes}), nil
}
