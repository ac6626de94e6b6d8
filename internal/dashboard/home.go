package dashboard

import (
	"context"
	"slices"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/environment"
)

// homePage says who somebody is here, and what they hold.
type homePage struct {
	Email        string
	Account      string
	Several      bool
	SignsUp      bool             // accounts are open to all
	Lacks        access.Lack      // what the account demands of them before they see more; "": nothing
	Factors      bool             // they have a second factor
	Environments []environmentRow // that they see, the lowest first
}

type environmentRow struct {
	Name      string
	Color     string
	Role      string
	Protected bool
}

func (d *Dashboard) home(ctx context.Context, v *visit) (answer, error) {
	p := homePage{Email: v.who.Name, Account: v.accountName(v.who.Account), Several: len(v.accounts) > 1, SignsUp: d.control.SignsUp()}
	// who lacks something, or holds nothing here, is told so by the page; they would be refused a list
	if err := access.Complete(v.who, access.EnvironmentList); err != nil {
		found, err := d.control.ListFactors(ctx, v.who)
		if err != nil {
			return answer{}, err
		}
		p.Lacks, p.Factors = v.who.Lacks, len(found.List) > 0
	} else if access.Allow(v.who, access.EnvironmentList, access.Environment{}) == nil {
		list, err := d.control.ListEnvironments(ctx, v.who)
		if err != nil {
			return answer{}, err
		}
		slices.SortFunc(list, func(a, b environment.Environment) int { return a.Level - b.Level })
		for _, e := range list {
			role, _ := v.who.Role(e.ID)
			p.Environments = append(p.Environments, environmentRow{Name: e.Name, Color: e.Color, Role: string(role), Protected: e.Protected})
		}
	}
	return answer{title: p.Account, body: homeBody(p)}, nil
}
