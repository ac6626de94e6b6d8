package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// maxRead is how many calls or decisions a reading looks at: the newest of the window.
const maxRead = 100_000

// maxNames is how many routes are named.
const maxNames = 10

// firstCallID is below the id of every call that came at a moment or later: ids begin with the time.
func firstCallID(t time.Time) string {
	hex := fmt.Sprintf("%012x", max(t.UnixMilli(), 0))
	return hex[:8] + "-" + hex[8:]
}

// newest is a query for columns of the newest calls of an environment since a moment, of one route ("": of all). It walks
// along an index that ends with the id, which has the order of time: calls_by_environment, calls_by_route or
// calls_by_failure.
func (tx *Tx) newest(columns, environmentID, routeKey string, since time.Time, also func(*where)) (string, []any) {
	w := newWhere(tx.account)
	w.add("environment_id = %s", environmentID)
	w.add("id >= %s", firstCallID(since))
	if routeKey != "" {
		w.add(`route_id = (SELECT d.id FROM definitions d WHERE d.account_id = $1 AND d.kind = 'route' AND d.key = %s)`, routeKey)
	}
	if also != nil {
		also(w)
	}
	query := `SELECT ` + columns + ` FROM calls WHERE ` + w.text() + ` ORDER BY id DESC LIMIT ` + w.arg(maxRead)
	return query, w.args
}

// ErrorShare counts calls since a moment, and those of them with a status from 500 on.
func (tx *Tx) ErrorShare(ctx context.Context, environmentID, routeKey string, since time.Time) (calls, failed int64, err error) {
	inner, args := tx.newest("status", environmentID, routeKey, since, nil)
	query := `SELECT COUNT(*), COALESCE(SUM(CASE WHEN status >= 500 THEN 1 ELSE 0 END), 0) FROM (` + inner + `) AS c`
	return calls, failed, tx.tx.QueryRowContext(ctx, query, args...).Scan(&calls, &failed)
}

// LatencyP95 is the latency that 95 of 100 calls since a moment did not exceed (nearest rank), and how many they are.
func (tx *Tx) LatencyP95(ctx context.Context, environmentID, routeKey string, since time.Time) (calls int64, latency time.Duration, err error) {
	inner, args := tx.newest("latency_us", environmentID, routeKey, since, nil)
	if err := tx.tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (`+inner+`) AS c`, args...).Scan(&calls); err != nil || calls == 0 {
		return 0, 0, err
	}
	rank := (calls*95+99)/100 - 1
	query := fmt.Sprintf(`SELECT latency_us FROM (%s) AS c ORDER BY latency_us LIMIT 1 OFFSET $%d`, inner, len(args)+1)
	var us int64
	err = tx.tx.QueryRowContext(ctx, query, append(args, rank)...).Scan(&us)
	return calls, time.Duration(us) * time.Microsecond, err
}

// Counted is how often something came since a moment, when it last did, and where.
type Counted struct {
	N      int64
	Newest time.Time
	Names  []string
}

// HardFails counts calls since a moment that failed with an error of some types, and names the first of their routes.
func (tx *Tx) HardFails(ctx context.Context, environmentID, routeKey string, since time.Time, types []string) (c Counted, err error) {
	names := map[string]bool{}
	for _, t := range types {
		inner, args := tx.newest("route_key, time", environmentID, routeKey, since, func(w *where) {
			w.conditions = append(w.conditions, "error_type <> ''") // or SQLite does not see that the index has them
			w.add("error_type = %s", t)
		})
		var n int64
		var newest time.Time
		err := tx.tx.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MAX(time), 0) FROM (`+inner+`) AS c`, args...).Scan(&n, instant{&newest})
		if err != nil {
			return c, err
		}
		if n == 0 {
			continue
		}
		c.N += n
		if newest.After(c.Newest) {
			c.Newest = newest
		}
		keys, err := all(ctx, tx, func(r row) (s string, err error) { return s, r.Scan(&s) },
			`SELECT DISTINCT route_key FROM (`+inner+`) AS c ORDER BY route_key LIMIT `+strconv.Itoa(maxNames), args...)
		if err != nil {
			return c, err
		}
		for _, key := range keys {
			names[key] = true
		}
	}
	c.Names = slices.Sorted(maps.Keys(names))
	c.Names = c.Names[:min(len(c.Names), maxNames)]
	return c, nil
}

// RefusedAccess counts, among the newest decisions since a moment, those refused for who asked and not for what was asked: in
// an environment, or in the account itself.
func (tx *Tx) RefusedAccess(ctx context.Context, environmentID string, since time.Time) (c Counted, err error) {
	const query = `
		SELECT COUNT(*), COALESCE(MAX(time), 0) FROM (
			SELECT time, outcome, environment_id, detail FROM audit_entries WHERE account_id = $1 AND time >= $2 ORDER BY time DESC LIMIT $3
		) AS e
		WHERE outcome = 'refused' AND environment_id IN ($4, '')
			AND (detail LIKE '%"error":"forbidden"%' OR detail LIKE '%"error":"unauthenticated"%' OR detail LIKE '%"error":"not_found"%')`
	return c, tx.tx.QueryRowContext(ctx, query, tx.account, ms(since), maxRead, environmentID).Scan(&c.N, instant{&c.Newest})
}
