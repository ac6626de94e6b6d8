package control

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/store"
)

// Call is a recorded call with the name of its environment.
type Call struct {
	route.Call
	Environment string
}

// CallFilter narrows a reading of the calls; zero fields do not narrow.
type CallFilter struct {
	Environment  string // id or name
	Route        string // id or key
	Key          string // id
	StatusClass  string // "2xx" to "5xx", or one status
	Since, Until time.Time
	Page
}

// ListCalls reads recorded calls, newest first, of the environments where the principal may read logs.
func (c *Control) ListCalls(ctx context.Context, who access.Principal, f CallFilter) (list []Call, next string, err error) {
	limit, after, err := f.open()
	if err != nil {
		return nil, "", err
	}
	from, to, err := statuses(f.StatusClass)
	if err != nil {
		return nil, "", err
	}
	var ids []string
	list = []Call{}
	err = c.read(ctx, who, access.LogRead, among(f.Environment, &ids), func(v *visit) error {
		routeID, known, err := v.calledRoute(ctx, f.Route)
		if err != nil || !known {
			return err
		}
		calls, err := v.Calls(ctx, store.CallFilter{
			EnvironmentIDs: ids, RouteID: routeID, KeyID: f.Key, StatusFrom: from, StatusTo: to, Since: f.Since, Until: f.Until,
			Before: after, Limit: limit + 1,
		})
		if err != nil {
			return err
		}
		calls, next = cut(calls, limit, func(call route.Call) string { return call.ID })
		list, err = v.listed(ctx, calls)
		return err
	})
	return list, next, err
}

// calledRoute finds the id of a route that calls are asked for by: "" for those of all. Of one that nobody ever saved there
// are no calls.
func (v *visit) calledRoute(ctx context.Context, ref string) (id string, known bool, err error) {
	if ref == "" {
		return "", true, nil
	}
	d, err := v.Identity(ctx, definition.KindRoute, ref)
	if fault.Is(err, fault.NotFound) {
		return "", false, nil
	}
	return d.ID, err == nil, err
}

// listed are calls as people see them in a list.
func (v *visit) listed(ctx context.Context, calls []route.Call) ([]Call, error) {
	details := make([]*CallDetail, len(calls))
	for i, call := range calls {
		details[i] = &CallDetail{Call: Call{Call: call, Environment: v.pipeline.NameOf(call.EnvironmentID)}}
	}
	if err := v.shown(ctx, details...); err != nil {
		return nil, err
	}
	list := make([]Call, len(details))
	for i, d := range details {
		list[i] = d.Call
	}
	return list, nil
}

// statuses reads a status filter as a half-open range; "" is none.
func statuses(class string) (from, to int, err error) {
	if class == "" {
		return 0, 0, nil
	}
	if len(class) == 3 && class[1:] == "xx" && class[0] >= '1' && class[0] <= '5' {
		from = int(class[0]-'0') * 100
		return from, from + 100, nil
	}
	status, err := strconv.Atoi(class)
	if err != nil || status < 100 || status > 599 {
		return 0, 0, fault.Refused("status", `must be a class such as "4xx" or one status such as "404"`)
	}
	return status, status + 1, nil
}

// RecordCalls stores a batch of calls and what they tell of the use of keys. It is the gateway's sink, and no
// operation of a person: it has no principal, and an audit entry only of what must not happen.
func (c *Control) RecordCalls(ctx context.Context, calls []route.Call) (err error) {
	defer fault.Wrap(&err, "control: record calls")
	type key struct{ account, environment, id string }
	type value struct {
		account, environment string
		route.Use
	}
	keys, values, seen := map[key]use{}, map[value]use{}, map[seenAt]time.Time{}
	for _, call := range calls {
		if place := alert.Place(call.Address); place != "" && call.KeyID != "" {
			seen[seenAt{call.Account, call.EnvironmentID, call.KeyID, place}] = call.Time
		}
		if call.KeyID != "" {
			k := key{call.Account, call.EnvironmentID, call.KeyID}
			keys[k] = keys[k].and(call.Time)
		}
		for _, u := range call.Uses {
			k := value{call.Account, call.EnvironmentID, u}
			values[k] = values[k].and(call.Time)
		}
	}
	// first, for the batch that comes again after a failure must find nothing stored
	if err := c.recordEchoes(ctx, calls); err != nil {
		return err
	}
	calls = slices.Clone(calls) // the batch may come again
	contents := c.sealContents(ctx, calls)
	seen = c.noted.fresh(seen)
	err = c.store.Batch(ctx, func(tx *store.Tx) error {
		if err := tx.InsertCalls(ctx, calls); err != nil {
			return err
		}
		for _, sealed := range contents {
			if err := tx.InsertContent(ctx, sealed.account, sealed.CallContent); err != nil {
				return err
			}
		}
		// always in one order, so that the batches of two processes wait for each other and never in a circle
		for _, at := range slices.SortedFunc(maps.Keys(seen), seenAt.compare) {
			if err := tx.NoteAddress(ctx, at.account, at.environment, at.key, at.address, seen[at]); err != nil {
				return err
			}
		}
		for _, k := range slices.SortedFunc(maps.Keys(keys), func(a, b key) int { return cmp.Compare(a.id, b.id) }) {
			if err := tx.AddUses(ctx, k.account, k.environment, k.id, keys[k].count, keys[k].last); err != nil {
				return err
			}
			if err := tx.UseToken(ctx, k.account, k.id, keys[k].last); err != nil { // which a key's id is none of
				return err
			}
		}
		order := func(a, b value) int {
			return cmp.Or(cmp.Compare(a.SecretID, b.SecretID), cmp.Compare(a.environment, b.environment), cmp.Compare(a.Version, b.Version))
		}
		for _, k := range slices.SortedFunc(maps.Keys(values), order) {
			if err := tx.AddSecretUses(ctx, k.account, k.environment, k.SecretID, k.Version, values[k].count, values[k].last); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		c.noted.note(seen)
		c.followers.wake()
	}
	return err
}

// use is how often and when something was used in a batch of calls.
type use struct {
	count int64
	last  time.Time
}

func (u use) and(at time.Time) use {
	u.count++
	if at.After(u.last) {
		u.last = at
	}
	return u
}
