package dashboard

import (
	"context"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/factor"
)

// securityPage lists what somebody proves who they are with.
type securityPage struct {
	Password       bool
	Passkeys       []factorRow
	Authenticators []factorRow
	RecoveryCodes  int
	Demanding      []string // the names of their accounts that demand a second factor
	Lacks          bool     // the account they act in demands one, and the session has shown none
	NoPasskeys     bool     // browsers keep no passkeys for this server as it is reached
	Provider       *providerRow
}

type factorRow struct {
	ID      string
	Name    string
	Mark    string
	Created moment
	Used    *moment // nil: never
}

// factors says whether there is any.
func (p securityPage) factors() bool { return len(p.Passkeys)+len(p.Authenticators) > 0 }

func (d *Dashboard) security(ctx context.Context, v *visit) (answer, error) {
	found, err := d.control.ListFactors(ctx, v.who)
	if err != nil {
		return answer{}, err
	}
	p := securityPage{
		Password: found.Password, RecoveryCodes: found.RecoveryCodes,
		Lacks: v.who.Lacks == access.LacksFactor, NoPasskeys: !d.control.HasPasskeys(),
	}
	for _, f := range found.List {
		if row := rowOf(f); f.Kind == factor.Passkey {
			p.Passkeys = append(p.Passkeys, row)
		} else {
			p.Authenticators = append(p.Authenticators, row)
		}
	}
	for _, a := range v.accounts {
		if a.SecondFactor {
			p.Demanding = append(p.Demanding, a.Name)
		}
	}
	if p.Provider, err = d.provider(ctx, v); err != nil {
		return answer{}, err
	}
	return answer{title: "Security", body: securityBody(p)}, nil
}

func rowOf(f control.Factor) factorRow {
	row := factorRow{ID: f.ID, Name: f.Name, Created: moment(f.CreatedAt)}
	if f.BackedUp {
		row.Mark = "kept on several devices"
	}
	if !f.UsedAt.IsZero() {
		row.Used = new(moment(f.UsedAt))
	}
	return row
}
