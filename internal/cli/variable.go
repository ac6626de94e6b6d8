package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) variables() *cobra.Command {
	g := group("variables", "Named plain values, one per environment, for {{var:KEY}} in routes",
		p.variablesList(), p.variablesGet(), p.writing(p.variablesSet()), p.writing(p.variablesUnset()), p.writing(p.variablesDelete()))
	p.remote(g)
	return g
}

func variableColumns() []column[wire.Variable] {
	return []column[wire.Variable]{
		{head: "key", cell: func(v wire.Variable) string { return v.Key }},
		{head: "values", cell: func(v wire.Variable) string {
			var list []string
			for _, in := range v.Values {
				if in.Value != nil {
					list = append(list, in.Environment+"="+*in.Value)
				}
			}
			return strings.Join(list, ", ")
		}},
		{head: "description", cell: func(v wire.Variable) string { return v.Description }},
	}
}

func variableValueColumns() []column[wire.VariableValue] {
	return []column[wire.VariableValue]{
		{head: "environment", cell: func(v wire.VariableValue) string { return v.Environment }},
		{head: "value", cell: func(v wire.VariableValue) string {
			if v.Value == nil {
				return "-"
			}
			return *v.Value
		}},
		{head: "updated", cell: func(v wire.VariableValue) string { return at(v.UpdatedAt, "-") }},
		{head: "routes using", cell: func(v wire.VariableValue) string { return routeNames(v.Routes) }},
	}
}

func (p *program) variablesList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List variables with their values", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.Variables(cmd.Context()), 0)
			return printList(p, list, err, variableColumns())
		},
	}
}

func (p *program) variablesGet() *cobra.Command {
	return &cobra.Command{
		Use: "get KEY", Short: "Show what a variable holds in each environment, and which routes use it", Args: arguments(0, "KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			v, err := c.GetVariable(cmd.Context(), args[0])
			if p.json {
				return p.printDone(v, err, "")
			}
			return printList(p, v.Values, err, variableValueColumns())
		},
	}
}

func (p *program) variablesSet() *cobra.Command {
	var description string
	cmd := &cobra.Command{
		Use:   "set KEY [ENVIRONMENT=VALUE …]",
		Short: "Set a variable in environments, and make it where there is none",
		Long: `Sets what a variable holds in the environments that are named; the others stay. Variables are plain:
everybody who may see the environment's definitions may see them. What is confidential is a secret.`,
		Example: `  lockage variables set region development=eu-test production=eu-west-1`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused(cmd, "KEY is missing")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			body := wire.VariablePut{Values: map[string]*string{}, Description: given(cmd, "description", description)}
			for _, pair := range args[1:] {
				environment, value, found := strings.Cut(pair, "=")
				if !found || environment == "" {
					return misused(cmd, "say ENVIRONMENT=VALUE, like production=eu-west-1")
				}
				body.Values[environment] = &value
			}
			if len(body.Values) == 0 && body.Description == nil {
				return misused(cmd, "say what to set: ENVIRONMENT=VALUE, or --description")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			v, err := c.PutVariable(cmd.Context(), args[0], body)
			return printOne(p, v, err, variableColumns())
		},
	}
	cmd.Flags().StringVar(&description, "description", "", "what it is for")
	return cmd
}

func (p *program) variablesUnset() *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use: "unset KEY --environment ENVIRONMENT", Short: "Take a variable's value in one environment away",
		Args: arguments(0, "KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			err = c.DeleteVariable(cmd.Context(), args[0], environment)
			return p.printDone(wire.Deleted{Deleted: true}, err, "%s has no value in %s any more", args[0], environment)
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT` where it loses the value")
	return cmd
}

func (p *program) variablesDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete KEY", Short: "Delete a variable that no route uses, with all its values", Args: arguments(0, "KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			err = c.DeleteVariable(cmd.Context(), args[0], "")
			return p.printDone(wire.Deleted{Deleted: true}, err, "deleted the variable %s", args[0])
		},
	}
}
