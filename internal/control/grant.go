package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
)

// Grant is a role in an environment, which has its name here, or "*".
type Grant struct {
	Environment string
	Role        string
}

// parseGrants resolves grants as they were written. An environment that the principal does not see is none.
func (v *visit) parseGrants(written []Grant) ([]access.Grant, error) {
	var refused []fault.Field
	grants := make([]access.Grant, 0, len(written))
	for i, w := range written {
		field := fmt.Sprintf("grants[%d]", i)
		g := access.Grant{Environment: w.Environment}
		role, err := access.ParseRole(field+".role", w.Role)
		if err != nil {
			refused = append(refused, fault.Field{Field: field + ".role", Message: "must be owner, admin, developer, support or viewer"})
		}
		g.Role = role
		if w.Environment != access.AnyEnvironment {
			e, err := v.seen(w.Environment)
			if err != nil {
				refused = append(refused, fault.Field{Field: field + ".environment", Message: `is no environment; name one, or "*" for all`})
			}
			g.Environment = e.ID
		}
		if slices.ContainsFunc(grants, func(o access.Grant) bool { return o.Environment == g.Environment && g.Environment != "" }) {
			refused = append(refused, fault.Field{Field: field + ".environment", Message: "is given twice; give one role in each environment"})
		}
		grants = append(grants, g)
	}
	return grants, fault.RefusedFields(refused)
}

// showGrants names the environments of grants, as far as the principal sees them, "*" first and then up the pipeline.
func (v *visit) showGrants(grants []access.Grant) []Grant {
	list := []Grant{}
	level := map[string]int{}
	for _, g := range grants {
		if g.Role == access.None {
			continue
		}
		shown := Grant{Environment: access.AnyEnvironment, Role: string(g.Role)}
		if g.Environment != access.AnyEnvironment {
			e, ok := v.pipeline.Find(g.Environment)
			if !ok || !v.who.Sees(e.ID) {
				continue
			}
			shown.Environment, level[e.Name] = e.Name, 1+e.Level
		}
		list = append(list, shown)
	}
	slices.SortFunc(list, func(a, b Grant) int { return cmp.Compare(level[a.Environment], level[b.Environment]) })
	return list
}

// unseen are the grants that the principal does not see, which they leave as they are.
func (v *visit) unseen(grants []access.Grant) (list []access.Grant) {
	for _, g := range grants {
		if g.Environment != access.AnyEnvironment && !v.who.Sees(g.Environment) {
			list = append(list, g)
		}
	}
	return list
}

// wordGrants tells the audit log what somebody holds.
func (v *visit) wordGrants(grants []access.Grant) string {
	text := ""
	for _, g := range grants {
		name := g.Environment
		if name != access.AnyEnvironment {
			name = v.pipeline.NameOf(name)
		}
		if text != "" {
			text += ", "
		}
		text += name + " " + string(g.Role)
	}
	return cmp.Or(text, "none")
}

// holdsStill reads anew, inside the transaction, what the principal holds, and decides again by that. Whoever was removed
// a moment ago gives nothing any more, also when their request had begun before.
func (c *Control) holdsStill(ctx context.Context, v *visit) (err error) {
	switch v.who.Kind {
	case access.SystemActor:
		return nil
	case access.TokenActor:
		t, err := v.Token(ctx, v.who.ID)
		if err != nil {
			return gone(err)
		}
		s, err := c.chainIn(ctx, v.Tx, v.who.Account).standing(t)
		if err != nil {
			return err
		}
		v.who.Grants, v.givers = s.grants, s.givers
	default:
		if _, err := v.Member(ctx, v.who.ID); err != nil {
			return gone(err)
		}
		if v.who.Grants, err = heldBy(ctx, v.Tx, v.who); err != nil {
			return err
		}
	}
	return v.allow(v.environment)
}
