package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/intake"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/wire"
)

// importPlan is all that an import does, and with Applied what came of it.
type importPlan struct {
	intake.Plan
	Routes  []importRoute `json:"routes"`
	Applied bool          `json:"applied"`
	Undone  []string      `json:"undone,omitempty"` // what was left when it failed
}

// importRoute is a route whose draft names the new secrets then.
type importRoute struct {
	Route   string          `json:"route"`
	SavedBy string          `json:"saved_by,omitempty"` // whose draft there is already, which is what changes
	Renamed []importRenamed `json:"renamed"`
	Spare   []string        `json:"spare_overlays"` // environments whose overlay then says nothing that the base does not

	body json.RawMessage
	etag string
}

type importRenamed struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`
}

// addRoutes finds the routes that name the old secrets, in the base and in every overlay.
func (plan *importPlan) addRoutes(ctx context.Context, c *client.Client, stand intake.Stand, live map[string][]wire.SecretEnvironment) error {
	if len(plan.Renames()) == 0 {
		return nil
	}
	drafts, err := c.ListChanges(ctx)
	if err != nil {
		return err
	}
	rewritten := map[string]bool{} // ids
	for r, err := range c.Routes(ctx) {
		if err != nil {
			return err
		}
		body, err := json.Marshal(r)
		if err != nil {
			return err
		}
		n, err := route.Rename(body, plan.Renames())
		if err != nil {
			return fmt.Errorf("route %s: %w", r.Key, err)
		}
		if n.Body == nil {
			continue
		}
		rewritten[r.ID] = true
		if why := gone(r, stand.Environments[0]); why != "" {
			plan.Warnings = append(plan.Warnings, "route "+r.Key+" names an old secret, and "+why)
			continue
		}
		step := importRoute{Route: r.Key, SavedBy: savedBy(drafts, r), Spare: append([]string{}, n.Spare...), body: n.Body, etag: r.ETag}
		for _, m := range n.Renamed {
			from := m.From
			for name, held := range stand.Secrets {
				if held.ID == from {
					from = name
				}
			}
			step.Renamed = append(step.Renamed, importRenamed{m.Field, from, m.To})
		}
		plan.Routes = append(plan.Routes, step)
		plan.warnMissing(r, n.After, stand)
	}
	plan.warnLive(live, rewritten)
	return nil
}

// savedBy is whose draft a route has; "": it has none.
func savedBy(drafts []wire.DraftChange, r wire.Route) string {
	for _, d := range drafts {
		if d.Kind == "route" && d.Key == r.Key {
			return d.SavedBy
		}
	}
	return ""
}

// gone says why a route's draft is not changed.
func gone(r wire.Route, first string) string {
	switch {
	case r.DeletionPending:
		return "its deletion is saved and waits to be committed: it stays as it is"
	case r.Draft:
		return ""
	}
	for _, s := range r.Status {
		if s.Environment == first && s.Committed {
			return ""
		}
	}
	return "is not in '" + first + "', where changes begin: it stays as it is"
}

// warnMissing tells of environments where a route is or begins, and names a secret that will have no value there.
func (plan *importPlan) warnMissing(r wire.Route, after route.Route, stand intake.Stand) {
	in := stand.Environments[:1:1]
	for _, s := range r.Status {
		if s.Committed && !slices.Contains(in, s.Environment) {
			in = append(in, s.Environment)
		}
	}
	told := map[string]bool{}
	for _, u := range after.Usages(in) {
		what := u.Reference.Name + " in '" + u.EnvironmentID + "'"
		ours := u.Reference.Kind == secret.SecretName && slices.ContainsFunc(plan.Steps, func(s intake.Step) bool { return s.Secret == u.Reference.Name })
		if ours && !told[what] && !plan.Holds(stand, u.Reference.Name, u.EnvironmentID) {
			told[what] = true
			plan.Warnings = append(plan.Warnings, "route "+r.Key+" will name "+what+", where it has no value: calls there are refused, and so is a promotion")
		}
	}
}

// warnLive tells of routes that name an old secret only in what is live somewhere.
func (plan *importPlan) warnLive(live map[string][]wire.SecretEnvironment, rewritten map[string]bool) {
	for _, old := range plan.Old {
		for _, e := range live[old] {
			for _, r := range e.Routes {
				if !rewritten[r.ID] {
					plan.Warnings = append(plan.Warnings, "route "+r.Name+" names "+old+" in what is live in '"+e.Environment+"'; promote what it says below")
				}
			}
		}
	}
}

// warnClients tells of oauth2 secrets whose clients show a certificate by its old name: that stands in what is sealed,
// and only setting it anew changes it.
func (plan *importPlan) warnClients(ctx context.Context, c *client.Client, secrets map[string]wire.Secret) error {
	if !slices.ContainsFunc(plan.Old, func(old string) bool { return secrets[old].Type == "certificate" }) {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		if secrets[name].Type != "oauth2" {
			continue
		}
		list, err := c.SecretEnvironments(ctx, name)
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.OAuth2 != nil && slices.Contains(plan.Old, e.OAuth2.ClientCertificate) {
				plan.Warnings = append(plan.Warnings, "the client of "+name+" in '"+e.Environment+"' shows "+e.OAuth2.ClientCertificate+
					": set it there with the new name before the old secret is deleted")
			}
		}
	}
	return nil
}
