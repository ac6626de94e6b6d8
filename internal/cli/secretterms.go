package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

// termsFlags say under which terms a value may be used.
type termsFlags struct {
	strict, anyHost bool
	hosts           []string
}

func (f *termsFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.String("expires", "", "the `TIME` it ends "+momentHelp)
	fs.BoolVar(&f.strict, "strict", false, "calls that need it fail when it has expired")
	fs.StringArrayVar(&f.hosts, "allow-host", nil, "a `HOST` it may be sent to, such as api.example.com or *.example.com; several times")
	fs.BoolVar(&f.anyHost, "any-host", false, "it may be sent wherever a route leads")
}

// read answers the terms for a value that is set.
func (f *termsFlags) read(cmd *cobra.Command) (wire.SecretTerms, error) {
	t := wire.SecretTerms{Strict: f.strict}
	expires, err := moment(cmd, "expires", 1)
	if err != nil {
		return t, err
	}
	if !expires.IsZero() {
		t.ExpiresAt = new(wire.Time(expires))
	}
	t.AllowedHosts, err = f.allowed(cmd)
	return t, err
}

func (f *termsFlags) allowed(cmd *cobra.Command) (*[]string, error) {
	switch {
	case f.anyHost && len(f.hosts) > 0:
		return nil, misused(cmd, "--any-host and --allow-host exclude each other")
	case f.anyHost:
		return &[]string{}, nil
	case len(f.hosts) > 0:
		return &f.hosts, nil
	}
	return nil, nil
}

func (p *program) secretsTerms() *cobra.Command {
	var environment string
	var f termsFlags
	cmd := &cobra.Command{
		Use:   "terms NAME --environment ENVIRONMENT [flags]",
		Short: "Change when a value ends and where it may be sent; the value stays",
		Example: `  lockage secrets terms stripe_api_key -e production --allow-host api.stripe.com
  lockage secrets terms stripe_api_key -e production --expires 90d --strict
  lockage secrets terms stripe_api_key -e production --expires never`,
		Args: arguments(0, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			if err := anyGiven(cmd, "expires", "strict", "allow-host", "any-host"); err != nil {
				return err
			}
			var t wire.SecretTermsUpdate
			switch flag := cmd.Flags().Lookup("expires"); {
			case flag.Changed && flag.Value.String() == "never":
				t.ExpiresAt = new(wire.Time)
			case flag.Changed:
				expires, err := moment(cmd, "expires", 1)
				if err != nil {
					return err
				}
				t.ExpiresAt = new(wire.Time(expires))
			}
			t.Strict = given(cmd, "strict", f.strict)
			var err error
			if t.AllowedHosts, err = f.allowed(cmd); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			s, err := c.UpdateSecretTerms(cmd.Context(), args[0], environment, t)
			hosts := strings.Join(s.AllowedHosts, ", ")
			if hosts == "" {
				hosts = "any"
			}
			return p.printDone(s, err, "%s in %s: expires %s, allowed hosts %s", args[0], s.Environment, at(s.ExpiresAt, "never"), hosts)
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT` whose value it is")
	f.register(cmd)
	return cmd
}

func (p *program) secretsExpiring() *cobra.Command {
	var environment, within string
	cmd := &cobra.Command{
		Use: "expiring", Short: "List values that have expired or soon will", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ahead, err := duration(within)
			if err != nil || ahead < 0 {
				return misused(cmd, "--within is a duration like 90m or 30d")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := c.ExpiringSecrets(cmd.Context(), environment, ahead)
			return printList(p, list, err, []column[wire.ExpiringSecret]{
				{head: "secret", cell: func(s wire.ExpiringSecret) string { return s.SecretName }},
				{head: "environment", cell: func(s wire.ExpiringSecret) string { return s.Environment }},
				{head: "expires", cell: func(s wire.ExpiringSecret) string { return at(s.ExpiresAt, "") }},
				{head: "expired", cell: func(s wire.ExpiringSecret) string { return yes(s.Expired) }},
				{head: "strict", cell: func(s wire.ExpiringSecret) string { return yes(s.Strict) }},
				{head: "routes", cell: func(s wire.ExpiringSecret) string { return routeNames(s.Routes) }},
			})
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "only the values of this `ENVIRONMENT`")
	cmd.Flags().StringVar(&within, "within", "30d", "how far to look ahead, a `DURATION`")
	return cmd
}

func (p *program) secretsCompare() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "compare NAME --from ENVIRONMENT --to ENVIRONMENT",
		Short: "Tell whether two environments have the same value, without showing either",
		Long: `Answers same, differs or missing. Each question is audited, their number is limited, and values that
could be guessed are not compared.`,
		Args: arguments(0, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "from", "to"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			r, err := c.CompareSecretValues(cmd.Context(), args[0], from, to)
			return p.printDone(r, err, "%s", r.Result)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "one `ENVIRONMENT`")
	cmd.Flags().StringVar(&to, "to", "", "the other `ENVIRONMENT`")
	return cmd
}

func routeNames(routes []wire.RouteRef) string {
	var names []string
	for _, r := range routes {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}
