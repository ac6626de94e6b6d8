package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) tokens() *cobra.Command {
	g := group("tokens", "Management tokens, with which machines act",
		p.tokensList(), p.tokensCreate(), p.tokensGet(), p.tokensUpdate(), p.tokensRevoke())
	p.remote(g)
	return g
}

func tokenColumns() []column[wire.Token] {
	return []column[wire.Token]{
		{head: "id", cell: func(t wire.Token) string { return t.ID }},
		{head: "name", cell: func(t wire.Token) string { return t.Name }},
		{head: "token", cell: func(t wire.Token) string { return t.Prefix + "…" + t.LastFour }},
		{head: "status", cell: func(t wire.Token) string { return t.Status }},
		{head: "grants", cell: func(t wire.Token) string { return wordGrants(t.Grants) }},
		{head: "last used", cell: func(t wire.Token) string { return at(t.LastUsedAt, "never") }},
		{head: "expires", cell: func(t wire.Token) string { return at(t.ExpiresAt, "never") }},
		{head: "given by", cell: func(t wire.Token) string { return strings.TrimSpace(t.GivenBy.Kind + " " + t.GivenBy.Name) }, single: true},
		{head: "addresses", cell: func(t wire.Token) string { return everywhere(t.Addresses) }, single: true},
		{head: "revoked", cell: func(t wire.Token) string { return at(t.RevokedAt, "no") }, single: true},
		{head: "created", cell: func(t wire.Token) string { return at(t.CreatedAt, "") }, single: true},
		{head: "created by", cell: func(t wire.Token) string { return t.CreatedBy }, single: true},
	}
}

func everywhere(addresses []string) string {
	if len(addresses) == 0 {
		return "everywhere"
	}
	return strings.Join(addresses, " ")
}

func (p *program) tokensList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List tokens, without the tokens themselves", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.Tokens(cmd.Context()), 0)
			return printList(p, list, err, tokenColumns())
		},
	}
}

func (p *program) tokensGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show what is known of one token", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			t, err := c.GetToken(cmd.Context(), args[0])
			return printOne(p, t, err, tokenColumns())
		},
	}
}

func (p *program) tokensCreate() *cobra.Command {
	var t wire.TokenCreate
	var grants []string
	cmd := &cobra.Command{
		Use: "create --name NAME --grant ENVIRONMENT=ROLE", Short: "Make a token and show it once", Args: arguments(0),
		Example: `  lockage tokens create --name ci --grant development=developer --grant staging=developer
  lockage tokens create --name ci --grant '*=viewer' --expires 90d --from 10.0.0.0/8 > token`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "name", "grant"); err != nil {
				return err
			}
			list, err := grantsFlag(cmd, grants)
			if err != nil {
				return err
			}
			t.Grants = list
			expires, err := moment(cmd, "expires", 1)
			if err != nil {
				return err
			}
			if !expires.IsZero() {
				t.ExpiresAt = new(wire.Time(expires))
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			made, err := c.CreateToken(cmd.Context(), t)
			if err != nil {
				return err
			}
			if p.json {
				return encode(p.out, made)
			}
			p.note("This is the management token %s (id %s). It is shown only now: keep it well.", clean(made.Name), clean(made.ID))
			_, err = fmt.Fprintln(p.out, clean(made.Token))
			return err
		},
	}
	cmd.Flags().StringVar(&t.Name, "name", "", "what it is for, a `NAME`")
	cmd.Flags().StringArrayVar(&grants, "grant", nil, grantHelp)
	cmd.Flags().String("expires", "", "the `TIME` it ends "+momentHelp)
	cmd.Flags().StringSliceVar(&t.Addresses, "from", nil, "the address ranges it may be used from, in `CIDR` form, with commas")
	return cmd
}

func (p *program) tokensUpdate() *cobra.Command {
	var name string
	var grants, from []string
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change a token; who changes its grants answers for them", Args: arguments(0, "ID"),
		Long: `Changes a token. A token holds no more than whoever set its grants last, and ends with them:
before somebody leaves, somebody else sets the grants of the tokens that are to stay.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := anyGiven(cmd, "name", "grant", "expires", "from"); err != nil {
				return err
			}
			u := client.TokenUpdate{Name: given(cmd, "name", name), Addresses: given(cmd, "from", from)}
			if cmd.Flags().Changed("grant") {
				list, err := grantsFlag(cmd, grants)
				if err != nil {
					return err
				}
				u.Grants = &list
			}
			expires, err := expiry(cmd)
			if err != nil {
				return err
			}
			u.ExpiresAt = expires
			c, err := p.connect()
			if err != nil {
				return err
			}
			t, err := c.UpdateToken(cmd.Context(), args[0], u)
			return printOne(p, t, err, tokenColumns())
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what it is for, a `NAME`")
	cmd.Flags().StringArrayVar(&grants, "grant", nil, grantHelp+"; together they replace what the token holds")
	cmd.Flags().String("expires", "", "never, or the `TIME` it ends "+momentHelp)
	cmd.Flags().StringSliceVar(&from, "from", nil, "the address ranges it may be used from, in `CIDR` form, with commas; empty for everywhere")
	return cmd
}

func (p *program) tokensRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "End a token and those it made, at once and for good", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			err = c.RevokeToken(cmd.Context(), args[0])
			return p.printDone(wire.Revoked{Revoked: true}, err, "revoked: every request with this token, or with one it made, is refused from now on")
		},
	}
}
