package control

import (
	"context"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// The forms of an export.
const (
	ExportJSONL = "jsonl"
	ExportCSV   = "csv"
)

// exportSome is how many entries one reading of an export takes.
const exportSome = 500

// AuditExport is an export of the audit log that was begun. It is used by one goroutine.
type AuditExport struct {
	Account string
	Begun   time.Time
	To      int64  // the number of the last entry it covers: its own
	Whole   bool   // nothing narrows it, so that it can be verified
	Anchor  string // the signed note of where the log begins; "" with its first entry

	control *Control
	who     access.Principal
	filter  store.AuditFilter
	done    bool
}

// ExportAudit begins an export of the log up to the entry that records it. The filter's page and order are of no
// concern: an export is whole, and begins with the oldest.
func (c *Control) ExportAudit(ctx context.Context, who access.Principal, f AuditFilter, format string) (e *AuditExport, err error) {
	f.Page = Page{}
	q, _, err := f.query()
	if err != nil {
		return nil, err
	}
	if format != ExportJSONL && format != ExportCSV {
		return nil, fault.Refused("format", `must be "jsonl" or "csv"`)
	}
	q.Ascending, q.Limit = true, exportSome
	err = c.write(ctx, who, access.AuditExport, account, func(v *visit) error {
		if f.Environment != "" {
			seen, err := v.seen(f.Environment)
			if err != nil {
				return err
			}
			q.EnvironmentID = seen.ID
		}
		a, err := v.AccountSettings(ctx)
		if err != nil {
			return err
		}
		v.target = accountTarget(a)
		v.detail = audit.Detail("format", format)
		narrowed := f.narrowed()
		if len(narrowed) > 0 {
			v.detail["field"] = strings.Join(narrowed, ",")
		}
		anchor, err := v.AuditAnchor(ctx)
		if err != nil {
			return err
		}
		q.After = anchor.Entries
		e = &AuditExport{
			Account: a.ID, Begun: v.Now(), To: v.Version(), Whole: len(narrowed) == 0, Anchor: anchor.Note, control: c, who: who, filter: q,
		}
		return nil
	})
	return e, err
}

// narrowed names what the filter narrows.
func (f AuditFilter) narrowed() (names []string) {
	for _, one := range []struct {
		name string
		set  bool
	}{
		{"actor", f.Actor != ""},
		{"action", f.Action != ""},
		{"environment", f.Environment != ""},
		{"target", f.Target != ""},
		{"outcome", f.Outcome != ""},
		{"since", !f.Since.IsZero()},
		{"until", !f.Until.IsZero()},
	} {
		if one.set {
			names = append(names, one.name)
		}
	}
	return names
}

// Next answers the entries that follow, oldest first, and none at the end. Each reading is one of its own, so that an
// export holds nothing up however long it takes.
func (e *AuditExport) Next(ctx context.Context) (list []audit.Entry, err error) {
	if e.done {
		return nil, nil
	}
	err = e.control.read(ctx, e.who, access.AuditExport, account, func(v *visit) error {
		if anchor, err := v.AuditAnchor(ctx); err != nil {
			return err
		} else if anchor.Entries > e.filter.After {
			return fault.New(fault.Conflict, "the log was pruned while it was exported; export again")
		}
		list, err = v.Audit(ctx, e.filter)
		return err
	})
	if err != nil {
		return nil, err
	}
	e.done = len(list) < e.filter.Limit
	for i, entry := range list {
		if entry.Sequence > e.To {
			list, e.done = list[:i], true
			break
		}
	}
	if len(list) > 0 {
		e.filter.After = list[len(list)-1].Sequence
	}
	return list, nil
}
