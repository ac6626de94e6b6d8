package cli

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/intake"
	"github.com/lockage/lockage/wire"
)

// importFlags say what is imported, and how far.
type importFlags struct {
	existing, overwrite bool
	format, environment string
	names, only         []string
	yes, dryRun         bool
}

func (p *program) secretsImport() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE | --from-existing",
		Short: "Bring secrets in from a file, or unite those that name their environment",
		Long: `Makes secrets with a value per environment out of a .env or JSON file, or with --from-existing out of
secrets that are there. Without --environment the name says where a value goes: STRIPE_PRODUCTION_KEY
and STRIPE_STAGING_KEY become the values of stripe_key in production and staging. Routes that name the
old secrets name the new ones in their drafts then. With --from-existing values are copied where they
are, and nobody reads them; the old secrets stay.

It shows what it would do, never a value, and asks; without a terminal it wants --yes. What failed in
the middle is brought to its end by the same command.`,
		Example: `  lockage secrets import .env --dry-run
  lockage secrets import .env.staging --environment staging --yes
  lockage secrets import --from-existing --name stripe_key=stripe_api_key`,
		Args: arguments(1, "FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := f.options(cmd, args)
			if err != nil {
				return err
			}
			var entries []intake.Entry
			if !f.existing {
				if entries, err = p.readEntries(cmd, args[0], f.format); err != nil {
					return err
				}
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			plan, err := planImport(cmd.Context(), c, entries, o, f.overwrite)
			if err != nil {
				return err
			}
			return p.carryOutImport(cmd.Context(), c, plan, f)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.existing, "from-existing", false, "unite secrets that are there, by their names")
	fs.StringVar(&f.format, "format", "", "the file's `FORMAT`: env or json (default: by its name, or how it begins)")
	fs.StringVarP(&f.environment, "environment", "e", "", "everything goes to this `ENVIRONMENT`, under the name it has")
	fs.StringArrayVar(&f.names, "name", nil, "another name, like `stripe_key=stripe_api_key`; several times")
	fs.StringSliceVar(&f.only, "only", nil, "only what comes to be called `NAME`; several times or with commas")
	fs.BoolVar(&f.overwrite, "overwrite", false, "with --from-existing, copy over values that are there, too")
	fs.BoolVar(&f.dryRun, "dry-run", false, "show what it would do, and do nothing")
	fs.BoolVar(&f.yes, "yes", false, "do not ask")
	return cmd
}

// options are the flags as the rules take them.
func (f importFlags) options(cmd *cobra.Command, args []string) (o intake.Options, err error) {
	o = intake.Options{Environment: f.environment, Names: map[string]string{}, Only: f.only, Existing: f.existing}
	switch {
	case f.existing && len(args) > 0:
		return o, misused(cmd, "it takes a FILE or --from-existing, not both")
	case !f.existing && len(args) == 0:
		return o, misused(cmd, "FILE is missing: give one, - for standard input, or --from-existing")
	case f.existing && (f.format != "" || f.environment != ""):
		return o, misused(cmd, "--format and --environment are of a file: leave them out")
	case !f.existing && f.overwrite:
		return o, misused(cmd, "--overwrite is of --from-existing: a file's values replace what is there")
	case !slices.Contains([]string{"", "env", "json"}, f.format):
		return o, misused(cmd, "--format is env or json")
	}
	for _, pair := range f.names {
		old, name, found := strings.Cut(pair, "=")
		if _, twice := o.Names[old]; !found || old == "" || name == "" || twice {
			return o, misused(cmd, "--name looks like 'OLD=NEW', once for each OLD")
		}
		o.Names[old] = name
	}
	return o, nil
}

// readEntries reads a file. Its errors name lines and never a value.
func (p *program) readEntries(cmd *cobra.Command, file, format string) ([]intake.Entry, error) {
	b, err := p.readFile(cmd, file)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	text := string(b)
	parse := intake.ParseEnv
	if format == "json" || format == "" && (strings.EqualFold(filepath.Ext(file), ".json") || file == "-" && strings.HasPrefix(strings.TrimSpace(text), "{")) {
		parse = intake.ParseJSON
	}
	entries, err := parse(text)
	if err != nil {
		return nil, &exit{code: exitBlocked, err: err}
	}
	return entries, nil
}

// planImport reads what is there and works out what is to do.
func planImport(ctx context.Context, c *client.Client, entries []intake.Entry, o intake.Options, overwrite bool) (plan importPlan, err error) {
	stand := intake.Stand{Secrets: map[string]intake.Held{}, Overwrite: overwrite}
	if stand.Environments, err = pipelineNames(ctx, c); err != nil {
		return plan, err
	}
	if o.Environment != "" && !slices.Contains(stand.Environments, o.Environment) {
		return plan, errors.New("--environment: there is no such environment; name one of " + strings.Join(stand.Environments, ", "))
	}
	list, err := collect(c.Secrets(ctx), 0)
	if err != nil {
		return plan, err
	}
	secrets := map[string]wire.Secret{}
	for _, s := range list {
		secrets[s.Name] = s
		if o.Existing {
			entries = append(entries, intake.Entry{Name: s.Name})
		}
	}
	families, err := intake.Gather(entries, intake.NewConvention(stand.Environments), o)
	if err != nil {
		return plan, err
	}
	live := map[string][]wire.SecretEnvironment{}
	for _, name := range families.Mentioned() {
		s, there := secrets[name]
		if !there {
			continue
		}
		if live[name], err = c.SecretEnvironments(ctx, name); err != nil {
			return plan, err
		}
		held := intake.Held{ID: s.ID, Type: s.Type, Versions: map[string]int64{}}
		for _, e := range live[name] {
			held.Versions[e.Environment] = e.Version
		}
		stand.Secrets[name] = held
	}
	plan = importPlan{Plan: intake.Make(families, stand), Routes: []importRoute{}}
	if err := plan.addRoutes(ctx, c, stand, live); err != nil {
		return plan, err
	}
	return plan, plan.warnClients(ctx, c, secrets)
}

// pipelineNames are the environments that are seen, in the pipeline's order.
func pipelineNames(ctx context.Context, c *client.Client) ([]string, error) {
	list, err := c.ListEnvironments(ctx)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("there is no environment that you see")
	}
	slices.SortFunc(list, func(a, b wire.Environment) int { return cmp.Compare(a.Level, b.Level) })
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.Name
	}
	return names, nil
}
