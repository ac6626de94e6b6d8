package cli

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) routesEffective() *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use:   "effective ROUTE --environment ENVIRONMENT",
		Short: "Show a route as it is in one environment, and where each field comes from",
		Args:  arguments(0, "ROUTE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			r, err := c.EffectiveRoute(cmd.Context(), args[0], environment)
			if err != nil {
				return err
			}
			if p.json {
				return encode(p.out, r)
			}
			return p.printEffective(r)
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT`")
	return cmd
}

func (p *program) printEffective(r wire.RouteEffective) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FIELD\tVALUE\tORIGIN")
	row := func(field, value string) {
		fmt.Fprintf(w, "%s\t%s\t%s\n", clean(field), clean(value), clean(r.Origin[field]))
	}
	target := "none: calls are refused"
	if r.TargetURL != nil {
		target = *r.TargetURL
	}
	row("target_url", target)
	row("methods", methods(r.Methods))
	for _, name := range slices.Sorted(maps.Keys(r.InjectHeaders)) {
		row("inject_headers."+name, r.InjectHeaders[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.InjectQuery)) {
		row("inject_query."+name, r.InjectQuery[name])
	}
	if body := null(string(r.InjectBody)); body != "" {
		row("inject_body", body)
	}
	row("rate_limit", rate(r.RateLimit))
	row("timeout", timeout(r.Timeout))
	if r.ClientCertificate != "" {
		row("client_certificate", r.ClientCertificate)
	}
	row("echo_guard", yes(r.EchoGuard))
	row("public", yes(r.Public))
	if err := w.Flush(); err != nil {
		return err
	}
	p.note("%s in %s, as %s", clean(r.Route), clean(r.Environment), map[string]string{
		"draft": "saved, not yet committed", "committed": "committed",
	}[r.Source])
	return nil
}
