package cli

import (
	"errors"
	"io/fs"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
)

func (p *program) logout() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "End the session that login opened, and forget what it keeps", Args: arguments(0),
		Long: `Ends the session at the server, and removes what login kept on this machine. A management token
is only forgotten here: it goes on until it is revoked.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			kept, err := readCredentials()
			if err != nil {
				return err
			}
			if kept.Token == "" {
				return errors.New("nobody is logged in here")
			}
			told := "logged out of %s"
			if kept.SessionEnds.IsZero() {
				told = "forgot the token for %s; it goes on until it is revoked (lockage tokens revoke)"
			} else if err := endSession(cmd, kept); err != nil {
				return err
			}
			path, err := credentialsFile()
			if err != nil {
				return err
			}
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return p.printDone(map[string]string{"address": kept.Address}, nil, told, kept.Address)
		},
	}
}

// endSession ends it at the server; one that is over there is as good.
func endSession(cmd *cobra.Command, kept credentials) error {
	c, err := client.New(client.Config{Address: kept.Address, Token: kept.Token})
	if err != nil {
		return err
	}
	err = c.Logout(cmd.Context())
	if told, ok := errors.AsType[*client.Error](err); ok && told.Status == http.StatusUnauthorized {
		return nil
	}
	return err
}
