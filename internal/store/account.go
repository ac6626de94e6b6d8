package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/mask"
)

// Accounts lists the ids of all accounts, oldest first.
func (tx *Tx) Accounts(ctx context.Context) ([]string, error) {
	return all(ctx, tx, func(r row) (id string, err error) { return id, r.Scan(&id) }, `SELECT id FROM accounts ORDER BY id`)
}

// OldestAccount is the id of the account that the first start made; "" where there is none yet. Its log keeps what concerns
// no account that is known.
func (tx *Tx) OldestAccount(ctx context.Context) (string, error) {
	list, err := all(ctx, tx, func(r row) (id string, err error) { return id, r.Scan(&id) }, `SELECT id FROM accounts ORDER BY id LIMIT 1`)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}

// AccountPage lists accounts, whose ever they are, in order of creation after an id, at most limit; used through ReadAll.
func (tx *Tx) AccountPage(ctx context.Context, after string, limit int) ([]Account, error) {
	return all(ctx, tx, scanAccount, `SELECT `+accountColumns+` FROM accounts WHERE accounts.id > $1 ORDER BY accounts.id LIMIT $2`, after, limit)
}

// SnapshotVersions answers for each account the version of the newest change the gateway must know.
func (tx *Tx) SnapshotVersions(ctx context.Context) (map[string]int64, error) {
	type head struct {
		id      string
		version int64
	}
	scan := func(r row) (h head, err error) { return h, r.Scan(&h.id, &h.version) }
	heads, err := all(ctx, tx, scan, `SELECT id, snapshot_version FROM accounts`)
	if err != nil {
		return nil, err
	}
	versions := make(map[string]int64, len(heads))
	for _, h := range heads {
		versions[h.id] = h.version
	}
	return versions, nil
}

// SnapshotVersion is the version of the account's newest change the gateway must know.
func (tx *Tx) SnapshotVersion(ctx context.Context) (version int64, err error) {
	return one(ctx, tx, "account", func(r row) (v int64, err error) { return v, r.Scan(&v) },
		`SELECT snapshot_version FROM accounts WHERE id = $1`, tx.account)
}

// Account is what an account sets for itself.
type Account struct {
	ID                    string
	Name                  string
	CommitMessageRequired bool
	StepUp                access.StepUp
	Obfuscation           mask.Rules // of its documents
	SecondFactor          bool       // whoever acts here must have shown one
	OIDC                  access.GroupLogin
	AuditRetention        time.Duration // 0: the log is kept for ever
	CreatedAt             time.Time
}

const accountColumns = `accounts.id, accounts.name, accounts.commit_message_required, accounts.step_up, accounts.obfuscation, accounts.second_factor, accounts.oidc, accounts.audit_retention_ms, accounts.created_at`

func scanAccount(r row) (a Account, err error) {
	var stepUp, oidc string
	var rules []byte
	var retention int64
	err = r.Scan(&a.ID, &a.Name, &a.CommitMessageRequired, &stepUp, &rules, &a.SecondFactor, &oidc, &retention, instant{&a.CreatedAt})
	if err != nil {
		return a, err
	}
	a.AuditRetention = time.Duration(retention) * time.Millisecond
	if stepUp != "" {
		err = json.Unmarshal([]byte(stepUp), &a.StepUp)
	}
	if oidc != "" {
		err = errors.Join(err, json.Unmarshal([]byte(oidc), &a.OIDC))
	}
	return a, errors.Join(err, json.Unmarshal(rules, &a.Obfuscation))
}

// AccountSettings reads the account's settings.
func (tx *Tx) AccountSettings(ctx context.Context) (Account, error) {
	return one(ctx, tx, "account", scanAccount, `SELECT `+accountColumns+` FROM accounts WHERE id = $1`, tx.account)
}

// UpdateAccount writes the account's settings.
func (tx *Tx) UpdateAccount(ctx context.Context, a Account) error {
	stepUp := ""
	if a.StepUp != (access.StepUp{}) {
		raw, err := json.Marshal(a.StepUp)
		if err != nil {
			return err
		}
		stepUp = string(raw)
	}
	rules, err := json.Marshal(a.Obfuscation)
	if err != nil {
		return err
	}
	oidc := ""
	if a.OIDC.Only || len(a.OIDC.Groups) > 0 {
		raw, err := json.Marshal(a.OIDC)
		if err != nil {
			return err
		}
		oidc = string(raw)
	}
	const update = `
		UPDATE accounts SET name = $2, commit_message_required = $3, step_up = $4, obfuscation = $5, second_factor = $6, oidc = $7,
		       audit_retention_ms = $8
		WHERE id = $1`
	return tx.exec(ctx, update, tx.account, a.Name, a.CommitMessageRequired, stepUp, string(rules), a.SecondFactor, oidc, a.AuditRetention.Milliseconds())
}
