package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func (p *program) auditExport() *cobra.Command {
	var f auditFlags
	var format, out string
	cmd := &cobra.Command{
		Use: "export", Short: "Export decisions, oldest first, as JSON lines or CSV", Args: arguments(0),
		Long: `Exports the audit log: as JSON lines, which "lockage audit verify FILE" proves, or as CSV for a
spreadsheet. The file appears when the export is whole, in place of one of its name; one that was cut
short is an error and leaves nothing. The export is itself recorded.`,
		Example: `  lockage audit export --out november.jsonl
  lockage audit export --format csv --outcome refused --since 30d --out refused.csv`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter, err := f.read(cmd)
			if err != nil {
				return err
			}
			if format != "jsonl" && format != "csv" {
				return misused(cmd, "--format must be jsonl or csv")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			return p.exportTo(out, func(w io.Writer) (int64, error) {
				progress, end := p.bytesDone("exported")
				defer end()
				return c.ExportAudit(cmd.Context(), filter, format, w, progress)
			})
		},
	}
	f.register(p, cmd)
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl or csv, the `FORMAT` of the export")
	cmd.Flags().StringVarP(&out, "out", "o", "", "write to this `FILE` instead of standard output")
	if err := cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"jsonl", "csv"}, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is such a flag
	}
	return cmd
}

// exportTo runs an export into a file that only its owner reads and that appears when it is whole, or to standard output.
func (p *program) exportTo(path string, run func(io.Writer) (int64, error)) (err error) {
	if path == "" {
		_, err := run(p.out)
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreClosed(f.Close()), os.Remove(f.Name()))
		}
	}()
	n, err := run(f)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	return p.printDone(struct {
		File    string `json:"file"`
		Entries int64  `json:"entries"`
	}{path, n}, nil, "%s exported to %s", entriesOf(n), path)
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

func entriesOf(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return strconv.FormatInt(n, 10) + " entries"
}

// bytesDone tells on one line of the terminal how much is done, where somebody looks; end clears the line.
func (p *program) bytesDone(what string) (tell func(int64), end func()) {
	f, isFile := p.errOut.w.(*os.File)
	if p.json || !isFile || !term.IsTerminal(int(f.Fd())) { //nolint:gosec // a descriptor is small
		return nil, func() {}
	}
	told := int64(-1)
	tell = func(n int64) {
		if tenths := n * 10 >> 20; tenths != told {
			told = tenths
			fmt.Fprintf(p.errOut, "\r%s %d.%d MB\x1b[K", what, tenths/10, tenths%10)
		}
	}
	return tell, func() { fmt.Fprint(p.errOut, "\r\x1b[K") }
}
