package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) history() *cobra.Command {
	var f client.CommitFilter
	var route string
	var limit int
	cmd := &cobra.Command{
		Use: "log [ENVIRONMENT]", Short: "Show the commits of an environment or of all, newest first",
		Long: `Shows the commits, newest first; "lockage log show" tells what one changed. The calls through the
gateway are in "lockage logs".`,
		Example: `  lockage log production --route payments
  lockage log --cause rollback
  lockage log show 0198c0de-…`,
		Args:        arguments(1, "ENVIRONMENT"),
		Annotations: map[string]string{"itself": "yes"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 0 {
				return misused(cmd, "--limit cannot be negative; 0 is no limit")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			if len(args) > 0 {
				f.Environment = args[0]
			}
			if route != "" {
				f.Definition = "route/" + route
			}
			list, err := collect(c.Commits(cmd.Context(), f), limit)
			return printList(p, list, err, commitColumns())
		},
	}
	cmd.Flags().StringVar(&route, "route", "", "only what changed the route of this `KEY`")
	cmd.Flags().StringVar(&f.Author, "author", "", "only by this `AUTHOR`, a name or id")
	cmd.Flags().StringVar(&f.Cause, "cause", "", "only of this `CAUSE`: commit, promotion or rollback")
	cmd.Flags().IntVar(&limit, "limit", 50, "at most this `NUMBER`; 0 is no limit")
	p.remote(cmd)
	show := p.historyShow()
	p.remote(show)
	cmd.AddCommand(show)
	return cmd
}

func commitColumns() []column[wire.Commit] {
	return []column[wire.Commit]{
		{head: "environment", cell: func(m wire.Commit) string { return m.Environment }},
		{head: "no", cell: func(m wire.Commit) string { return strconv.FormatInt(m.Number, 10) }},
		{head: "time", cell: func(m wire.Commit) string { return at(m.CreatedAt, "") }},
		{head: "cause", cell: func(m wire.Commit) string { return m.Cause }},
		{head: "author", cell: func(m wire.Commit) string { return m.Author }},
		{head: "changes", cell: func(m wire.Commit) string {
			keys := make([]string, len(m.Changes))
			for i, change := range m.Changes {
				keys[i] = change.Key
			}
			return some(keys)
		}},
		// One line in a list: what follows the first line of a message is for those who look closer.
		{head: "message", cell: func(m wire.Commit) string { return firstLine(m.Message) }},
		{head: "from", cell: func(m wire.Commit) string { return m.Source }, single: true},
		{head: "before", cell: func(m wire.Commit) string { return m.RootBefore }, single: true},
		{head: "after", cell: func(m wire.Commit) string { return m.RootHash }, single: true},
		{head: "id", cell: func(m wire.Commit) string { return m.ID }},
	}
}

// maxNamed is how many names a line takes.
const maxNamed = 5

// some names the first of many things.
func some(names []string) string {
	if more := len(names) - maxNamed; more > 0 {
		return strings.Join(names[:maxNamed], ", ") + " and " + strconv.Itoa(more) + " more"
	}
	return strings.Join(names, ", ")
}

func firstLine(s string) string {
	line, _, cut := strings.Cut(s, "\n")
	if cut {
		line += " …"
	}
	return line
}

func (p *program) historyShow() *cobra.Command {
	return &cobra.Command{
		Use: "show COMMIT", Short: "Show one commit, by id, with what it changed", Args: arguments(0, "COMMIT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			m, err := c.GetCommit(cmd.Context(), args[0])
			columns := commitColumns()
			for i, c := range columns {
				if c.head == "message" {
					columns[i].cell = func(m wire.Commit) string { return m.Message }
				}
			}
			if err := printOne(p, m, err, columns); err != nil || p.json {
				return err
			}
			g := newPage(p.out)
			for _, change := range m.Changes {
				g.change(change.Kind, change.Key, changeOf(change.Before, change.After), change.Edits)
			}
			return nil
		},
	}
}
