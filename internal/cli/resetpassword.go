package cli

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/internal/server"
	"github.com/lockage/lockage/wire"
)

func (p *program) resetPassword() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reset-password EMAIL", Short: "Make a link for a new password, on the server's own machine", Args: arguments(0, "EMAIL"),
		Long: `Makes a link with which somebody sets a new password, once and within an hour: the way back in when
nobody can log in any more to make one. It works on the database itself, as the user that the server
runs as, beside the running server or without one, and needs the settings that serve is given.

The audit log of each account that the person belongs to tells of it, as done by the operator. Their
second factors stay. Where somebody else can log in, "lockage members reset-password" is for it.`,
		Example: `  lockage reset-password owner@example.com --data /var/lib/lockage
  lockage reset-password owner@example.com --config /etc/lockage.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := server.LoadConfig(serveFlags(cmd), os.LookupEnv)
			if err != nil {
				return misused(cmd, "%s", err)
			}
			link, expires, err := server.ResetPassword(cmd.Context(), cfg, args[0])
			if err != nil {
				return err
			}
			return p.printReset(wire.ResetLink{Link: link, ExpiresAt: wire.Time(expires)}, nil)
		},
	}
	d := server.Defaults()
	cmd.Flags().String("data", "", "the server's data `FOLDER` (default "+d.Data+")")
	cmd.Flags().String("database", "", "its postgres:// `URL` (default: SQLite in the data folder)")
	cmd.Flags().String("public-url", "", "the `URL` where browsers reach it (default: where it listens)")
	cmd.Flags().String("listen", "", "the `ADDRESS` where it listens (default "+d.Listen+")")
	cmd.Flags().String("config", "", "a YAML `FILE` of the server's settings")
	return cmd
}

func (p *program) membersResetPassword() *cobra.Command {
	return &cobra.Command{
		Use: "reset-password ID", Short: "Make a link with which a member sets a new password; it is shown once", Args: arguments(0, "ID"),
		Long: `Makes a link with which a member sets a new password, once and within an hour. It is as good as the
member: you must hold all that they hold, and they may belong to no other account.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			return p.printReset(c.CreatePasswordReset(cmd.Context(), args[0]))
		},
	}
}

func (p *program) printReset(r wire.ResetLink, err error) error {
	if err != nil {
		return err
	}
	if p.json {
		return encode(p.out, r)
	}
	return p.printLink("A new password can be set until "+time.Time(r.ExpiresAt).Local().Format(time.TimeOnly)+".", r.Link)
}
