package cli

import (
	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) secrets() *cobra.Command {
	g := group("secrets", "Named credentials, with a value per environment",
		p.secretsList(), p.secretsGet(), p.writing(p.secretsCreate()), p.writing(p.secretsUpdate()), p.writing(p.secretsDelete()),
		p.secretsStatus(), p.writing(p.secretsSet()), p.writing(p.secretsUnset()), p.writing(p.secretsDuplicate()), p.writing(p.secretsImport()),
		p.secretsVersions(), p.writing(p.secretsActivate()), p.writing(p.secretsRetire()), p.writing(p.secretsTerms()),
		p.writing(p.secretsOAuth2()), p.secretsAuthorize(), p.writing(p.secretsCertificate()), p.secretsExpiring(), p.secretsCompare(), p.secretsAudit())
	p.remote(g)
	return g
}

func secretColumns() []column[wire.Secret] {
	return []column[wire.Secret]{
		{head: "name", cell: func(s wire.Secret) string { return s.Name }},
		{head: "type", cell: func(s wire.Secret) string { return s.Type }},
		{head: "description", cell: func(s wire.Secret) string { return s.Description }},
		{head: "created", cell: func(s wire.Secret) string { return at(s.CreatedAt, "") }, single: true},
		{head: "created by", cell: func(s wire.Secret) string { return s.CreatedBy }, single: true},
		{head: "updated", cell: func(s wire.Secret) string { return at(s.UpdatedAt, "") }},
		{head: "id", cell: func(s wire.Secret) string { return s.ID }},
	}
}

func (p *program) secretsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List secrets; values are never shown", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.Secrets(cmd.Context()), 0)
			return printList(p, list, err, secretColumns())
		},
	}
}

func (p *program) secretsGet() *cobra.Command {
	return &cobra.Command{
		Use: "get NAME", Short: "Show one secret; its values are never shown", Args: arguments(0, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			s, err := c.GetSecret(cmd.Context(), args[0])
			return printOne(p, s, err, secretColumns())
		},
	}
}

func (p *program) secretsCreate() *cobra.Command {
	var s wire.SecretCreate
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a secret, still without any value", Args: withoutValue("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			s.Name = args[0]
			made, err := c.CreateSecret(cmd.Context(), s)
			return printOne(p, made, err, secretColumns())
		},
	}
	cmd.Flags().StringVar(&s.Type, "type", "", "its `TYPE`: string (the default), oauth2 or certificate")
	cmd.Flags().StringVar(&s.Description, "description", "", "what it is for")
	return cmd
}

func (p *program) secretsUpdate() *cobra.Command {
	var description string
	cmd := &cobra.Command{
		Use: "update NAME", Short: "Change a secret's description", Args: withoutValue("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := anyGiven(cmd, "description"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			s, err := c.UpdateSecret(cmd.Context(), args[0], wire.SecretUpdate{Description: &description})
			return printOne(p, s, err, secretColumns())
		},
	}
	cmd.Flags().StringVar(&description, "description", "", "what it is for")
	return cmd
}

func (p *program) secretsDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Short: "Delete a secret that no route uses, with all its values", Args: arguments(0, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			err = c.DeleteSecret(cmd.Context(), args[0])
			return p.printDone(wire.Deleted{Deleted: true}, err, "deleted the secret %s", args[0])
		},
	}
}
