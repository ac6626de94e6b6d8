package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) account() *cobra.Command {
	g := group("account", "What the account sets for itself", p.accountGet(), p.writing(p.accountSet()))
	p.remote(g)
	return g
}

func accountColumns() []column[wire.Account] {
	return []column[wire.Account]{
		{head: "name", cell: func(a wire.Account) string { return a.Name }},
		{head: "message required", cell: func(a wire.Account) string { return yes(a.CommitMessageRequired) }},
		{head: "second factor", cell: func(a wire.Account) string { return a.SecondFactor }},
		{head: "provider only", cell: func(a wire.Account) string { return yes(a.OIDC.Only) }, single: true},
		{head: "groups give", cell: groupLines, single: true},
		{head: "obfuscated", cell: obfuscatedLines, single: true},
		{head: "kept", cell: func(a wire.Account) string { return strings.Join(a.Obfuscation.Keep, "\n") }, single: true},
		{head: "audit log kept", cell: func(a wire.Account) string { return keptFor(a.Audit.Retention) }, single: true},
		{head: "created", cell: func(a wire.Account) string { return at(a.CreatedAt, "") }},
		{head: "id", cell: func(a wire.Account) string { return a.ID }},
	}
}

func (p *program) accountGet() *cobra.Command {
	return &cobra.Command{
		Use: "get", Short: "Show the account and its settings", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			a, err := c.GetAccount(cmd.Context())
			return printOne(p, a, err, accountColumns())
		},
	}
}

func (p *program) accountSet() *cobra.Command {
	var required bool
	var providerOnly bool
	var secondFactor string
	var groups, obfuscate, keep []string
	var retention string
	cmd := &cobra.Command{
		Use: "set", Short: "Change the account's settings", Args: arguments(0),
		Example: `  lockage account set --require-message
  lockage account set --require-message=false
  lockage account set --second-factor required
  lockage account set --group engineers=staging:developer --group 'engineers=*:viewer'
  lockage account set --obfuscate '$.customer.ref=free_text' --keep '$.order.name'
  lockage account set --obfuscate ''
  lockage account set --audit-retention 400d`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := anyGiven(cmd, "require-message", "second-factor", "group", "provider-only", "obfuscate", "keep", "audit-retention"); err != nil {
				return err
			}
			o, err := obfuscation(cmd, obfuscate, keep)
			if err != nil {
				return err
			}
			login, err := groupLogin(cmd, groups, given(cmd, "provider-only", providerOnly))
			if err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			u := wire.AccountUpdate{
				CommitMessageRequired: given(cmd, "require-message", required), SecondFactor: secondFactor, OIDC: login, Obfuscation: o,
			}
			if kept := given(cmd, "audit-retention", retention); kept != nil {
				u.Audit = &wire.AuditRulesUpdate{Retention: kept}
			}
			a, err := c.UpdateAccount(cmd.Context(), u)
			return printOne(p, a, err, accountColumns())
		},
	}
	cmd.Flags().BoolVar(&required, "require-message", false, "commits and promotions need a message")
	cmd.Flags().StringVar(&secondFactor, "second-factor", "", "off or required, the `RULE` for everybody who acts in the account")
	cmd.Flags().StringArrayVar(&groups, "group", nil,
		"what comes with a group at the login provider, a `GROUP=ENVIRONMENT:ROLE` like 'engineers=*:viewer'; several times, in the place of those before; '' for none")
	cmd.Flags().BoolVar(&providerOnly, "provider-only", false, "members log in at the login provider only; owners may use their password")
	cmd.Flags().StringArrayVar(&obfuscate, "obfuscate", nil,
		"a field of your documents that is masked, a `PATH=CLASS` like '$.customer.ref=free_text'; several times, in the place of those before; '' for none")
	cmd.Flags().StringArrayVar(&keep, "keep", nil,
		"a field that is shown although it would be masked, a `PATH` like '$.order.name'; several times, in the place of those before; '' for none")
	cmd.Flags().StringVar(&retention, "audit-retention", "", "for how long the audit log is kept, a `TIME` in days like 400d, or never for one that is never pruned; owners only")
	return cmd
}

// keptFor words a retention.
func keptFor(retention string) string {
	if retention == "never" {
		return "for ever"
	}
	return retention
}

// obfuscation reads the flags of the account's lists; nil where none is given. The server knows the classes.
func obfuscation(cmd *cobra.Command, obfuscate, keep []string) (*wire.ObfuscationUpdate, error) {
	o := &wire.ObfuscationUpdate{}
	if cmd.Flags().Changed("obfuscate") {
		o.Fields = &[]wire.ObfuscationField{}
		for _, text := range obfuscate {
			i := strings.LastIndexByte(text, '=')
			switch {
			case text == "":
			case i < 0:
				return nil, misused(cmd, "--obfuscate looks like '$.customer.ref=free_text'")
			default:
				*o.Fields = append(*o.Fields, wire.ObfuscationField{Path: text[:i], Class: text[i+1:]})
			}
		}
	}
	if cmd.Flags().Changed("keep") {
		o.Keep = new(slices.DeleteFunc(slices.Clone(keep), func(path string) bool { return path == "" }))
	}
	if o.Fields == nil && o.Keep == nil {
		return nil, nil //nolint:nilnil // as documented
	}
	return o, nil
}

func obfuscatedLines(a wire.Account) string {
	lines := make([]string, len(a.Obfuscation.Fields))
	for i, f := range a.Obfuscation.Fields {
		lines[i] = f.Path + " as " + f.Class
	}
	return strings.Join(lines, "\n")
}
