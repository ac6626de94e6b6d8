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

// query checks the filter and answers what the store is asked: one entry more than the page has.
func (f AuditFilter) query() (q store.AuditFilter, limit int, err error) {
	limit, cursor, err := f.open()
	if err != nil {
		return q, 0, err
	}
	q = store.AuditFilter{
		Actor: f.Actor, Action: f.Action, Target: f.Target, Outcome: f.Outcome, Since: f.Since, Until: f.Until,
		Ascending: f.Ascending, Limit: limit + 1,
	}
	if cursor != "" {
		if q.After, err = strconv.ParseInt(cursor, 10, 64); err != nil || q.After < 1 {
			return q, 0, fault.Refused("cursor", "is not a cursor of this list; start again without one")
		}
	}
	if _, known := access.Action(f.Action).Scope(); f.Action != "" && !known {
		return q, 0, fault.Refused("action", "is not the name of an action; lockage audit actions and GET /v1/audit-logs/actions list them")
	}
	if f.Outcome != "" && f.Outcome != string(audit.Allowed) && f.Outcome != string(audit.Refused) {
		return q, 0, fault.Refused("outcome", `must be "allowed" or "refused"`)
	}
	return q, limit, nil
}

// AuditActions answers every action that entries can have, sorted by name.
func (c *Control) AuditActions(ctx context.Context, who access.Principal) (list []access.Action, err error) {
	err = c.read(ctx, who, access.AuditRead, account, func(*visit) error {
		list = access.Actions()
		return nil
	})
	return list, err
}

// ListAudit reads the account's audit log, newest first unless Ascending.
func (c *Control) ListAudit(ctx context.Context, who access.Principal, f AuditFilter) (list []audit.Entry, next string, err error) {
	q, limit, err := f.query()
	if err != nil {
		return nil, "", err
	}
	err = c.read(ctx, who, access.AuditRead, account, func(v *visit) error {
		list, next, err = v.entries(ctx, f, q, limit)
		return err
	})
	return list, next, err
}

// entries reads a page of the log.
func (v *visit) entries(ctx context.Context, f AuditFilter, q store.AuditFilter, limit int) (list []audit.Entry, next string, err error) {
	if f.Environment != "" {
		e, err := v.seen(f.Environment)
		if err != nil {
			return nil, "", err
		}
		q.EnvironmentID = e.ID
	}
	list, err = v.Audit(ctx, q)
	list, next = cut(list, limit, func(e audit.Entry) string { return strconv.FormatInt(e.Sequence, 10) })
	return list, next, err
}
