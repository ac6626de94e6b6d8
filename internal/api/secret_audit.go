package api

import (
	"context"
	"maps"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/wire"
)

type secretAuditList struct {
	ID          string    `path:"id" doc:"Id or name of the secret; the id of one that was deleted."`
	Environment string    `query:"environment" doc:"Only what concerned this environment: its id or name."`
	Outcome     string    `query:"outcome" enum:"allowed,refused" doc:"Only decisions with this outcome."`
	Since       time.Time `query:"since" doc:"Only decisions at or after this time."`
	Until       time.Time `query:"until" doc:"Only decisions before this time."`
	Limit       int       `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor      string    `query:"cursor" doc:"Where to go on: meta.next_cursor of the answer before."`
}

func (a *API) listSecretAudit(ctx context.Context, c *call, in *secretAuditList) ([]wire.SecretAuditEntry, error) {
	list, next, err := a.control.SecretAudit(ctx, c.who, in.ID, control.AuditFilter{
		Environment: in.Environment, Outcome: in.Outcome, Since: in.Since, Until: in.Until, Page: pageOf(in.Limit, in.Cursor),
	})
	c.next = next
	return convert(list, secretAuditEntryOf), err
}

func secretAuditEntryOf(e audit.Entry) wire.SecretAuditEntry {
	detail := maps.Clone(filled(e.Detail))
	version, err := strconv.ParseInt(detail["version"], 10, 64)
	if err == nil {
		delete(detail, "version")
	}
	return wire.SecretAuditEntry{
		Sequence: e.Sequence, Time: wire.Time(e.Time), Operation: e.Action, Outcome: string(e.Outcome), Environment: e.Environment,
		Version: version, Actor: wire.AuditActor(e.Actor), Address: e.Address, Detail: detail, RequestID: e.RequestID,
	}
}
