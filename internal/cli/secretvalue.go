package cli

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

// withoutValue refuses a value among the arguments with the way to give it.
func withoutValue(name string) cobra.PositionalArgs {
	wants := arguments(0, name)
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return misused(cmd, "a value is never an argument: pipe it into \"lockage secrets set\", or type it when asked; "+
				"one that was typed here is in the shell's history now and should be replaced")
		}
		return wants(cmd, args)
	}
}

// secretEnvironmentColumns are what is shown of a secret's environments; with a connection, for an oauth2 secret, that too.
func secretEnvironmentColumns(connection bool) []column[wire.SecretEnvironment] {
	return []column[wire.SecretEnvironment]{
		{head: "environment", cell: func(s wire.SecretEnvironment) string { return s.Environment }},
		{head: "configured", cell: func(s wire.SecretEnvironment) string { return yes(s.Configured) }},
		{head: "version", cell: func(s wire.SecretEnvironment) string {
			version := "-"
			if s.Version > 0 {
				version = strconv.FormatInt(s.Version, 10)
			}
			if s.StagedVersion > 0 {
				version += " (" + strconv.FormatInt(s.StagedVersion, 10) + " staged)"
			}
			return version
		}},
		{head: "updated", cell: func(s wire.SecretEnvironment) string { return at(s.UpdatedAt, "-") }},
		{head: "expires", cell: func(s wire.SecretEnvironment) string {
			if s.Expired {
				return "expired " + at(s.ExpiresAt, "")
			}
			return at(s.ExpiresAt, "-")
		}},
		{head: "connection", cell: func(s wire.SecretEnvironment) string {
			return connectionCell(s.ConnectionStatus, s.ConnectionError)
		}, single: !connection},
		{head: "last used", cell: func(s wire.SecretEnvironment) string { return at(s.LastUsedAt, "-") }},
		{head: "routes using", cell: func(s wire.SecretEnvironment) string {
			if s.RouteCount == 0 {
				return "0"
			}
			return strconv.Itoa(s.RouteCount) + ": " + routeNames(s.Routes)
		}},
	}
}

func (p *program) secretsStatus() *cobra.Command {
	return &cobra.Command{
		Use: "status NAME", Short: "Show where a secret has a value and which routes use it", Args: arguments(0, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := c.SecretEnvironments(cmd.Context(), args[0])
			connected := slices.ContainsFunc(list, func(s wire.SecretEnvironment) bool { return s.ConnectionStatus != "" })
			return printList(p, list, err, secretEnvironmentColumns(connected))
		},
	}
}

func (p *program) secretsSet() *cobra.Command {
	var environment string
	var terms termsFlags
	var stage, encoded bool
	cmd := &cobra.Command{
		Use:   "set NAME --environment ENVIRONMENT [flags] < value",
		Short: "Set a secret's value in one environment",
		Long: `Sets the value of a secret in one environment. The value is read from standard input, without
the line break at its end, or asked for at a terminal; it is never an argument. It cannot be read back.
It may have several lines, and hold any bytes. With --stage it is not in force yet: "lockage call
--staged" tries it, "lockage secrets activate" makes it the one in force.`,
		Example: `  lockage secrets set stripe_api_key --environment staging
  pass show stripe/staging | lockage secrets set stripe_api_key -e staging
  lockage secrets set stripe_api_key -e production --allow-host api.stripe.com --expires 90d
  openssl rand 32 | lockage secrets set webhook_key -e production`,
		Args: withoutValue("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			v := wire.SecretValue{Stage: stage}
			var err error
			if v.SecretTerms, err = terms.read(cmd); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			if v.Value, err = p.confidential(cmd.Context(), "Value of "+args[0]+" in "+environment+": ", "value"); err != nil {
				return err
			}
			switch {
			case encoded:
				v.Encoding = "base64"
			case !utf8.ValidString(v.Value) || strings.Contains(v.Value, "\x00"): // JSON cannot carry it as it is
				v.Value, v.Encoding = base64.StdEncoding.EncodeToString([]byte(v.Value)), "base64"
			}
			s, err := c.PutSecretValue(cmd.Context(), args[0], environment, v)
			p.warn(s.Warnings)
			if stage {
				return p.printDone(s, err, "%s has version %d staged in %s; in force is what was", args[0], s.StagedVersion, s.Environment)
			}
			return p.printDone(s, err, "%s has a value in %s (version %d)", args[0], s.Environment, s.Version)
		},
	}
	terms.register(cmd)
	cmd.Flags().BoolVar(&stage, "stage", false, "test calls may try it; the version in force stays")
	cmd.Flags().BoolVar(&encoded, "base64", false, "what is read is the value in base64")
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT` where it gets the value")
	return cmd
}

func (p *program) secretsUnset() *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use: "unset NAME --environment ENVIRONMENT", Short: "Take a secret's value in one environment away",
		Args: arguments(0, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			err = c.DeleteSecretValue(cmd.Context(), args[0], environment)
			return p.printDone(wire.Deleted{Deleted: true}, err, "%s has no value in %s any more", args[0], environment)
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT` where it loses the value")
	return cmd
}

func (p *program) secretsDuplicate() *cobra.Command {
	var from, to, into string
	var overwrite bool
	cmd := &cobra.Command{
		Use:   "duplicate NAME --from ENVIRONMENT --to ENVIRONMENT [--into SECRET]",
		Short: "Copy a secret's value to another environment, or into another secret",
		Long: `Copies the value in force, sealed anew for its new place, without showing it; its terms go along. With
--into it becomes the value of another secret of the same type. Of an oauth2 secret the configuration is
copied, and never a token.`,
		Example: `  lockage secrets duplicate stripe_api_key --from development --to staging
  lockage secrets duplicate stripe_production_key --from production --to production --into stripe_api_key`,
		Args: arguments(0, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "from", "to"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			s, err := c.DuplicateSecretValue(cmd.Context(), args[0], from,
				wire.SecretDuplicate{TargetEnvironment: to, TargetSecret: into, Overwrite: overwrite})
			p.warn(s.Warnings)
			if into != "" {
				return p.printDone(s, err, "%s has in %s the value of %s in %s (version %d)", into, s.Environment, args[0], from, s.Version)
			}
			return p.printDone(s, err, "%s has in %s the value of %s (version %d)", args[0], s.Environment, from, s.Version)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the `ENVIRONMENT` whose value is copied")
	cmd.Flags().StringVar(&to, "to", "", "the `ENVIRONMENT` that gets it")
	cmd.Flags().StringVar(&into, "into", "", "the `SECRET` that gets it (default: the same)")
	cmd.Flags().BoolVar(&overwrite, "overwrite", false, "also over a value that is there already")
	return cmd
}
