package cli

import (
	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) changes() *cobra.Command {
	g := group("changes", "What is saved and uncommitted", p.changesList(), p.writing(p.changesDiscard()))
	p.remote(g)
	return g
}

func (p *program) changesList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List what is saved and uncommitted, and by whom", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := c.ListChanges(cmd.Context())
			return printList(p, list, err, []column[wire.DraftChange]{
				{head: "kind", cell: func(d wire.DraftChange) string { return d.Kind }},
				{head: "key", cell: func(d wire.DraftChange) string { return d.Key }},
				{head: "change", cell: func(d wire.DraftChange) string { return d.Change }},
				{head: "saved by", cell: func(d wire.DraftChange) string { return d.SavedBy }},
				{head: "saved", cell: func(d wire.DraftChange) string { return at(d.SavedAt, "") }},
			})
		},
	}
}

func (p *program) changesDiscard() *cobra.Command {
	return &cobra.Command{
		Use: "discard ROUTE", Short: "Drop what is saved of a route; what is committed stays", Args: arguments(0, "ROUTE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			err = c.DiscardChange(cmd.Context(), "route", args[0])
			return p.printDone(wire.Discarded{Discarded: true}, err, "discarded what was saved of the route %s", args[0])
		},
	}
}
