package dashboard

import (
	"context"
	"errors"
	"net/http"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

// providerRow is who somebody is at the login provider.
type providerRow struct {
	Linked  bool
	Email   string // there
	Created moment
	Used    *moment // nil: never
}

// provider tells who the person is at the login provider; nil where there is none.
func (d *Dashboard) provider(ctx context.Context, v *visit) (*providerRow, error) {
	if !d.control.HasProvider() {
		return nil, nil
	}
	l, err := d.control.GetProviderLink(ctx, v.who)
	if err != nil {
		return nil, err
	}
	row := &providerRow{Linked: l.Linked, Email: l.Email, Created: moment(l.CreatedAt)}
	if !l.UsedAt.IsZero() {
		row.Used = new(moment(l.UsedAt))
	}
	return row, nil
}

// providerPage asks whether the login provider is to be linked, or not any more.
type providerPage struct {
	Link  providerRow
	Wrong string
}

func (d *Dashboard) providerLink(ctx context.Context, v *visit) (answer, error) {
	l, err := d.provider(ctx, v)
	if err != nil {
		return answer{}, err
	}
	if l == nil {
		return goOn("/security", ""), nil
	}
	if err := d.control.ProvedLately(v.who); err != nil {
		return answer{}, err
	}
	return answer{title: "Your organisation's login", body: providerBody(providerPage{Link: *l})}, nil
}

// beginLink sends the browser to the login provider, from a page of ours only: a link of another site would otherwise have
// somebody linked who asked for nothing.
func (d *Dashboard) beginLink(ctx context.Context, v *visit) (answer, error) {
	if from := v.r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" {
		return goOn("/security/provider", ""), nil
	}
	l, err := d.control.BeginProviderLink(ctx, v.who)
	if err != nil {
		return answer{}, err
	}
	return answer{to: l.URL, cookies: []*http.Cookie{providerLogin(l.Secret, linking)}}, nil
}

// endLink is where the provider's answer goes on to who began to link it.
func (d *Dashboard) endLink(ctx context.Context, v *visit) (answer, error) {
	secret, _ := providerLoginOf(v.r)
	q := v.r.URL.Query()
	_, err := d.control.LinkProvider(ctx, v.who, control.ProviderAnswer{Code: q.Get("code"), State: q.Get("state"), Secret: secret})
	a := goOn("/security", providerLinked)
	if err != nil {
		if a, err = d.notLinked(ctx, v, err); err != nil {
			return a, err
		}
	}
	a.cookies = append(a.cookies, providerLogin("", ""))
	return a, nil
}

func (d *Dashboard) unlinkProvider(ctx context.Context, v *visit) (answer, error) {
	if _, err := v.form(); err != nil {
		return answer{}, err
	}
	if err := d.control.UnlinkProvider(ctx, v.who); err != nil {
		return d.notLinked(ctx, v, err)
	}
	return goOn("/security", providerUnlinked), nil
}

// notLinked tells on the page why nothing was done.
func (d *Dashboard) notLinked(ctx context.Context, v *visit, failure error) (answer, error) {
	l, err := d.provider(ctx, v)
	if err != nil || l == nil {
		return answer{}, errors.Join(failure, err)
	}
	return refill(failure, func(e *fault.Error) answer {
		return answer{title: "Your organisation's login", body: providerBody(providerPage{Link: *l, Wrong: sentence(e.Error())})}
	})
}
