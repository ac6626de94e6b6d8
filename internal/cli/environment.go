package cli

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) environments() *cobra.Command {
	g := group("environments", "Isolated levels, from development up to production",
		p.environmentsList(), p.environmentsGet(), p.writing(p.environmentsCreate()), p.writing(p.environmentsUpdate()), p.writing(p.environmentsDelete()))
	p.remote(g)
	return g
}

func environmentColumns() []column[wire.Environment] {
	return []column[wire.Environment]{
		{head: "name", cell: func(e wire.Environment) string { return e.Name }},
		{head: "display name", cell: func(e wire.Environment) string { return e.DisplayName }},
		{head: "level", cell: func(e wire.Environment) string { return strconv.Itoa(e.Level) }},
		{head: "default", cell: func(e wire.Environment) string { return yes(e.IsDefault) }},
		{head: "protected", cell: func(e wire.Environment) string { return yes(e.Protected) }},
		{head: "description", cell: func(e wire.Environment) string { return e.Description }, single: true},
		{head: "color", cell: func(e wire.Environment) string { return e.Color }, single: true},
		{head: "customer data obfuscated", single: true, cell: func(e wire.Environment) string {
			return yes(e.ObfuscateCustomerData)
		}},
		{head: "message contents shown", single: true, cell: func(e wire.Environment) string {
			return yes(e.ShowMessageContents)
		}},
		{head: "distinct values", cell: func(e wire.Environment) string { return e.DistinctValues }, single: true},
		{head: "logs", cell: logsOf, single: true},
		{head: "protection", cell: protectionLine, single: true},
		{head: "hold", cell: holdLine, single: true},
		{head: "head", cell: func(e wire.Environment) string { return strconv.FormatInt(e.Head, 10) }, single: true},
		{head: "definitions", cell: func(e wire.Environment) string { return e.RootHash }, single: true},
		{head: "created", cell: func(e wire.Environment) string { return at(e.CreatedAt, "") }, single: true},
		{head: "id", cell: func(e wire.Environment) string { return e.ID }},
	}
}

func (p *program) environmentsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the environments you see, in order of creation", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := c.ListEnvironments(cmd.Context())
			return printList(p, list, err, environmentColumns())
		},
	}
}

func (p *program) environmentsGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ENVIRONMENT", Short: "Show one environment, by name or id", Args: arguments(0, "ENVIRONMENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			e, err := c.GetEnvironment(cmd.Context(), args[0])
			return printOne(p, e, err, environmentColumns())
		},
	}
}

func (p *program) environmentsCreate() *cobra.Command {
	var e wire.EnvironmentCreate
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Insert an environment one level below production", Args: arguments(0, "NAME"),
		Example: `  lockage environments create staging --display-name Staging --color '#f59e0b'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			e.Name = args[0]
			made, err := c.CreateEnvironment(cmd.Context(), e)
			return printOne(p, made, err, environmentColumns())
		},
	}
	cmd.Flags().StringVar(&e.DisplayName, "display-name", "", "name for people (default: the name)")
	cmd.Flags().StringVar(&e.Description, "description", "", "what it is for")
	cmd.Flags().StringVar(&e.Color, "color", "", "its color in pages, like '#f59e0b'")
	cmd.Flags().BoolVar(&e.IsDefault, "default", false, "make it the default environment")
	return cmd
}

func (p *program) environmentsUpdate() *cobra.Command {
	var name, displayName, description, color, distinct string
	var isDefault, obfuscate, show bool
	var protect protectionFlags
	var logs logSettings
	cmd := &cobra.Command{
		Use: "update ENVIRONMENT", Short: "Change, rename or protect an environment", Args: arguments(0, "ENVIRONMENT"),
		Example: `  lockage environments update production --approvals 1
  lockage environments update production --freeze-file windows.yaml

  with windows.yaml:

  - reason: nobody is there to help
    weekly: {days: [friday], from: "16:00", to: "24:00", time_zone: Europe/Berlin}
    allow_rollback: true
  - reason: holidays
    start: 2026-12-24T00:00:00Z
    end: 2027-01-02T00:00:00Z`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := anyGiven(cmd, "name", "display-name", "description", "color", "default", "obfuscate-customer-data",
				"show-message-contents", "distinct-values", "protected", "approvals", "freeze-file", "log-retention", "record-content", "cut"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			protection, err := p.protection(cmd, c, args[0], &protect)
			if err != nil {
				return err
			}
			e, err := c.UpdateEnvironment(cmd.Context(), args[0], wire.EnvironmentUpdate{
				Name:                  given(cmd, "name", name),
				DisplayName:           given(cmd, "display-name", displayName),
				Description:           given(cmd, "description", description),
				Color:                 given(cmd, "color", color),
				IsDefault:             given(cmd, "default", isDefault),
				ObfuscateCustomerData: given(cmd, "obfuscate-customer-data", obfuscate),
				ShowMessageContents:   given(cmd, "show-message-contents", show),
				DistinctValues:        given(cmd, "distinct-values", distinct),
				Protected:             given(cmd, "protected", protect.protected),
				Protection:            protection,
				Logs:                  logs.update(cmd),
			})
			return printOne(p, e, err, environmentColumns())
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "rename it; whatever refers to it follows")
	cmd.Flags().StringVar(&displayName, "display-name", "", "name for people")
	cmd.Flags().StringVar(&description, "description", "", "what it is for")
	cmd.Flags().StringVar(&color, "color", "", "its color in pages, like '#f59e0b'")
	cmd.Flags().BoolVar(&isDefault, "default", false, "make it the default environment")
	cmd.Flags().BoolVar(&obfuscate, "obfuscate-customer-data", false, "show customer data to people only masked")
	cmd.Flags().BoolVar(&show, "show-message-contents", false, "show the contents of messages to people")
	cmd.Flags().StringVar(&distinct, "distinct-values", "", "what becomes of a value that is the same as in an environment below, a `RULE`: off, warn or block")
	protect.register(cmd)
	logs.register(cmd)
	return cmd
}

func (p *program) environmentsDelete() *cobra.Command {
	var sure bool
	cmd := &cobra.Command{
		Use: "delete ENVIRONMENT", Short: "Delete an environment with its values, keys and data",
		Args: arguments(0, "ENVIRONMENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			e, err := c.GetEnvironment(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if !sure {
				question := "This deletes the environment " + clean(e.Name) +
					" for good, with its secret values, its keys and its data."
				if err := p.confirm(cmd.Context(), question, e.Name); err != nil {
					return err
				}
			}
			err = c.DeleteEnvironment(cmd.Context(), e.ID)
			return p.printDone(wire.Deleted{Deleted: true}, err, "deleted the environment %s", e.Name)
		},
	}
	cmd.Flags().BoolVar(&sure, "yes", false, "do not ask")
	return cmd
}
