package cli

import (
	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) diff() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff [FROM TO]",
		Short: "Show what is uncommitted, or what differs between two environments or moments",
		Long: `Without arguments, shows what is saved and uncommitted against what is live in the first
environment. With two, shows what turns the one into the other: each is an environment, or an
environment, @ and a moment: a commit's number or id, a date, or a time like 2026-01-31T15:04:05Z.`,
		Example: `  lockage diff
  lockage diff production staging
  lockage diff production@2026-11-01 production`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return misused(cmd, "TO is missing: give two environments, or none for what is uncommitted")
			}
			return arguments(2, "FROM", "TO")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				list, err := c.ListChanges(cmd.Context())
				return p.printChanges(list, err)
			}
			d, err := c.Compare(cmd.Context(), args[0], args[1])
			if err != nil || p.json {
				return p.printDone(d, err, "")
			}
			g := newPage(p.out)
			for _, change := range d.Changes {
				g.change(change.Kind, change.Key, changeOf(change.Before, change.After), change.Edits)
			}
			if len(d.Changes) == 0 {
				p.note("%s at commit %d and %s at commit %d are equal",
					clean(d.From.Environment), d.From.Commit, clean(d.To.Environment), d.To.Commit)
			}
			return nil
		},
	}
	p.remote(cmd)
	return cmd
}

// printChanges prints what is uncommitted, each with its difference.
func (p *program) printChanges(list []wire.DraftChange, err error) error {
	if err != nil {
		return err
	}
	if p.json {
		if list == nil {
			list = []wire.DraftChange{}
		}
		return encode(p.out, list)
	}
	g := newPage(p.out)
	for _, d := range list {
		g.change(d.Kind, d.Key, d.Change, d.Edits)
	}
	if len(list) == 0 {
		p.note("nothing is uncommitted")
	}
	return nil
}
