package cli

import (
	"cmp"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
)

// The addresses of a server that runs here with its defaults.
const (
	localAddress = "http://127.0.0.1:7070"
	localGateway = "http://127.0.0.1:7071"
)

// remote gives commands that call a server the flags that say which.
func (p *program) remote(commands ...*cobra.Command) {
	for _, c := range commands {
		if c.HasSubCommands() {
			p.remote(c.Commands()...)
			continue
		}
		c.Flags().StringVar(&p.address, "address", "", "the server's address, a `URL` (LOCKAGE_ADDRESS, or what login kept)")
		c.Flags().StringVar(&p.token, "token", "", "the management token (better in LOCKAGE_TOKEN, or kept by login)")
	}
}

// writing gives commands that change something the flag that goes on in spite of a freeze.
func (p *program) writing(c *cobra.Command) *cobra.Command {
	c.Flags().StringVar(&p.override, "override-freeze", "",
		"as an owner, go on in spite of a freeze; the `REASON` is recorded and stays visible")
	return c
}

// connect is the client of the server that the flags, the environment or login name, in that order. The token that
// login kept is sent only to the server it was kept for.
func (p *program) connect() (*client.Client, error) {
	var session credentials
	address := cmp.Or(p.address, os.Getenv("LOCKAGE_ADDRESS"))
	token := cmp.Or(p.token, os.Getenv("LOCKAGE_TOKEN"))
	if address == "" || token == "" {
		kept, err := readCredentials()
		if err != nil {
			return nil, err
		}
		if address = cmp.Or(address, kept.Address); address == "" {
			return nil, errors.New(
				`which server? Log in once with "lockage login", or set LOCKAGE_ADDRESS and LOCKAGE_TOKEN`)
		}
		if address, err = client.CheckAddress(address); err != nil {
			return nil, err
		}
		if token == "" && kept.Address == address {
			token, session, p.loggedIn = kept.Token, kept, true
		}
	}
	if token == "" {
		return nil, errors.New(
			`there is no token for this server: log in with "lockage login --address", or set LOCKAGE_TOKEN`)
	}
	c := client.Config{Address: address, Token: token, OverrideFreeze: p.override}
	if _, isTerminal := p.terminal(); isTerminal {
		c.Prove = p.askProof
	}
	if !session.SessionEnds.IsZero() {
		return p.renewed(c, session)
	}
	return client.New(c)
}
