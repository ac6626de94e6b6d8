package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/wire"
)

// exported reads an audit log from files, oldest entry first. An entry that is in several of them counts once, and of
// several anchors the one that takes the log back furthest.
func exported(cmd *cobra.Command, files []string, key string) (log auditLog, err error) {
	var list []wire.AuditEntry
	var anchors []string
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			return log, fmt.Errorf("read the audit log: %w", err)
		}
		of, notes, err := readExport(raw)
		var flawed *flawedExport
		switch {
		case errors.As(err, &flawed):
			return log, fmt.Errorf("%s %w", name, err)
		case err != nil:
			return log, fmt.Errorf("%s is no audit log: it must hold what \"lockage audit export\" or \"lockage audit list --limit 0 --json\" wrote, or answers of the API", name)
		}
		list, anchors = append(list, of...), append(anchors, notes...)
	}
	slices.SortStableFunc(list, func(a, b wire.AuditEntry) int { return cmp.Compare(a.Sequence, b.Sequence) })
	list = slices.CompactFunc(list, func(a, b wire.AuditEntry) bool {
		return a.Sequence == b.Sequence && a.Hash == b.Hash && a.Prev == b.Prev && entry(a).Sum() == entry(b).Sum()
	})
	log.entries = func(yield func(wire.AuditEntry, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
	log.anchor = func() (first audit.Anchor, err error) {
		if len(anchors) > 0 && key == "" {
			return first, misused(cmd, "--key is missing: the log begins later, and the key that \"lockage audit key\" printed shows that the entries before were pruned")
		}
		for i, note := range anchors {
			a, err := openAnchor(note, key)
			if err != nil {
				return first, err
			}
			if i == 0 || a.Entries < first.Entries {
				first = a
			}
		}
		return first, nil
	}
	return log, nil
}

// flawedExport is an export that is one, and proves nothing.
type flawedExport struct{ reason string }

func (e *flawedExport) Error() string { return e.reason }

// readExport reads exports in JSON lines, lists of entries, answers of the API, and single entries, one after the other,
// and the anchors of exports.
func readExport(raw []byte) (list []wire.AuditEntry, anchors []string, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	var begun *wire.AuditExportBegin // the export that is being read
	var before int                   // how many entries there were before it
	for {
		var value json.RawMessage
		if err := d.Decode(&value); errors.Is(err, io.EOF) {
			break
		} else if err != nil && begun != nil {
			return nil, nil, cutShort
		} else if err != nil {
			return nil, nil, err
		}
		var line wire.AuditExportLine
		if value[0] == '{' {
			if err := json.Unmarshal(value, &line); err != nil {
				return nil, nil, err
			}
		}
		switch {
		case line.Begin != nil && begun != nil, line.End != nil && begun == nil:
			return nil, nil, cutShort
		case line.Begin != nil && !line.Begin.Whole:
			return nil, nil, &flawedExport{"is an export that a filter narrowed: only a whole log can be verified"}
		case line.Begin != nil:
			if begun, before = line.Begin, len(list); begun.Anchor != "" {
				anchors = append(anchors, begun.Anchor)
			}
		case line.End != nil && int64(len(list)-before) != line.End.Entries:
			return nil, nil, &flawedExport{"lost entries since it was exported, or got others: its end tells of another number"}
		case line.End != nil:
			begun = nil
		default:
			some, err := readEntries(value)
			if err != nil {
				return nil, nil, err
			}
			list = append(list, some...)
		}
	}
	if begun != nil {
		return nil, nil, cutShort
	}
	if slices.ContainsFunc(list, func(e wire.AuditEntry) bool { return e.Sequence < 1 || e.Hash == "" }) {
		return nil, nil, errors.New("not entries")
	}
	return list, anchors, nil
}

var cutShort = &flawedExport{"was cut short: the line that says that it is whole is missing; export again"} //nolint:errname // an error of one kind

// readEntries reads a list of entries, an answer of the API, or a single entry.
func readEntries(value json.RawMessage) (some []wire.AuditEntry, err error) {
	var answer struct {
		Data *[]wire.AuditEntry `json:"data"`
	}
	var single wire.AuditEntry
	switch {
	case value[0] == '[':
		err = json.Unmarshal(value, &some)
		return some, err
	case json.Unmarshal(value, &answer) == nil && answer.Data != nil:
		return *answer.Data, nil
	default:
		err = json.Unmarshal(value, &single)
		return []wire.AuditEntry{single}, err
	}
}
