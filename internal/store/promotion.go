package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/lockage/lockage/internal/definition"
)

// Promotion is a promotion that was asked for: carried out, or a proposal that waits for approvals.
type Promotion struct {
	ID            string
	EnvironmentID string // the highest one it goes into
	State         string // "open", "done" or "rejected"
	Request       json.RawMessage
	Message       string
	Plan          string // hash
	Author        definition.Author
	Needed        int
	Commits       []string // ids of what it made, lowest environment first
	Reason        string   // of a rejection
	CreatedAt     time.Time
	ClosedAt      time.Time
}

const promotionColumns = `id, environment_id, state, request, message, plan, author_kind, author_id, author_name, needed, commits,
	reason, created_at, closed_at`

func scanPromotion(r row) (p Promotion, err error) {
	var commits, request []byte
	err = r.Scan(&p.ID, &p.EnvironmentID, &p.State, &request, &p.Message, &p.Plan, &p.Author.Kind, &p.Author.ID, &p.Author.Name,
		&p.Needed, &commits, &p.Reason, instant{&p.CreatedAt}, instant{&p.ClosedAt})
	p.Request = request
	if err == nil {
		err = json.Unmarshal(commits, &p.Commits)
	}
	return p, err
}

// PutPromotion writes a promotion; only state, commits, reason and the time of closing change later.
func (tx *Tx) PutPromotion(ctx context.Context, p Promotion) error {
	if p.Commits == nil {
		p.Commits = []string{}
	}
	commits, err := json.Marshal(p.Commits)
	if err != nil {
		return err
	}
	const upsert = `
		INSERT INTO promotions (account_id, ` + promotionColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (account_id, id) DO UPDATE
		SET state = excluded.state, commits = excluded.commits, reason = excluded.reason, closed_at = excluded.closed_at`
	return tx.exec(ctx, upsert, tx.account, p.ID, p.EnvironmentID, p.State, string(p.Request), p.Message, p.Plan, p.Author.Kind,
		p.Author.ID, p.Author.Name, p.Needed, string(commits), p.Reason, ms(p.CreatedAt), ms(p.ClosedAt))
}

// Promotion finds a promotion by id.
func (tx *Tx) Promotion(ctx context.Context, id string) (Promotion, error) {
	return one(ctx, tx, "promotion", scanPromotion,
		`SELECT `+promotionColumns+` FROM promotions WHERE account_id = $1 AND id = $2`, tx.account, id)
}

// Promotions lists promotions into the environments, newest first, in a state or in all (""), before an id.
func (tx *Tx) Promotions(ctx context.Context, environmentIDs []string, state, before string, limit int) ([]Promotion, error) {
	w := newWhere(tx.account)
	w.in("environment_id", environmentIDs)
	w.equal("state", state)
	if before != "" {
		w.add("id < %s", before)
	}
	query := `SELECT ` + promotionColumns + ` FROM promotions WHERE ` + w.text() + ` ORDER BY id DESC LIMIT ` + w.arg(limit)
	return all(ctx, tx, scanPromotion, query, w.args...)
}

// Approval is one person's yes to a plan.
type Approval struct {
	PromotionID string
	ApproverID  string
	Approver    string
	Plan        string // hash
	CreatedAt   time.Time
}

func scanApproval(r row) (a Approval, err error) {
	return a, r.Scan(&a.PromotionID, &a.ApproverID, &a.Approver, &a.Plan, instant{&a.CreatedAt})
}

// PutApproval keeps an approval; a person's newer one takes the place of the earlier.
func (tx *Tx) PutApproval(ctx context.Context, a Approval) error {
	const upsert = `
		INSERT INTO approvals (account_id, promotion_id, approver_id, approver, plan, created_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account_id, promotion_id, approver_id) DO UPDATE SET plan = excluded.plan, created_at = excluded.created_at`
	return tx.exec(ctx, upsert, tx.account, a.PromotionID, a.ApproverID, a.Approver, a.Plan, ms(a.CreatedAt))
}

// Approvals lists who approved a promotion, oldest first.
func (tx *Tx) Approvals(ctx context.Context, promotionID string) ([]Approval, error) {
	const list = `SELECT promotion_id, approver_id, approver, plan, created_at FROM approvals
		WHERE account_id = $1 AND promotion_id = $2 ORDER BY created_at, approver_id`
	return all(ctx, tx, scanApproval, list, tx.account, promotionID)
}
