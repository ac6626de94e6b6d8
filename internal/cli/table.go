package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/lockage/lockage/wire"
)

// column is one fact of a T. A list shows each T as a row; a single T is shown as lines, with the columns that are too
// much for a list as well, and a cell of several lines as such.
type column[T any] struct {
	head   string
	cell   func(T) string
	single bool // not in lists
}

// printOne prints what a call answered, as the API gave it with --json.
func printOne[T any](p *program, item T, err error, columns []column[T]) error {
	if err != nil {
		return err
	}
	if p.json {
		return encode(p.out, item)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, c := range columns {
		head := c.head + ":"
		for line := range strings.SplitSeq(c.cell(item), "\n") {
			fmt.Fprintf(w, "%s\t%s\n", head, clean(line))
			head = ""
		}
	}
	return w.Flush()
}

// printList prints a list that a call answered.
func printList[T any](p *program, items []T, err error, columns []column[T]) error {
	if err != nil {
		return err
	}
	if p.json {
		if items == nil {
			items = []T{}
		}
		return encode(p.out, items)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	row := func(cell func(column[T]) string) {
		var cells []string
		for _, c := range columns {
			if !c.single {
				cells = append(cells, clean(cell(c)))
			}
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	row(func(c column[T]) string { return strings.ToUpper(c.head) })
	for _, item := range items {
		row(func(c column[T]) string { return c.cell(item) })
	}
	return w.Flush()
}

// printDone prints data with --json, and otherwise one line that says what was done.
func (p *program) printDone(data any, err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	if p.json {
		return encode(p.out, data)
	}
	_, err = fmt.Fprintln(p.out, clean(fmt.Sprintf(format, args...)))
	return err
}

// collect reads at most limit items; 0 is all.
func collect[T any](items iter.Seq2[T, error], limit int) ([]T, error) {
	var list []T
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		if list = append(list, item); len(list) == limit {
			break
		}
	}
	return list, nil
}

func encode(w io.Writer, data any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(data)
}

// clean replaces what could move the cursor, colour the screen or turn the text around: a path in a log was chosen by
// whoever made the call.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// at words an instant, or its absence.
func at(t wire.Time, absent string) string {
	if time.Time(t).IsZero() {
		return absent
	}
	return time.Time(t).UTC().Format("2006-01-02 15:04:05Z")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// count words a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
