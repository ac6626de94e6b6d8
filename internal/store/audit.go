package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/audit"
)

const auditColumns = `account_id, sequence, time, actor_kind, actor_id, actor_name, action, outcome, environment_id, environment,
	target_kind, target_id, target_name, detail, request_id, address, prev, hash`

func scanAudit(r row) (e audit.Entry, err error) {
	var detail []byte
	err = r.Scan(&e.Account, &e.Sequence, instant{&e.Time}, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Name, &e.Action, &e.Outcome,
		&e.EnvironmentID, &e.Environment, &e.Target.Kind, &e.Target.ID, &e.Target.Name, &detail, &e.RequestID, &e.Address,
		&e.Prev, &e.Hash)
	if err == nil {
		err = json.Unmarshal(detail, &e.Detail)
	}
	return e, err
}

// AppendAudit chains the entry of this transaction to the account's log; account, sequence, time and hashes are set
// here. A transaction has exactly one entry, so that the sequence has no gaps.
func (tx *Tx) AppendAudit(ctx context.Context, e audit.Entry) error {
	if tx.version == 0 || tx.audited {
		return errors.New("an audit entry outside an audited transaction, or a second one")
	}
	e.Account, e.Sequence, e.Time = tx.account, tx.version, tx.now
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	e = e.Seal(tx.prev)
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return err
	}
	const insert = `
		INSERT INTO audit_entries (` + auditColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`
	err = tx.exec(ctx, insert, e.Account, e.Sequence, ms(e.Time), e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Action, e.Outcome,
		e.EnvironmentID, e.Environment, e.Target.Kind, e.Target.ID, e.Target.Name, string(detail), e.RequestID, e.Address, e.Prev, e.Hash)
	if err != nil {
		return err
	}
	if err := tx.exec(ctx, `UPDATE accounts SET audit_hash = $2 WHERE id = $1`, tx.account, e.Hash); err != nil {
		return err
	}
	tx.audited = true
	return nil
}

// AuditFilter narrows a reading of the log; zero fields do not narrow.
type AuditFilter struct {
	Actor         string // id
	Action        string
	EnvironmentID string
	Target        string // id or name
	TargetKind    string
	TargetID      string
	Outcome       string
	Since, Until  time.Time
	Ascending     bool
	After         int64 // the sequence the reading goes on from; 0 starts
	Limit         int
}

// Audit reads entries, newest first unless ascending; those that were pruned are not there. A target may be an id or a name:
// each is read by itself and no further than the limit, so that each reading ends where an index does.
func (tx *Tx) Audit(ctx context.Context, f AuditFilter) ([]audit.Entry, error) {
	columns := []string{""}
	if f.Target != "" {
		columns = []string{"target_id", "target_name"}
	}
	anchored, err := tx.anchored(ctx, tx.account)
	if err != nil {
		return nil, err
	}
	found := []audit.Entry{}
	for _, column := range columns {
		query, args := f.query(tx, anchored, column)
		list, err := all(ctx, tx, scanAudit, query, args...)
		if err != nil {
			return nil, err
		}
		found = append(found, list...)
	}
	if len(columns) == 1 {
		return found, nil
	}
	slices.SortFunc(found, func(a, b audit.Entry) int {
		if f.Ascending {
			return cmp.Compare(a.Sequence, b.Sequence)
		}
		return cmp.Compare(b.Sequence, a.Sequence)
	})
	found = slices.CompactFunc(found, func(a, b audit.Entry) bool { return a.Sequence == b.Sequence }) // named by its id
	return found[:min(len(found), f.Limit)], nil
}

// query reads what is behind the anchor, along one index, which ends in the order of the answer. The column is where the target
// stands.
func (f AuditFilter) query(tx *Tx, anchored int64, column string) (string, []any) {
	w := newWhere(tx.account)
	w.equal("actor_id", f.Actor)
	w.equal("action", f.Action)
	w.equal("environment_id", f.EnvironmentID)
	w.equal("outcome", f.Outcome)
	w.equal("target_kind", f.TargetKind)
	w.equal("target_id", f.TargetID)
	if column != "" {
		w.equal(column, f.Target)
	}
	w.between("time", f.Since, f.Until)
	order := "DESC"
	if f.Ascending {
		order = "ASC"
		anchored = max(anchored, f.After)
	} else if f.After > 0 {
		w.add("sequence < %s", f.After)
	}
	w.add("sequence > %s", anchored)
	by := "" // the primary key
	switch {
	case column != "":
		by = tx.by("audit_entries_by_" + strings.TrimSuffix(column, "_id"))
	case f.TargetID != "":
		by = tx.by("audit_entries_by_target")
	case f.Outcome == string(audit.Refused): // rarer than what any one person did
		by = tx.by("audit_entries_by_outcome")
	case f.Actor != "":
		by = tx.by("audit_entries_by_actor")
	case f.Action != "":
		by = tx.by("audit_entries_by_action")
	case f.EnvironmentID != "":
		by = tx.by("audit_entries_by_environment")
	}
	return `SELECT ` + auditColumns + ` FROM audit_entries` + by + ` WHERE ` + w.text() + ` ORDER BY sequence ` + order + ` LIMIT ` + w.arg(f.Limit), w.args
}

// AuditHead is how far an account's log has come.
type AuditHead struct {
	Account string
	Entries int64
	Hash    string // of the last of them
}

func scanAuditHead(r row) (h AuditHead, err error) { return h, r.Scan(&h.Account, &h.Entries, &h.Hash) }

// AuditHead answers how far the account's log has come.
func (tx *Tx) AuditHead(ctx context.Context) (AuditHead, error) {
	return one(ctx, tx, "account", scanAuditHead, `SELECT id, version, audit_hash FROM accounts WHERE id = $1`, tx.account)
}

// AuditHeads answers how far the log of every account has come; used through ReadAll.
func (tx *Tx) AuditHeads(ctx context.Context) ([]AuditHead, error) {
	return all(ctx, tx, scanAuditHead, `SELECT id, version, audit_hash FROM accounts ORDER BY id`)
}
