package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) routes() *cobra.Command {
	g := group("routes", "What may be called through the gateway, and what is injected on the way",
		p.routesList(), p.routesGet(), p.writing(p.routesCreate()), p.writing(p.routesUpdate()), p.writing(p.routesDelete()),
		p.routesEffective(), p.writing(p.routesSwitch()), p.writing(p.routesRecording()))
	p.remote(g)
	return g
}

func routeColumns() []column[wire.Route] {
	single := func(head string, cell func(wire.Route) string) column[wire.Route] {
		return column[wire.Route]{head: head, cell: cell, single: true}
	}
	return []column[wire.Route]{
		{head: "key", cell: func(r wire.Route) string { return r.Key }},
		{head: "name", cell: func(r wire.Route) string { return r.Name }},
		{head: "target", cell: func(r wire.Route) string { return r.TargetURL }},
		{head: "live in", cell: liveIn},
		{head: "draft", cell: func(r wire.Route) string { return yes(r.Draft) }},
		single("description", func(r wire.Route) string { return r.Description }),
		single("methods", func(r wire.Route) string { return methods(r.Methods) }),
		single("headers", func(r wire.Route) string { return pairs(r.InjectHeaders, ": ") }),
		single("query", func(r wire.Route) string { return pairs(r.InjectQuery, "=") }),
		single("body", func(r wire.Route) string { return null(string(r.InjectBody)) }),
		single("rate limit", func(r wire.Route) string { return rate(r.RateLimit) }),
		single("timeout", func(r wire.Route) string { return timeout(r.Timeout) }),
		single("client certificate", func(r wire.Route) string { return r.ClientCertificate }),
		single("echo guard", func(r wire.Route) string { return yes(r.EchoGuard) }),
		single("public", func(r wire.Route) string { return yes(r.Public) }),
		single("active environment", func(r wire.Route) string { return r.ActiveEnvironment }),
		single("overlays", func(r wire.Route) string {
			return strings.Join(slices.Sorted(maps.Keys(r.Environments)), ", ")
		}),
		single("etag", func(r wire.Route) string { return r.ETag }),
		single("hash", func(r wire.Route) string { return r.Hash }),
		single("updated", func(r wire.Route) string { return at(r.UpdatedAt, "") }),
		single("id", func(r wire.Route) string { return r.ID }),
	}
}

func liveIn(r wire.Route) string {
	var names []string
	for _, s := range r.Status {
		switch {
		case s.Committed && s.Active:
			names = append(names, s.Environment)
		case s.Committed:
			names = append(names, s.Environment+" (off)")
		}
	}
	if names == nil {
		return "nowhere"
	}
	return strings.Join(names, ", ")
}

func methods(list []string) string {
	if list == nil {
		return "every"
	}
	return strings.Join(list, ", ")
}

func pairs(m map[string]string, between string) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		lines = append(lines, name+between+m[name])
	}
	return strings.Join(lines, "\n")
}

func null(s string) string {
	if s == "null" {
		return ""
	}
	return s
}

func rate(r *wire.RateLimit) string {
	if r == nil {
		return "none"
	}
	return count(r.Requests, "request") + " in " + r.Window
}

func timeout(s *string) string {
	if s == nil {
		return "none"
	}
	return *s
}

func (p *program) routesList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List routes and where each is live", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.Routes(cmd.Context()), 0)
			return printList(p, list, err, routeColumns())
		},
	}
}

func (p *program) routesGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ROUTE", Short: "Show one route, by key or id: its draft if it has one", Args: arguments(0, "ROUTE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			r, err := c.GetRoute(cmd.Context(), args[0])
			return printOne(p, r, err, routeColumns())
		},
	}
}

func (p *program) routesDelete() *cobra.Command {
	var message, etag string
	cmd := &cobra.Command{
		Use: "delete ROUTE", Short: "Save a route's deletion, to be committed like any change",
		Args: arguments(0, "ROUTE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			commit := given(cmd, "commit", message)
			done := "deleted the route %s in the first environment; promote it to the others"
			if commit == nil {
				done = "saved the deletion of the route %s; \"lockage commit\" makes it live"
			}
			err = c.DeleteRoute(cmd.Context(), args[0], commit, client.IfMatch(quoted(etag)))
			return p.printDone(wire.Deleted{Deleted: true}, err, done, args[0])
		},
	}
	cmd.Flags().StringVar(&message, "commit", "", "commit it at once, with this `MESSAGE`")
	ifMatch(cmd, &etag)
	return cmd
}

func (p *program) routesSwitch() *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use:   "switch ROUTE on|off --environment ENVIRONMENT",
		Short: "Switch a route on or off in one environment, at once and without a commit",
		Args:  arguments(0, "ROUTE", "on|off"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[1] != "on" && args[1] != "off" {
				return misused(cmd, "say on or off")
			}
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			s, err := c.SwitchRoute(cmd.Context(), args[0], environment, args[1] == "on")
			return p.printDone(s, err, "%s is switched %s in %s", args[0], args[1], s.Environment)
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT`")
	return cmd
}
