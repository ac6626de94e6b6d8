package cli

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) invitations() *cobra.Command {
	return group("invitations", "Invitations that you were sent", p.invitationsAccept())
}

func (p *program) invitationsAccept() *cobra.Command {
	var address, name string
	cmd := &cobra.Command{
		Use: "accept [flags] < link", Short: "Accept an invitation with its link", Args: arguments(0),
		Long: `Accepts an invitation. Its link, or what stands behind the link's #, comes from standard input or a
prompt; it is a credential, and never an argument. Who is new chooses a password, of 12 characters or
more; who has a login here gives the one they have, which is asked for at a terminal and elsewhere
the second line of standard input. Who logged in with "lockage login" as the person who is invited
needs none.`,
		Example: `  lockage invitations accept
  lockage invitations accept --name Dana < link-and-password`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.acceptInvitation(cmd, address, name)
		},
	}
	cmd.Flags().StringVar(&address, "address", "", "the server's address, a `URL` (the link's, LOCKAGE_ADDRESS, or what login kept)")
	cmd.Flags().StringVar(&name, "name", "", "what you are to be called; the inviter's choice without")
	return cmd
}

func (p *program) acceptInvitation(cmd *cobra.Command, address, name string) error {
	text, err := p.confidential(cmd.Context(), "Link of the invitation: ", "link")
	if err != nil {
		return err
	}
	link, password, _ := strings.Cut(text, "\n")
	page, token, isLink := strings.Cut(strings.TrimSpace(link), "#")
	if !isLink {
		page, token = "", page
	}
	kept, err := readCredentials()
	if err != nil {
		return err
	}
	address = cmp.Or(address, strings.TrimSuffix(page, "/invitations"), os.Getenv("LOCKAGE_ADDRESS"), kept.Address)
	if address, err = client.CheckAddress(address); err != nil {
		return misused(cmd, "which server? Give the whole link, or --address")
	}
	c := client.Config{Address: address}
	accept := wire.InvitationAccept{Token: token, Name: name, Password: strings.TrimSuffix(password, "\r")}
	if accept.Password == "" && kept.Address == address && time.Now().Before(kept.TokenEnds) {
		c.Token = kept.Token // of a session; a management token is nobody's
	}
	if _, isTerminal := p.terminal(); accept.Password == "" && c.Token == "" {
		if !isTerminal {
			return errors.New("there is no password: give it on the second line of standard input, or log in first as who is invited")
		}
		if accept.Password, err = p.newOrKnown(cmd.Context(), address); err != nil {
			return err
		}
	}
	in, err := client.AcceptInvitation(cmd.Context(), c, accept)
	return p.printDone(in, err, "you belong to %s as %s (id %s); log in with: lockage login --address %s --email %s",
		in.Account.Name, in.Member.Email, in.Member.ID, address, in.Member.Email)
}

// newOrKnown asks for the password of somebody who may be new: twice, since a new one cannot be looked up anywhere.
func (p *program) newOrKnown(ctx context.Context, address string) (string, error) {
	typed, err := p.hidden(ctx, "Password at "+address+", a new one if you have none there: ", "password")
	if err != nil {
		return "", err
	}
	again, err := p.hidden(ctx, "Once more: ", "password")
	if err == nil && again != typed {
		err = errors.New("the two are not the same: nothing was done")
	}
	return typed, err
}
