package control

import (
	"context"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/store"
)

// recordingMap is what definitions say of recording in environments; nil for those that say nothing.
type recordingMap map[store.Recording]*bool

func recordings(ctx context.Context, tx *store.Tx) (recordingMap, error) {
	found, err := tx.Recordings(ctx)
	all := make(recordingMap, len(found))
	for k, record := range found {
		all[k] = &record
	}
	return all, err
}

// recordings reads them once for a visit: a list of routes asks for each.
func (v *visit) recordings(ctx context.Context) (found recordingMap, err error) {
	if v.recorded == nil {
		v.recorded, err = recordings(ctx, v.Tx)
	}
	return v.recorded, err
}

// RecordRoute says whether the content of a route's calls is recorded in an environment, at once and outside commits;
// nil: as the environment says. A freeze does not refuse it.
func (c *Control) RecordRoute(ctx context.Context, who access.Principal, ref, environmentRef string, record *bool) (status RouteStatus, err error) {
	err = c.write(ctx, who, access.RouteRecord, in(environmentRef), func(v *visit) error {
		r, err := v.found(ctx, ref)
		if err != nil {
			return err
		}
		said := "inherit"
		if record != nil {
			said = map[bool]string{true: "true", false: "false"}[*record]
		}
		v.target, v.detail = routeTarget(r.Identity), audit.Detail("record", said)
		for _, s := range r.Status {
			if s.Environment.ID == v.environment.ID {
				status = s
			}
		}
		status.Record = record
		v.Serve()
		return v.PutRecording(ctx, store.Recording{EnvironmentID: v.environment.ID, DefinitionID: r.ID}, record)
	})
	return status, err
}
