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
		{head: "fresh proof for", cell: func(a wire.Account) string { return stepUpWords(a.StepUp) }, single: true},
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
	var retention, maxAge string
	var demanded []string
	var allowTokens bool
	cmd := &cobra.Command{
		Use: "set", Short: "Change the account's settings", Args: arguments(0),
		Example: `  lockage account set --require-message
  lockage account set --require-message=false
  lockage account set --second-factor required
  lockage account set --group engineers=staging:developer --group 'engineers=*:viewer'
  lockage account set --obfuscate '$.customer.ref=free_text' --keep '$.order.name'
  lockage account set --obfuscate ''
  lockage account set --audit-retention 400d
  lockage account set --step-up values,promotions --step-up-max-age 15m`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := anyGiven(cmd, "require-message", "second-factor", "group", "provider-only", "obfuscate", "keep", "audit-retention", "step-up", "step-up-max-age", "step-up-allow-tokens"); err != nil {
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
			fresh, err := stepUp(cmd, demanded, given(cmd, "step-up-max-age", maxAge), given(cmd, "step-up-allow-tokens", allowTokens))
			if err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			u := wire.AccountUpdate{
				CommitMessageRequired: given(cmd, "require-message", required), SecondFactor: secondFactor, OIDC: login, Obfuscation: o, StepUp: fresh,
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
	cmd.Flags().StringSliceVar(&demanded, "step-up", nil,
		"the `LIST` of what a fresh proof of who acts is demanded for: values, promotions, grants, with commas; it replaces the one before, and '' is for nothing")
	cmd.Flags().StringVar(&maxAge, "step-up-max-age", "", "how old the proof may be, a `DURATION` from 1m to 12h")
	cmd.Flags().BoolVar(&allowTokens, "step-up-allow-tokens", false, "management tokens, which can prove nothing, may all the same")
	return cmd
}

// stepUp reads the flags of what a fresh proof is demanded for; nil where none is given.
func stepUp(cmd *cobra.Command, demanded []string, maxAge *string, allowTokens *bool) (*wire.StepUpUpdate, error) {
	u := &wire.StepUpUpdate{MaxAge: maxAge, AllowTokens: allowTokens}
	if cmd.Flags().Changed("step-up") {
		u.Values, u.Promotions, u.Grants = new(false), new(false), new(false)
		for _, word := range demanded {
			switch word {
			case "":
			case "values":
				*u.Values = true
			case "promotions":
				*u.Promotions = true
			case "grants":
				*u.Grants = true
			default:
				return nil, misused(cmd, "--step-up is of values, promotions and grants")
			}
		}
	}
	if *u == (wire.StepUpUpdate{}) {
		return nil, nil //nolint:nilnil // as documented
	}
	return u, nil
}

// stepUpWords tell what a fresh proof is demanded for.
func stepUpWords(s wire.StepUp) string {
	var words []string
	for _, each := range []struct {
		on   bool
		word string
	}{{s.Values, "values"}, {s.Promotions, "promotions"}, {s.Grants, "grants"}} {
		if each.on {
			words = append(words, each.word)
		}
	}
	if len(words) == 0 {
		return "nothing"
	}
	text := strings.Join(words, ", ") + ", of the last " + s.MaxAge
	if s.AllowTokens {
		text += "; not of tokens"
	}
	return text
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
