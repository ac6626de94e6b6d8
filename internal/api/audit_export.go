package api

import (
	"context"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

type auditExport struct {
	Format      string    `query:"format" enum:"jsonl,csv" default:"jsonl" doc:"JSON lines, which can be verified, or CSV for a spreadsheet."`
	Actor       string    `query:"actor" doc:"Only what this member or token did: its id."`
	Action      string    `query:"action" doc:"Only this action; GET /v1/audit-logs/actions lists them."`
	Environment string    `query:"environment" doc:"Only what concerned this environment: its id or name."`
	Target      string    `query:"target" doc:"Only what was done to this thing: its id or name."`
	Outcome     string    `query:"outcome" enum:"allowed,refused" doc:"Only decisions with this outcome."`
	Since       time.Time `query:"since" doc:"Only decisions at or after this time."`
	Until       time.Time `query:"until" doc:"Only decisions before this time."`
}

func (a *API) exportAudit(ctx context.Context, c *call, in *auditExport) (string, error) {
	e, err := a.control.ExportAudit(ctx, c.who, control.AuditFilter{
		Actor: in.Actor, Action: in.Action, Environment: in.Environment, Target: in.Target, Outcome: in.Outcome,
		Since: in.Since, Until: in.Until,
	}, in.Format)
	if err != nil {
		return "", err
	}
	name := "audit-" + e.Begun.Format("20060102T150405Z")
	c.flow = &flow{kind: "application/jsonl", file: name + ".jsonl", trailer: wire.ExportTrailer}
	c.flow.write = func(ctx context.Context, to *web.Stream) error { return exportLines(ctx, e, to) }
	if in.Format == control.ExportCSV {
		c.flow.kind, c.flow.file = "text/csv; charset=utf-8; header=present", name+".csv"
		c.flow.write = func(ctx context.Context, to *web.Stream) error { return exportRecords(ctx, e, to) }
	}
	return "", nil
}

// exportLines writes entries as JSON lines between one that says what follows and one that says that it was all.
func exportLines(ctx context.Context, e *control.AuditExport, to *web.Stream) error {
	begin := wire.AuditExportLine{Begin: &wire.AuditExportBegin{
		Form: wire.ExportForm, Account: e.Account, Time: wire.Time(e.Begun), To: e.To, Whole: e.Whole, Anchor: e.Anchor,
	}}
	if _, err := to.Write(append(audit.Line(begin), '\n')); err != nil {
		return err
	}
	var last audit.Entry
	n, err := exportEach(ctx, e, to, func(e audit.Entry) []byte { last = e; return append(e.JSON(), '\n') })
	if err != nil {
		return err
	}
	end := wire.AuditExportLine{End: &wire.AuditExportEnd{Entries: n, Last: last.Sequence, Hash: last.Hash}}
	if _, err := to.Write(append(audit.Line(end), '\n')); err != nil {
		return err
	}
	return exportEnd(to, n)
}

func exportRecords(ctx context.Context, e *control.AuditExport, to *web.Stream) error {
	if _, err := to.Write(audit.CSVHead()); err != nil {
		return err
	}
	n, err := exportEach(ctx, e, to, audit.Entry.CSV)
	if err != nil {
		return err
	}
	return exportEnd(to, n)
}

// exportEach writes entries in a form, as many in one piece as one reading gave.
func exportEach(ctx context.Context, e *control.AuditExport, to *web.Stream, form func(audit.Entry) []byte) (n int64, err error) {
	for {
		list, err := e.Next(ctx)
		if err != nil || len(list) == 0 {
			return n, err
		}
		var piece []byte
		for _, entry := range list {
			piece = append(piece, form(entry)...)
		}
		if _, err := to.Write(piece); err != nil {
			return n, err
		}
		to.Flush()
		n += int64(len(list))
	}
}

// exportEnd says behind the body that it is whole.
func exportEnd(to *web.Stream, n int64) error {
	to.Header().Set(wire.ExportTrailer, strconv.FormatInt(n, 10))
	return nil
}
