package cli

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) alerts() *cobra.Command {
	g := group("alerts", "What is watched in an environment, whom to tell, and what was told",
		p.alertList(), p.alertGet(), p.alertCreate(), p.alertUpdate(), p.alertDelete(), p.alertTest(), p.alertHistory())
	p.remote(g)
	return g
}

func (p *program) alertList() *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use: "list", Short: "List alerts and how they stand", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.Alerts(cmd.Context(), environment), 0)
			return printList(p, list, err, alertColumns())
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "only of this `ENVIRONMENT`")
	return cmd
}

func (p *program) alertGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show an alert, whom it tells, and how it stands", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			a, err := c.GetAlert(cmd.Context(), args[0])
			return printOne(p, a, err, alertColumns())
		},
	}
}

func (p *program) alertCreate() *cobra.Command {
	var f alertFlags
	var environment, kind string
	cmd := &cobra.Command{
		Use: "create NAME --environment ENVIRONMENT --kind KIND", Short: "Watch something in an environment, and tell webhooks or people", Args: arguments(0, "NAME"),
		Long: `Watches one environment. The kinds are error_rate (percent of calls), latency_p95 (milliseconds),
hard_fail (calls without a usable value), key_new_address, secret_expiring (days ahead) and
access_refused. The keys that verify what webhooks get are printed once.`,
		Example: `  lockage alerts create "calls fail" -e production --kind error_rate --threshold 5 --email oncall@example.com
  lockage alerts create slow -e production --kind latency_p95 --threshold 800 --route charges --webhook https://hooks.example.com/1`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "environment", "kind"); err != nil {
				return err
			}
			set := f.read(cmd)
			if len(f.receivers()) == 0 {
				return misused(cmd, "give --webhook or --email, whom to tell")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			a, err := c.CreateAlert(cmd.Context(), wire.AlertCreate{
				Environment: environment, Name: args[0], Kind: kind, Route: set.Route, Threshold: set.Threshold, Window: set.Window,
				MinimumCalls: set.MinimumCalls, Quiet: set.Quiet, To: f.receivers(), Active: set.Active,
			})
			return p.printKeyed(a, err)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the one `ENVIRONMENT` that is watched")
	cmd.Flags().StringVar(&kind, "kind", "", "the `KIND`: "+alertKinds)
	return cmd
}

const alertKinds = "error_rate, latency_p95, key_new_address, secret_expiring, hard_fail or access_refused"

func (p *program) alertUpdate() *cobra.Command {
	var f alertFlags
	var name string
	var drop []string
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change an alert, switch it off and on, add and drop receivers", Args: arguments(0, "ID"),
		Example: `  lockage alerts update 0198c0de-… --threshold 10 --quiet 4h
  lockage alerts update 0198c0de-… --active=false
  lockage alerts update 0198c0de-… --email team@example.com --drop oncall@example.com`,
		RunE: func(cmd *cobra.Command, args []string) error {
			set := f.read(cmd)
			if cmd.Flags().Changed("name") {
				set.Name = &name
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			if added := f.receivers(); len(added)+len(drop) > 0 {
				a, err := c.GetAlert(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				to, missed := receiversWithout(a.To, drop)
				if missed != "" {
					return misused(cmd, "--drop %s is no receiver of this alert; lockage alerts get shows them", clean(missed))
				}
				to = append(to, added...)
				set.To = &to
			}
			a, err := c.UpdateAlert(cmd.Context(), args[0], set)
			return p.printKeyed(a, err)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&name, "name", "", "another `NAME`")
	cmd.Flags().StringArrayVar(&drop, "drop", nil, "tell this `RECEIVER` no more: its id or address; may be given again")
	return cmd
}

// receiversWithout are those that stay; missed is one to be dropped that is not there.
func receiversWithout(there []wire.AlertTarget, drop []string) (stay []wire.AlertTo, missed string) {
	stay = []wire.AlertTo{}
	found := map[string]bool{}
	for _, t := range there {
		i := slices.IndexFunc(drop, func(d string) bool { return d == t.ID || d == t.Email })
		if i < 0 {
			stay = append(stay, wire.AlertTo{ID: t.ID})
			continue
		}
		found[drop[i]] = true
	}
	for _, d := range drop {
		if !found[d] {
			return nil, d
		}
	}
	return stay, ""
}

func (p *program) alertDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "Delete an alert and its history", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			return p.printDone(wire.Deleted{Deleted: true}, c.DeleteAlert(cmd.Context(), args[0]), "deleted")
		},
	}
}

// printKeyed prints an alert that may have keys which are shown once.
func (p *program) printKeyed(a wire.Alert, err error) error {
	if err == nil && slices.ContainsFunc(a.To, func(t wire.AlertTarget) bool { return t.Key != "" }) {
		p.note("the keys verify what the webhooks get; they are shown once")
	}
	return printOne(p, a, err, alertColumns())
}

// alertFlags are what is set of an alert.
type alertFlags struct {
	route, window, quiet string
	threshold            float64
	minimum              int64
	active               bool
	emails, webhooks     []string
}

func (f *alertFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.route, "route", "", "only calls of this `ROUTE`; empty for all")
	cmd.Flags().Float64Var(&f.threshold, "threshold", 0, "the `NUMBER` from which on it fires, in the unit of the kind")
	cmd.Flags().StringVar(&f.window, "window", "", "how far back it looks, a `DURATION` from 1m to 24h")
	cmd.Flags().Int64Var(&f.minimum, "minimum-calls", 0, "the `NUMBER` of calls below which a share or a latency says nothing")
	cmd.Flags().StringVar(&f.quiet, "quiet", "", "the `DURATION` between two messages that it fires, up to 168h")
	cmd.Flags().BoolVar(&f.active, "active", true, "whether it watches")
	cmd.Flags().StringArrayVar(&f.emails, "email", nil, "tell this `ADDRESS`; may be given again")
	cmd.Flags().StringArrayVar(&f.webhooks, "webhook", nil, "tell the webhook at this `URL`; may be given again")
}

// read answers what was given.
func (f *alertFlags) read(cmd *cobra.Command) (set wire.AlertUpdate) {
	given := cmd.Flags().Changed
	if given("route") {
		set.Route = &f.route
	}
	if given("threshold") {
		set.Threshold = &f.threshold
	}
	if given("window") {
		set.Window = &f.window
	}
	if given("minimum-calls") {
		set.MinimumCalls = &f.minimum
	}
	if given("quiet") {
		set.Quiet = &f.quiet
	}
	if given("active") {
		set.Active = &f.active
	}
	return set
}

// receivers are the new ones.
func (f *alertFlags) receivers() (to []wire.AlertTo) {
	for _, address := range f.emails {
		to = append(to, wire.AlertTo{Email: address})
	}
	for _, url := range f.webhooks {
		to = append(to, wire.AlertTo{Webhook: url})
	}
	return to
}
