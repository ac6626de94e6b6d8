package cli

import (
	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) signingKeys() *cobra.Command {
	g := group("signing-keys", "The keys that sign the JWTs of sessions", p.signingKeysList(), p.signingKeysRotate())
	p.remote(g)
	return g
}

func (p *program) signingKeysList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the keys that JWTs are verified by now or soon, the newest first", Args: arguments(0),
		Long: `Lists the keys that JWTs are verified by now or soon, the newest first, as everybody may see them at
/.well-known/jwks.json. A new one is shown for ten minutes before it signs.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := client.VerificationKeys(cmd.Context(), client.Config{Address: c.Address()})
			return printList(p, list, err, []column[wire.VerificationKey]{
				{head: "id", cell: func(k wire.VerificationKey) string { return k.ID }},
				{head: "algorithm", cell: func(k wire.VerificationKey) string { return k.Algorithm }},
				{head: "curve", cell: func(k wire.VerificationKey) string { return k.Curve }},
				{head: "public key", cell: func(k wire.VerificationKey) string { return k.X }},
			})
		},
	}
}

func (p *program) signingKeysRotate() *cobra.Command {
	var agreed bool
	cmd := &cobra.Command{
		Use: "rotate", Short: "Put a new key in the place of all others, at once", Args: arguments(0),
		Long: `Puts a new key in the place of all others at once, for when somebody else may know one: every JWT is
refused from then on, also the one of this command line, which logs in again. Browsers stay logged
in, and management tokens are no JWTs. Only owners of the installation's first account may. Nothing
has to be done for the renewal every 30 days.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !agreed {
				if err := p.askWhether(cmd.Context(), "Every command line that logged in as a person has to log in again. Go on?"); err != nil {
					return err
				}
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			k, err := c.RotateSigningKey(cmd.Context())
			return p.printDone(k, err, "%s signs; what others signed is refused", k.ID)
		},
	}
	cmd.Flags().BoolVar(&agreed, "yes", false, "go on without being asked")
	return cmd
}
