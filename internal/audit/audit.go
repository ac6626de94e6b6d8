// Package audit is the record of decisions, allowed and refused. The entries of an account form a chain: each one holds
// the hash of the one before, so an entry that is changed, dropped, added or moved is found by whoever reads the log
// in order, without trusting the server it came from. What an entry may tell is an allow-list of named facts; there is
// no way to put a request or a value into one as it stands.
package audit

import (
	"strings"
	"time"
)

// Outcome is what became of what was asked.
type Outcome string

// The outcomes.
const (
	Allowed Outcome = "allowed"
	Refused Outcome = "refused"
)

// Actor is who acted.
type Actor struct{ Kind, ID, Name string }

// Target is what was acted upon.
type Target struct{ Kind, ID, Name string }

// Entry is one recorded decision. Its names are those of the moment and stay when the thing is renamed.
type Entry struct {
	Account       string
	Sequence      int64     // 1, 2, 3… within the account
	Time          time.Time // to the millisecond
	Actor         Actor
	Action        string
	Outcome       Outcome
	EnvironmentID string // "" when the action concerns no environment
	Environment   string
	Target        Target
	Detail        map[string]string // made by Detail
	RequestID     string
	Address       string
	Prev          string // the hash of the entry before, "" for the first
	Hash          string // Sum of this entry, in lower-case hex
}

// Seal gives the entry its place after prev, the hash of the entry before ("" for the first), and its own hash. What is
// hashed must be what every store and encoding gives back, so the time is brought to milliseconds in UTC, and in texts
// NUL and broken UTF-8 become the replacement character.
func (e Entry) Seal(prev string) Entry {
	e.Time = e.Time.UTC().Truncate(time.Millisecond)
	e.Prev = prev
	for _, s := range []*string{
		&e.Actor.Kind, &e.Actor.ID, &e.Actor.Name, &e.Action, &e.EnvironmentID, &e.Environment,
		&e.Target.Kind, &e.Target.ID, &e.Target.Name, &e.RequestID, &e.Address,
	} {
		*s = plain(*s)
	}
	detail := make(map[string]string, len(e.Detail))
	for key, value := range e.Detail {
		detail[key] = plain(value)
	}
	e.Detail = detail
	e.Hash = e.Sum()
	return e
}

func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// Detail makes an entry's detail of keys and values in turn. It panics on a key that AllowedDetail refuses, a key given
// twice and a key without a value: each is a mistake in our own code.
func Detail(pairs ...string) map[string]string {
	if len(pairs)%2 != 0 {
		panic("audit: a detail key has no value")
	}
	detail := make(map[string]string, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key := pairs[i]
		if !AllowedDetail(key) {
			panic("audit: the detail key " + key + " is not on the allow-list")
		}
		if _, twice := detail[key]; twice {
			panic("audit: the detail key " + key + " is given twice")
		}
		detail[key] = pairs[i+1]
	}
	return detail
}

// AllowedDetail says whether an entry's detail may have the key. The list is short on purpose: a fact that is not on it
// cannot reach the log.
func AllowedDetail(key string) bool {
	switch key {
	case "name", "version", "step_up", "grace", "type", "reason", "error", "source", "message", "commit", "changes", "overwrite",
		"active", "field", "plan", "promotion", "force", "protected", "approvals", "freeze",
		"staged", "expires_at", "strict", "hosts", "count", "format", "target", "number", "distinct_values", "route", "second_factor", "grants", "groups", "oidc",
		"retention", "first", "last", "hash", "skipped", "record", "cut", "obfuscate_customer_data", "show_message_contents", "obfuscation",
		"addresses", "agent":
		return true
	default:
		return false
	}
}
