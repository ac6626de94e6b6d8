package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/lockage/lockage/wire"
)

// exported reads an audit log from files, oldest entry first. An entry that is in several of them counts once.
func exported(files []string) (iter.Seq2[wire.AuditEntry, error], error) {
	var list []wire.AuditEntry
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
		of, err := readExport(raw)
		if err != nil {
			return nil, fmt.Errorf("%s is no audit log: it must hold what \"lockage audit list --limit 0 --json\" prints, or answers of the API", name)
		}
		list = append(list, of...)
	}
	slices.SortStableFunc(list, func(a, b wire.AuditEntry) int { return cmp.Compare(a.Sequence, b.Sequence) })
	list = slices.CompactFunc(list, func(a, b wire.AuditEntry) bool {
		return a.Sequence == b.Sequence && a.Hash == b.Hash && a.Prev == b.Prev && entry(a).Sum() == entry(b).Sum()
	})
	return func(yield func(wire.AuditEntry, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}, nil
}

// readExport reads lists of entries, answers of the API, and single entries, one after the other.
func readExport(raw []byte) (list []wire.AuditEntry, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	for {
		var value json.RawMessage
		if err := d.Decode(&value); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		var some []wire.AuditEntry
		var answer struct {
			Data *[]wire.AuditEntry `json:"data"`
		}
		var single wire.AuditEntry
		switch {
		case value[0] == '[':
			err = json.Unmarshal(value, &some)
		case json.Unmarshal(value, &answer) == nil && answer.Data != nil:
			some = *answer.Data
		default:
			err = json.Unmarshal(value, &single)
			some = append(some, single)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	if slices.ContainsFunc(list, func(e wire.AuditEntry) bool { return e.Sequence < 1 || e.Hash == "" }) {
		return nil, errors.New("not entries")
	}
	return list, nil
}
