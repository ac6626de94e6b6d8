package control

import (
	"context"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// AuditFilter narrows a reading of the audit log; zero fields do not narrow.
type AuditFilter struct {
	Actor        string // id
	Action       string
	Environment  string // id or name
	Target       string // id or name
	Outcome      string // "allowed" or "refused"
	Since, Until time.Time
	Ascending    bool // oldest first, for verifying the chain
	Page
}

// ListAudit reads the account's audit log, newest first unless Ascending.
func (c *Control) ListAudit(ctx context.Context, who access.Principal, f AuditFilter) (list []audit.Entry, next string, err error) {
	limit, cursor, err := f.open()
	if err != nil {
		return nil, "", err
	}
	var after int64
	if cursor != "" {
		if after, err = strconv.ParseInt(cursor, 10, 64); err != nil || after < 1 {
			return nil, "", fault.Refused("cursor", "is not a cursor of this list; start again without one")
		}
	}
	if f.Outcome != "" && f.Outcome != string(audit.Allowed) && f.Outcome != string(audit.Refused) {
		return nil, "", fault.Refused("outcome", `must be "allowed" or "refused"`)
	}
	err = c.read(ctx, who, access.AuditRead, account, func(v *visit) error {
		q := store.AuditFilter{
			Actor: f.Actor, Action: f.Action, Target: f.Target, Outcome: f.Outcome, Since: f.Since, Until: f.Until,
			Ascending: f.Ascending, After: after, Limit: limit + 1,
		}
		if f.Environment != "" {
			e, err := v.seen(f.Environment)
			if err != nil {
				return err
			}
			q.EnvironmentID = e.ID
		}
		list, err = v.Audit(ctx, q)
		list, next = cut(list, limit, func(e audit.Entry) string { return strconv.FormatInt(e.Sequence, 10) })
		return err
	})
	return list, next, err
}
