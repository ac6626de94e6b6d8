package cli

import (
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func secretVersionColumns(connection bool) []column[wire.SecretVersion] {
	return []column[wire.SecretVersion]{
		{head: "version", cell: func(v wire.SecretVersion) string { return strconv.FormatInt(v.Version, 10) }},
		{head: "state", cell: func(v wire.SecretVersion) string { return v.State }},
		{head: "created", cell: func(v wire.SecretVersion) string { return at(v.CreatedAt, "") }},
		{head: "created by", cell: func(v wire.SecretVersion) string { return v.CreatedBy }},
		{head: "expires", cell: func(v wire.SecretVersion) string { return at(v.ExpiresAt, "never") }},
		{head: "connection", cell: func(v wire.SecretVersion) string {
			return connectionCell(v.ConnectionStatus, v.ConnectionError)
		}, single: !connection},
		{head: "last used", cell: func(v wire.SecretVersion) string { return at(v.LastUsedAt, "never") }},
		{head: "uses", cell: func(v wire.SecretVersion) string { return strconv.FormatInt(v.Uses, 10) }},
	}
}

func (p *program) secretsVersions() *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use: "versions NAME --environment ENVIRONMENT", Short: "List the versions of a value, and when each was last injected",
		Args: arguments(0, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := c.SecretVersions(cmd.Context(), args[0], environment)
			connected := slices.ContainsFunc(list, func(v wire.SecretVersion) bool { return v.ConnectionStatus != "" })
			return printList(p, list, err, secretVersionColumns(connected))
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT` whose versions are listed")
	return cmd
}

// versionNumber reads the number of a version.
func versionNumber(cmd *cobra.Command, s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, misused(cmd, "VERSION is a number; \"lockage secrets versions\" lists them")
	}
	return n, nil
}

func (p *program) secretsActivate() *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use:   "activate NAME VERSION --environment ENVIRONMENT",
		Short: "Make a staged or an earlier version the one in force",
		Long: `Makes a version that is kept the one in force: a staged one that was tried, or an earlier one as a
way back. Nobody needs to know the value for that.`,
		Example: `  lockage secrets set stripe_api_key -e production --stage
  lockage call payments /v1/charges -e production --staged
  lockage secrets activate stripe_api_key 4 -e production`,
		Args: arguments(0, "NAME", "VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			version, err := versionNumber(cmd, args[1])
			if err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			s, err := c.ActivateSecretVersion(cmd.Context(), args[0], environment, version)
			p.warn(s.Warnings)
			return p.printDone(s, err, "version %d of %s is in force in %s", s.Version, args[0], s.Environment)
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT` that is changed")
	return cmd
}

func (p *program) secretsRetire() *cobra.Command {
	var environment, quiet string
	var force bool
	cmd := &cobra.Command{
		Use:   "retire NAME [VERSION] --environment ENVIRONMENT",
		Short: "Tell which versions nothing uses any more, and remove one for good",
		Long: `Without VERSION it tells for each version that is not in force whether it was injected into a call
within the quiet time: when it was not, the credential can be revoked at the provider, and the
version retired. With VERSION it removes that one for good, and refuses while it is in force or was
injected within the quiet time.`,
		Example: `  lockage secrets retire stripe_api_key -e production
  lockage secrets retire stripe_api_key 3 -e production --quiet-for 48h`,
		Args: arguments(1, "NAME", "VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			wait, err := duration(quiet)
			if err != nil || wait < 0 {
				return misused(cmd, "--quiet-for is a duration like 90m or 30d")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				list, err := c.SecretVersions(cmd.Context(), args[0], environment)
				return printList(p, retirable(list, wait, time.Now()), err, retirableColumns())
			}
			version, err := versionNumber(cmd, args[1])
			if err != nil {
				return err
			}
			v, err := c.RetireSecretVersion(cmd.Context(), args[0], environment, version, wait, force)
			return p.printDone(v, err, "version %d of %s is gone from %s; it was last used: %s",
				version, args[0], environment, at(v.LastUsedAt, "never"))
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT` whose version it is")
	cmd.Flags().StringVar(&quiet, "quiet-for", "24h", "for how long it must not have been injected, a `DURATION`")
	cmd.Flags().BoolVar(&force, "force", false, "also when it was injected since")
	return cmd
}

// retirableVersion is a version that is not in force, and whether it can go.
type retirableVersion struct {
	wire.SecretVersion
	Safe      bool      `json:"safe"`
	SafeAfter wire.Time `json:"safe_after"` // when nothing injects it until then
}

func retirable(list []wire.SecretVersion, quiet time.Duration, now time.Time) []retirableVersion {
	var out []retirableVersion
	for _, v := range list {
		if v.State == "active" {
			continue
		}
		r := retirableVersion{SecretVersion: v, Safe: true}
		if used := time.Time(v.LastUsedAt); !used.IsZero() {
			r.SafeAfter = wire.Time(used.Add(quiet))
			r.Safe = now.After(used.Add(quiet))
		}
		out = append(out, r)
	}
	return out
}

func retirableColumns() []column[retirableVersion] {
	return []column[retirableVersion]{
		{head: "version", cell: func(v retirableVersion) string { return strconv.FormatInt(v.Version, 10) }},
		{head: "state", cell: func(v retirableVersion) string { return v.State }},
		{head: "last used", cell: func(v retirableVersion) string { return at(v.LastUsedAt, "never") }},
		{head: "safe", cell: func(v retirableVersion) string {
			if v.Safe {
				return "yes"
			}
			return "not before " + at(v.SafeAfter, "")
		}},
	}
}
