package control

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// The times of watching.
const (
	watchLease   = 45 * time.Second
	forgetEvery  = time.Hour
	keepAlerts   = 90 * 24 * time.Hour // history, and addresses that a key is not used from any more
	alertsAtOnce = 200                 // rules that are looked at in one go
	settingWatch = "alert_watch"
)

var errUnreadableHook = errors.New("a webhook cannot be read")

// alerts is what watching and telling keep in memory.
type alerts struct {
	due    chan struct{} // there is something to deliver
	pruned time.Time     // of the watching goroutine

	delivered, failed, retried, pending, behind atomic.Int64
}

func (a *alerts) wake() {
	select {
	case a.due <- struct{}{}:
	default:
	}
}

// watched is where a rule watches.
type watched struct{ account, accountName, environment string }

// WatchAlerts looks at every rule, at each interval, until ctx ends. Where several processes share a database one of them
// does; another takes over within a minute when it ends.
func (c *Control) WatchAlerts(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := c.LookAtAlerts(ctx); err != nil && ctx.Err() == nil {
			c.logger.WarnContext(ctx, "alerts could not be looked at; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// LookAtAlerts looks at every rule once, unless another process does.
func (c *Control) LookAtAlerts(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "control: look at alerts")
	mine, err := c.watches(ctx)
	if err != nil || !mine {
		return err
	}
	var after store.AccountAlert
	for {
		var rules []store.AccountAlert
		err := c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
			rules, err = tx.ActiveAlerts(ctx, after, alertsAtOnce)
			return err
		})
		if err != nil {
			return err
		}
		if err := c.step(ctx, rules); err != nil {
			return err
		}
		if len(rules) < alertsAtOnce {
			break
		}
		after = rules[len(rules)-1]
		if mine, err := c.watches(ctx); err != nil || !mine { // a long round must not outlast its lease
			return err
		}
	}
	return c.pruneAlerts(ctx)
}

// watches says whether this process is the one that watches, and makes it so for a while when none is.
func (c *Control) watches(ctx context.Context) (mine bool, err error) {
	var held []byte
	err = c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		held, err = tx.Setting(ctx, settingWatch)
		return err
	})
	if err != nil {
		return false, err
	}
	now := c.now()
	holder, text, _ := strings.Cut(string(held), " ")
	until, _ := strconv.ParseInt(text, 10, 64)
	left := time.UnixMilli(until).Sub(now)
	switch {
	case holder == c.node && left > watchLease/2:
		return true, nil
	case holder != c.node && left > 0 && left <= watchLease: // a longer one was written by a clock that was wrong
		return false, nil
	}
	claim := fmt.Appendf(nil, "%s %d", c.node, now.Add(watchLease).UnixMilli())
	err = c.store.Batch(ctx, func(tx *store.Tx) (err error) {
		if held != nil {
			mine, err = tx.SwapSetting(ctx, settingWatch, held, claim)
			return err
		}
		if err = tx.SetSetting(ctx, settingWatch, claim); err != nil {
			return err
		}
		held, err = tx.Setting(ctx, settingWatch)
		mine = string(held) == string(claim)
		return err
	})
	return mine, err
}

// found is a rule with its reading.
type found struct {
	store.AccountAlert
	watched
	reading alert.Reading
	at      time.Time
}

// step reads for some rules, beside everything else, and then writes what changed in one short transaction.
func (c *Control) step(ctx context.Context, rules []store.AccountAlert) error {
	var list []found
	for account, some := range perAccount(rules) {
		err := c.store.Read(ctx, account, func(tx *store.Tx) error {
			part, err := c.readings(ctx, tx, some)
			list = append(list, part...)
			return err
		})
		if ctx.Err() != nil {
			return err
		}
		if err != nil { // the other accounts' are looked at all the same
			c.logger.WarnContext(ctx, "an account's alerts could not be looked at; it is tried again", "account", account, "error", err)
		}
	}
	if len(list) == 0 {
		return nil
	}
	told := false
	err := c.store.Batch(ctx, func(tx *store.Tx) error {
		told = false
		for _, f := range list {
			tells, err := c.stepOne(ctx, tx, f)
			if err != nil {
				return err
			}
			told = told || tells
		}
		return nil
	})
	if told && err == nil {
		c.alerts.wake()
	}
	return err
}

func perAccount(rules []store.AccountAlert) map[string][]alert.Rule {
	m := map[string][]alert.Rule{}
	for _, r := range rules {
		m[r.Account] = append(m[r.Account], r.Rule)
	}
	return m
}

func (c *Control) readings(ctx context.Context, tx *store.Tx, rules []alert.Rule) (list []found, err error) {
	account, err := tx.AccountSettings(ctx)
	if err != nil {
		return nil, err
	}
	environments, err := tx.Environments(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, e := range environments {
		names[e.ID] = e.Name
	}
	for _, r := range rules {
		f := found{
			AccountAlert: store.AccountAlert{Account: tx.Account(), Rule: r}, at: tx.Now(),
			watched: watched{tx.Account(), account.Name, names[r.EnvironmentID]},
		}
		if r.Active { // one that was switched off while it fired is over
			if f.reading, err = reading(ctx, tx, r); err != nil {
				return list, err
			}
		}
		list = append(list, f)
	}
	return list, nil
}

// hardFails are the gateway's error types of a call that failed because a value is missing, over or unusable.
var hardFails = []string{"secret_not_configured", "secret_expired", "variable_not_configured", "invalid_credential", "credential_unavailable"}

// maxDetails is how many names a message has.
const maxDetails = 10

func reading(ctx context.Context, tx *store.Tx, r alert.Rule) (x alert.Reading, err error) {
	since := tx.Now().Add(-r.Window)
	switch r.Kind {
	case alert.ErrorRate:
		var failed int64
		x.Calls, failed, err = tx.ErrorShare(ctx, r.EnvironmentID, r.Route, since)
		if x.Calls > 0 {
			x.Value = float64(failed*10_000/x.Calls) / 100 // a percentage with two places
		}
		x.Details = []string{fmt.Sprintf("%d of %d calls failed", failed, x.Calls)}
	case alert.LatencyP95:
		var latency time.Duration
		x.Calls, latency, err = tx.LatencyP95(ctx, r.EnvironmentID, r.Route, since)
		x.Value = float64(latency.Microseconds()) / 1000
		x.Details = []string{fmt.Sprintf("of %d calls", x.Calls)}
	case alert.HardFail:
		var c store.Counted
		c, err = tx.HardFails(ctx, r.EnvironmentID, r.Route, since, hardFails)
		x.Value, x.Newest = float64(c.N), c.Newest
		for _, route := range c.Names {
			x.Details = append(x.Details, "route "+route)
		}
	case alert.AccessRefused:
		var c store.Counted
		c, err = tx.RefusedAccess(ctx, r.EnvironmentID, since)
		x.Value, x.Newest = float64(c.N), c.Newest
	case alert.KeyNewAddress:
		list, n, failure := tx.NewAddresses(ctx, r.EnvironmentID, since, maxDetails)
		x.Value, err = float64(n), failure
		for i, a := range list {
			if i == 0 {
				x.Newest = a.FirstSeen
			}
			x.Details = append(x.Details, fmt.Sprintf("key %s…%s (%s) from %s", a.Prefix, a.LastFour, a.KeyID, a.Address))
		}
	case alert.SecretExpiring:
		x, err = expiring(ctx, tx, r)
	}
	return x, err
}

// expiring reads the values in force that end within the rule's days, certificates among them.
func expiring(ctx context.Context, tx *store.Tx, r alert.Rule) (x alert.Reading, err error) {
	ahead := time.Duration(r.Threshold * 24 * float64(time.Hour))
	values, err := tx.ExpiringValues(ctx, []string{r.EnvironmentID}, tx.Now().Add(ahead))
	if err != nil {
		return x, err
	}
	slices.SortFunc(values, func(a, b secret.Value) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	x.Value = float64(len(values))
	for i, value := range values {
		if began := value.ExpiresAt.Add(-ahead); began.After(x.Newest) {
			x.Newest = began
		}
		if i >= maxDetails {
			continue
		}
		s, err := tx.Secret(ctx, value.SecretID)
		if err != nil {
			return x, err
		}
		word := "ends"
		if value.Terms.Expired(tx.Now()) {
			word = "ended"
		}
		x.Details = append(x.Details, fmt.Sprintf("secret %s %s at %s", s.Name, word, value.ExpiresAt.UTC().Format(time.RFC3339)))
	}
	return x, nil
}

// stepOne writes what a reading makes of a rule; tells says that a message is due.
func (c *Control) stepOne(ctx context.Context, tx *store.Tx, f found) (tells bool, err error) {
	next, change := f.Rule.Step(f.reading, f.at)
	if change == (alert.Change{}) && next.Value == f.Rule.Value && f.at.Sub(f.Rule.LookedAt) < time.Minute {
		return false, nil
	}
	event := store.AlertEvent{
		EnvironmentID: f.Rule.EnvironmentID, AlertID: f.Rule.ID, ID: f.Rule.Event, State: alert.Firing, Value: f.reading.Value,
		Details: f.reading.Details, StartedAt: f.Rule.Since,
	}
	kind := alert.Firing
	if change.Begins {
		event.ID, event.StartedAt = newID(), f.at
		next.Event = event.ID
	}
	if change.Ends {
		kind = alert.Resolved
		event.State, event.EndedAt, next.Event = alert.Resolved, f.at, ""
		change.Tell = change.Tell && f.Rule.Active // it was switched off: nothing is known to be well
	}
	ok, err := tx.StepAlert(ctx, f.Account, f.Rule, next)
	if err != nil || !ok || event.ID == "" {
		return false, err // it was changed or deleted meanwhile, or nothing happened
	}
	if change.Begins || change.Ends || change.Tell {
		if err := tx.PutAlertEvent(ctx, f.Account, event); err != nil {
			return false, err
		}
	}
	if !change.Tell {
		return false, nil
	}
	_, err = c.tell(ctx, tx, f.watched, f.Rule, event, kind)
	return true, err
}

// tell makes a message for each receiver. It is delivered when this is committed, whatever becomes of the process.
func (c *Control) tell(ctx context.Context, tx *store.Tx, at watched, r alert.Rule, e store.AlertEvent, kind string) (list []store.AlertDelivery, err error) {
	m := alert.Message{Type: "alert." + kind, Time: tx.Now(), Data: alert.MessageData{
		EventID: e.ID, AlertID: r.ID, Name: r.Name, Kind: r.Kind, Account: at.accountName, Environment: at.environment, Route: r.Route,
		Value: e.Value, Threshold: r.Threshold, Since: e.StartedAt, Details: e.Details,
		URL: strings.TrimSuffix(c.publicURL, "/") + "/v1/alerts/" + r.ID + "/history",
	}}
	if m.Data.Details == nil {
		m.Data.Details = []string{}
	}
	if r.Window > 0 {
		m.Data.Window = r.Window.String()
	}
	if !e.EndedAt.IsZero() {
		m.Data.EndedAt = &e.EndedAt
	}
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	for _, t := range r.Targets {
		d := store.AlertDelivery{
			Account: at.account, EnvironmentID: r.EnvironmentID, AlertID: r.ID, EventID: e.ID, ID: newID(), Target: t.ID, Type: kind,
			Body: string(body), State: store.DeliveryPending, NextAt: tx.Now(), CreatedAt: tx.Now(),
		}
		if err := tx.InsertAlertDelivery(ctx, d); err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// pruneAlerts forgets, now and then, what is long over.
func (c *Control) pruneAlerts(ctx context.Context) error {
	now := c.now()
	if now.Sub(c.alerts.pruned) < forgetEvery {
		return nil
	}
	err := c.store.Batch(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.PruneAlerts(ctx, now.Add(-keepAlerts)), tx.PruneAddresses(ctx, now.Add(-keepAlerts)))
	})
	if err == nil {
		c.alerts.pruned = now
	}
	return err
}

// noted are the places that keys were seen in a moment ago, so that not every batch of calls asks the database.
type noted struct {
	mu   sync.Mutex
	seen map[seenAt]time.Time
}

// seenAt is a key where it was used.
type seenAt struct{ account, environment, key, address string }

func (s seenAt) compare(t seenAt) int {
	return cmp.Or(cmp.Compare(s.key, t.key), cmp.Compare(s.environment, t.environment), cmp.Compare(s.address, t.address))
}

const (
	noteAgain = 10 * time.Minute
	maxNoted  = 50_000
)

// fresh are those of a batch that were not noted lately.
func (n *noted) fresh(batch map[seenAt]time.Time) map[seenAt]time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := map[seenAt]time.Time{}
	for at, when := range batch {
		if last, ok := n.seen[at]; !ok || when.Sub(last) >= noteAgain {
			list[at] = when
		}
	}
	return list
}

// note remembers what was stored.
func (n *noted) note(stored map[seenAt]time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil || len(n.seen)+len(stored) > maxNoted {
		n.seen = map[seenAt]time.Time{}
	}
	for at, when := range stored {
		n.seen[at] = when
	}
}
