package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/route"
)

const callColumns = `account_id, id, environment_id, request_id, time, route_id, route_key, key_id, method, path, status, latency_us,
	bytes_in, bytes_out, secrets, error_type, redacted, replay_of, recorded_at, has_content, address`

func scanCall(r row) (c route.Call, err error) {
	var latency int64
	var secrets []byte
	err = r.Scan(&c.Account, &c.ID, &c.EnvironmentID, &c.RequestID, instant{&c.Time}, &c.RouteID, &c.RouteKey, &c.KeyID, &c.Method,
		&c.Path, &c.Status, &latency, &c.BytesIn, &c.BytesOut, &secrets, &c.ErrorType, &c.Redacted, &c.ReplayOf, instant{&c.RecordedAt}, &c.HasContent, &c.Address)
	c.Latency = time.Duration(latency) * time.Microsecond
	if err == nil {
		err = json.Unmarshal(secrets, &c.Secrets)
	}
	return c, err
}

// InsertCalls records a batch of calls; called in a Batch, so each call names its account itself. A call of an
// environment that was deleted a moment ago is not recorded: its data went with it. What a caller wrote is kept as far as
// it is text: one odd path must not cost the batch.
func (tx *Tx) InsertCalls(ctx context.Context, calls []route.Call) error {
	const insert = `
		INSERT INTO calls (` + callColumns + `)
		SELECT e.account_id, $3, e.id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21
		FROM environments e WHERE e.account_id = $1 AND e.id = $2`
	// prepared once: there may be thousands in a second
	statement, err := tx.tx.PrepareContext(ctx, insert)
	if err != nil {
		return err
	}
	defer statement.Close()
	for _, c := range calls {
		if c.Secrets == nil {
			c.Secrets = []string{}
		}
		secrets, err := json.Marshal(c.Secrets)
		if err != nil {
			return err
		}
		_, err = statement.ExecContext(ctx, c.Account, c.EnvironmentID, c.ID, plain(c.RequestID), ms(c.Time), c.RouteID,
			plain(c.RouteKey), c.KeyID, plain(c.Method), plain(c.Path), c.Status, c.Latency.Microseconds(), c.BytesIn, c.BytesOut, string(secrets), c.ErrorType, c.Redacted, c.ReplayOf, ms(tx.now), c.HasContent, plain(c.Address))
		if err != nil {
			return err
		}
	}
	return nil
}

// Call finds a recorded call by its id.
func (tx *Tx) Call(ctx context.Context, id string) (route.Call, error) {
	return one(ctx, tx, "call", scanCall, `SELECT `+callColumns+` FROM calls WHERE account_id = $1 AND id = $2`, tx.account, id)
}

// CallFilter narrows a reading of the calls; zero fields do not narrow.
type CallFilter struct {
	EnvironmentIDs []string // which environments to read from; none is nothing
	RouteID        string
	KeyID          string
	StatusFrom     int // inclusive
	StatusTo       int // exclusive; 0 does not narrow
	Since, Until   time.Time
	Before         string // the id the reading goes on from
	Limit          int
}

// Calls reads recorded calls, newest first. Each environment, and each status of several, is read by itself and no further
// than the limit: so each reading ends where an index does, however many calls there are.
func (tx *Tx) Calls(ctx context.Context, f CallFilter) ([]route.Call, error) {
	found := []route.Call{}
	for _, environmentID := range f.EnvironmentIDs {
		parts, err := f.parts(ctx, tx, environmentID)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			query, args := part.query(tx, environmentID)
			list, err := all(ctx, tx, scanCall, query, args...)
			if err != nil {
				return nil, err
			}
			found = append(found, list...)
		}
	}
	slices.SortFunc(found, func(a, b route.Call) int { return cmp.Compare(b.ID, a.ID) })
	return found[:min(len(found), f.Limit)], nil
}

// parts are filters for one status each, of those that calls of an environment have.
func (f CallFilter) parts(ctx context.Context, tx *Tx, environmentID string) ([]CallFilter, error) {
	if f.StatusTo <= f.StatusFrom+1 {
		return []CallFilter{f}, nil
	}
	query := `
		WITH RECURSIVE s (status) AS (
		    SELECT MIN(c.status) FROM calls AS c` + tx.by("calls_by_status") + `
		    WHERE c.account_id = $1 AND c.environment_id = $2 AND c.status >= $3 AND c.status < $4
		    UNION ALL
		    SELECT (SELECT MIN(c.status) FROM calls AS c` + tx.by("calls_by_status") + `
		        WHERE c.account_id = $1 AND c.environment_id = $2 AND c.status > s.status AND c.status < $4)
		    FROM s WHERE s.status IS NOT NULL)
		SELECT status FROM s WHERE status IS NOT NULL`
	one := func(r row) (part CallFilter, err error) {
		part = f
		err = r.Scan(&part.StatusFrom)
		part.StatusTo = part.StatusFrom + 1
		return part, err
	}
	return all(ctx, tx, one, query, tx.account, environmentID, f.StatusFrom, f.StatusTo)
}

// query reads one environment along one index, which ends in the order of the answer.
func (f CallFilter) query(tx *Tx, environmentID string) (string, []any) {
	w := newWhere(tx.account)
	w.add("environment_id = %s", environmentID)
	w.equal("route_id", f.RouteID)
	w.equal("key_id", f.KeyID)
	if f.StatusTo > 0 {
		w.add("status = %s", f.StatusFrom)
	}
	w.between("time", f.Since, f.Until)
	// ids are in the order of time: with them, an index tells where the times begin and end
	if !f.Since.IsZero() {
		w.add("id >= %s", firstID(f.Since))
	}
	if !f.Until.IsZero() {
		w.add("id < %s", firstID(f.Until))
	}
	if f.Before != "" {
		w.add("id < %s", f.Before)
	}
	index := "calls_by_environment"
	switch {
	case f.StatusFrom >= 400: // what fails is rarer than what a route or a key does
		index = "calls_by_status"
	case f.RouteID != "":
		index = "calls_by_route"
	case f.KeyID != "":
		index = "calls_by_key"
	case f.StatusTo > 0:
		index = "calls_by_status"
	}
	return `SELECT ` + callColumns + ` FROM calls` + tx.by(index) + ` WHERE ` + w.text() + ` ORDER BY id DESC LIMIT ` + w.arg(f.Limit), w.args
}
