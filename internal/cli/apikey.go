package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) keys() *cobra.Command {
	g := group("keys", "API keys, each of one environment, and the keys that encrypt",
		p.keysList(), p.writing(p.keysCreate()), p.keysGet(), p.writing(p.keysUpdate()), p.writing(p.keysRotate()), p.writing(p.keysRevoke()),
		p.keysStatus())
	p.remote(g)
	g.AddCommand(p.keysExportRecovery(), p.keysImportRecovery())
	return g
}

func keyColumns() []column[wire.APIKey] {
	return []column[wire.APIKey]{
		{head: "id", cell: func(k wire.APIKey) string { return k.ID }},
		{head: "environment", cell: func(k wire.APIKey) string { return k.Environment }},
		{head: "type", cell: func(k wire.APIKey) string { return k.Type }},
		{head: "key", cell: func(k wire.APIKey) string { return k.Prefix + "…" + k.LastFour }},
		{head: "description", cell: func(k wire.APIKey) string { return k.Description }},
		{head: "uses", cell: func(k wire.APIKey) string { return strconv.FormatInt(k.Uses, 10) }},
		{head: "last used", cell: func(k wire.APIKey) string { return at(k.LastUsedAt, "never") }},
		{head: "expires", cell: func(k wire.APIKey) string { return at(k.ExpiresAt, "never") }},
		{head: "revoked", cell: func(k wire.APIKey) string { return at(k.RevokedAt, "no") }},
		{head: "replaced by", cell: func(k wire.APIKey) string { return k.ReplacedBy }, single: true},
		{head: "created", cell: func(k wire.APIKey) string { return at(k.CreatedAt, "") }, single: true},
		{head: "created by", cell: func(k wire.APIKey) string { return k.CreatedBy }, single: true},
	}
}

func (p *program) keysList() *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use: "list", Short: "List keys, without the keys themselves", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.APIKeys(cmd.Context(), environment), 0)
			return printList(p, list, err, keyColumns())
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "only of this `ENVIRONMENT`")
	return cmd
}

func (p *program) keysGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show what is known of one key", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			k, err := c.GetAPIKey(cmd.Context(), args[0])
			return printOne(p, k, err, keyColumns())
		},
	}
}

// printNew prints a new key alone on standard output, so that it can go straight to where it is needed, and what
// there is to say about it beside it.
func (p *program) printNew(k wire.APIKey, err error) error {
	if err != nil {
		return err
	}
	if p.json {
		return encode(p.out, k)
	}
	p.note("This is the %s key of environment %s (id %s). It is shown only now: keep it well.",
		clean(k.Type), clean(k.Environment), clean(k.ID))
	_, err = fmt.Fprintln(p.out, clean(k.Key))
	return err
}

func (p *program) keysCreate() *cobra.Command {
	var k wire.APIKeyCreate
	cmd := &cobra.Command{
		Use: "create --environment ENVIRONMENT", Short: "Make a key and show it once", Args: arguments(0),
		Example: `  lockage keys create --environment staging --description "web shop"
  lockage keys create -e production --expires 90d > key`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			expires, err := moment(cmd, "expires", 1)
			if err != nil {
				return err
			}
			if !expires.IsZero() {
				k.ExpiresAt = new(wire.Time(expires))
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			return p.printNew(c.CreateAPIKey(cmd.Context(), k))
		},
	}
	cmd.Flags().StringVarP(&k.Environment, "environment", "e", "", "the one `ENVIRONMENT` it works in")
	cmd.Flags().StringVar(&k.Type, "type", "secret", "the `TYPE`: secret, or public for what is marked public only")
	cmd.Flags().StringVar(&k.Description, "description", "", "what it is for")
	cmd.Flags().String("expires", "", "the `TIME` it ends "+momentHelp)
	return cmd
}

func (p *program) keysUpdate() *cobra.Command {
	var description string
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change a key's description or expiry", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := anyGiven(cmd, "description", "expires"); err != nil {
				return err
			}
			u := client.APIKeyUpdate{Description: given(cmd, "description", description)}
			expires, err := expiry(cmd)
			if err != nil {
				return err
			}
			u.ExpiresAt = expires
			c, err := p.connect()
			if err != nil {
				return err
			}
			k, err := c.UpdateAPIKey(cmd.Context(), args[0], u)
			return printOne(p, k, err, keyColumns())
		},
	}
	cmd.Flags().StringVar(&description, "description", "", "what it is for")
	cmd.Flags().String("expires", "", "never, or the `TIME` it ends "+momentHelp)
	return cmd
}

func (p *program) keysRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "End a key, at once and for good", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			err = c.RevokeAPIKey(cmd.Context(), args[0])
			return p.printDone(wire.Revoked{Revoked: true}, err, "revoked: every call with this key is refused from now on")
		},
	}
}
