package store

import (
	"context"
	"encoding/json"
	"errors"
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

// Audit reads entries, newest first unless ascending; those that were pruned are not there.
func (tx *Tx) Audit(ctx context.Context, f AuditFilter) ([]audit.Entry, error) {
	w := newWhere(tx.account)
	w.conditions = append(w.conditions, behindAnchor)
	w.equal("actor_id", f.Actor)
	w.equal("action", f.Action)
	w.equal("environment_id", f.EnvironmentID)
	w.equal("outcome", f.Outcome)
	w.equal("target_kind", f.TargetKind)
	w.equal("target_id", f.TargetID)
	if f.Target != "" {
		w.add("(target_id = %[1]s OR target_name = %[1]s)", f.Target)
	}
	w.between("time", f.Since, f.Until)
	order := "DESC"
	if f.Ascending {
		order = "ASC"
		w.add("sequence > %s", f.After)
	} else if f.After > 0 {
		w.add("sequence < %s", f.After)
	}
	query := `SELECT ` + auditColumns + ` FROM audit_entries WHERE ` + w.text() + ` ORDER BY sequence ` + order + ` LIMIT ` + w.arg(f.Limit)
	return all(ctx, tx, scanAudit, query, w.args...)
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
