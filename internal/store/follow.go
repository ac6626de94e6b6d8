package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/route"
)

// RecordedID is a call's place in the order in which calls were stored.
type RecordedID struct {
	ID string
	At time.Time
}

func scanRecordedID(r row) (k RecordedID, err error) { return k, r.Scan(instant{&k.At}, &k.ID) }

// RecordedSince lists the newest of the calls that were stored in environments since a time, in the order in which they
// were.
func (tx *Tx) RecordedSince(ctx context.Context, environmentIDs []string, since time.Time, limit int) ([]RecordedID, error) {
	const query = `SELECT recorded_at, id FROM calls
		WHERE account_id = $1 AND environment_id = $2 AND recorded_at >= $3 ORDER BY recorded_at DESC, id DESC LIMIT $4`
	var found []RecordedID
	for _, environmentID := range environmentIDs {
		list, err := all(ctx, tx, scanRecordedID, query, tx.account, environmentID, ms(since), limit)
		if err != nil {
			return nil, err
		}
		found = append(found, list...)
	}
	slices.SortFunc(found, func(a, b RecordedID) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return found[max(0, len(found)-limit):], nil
}

// CallsOf reads calls by their ids, in the order of these; those that are gone are left out.
func (tx *Tx) CallsOf(ctx context.Context, ids []string) ([]route.Call, error) {
	list, err := allOf(ctx, tx, scanCall, `SELECT `+callColumns+` FROM calls WHERE account_id = $1 AND id IN (%s)`, ids, tx.account)
	if err != nil {
		return nil, err
	}
	place := make(map[string]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	slices.SortFunc(list, func(a, b route.Call) int { return place[a.ID] - place[b.ID] })
	return list, nil
}
