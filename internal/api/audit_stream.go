package api

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/wire"
)

func (a *API) listAuditStreams(ctx context.Context, c *call, _ *none) ([]wire.AuditStream, error) {
	list, err := a.control.AuditStreams(ctx, c.who)
	return convert(list, auditStreamOf), err
}

func (a *API) getAuditStream(ctx context.Context, c *call, in *byID) (wire.AuditStream, error) {
	s, err := a.control.GetAuditStream(ctx, c.who, in.ID)
	return auditStreamOf(s), err
}

func (a *API) createAuditStream(ctx context.Context, c *call, _ *none) (wire.AuditStream, error) {
	b, err := decode[wire.AuditStreamCreate](c)
	if err != nil {
		return wire.AuditStream{}, err
	}
	if b.From != "" && b.From != "now" && b.From != "beginning" {
		return wire.AuditStream{}, fault.Refused("from", `must be "now" or "beginning"`)
	}
	s, key, err := a.control.CreateAuditStream(ctx, c.who, audit.StreamKind(b.Kind), control.AuditStreamFields{
		Name: &b.Name, URL: b.URL, Address: b.Address, Facility: b.Facility, CA: b.CA, Paused: b.Paused,
	}, b.From == "beginning")
	out := auditStreamOf(s)
	out.Key = key
	return out, err
}

func (a *API) updateAuditStream(ctx context.Context, c *call, in *byID) (wire.AuditStream, error) {
	b, err := decode[wire.AuditStreamUpdate](c)
	if err != nil {
		return wire.AuditStream{}, err
	}
	s, err := a.control.UpdateAuditStream(ctx, c.who, in.ID, control.AuditStreamFields(b))
	return auditStreamOf(s), err
}

func (a *API) deleteAuditStream(ctx context.Context, c *call, in *byID) (wire.Deleted, error) {
	return wire.Deleted{Deleted: true}, a.control.DeleteAuditStream(ctx, c.who, in.ID)
}

func (a *API) testAuditStream(ctx context.Context, c *call, in *byID) (wire.AuditStreamTest, error) {
	r, err := a.control.TestAuditStream(ctx, c.who, in.ID)
	return wire.AuditStreamTest(r), err
}

func auditStreamOf(s control.AuditStream) wire.AuditStream {
	out := wire.AuditStream{
		ID: s.ID, Name: s.Name, Kind: string(s.Kind), Paused: s.Paused, CreatedAt: wire.Time(s.CreatedAt), CreatedBy: s.CreatedBy,
		UpdatedAt: wire.Time(s.UpdatedAt), Status: s.Status(), Position: s.Position, Backlog: s.Backlog,
		WaitingSince: instantOf(s.WaitingSince), DeliveredAt: instantOf(s.DeliveredAt), FailingSince: instantOf(s.FailingSince),
		Failure: s.Failure, Attempts: s.Attempts, NextAttemptAt: instantOf(s.NextAttempt), Holding: s.Holding, Skipped: s.Skipped,
	}
	if s.Kind == audit.Syslog {
		out.Address, out.CA, out.Facility = s.Target, s.CA, &s.Facility
	} else {
		out.URL = s.Target
	}
	return out
}

// instantOf is absent where there is no instant.
func instantOf(t time.Time) *wire.Time {
	if t.IsZero() {
		return nil
	}
	at := wire.Time(t)
	return &at
}
