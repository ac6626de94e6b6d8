package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) factors() *cobra.Command {
	g := group("second-factors", "What you prove who you are with besides a password",
		p.factorList(), p.factorAdd(), p.factorConfirm(), p.factorRemove(), p.recoveryCodes())
	p.remote(g)
	return g
}

func (p *program) factorList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List your second factors, and how many recovery codes are left", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			found, err := c.ListSecondFactors(cmd.Context())
			if err != nil {
				return err
			}
			if p.json {
				return encode(p.out, found)
			}
			if found.Required {
				p.note("this account demands a second factor of everybody")
			}
			p.note("%s left", count(found.RecoveryCodes, "recovery code"))
			return printList(p, found.Factors, nil, []column[wire.SecondFactor]{
				{head: "id", cell: func(f wire.SecondFactor) string { return f.ID }},
				{head: "kind", cell: func(f wire.SecondFactor) string { return factorKinds[f.Kind] }},
				{head: "name", cell: func(f wire.SecondFactor) string { return f.Name }},
				{head: "created", cell: func(f wire.SecondFactor) string { return at(f.CreatedAt, "") }},
				{head: "last used", cell: func(f wire.SecondFactor) string { return at(f.LastUsedAt, "never") }},
			})
		},
	}
}

// factorKinds are the kinds of factors as people call them.
var factorKinds = map[string]string{"totp": "authenticator", "webauthn": "passkey"}

func (p *program) factorAdd() *cobra.Command {
	return &cobra.Command{
		Use: "add NAME", Short: "Set up an authenticator, which shows a code every 30 seconds", Args: arguments(0, "NAME"),
		Long: `Makes a key for an authenticator. At a terminal it is drawn, for the authenticator to read it from the
picture, and the code that the authenticator then shows is asked for: from then on, logging in asks
for one too. Elsewhere the key is printed, and "lockage second-factors confirm" takes the code.

With the first second factor come recovery codes, for the day on which it is lost. They are printed
this once. Passkeys are set up by a browser, over the API.`,
		Example: `  lockage second-factors add phone`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			made, err := c.CreateTOTP(cmd.Context(), wire.TOTPCreate{Name: args[0]})
			if err != nil {
				return err
			}
			if _, isTerminal := p.terminal(); !isTerminal || p.json {
				p.note("it proves nothing yet: enter the key into the authenticator, and within 15 minutes the code it shows, with\n"+
					"  lockage second-factors confirm %s", clean(made.ID))
				return printOne(p, made, nil, []column[wire.TOTP]{
					{head: "id", cell: func(t wire.TOTP) string { return t.ID }},
					{head: "key", cell: func(t wire.TOTP) string { return t.Secret }},
					{head: "url", cell: func(t wire.TOTP) string { return t.URL }},
				})
			}
			picture, err := drawn(made.URL)
			if err != nil {
				return err
			}
			p.note("Have the authenticator read this, or type in the key %s\n\n%s", clean(made.Secret), picture)
			return p.confirmFactor(cmd.Context(), c, made.ID)
		},
	}
}

func (p *program) factorConfirm() *cobra.Command {
	return &cobra.Command{
		Use: "confirm ID", Short: "Show that an authenticator makes the right codes", Args: arguments(0, "ID"),
		Long: `Reads a code of the authenticator from standard input, or asks for it at a terminal. From then on,
logging in asks for one.`,
		Example: `  lockage second-factors confirm 0198c0de-… < code`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			return p.confirmFactor(cmd.Context(), c, args[0])
		},
	}
}

// confirmFactor asks for a code of an authenticator, and prints the recovery codes that come with the first one.
func (p *program) confirmFactor(ctx context.Context, c *client.Client, id string) error {
	code, err := p.confidential(ctx, "Code that it shows: ", "code")
	if err != nil {
		return err
	}
	codes, err := c.ConfirmTOTP(ctx, id, wire.TOTPConfirm{Code: strings.TrimSpace(code)})
	if err != nil {
		return err
	}
	if len(codes.RecoveryCodes) == 0 {
		return p.printDone(codes, nil, "set up; logging in asks for a code of it from now on")
	}
	p.note("set up; logging in asks for a code of it from now on")
	return p.printRecoveryCodes(codes)
}

func (p *program) recoveryCodes() *cobra.Command {
	return &cobra.Command{
		Use: "recovery-codes", Short: "Put new recovery codes in place of those you have", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			codes, err := c.RenewRecoveryCodes(cmd.Context())
			if err != nil {
				return err
			}
			return p.printRecoveryCodes(codes)
		},
	}
}

func (p *program) printRecoveryCodes(codes wire.RecoveryCodes) error {
	if p.json {
		return encode(p.out, codes)
	}
	p.note("each of these recovery codes logs you in once when your second factors are lost; they are shown this once:")
	for _, code := range codes.RecoveryCodes {
		if _, err := fmt.Fprintln(p.out, clean(code)); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) factorRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Remove a second factor, and with the last one your recovery codes", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			done, err := c.DeleteSecondFactor(cmd.Context(), args[0])
			return p.printDone(done, err, "removed")
		},
	}
}
