package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) accounts() *cobra.Command {
	g := group("accounts", "The accounts there are: list, open, act in another", p.accountsList(), p.accountsCreate(), p.accountsSwitch())
	p.remote(g)
	return g
}

// operatorVariable holds the credential that opens accounts for others; it is no flag, which others on the machine see.
const operatorVariable = "LOCKAGE_OPERATOR_TOKEN"

// connectOpener is connect as the operator, where the operator's token is at hand.
func (p *program) connectOpener() (*client.Client, error) {
	if p.token == "" {
		p.token = os.Getenv(operatorVariable)
	}
	return p.connect()
}

func summaryColumns() []column[wire.AccountSummary] {
	return []column[wire.AccountSummary]{
		{head: "id", cell: func(a wire.AccountSummary) string { return a.ID }},
		{head: "name", cell: func(a wire.AccountSummary) string { return a.Name }},
		{head: "created", cell: func(a wire.AccountSummary) string { return at(a.CreatedAt, "") }},
	}
}

func (p *program) accountsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the accounts you belong to; as the operator, all there are", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connectOpener()
			if err != nil {
				return err
			}
			list, err := collect(c.Accounts(cmd.Context()), 0)
			return printList(p, list, err, summaryColumns())
		},
	}
}

func (p *program) accountsCreate() *cobra.Command {
	var a wire.AccountCreate
	cmd := &cobra.Command{
		Use:   "create NAME [--owner EMAIL]",
		Short: "Open an account: as the operator for an owner, or one of your own",
		Long: `Opens an account with the environments development and production.

With the operator's token in LOCKAGE_OPERATOR_TOKEN, --owner says who is invited to own it; the link
is mailed, or shown once. Without it you own the account yourself, as the person you are logged in
as, on a server where accounts are open to all.`,
		Example: `  lockage accounts create "Ada's shop" --owner ada@example.com
  lockage accounts create "My own house"`,
		Args: arguments(0, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.Name = args[0]
			c, err := p.connectOpener()
			if err != nil {
				return err
			}
			out, err := c.CreateAccount(cmd.Context(), a)
			return p.printOpened(out, a.Email, err)
		},
	}
	cmd.Flags().StringVar(&a.Email, "owner", "", "the `EMAIL` of who is to own it; with the operator's token")
	return cmd
}

// printOpened prints the link alone on standard output, so that it can go straight to where it is needed.
func (p *program) printOpened(out wire.AccountCreated, owner string, err error) error {
	switch {
	case err != nil:
		return err
	case p.json:
		return encode(p.out, out)
	case out.Account == nil: // which no credential gets; an answer of another server
		return errors.New("the server opened no account")
	case out.Link != "":
		return p.printLink(fmt.Sprintf("Opened %s (id %s), and invited %s.", clean(out.Account.Name), out.Account.ID, clean(owner)), out.Link)
	case out.Sent:
		return p.printDone(out, nil, "opened %s (id %s): the link for %s is on its way by mail", out.Account.Name, out.Account.ID, owner)
	default:
		return p.printDone(out, nil, "opened %s (id %s): it is yours; lockage accounts switch goes on in it", out.Account.Name, out.Account.ID)
	}
}

func (p *program) accountsSwitch() *cobra.Command {
	return &cobra.Command{
		Use: "switch ID", Short: "Go on in another account that you belong to", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if p.token != "" || os.Getenv("LOCKAGE_TOKEN") != "" {
				return errors.New("a token acts in its own account alone: leave --token and LOCKAGE_TOKEN out, and log in with lockage login --email")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			kept, err := readCredentials()
			if err != nil {
				return err
			}
			if kept.SessionEnds.IsZero() {
				return errors.New("what login kept is a token, which acts in its own account alone: log in with lockage login --email")
			}
			in, err := c.SwitchAccount(cmd.Context(), wire.Switch{Account: args[0]})
			if err != nil {
				return err
			}
			kept.Token, kept.TokenEnds, kept.SessionEnds = in.Token, time.Time(in.ExpiresAt), time.Time(in.SessionExpiresAt)
			if _, err := kept.write(); err != nil {
				return err
			}
			name := in.AccountID
			for _, a := range in.Accounts {
				if a.ID == in.AccountID {
					name = a.Name
				}
			}
			return p.printDone(map[string]string{"account_id": in.AccountID, "name": name}, nil, "you act in %s from now on", name)
		},
	}
}
