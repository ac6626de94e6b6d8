package cli

import (
	"fmt"
	"strings"

	"github.com/lockage/lockage/wire"
)

// printLog shows a call for people. What was recorded of it was chosen by whoever made the call, or answered it: every
// line of it is cleaned.
func (p *program) printLog(d wire.LogDetail) error {
	if err := printOne(p, d.LogRecord, nil, logColumns()); err != nil {
		return err
	}
	if line := revealLine(d); line != "" {
		fmt.Fprintf(p.out, "\n%s\n", clean(line))
	}
	c := d.Content
	switch {
	case d.ContentsHidden && c == nil:
		fmt.Fprintf(p.out, "\ncontents are hidden in %s\n", clean(d.Environment))
		return nil
	case c == nil:
		fmt.Fprintln(p.out, "\nno content is recorded")
		return nil
	}
	if c.Query != "" {
		fmt.Fprintf(p.out, "\n> ?%s\n", clean(c.Query))
	}
	p.printMessage("> ", c.RequestHeaders, c.RequestBody)
	p.printMessage("< ", c.ResponseHeaders, c.ResponseBody)
	return nil
}

func (p *program) printMessage(mark string, headers []wire.LogHeader, body wire.LogBody) {
	fmt.Fprintln(p.out)
	for _, h := range headers {
		fmt.Fprintf(p.out, "%s%s: %s\n", mark, clean(h.Name), clean(h.Value))
	}
	p.printBody(mark, body)
}

func (p *program) printBody(mark string, body wire.LogBody) {
	switch {
	case body.Omitted != "":
		fmt.Fprintf(p.out, "%s\n%s(%d bytes, not recorded: %s)\n", mark, mark, body.Size, clean(body.Omitted))
		return
	case body.Text == "" && !body.Truncated:
		return
	}
	fmt.Fprintln(p.out, mark)
	for line := range strings.SplitSeq(strings.TrimSuffix(body.Text, "\n"), "\n") {
		fmt.Fprintf(p.out, "%s%s\n", mark, clean(strings.TrimSuffix(line, "\r")))
	}
	if body.Truncated {
		fmt.Fprintf(p.out, "%s(cut short: %d bytes went by)\n", mark, body.Size)
	}
}
