package api

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/wire"
)

type auditList struct {
	Actor       string    `query:"actor" doc:"Only what this member or token did: its id."`
	Action      string    `query:"action" doc:"Only this action, for instance secret.value.set; GET /v1/audit-logs/actions lists them."`
	Environment string    `query:"environment" doc:"Only what concerned this environment: its id or name."`
	Target      string    `query:"target" doc:"Only what was done to this thing: its id."`
	Outcome     string    `query:"outcome" enum:"allowed,refused" doc:"Only decisions with this outcome."`
	Since       time.Time `query:"since" doc:"Only decisions at or after this time."`
	Until       time.Time `query:"until" doc:"Only decisions before this time."`
	Order       string    `query:"order" enum:"asc,desc" default:"desc" doc:"Oldest first (asc) or newest first (desc)."`
	Limit       int       `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor      string    `query:"cursor" doc:"Where to go on: meta.next_cursor of the answer before."`
}

func (a *API) listAudit(ctx context.Context, c *call, in *auditList) ([]wire.AuditEntry, error) {
	list, next, err := a.control.ListAudit(ctx, c.who, control.AuditFilter{
		Actor: in.Actor, Action: in.Action, Environment: in.Environment, Target: in.Target, Outcome: in.Outcome,
		Since: in.Since, Until: in.Until, Ascending: in.Order == "asc", Page: pageOf(in.Limit, in.Cursor),
	})
	c.next = next
	return convert(list, auditEntryOf), err
}

func (a *API) listAuditActions(ctx context.Context, c *call, _ *none) ([]wire.AuditAction, error) {
	list, err := a.control.AuditActions(ctx, c.who)
	return convert(list, func(a access.Action) wire.AuditAction { return wire.AuditAction{Name: string(a), Does: a.Does()} }), err
}

func auditEntryOf(e audit.Entry) wire.AuditEntry {
	return wire.AuditEntry{
		Sequence: e.Sequence, Time: wire.Time(e.Time), Actor: wire.AuditActor(e.Actor), Action: e.Action,
		Outcome: string(e.Outcome), EnvironmentID: e.EnvironmentID, Environment: e.Environment,
		Target: wire.AuditTarget(e.Target), Detail: filled(e.Detail), RequestID: e.RequestID, Address: e.Address,
		Prev: e.Prev, Hash: e.Hash,
	}
}

func (a *API) getAuditCheckpoint(ctx context.Context, c *call, _ *none) (wire.AuditCheckpoint, error) {
	s, err := a.control.AuditCheckpoint(ctx, c.who)
	return wire.AuditCheckpoint{
		Checkpoint: string(s.Note), Key: s.Key, Entries: s.Entries, Hash: s.Hash, Time: wire.Time(s.Time),
		Pruned: s.Anchor.Entries, Anchor: s.Anchor.Note,
	}, err
}
