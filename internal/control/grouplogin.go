package control

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// parseGroups resolves what groups are to give, as it was written. An environment that the principal does not see is none.
func (v *visit) parseGroups(written []access.GroupGrants) (list []access.GroupGrants, err error) {
	var refused []fault.Field
	for i, w := range written {
		g := access.GroupGrants{Group: w.Group}
		for j, grant := range w.Grants {
			field := fmt.Sprintf("oidc.groups[%d].grants[%d]", i, j)
			role, err := access.ParseRole(field+".role", string(grant.Role))
			if err != nil {
				refused = append(refused, fault.Field{Field: field + ".role", Message: "must be owner, admin, developer, support or viewer"})
			}
			id := grant.Environment
			if id != access.AnyEnvironment {
				e, err := v.seen(id)
				if err != nil {
					refused = append(refused, fault.Field{Field: field + ".environment", Message: `is no environment; name one, or "*" for all`})
				}
				id = e.ID
			}
			if id != "" && slices.ContainsFunc(g.Grants, func(o access.Grant) bool { return o.Environment == id }) {
				refused = append(refused, fault.Field{Field: field + ".environment", Message: "is given twice; give one role in each environment"})
			}
			g.Grants = append(g.Grants, access.Grant{Environment: id, Role: role})
		}
		list = append(list, g)
	}
	v.lost = false // a field is refused, nothing was looked for
	return list, fault.RefusedFields(refused)
}

// namedGroups are what groups give in an account, with the names of environments; one that is not there any more, or that
// the principal does not see, is left out.
func (v *visit) namedGroups(l access.GroupLogin) access.GroupLogin {
	named := access.GroupLogin{Only: l.Only, Groups: []access.GroupGrants{}}
	for _, g := range l.Groups {
		shown := access.GroupGrants{Group: g.Group, Grants: []access.Grant{}}
		for _, grant := range g.Grants {
			name := access.AnyEnvironment
			if grant.Environment != name {
				e, ok := v.pipeline.Find(grant.Environment)
				if !ok || !v.who.Sees(e.ID) {
					continue
				}
				name = e.Name
			}
			shown.Grants = append(shown.Grants, access.Grant{Environment: name, Role: grant.Role})
		}
		named.Groups = append(named.Groups, shown)
	}
	return named
}

// givesAny says whether any account gives somebody in the groups anything; used through ReadAll.
func (c *Control) givesAny(ctx context.Context, tx *store.Tx, groups []string) (bool, error) {
	logins, err := tx.GroupLogins(ctx)
	for _, l := range logins {
		if len(l.GrantsOf(groups)) > 0 {
			return true, err
		}
	}
	return false, err
}

// holding are the accounts in which a person holds anything, the oldest membership first.
func (c *Control) holding(ctx context.Context, person string) (accounts []string, err error) {
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		members, err := tx.Memberships(ctx, person)
		if err != nil {
			return err
		}
		for _, m := range members {
			grants, err := tx.Grants(ctx, m.Account, m.ID)
			if err != nil {
				return err
			}
			if len(grants) > 0 {
				accounts = append(accounts, m.Account)
			}
		}
		return nil
	})
	return accounts, err
}

// syncGroups makes what groups give a person in each account what the groups they are in give now; what was given by hand
// stays. Who is given something where they are no member becomes one.
func (c *Control) syncGroups(ctx context.Context, p store.Person, groups []string, from access.Request) error {
	var concerned map[string]access.GroupLogin
	err := c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		if concerned, err = tx.GroupLogins(ctx); err != nil {
			return err
		}
		members, err := tx.Memberships(ctx, p.ID)
		for _, m := range members {
			if _, gives := concerned[m.Account]; !gives {
				concerned[m.Account] = access.GroupLogin{} // what it gave before it stopped is to go, too
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, account := range slices.Sorted(maps.Keys(concerned)) { // the oldest first: they join it first
		if err := c.syncGroupsIn(ctx, account, p, concerned[account].GrantsOf(groups), from); err != nil {
			return err
		}
	}
	return nil
}

// syncGroupsIn is syncGroups for one account, in which nothing is written where nothing changes.
func (c *Control) syncGroupsIn(ctx context.Context, id string, p store.Person, given []access.Grant, from access.Request) error {
	var member store.Member
	var before []access.Grant
	var wanted []access.Grant
	look := func(tx *store.Tx) error {
		list, err := tx.Environments(ctx)
		if err != nil {
			return err
		}
		pipeline := environment.NewPipeline(list)
		wanted = slices.DeleteFunc(slices.Clone(given), func(g access.Grant) bool {
			_, there := pipeline.Find(g.Environment)
			return g.Environment != access.AnyEnvironment && !there
		})
		before, member = nil, store.Member{}
		m, err := tx.MemberOf(ctx, p.ID)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		member = m
		before, err = tx.Grants(ctx, id, m.ID)
		if err != nil {
			return err
		}
		byHand, err := tx.GrantsByHand(ctx, id, m.ID)
		wanted = append(slices.DeleteFunc(wanted, func(g access.Grant) bool {
			return slices.ContainsFunc(byHand, func(h access.Grant) bool { return h.Environment == g.Environment })
		}), byHand...)
		return err
	}
	if err := c.store.Read(ctx, id, look); err != nil {
		return err
	}
	if sameSet(before, wanted) {
		return nil
	}
	who := access.System(id)
	who.Request = from
	action := access.MemberSync
	if member.ID == "" {
		action = access.MemberJoin
	}
	return c.write(ctx, who, action, account, func(v *visit) error {
		if err := look(v.Tx); err != nil { // what was true a moment ago need not be any more
			return err
		}
		if member.ID == "" {
			member = store.Member{ID: newID(), PersonID: p.ID, Email: p.Email, Name: p.Name, CreatedAt: v.Now()}
			if err := v.InsertMember(ctx, member); err != nil {
				return err
			}
		}
		v.target = audit.Target{Kind: "member", ID: member.ID, Name: member.Email}
		v.detail = audit.Detail("source", "oidc", "grants", v.wordGrantsOf(wanted))
		return v.PutGroupGrants(ctx, member.ID, wanted)
	})
}

func sameSet(a, b []access.Grant) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(g access.Grant) bool { return !slices.Contains(b, g) })
}

// wordGrantsOf tells the audit log what somebody holds.
func (v *visit) wordGrantsOf(grants []access.Grant) string {
	words := make([]string, len(grants))
	for i, g := range grants {
		name := g.Environment
		if e, ok := v.pipeline.Find(name); ok {
			name = e.Name
		}
		words[i] = name + " " + string(g.Role)
	}
	if len(words) == 0 {
		return "none"
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}
