package audit_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/audit"
)

// sample has something in every field.
func sample() audit.Entry {
	return audit.Entry{
		Account:       "acme",
		Sequence:      1,
		Time:          time.Date(2026, 3, 1, 12, 0, 0, 123_000_000, time.UTC),
		Actor:         audit.Actor{Kind: "token", ID: "t1", Name: "deployer"},
		Action:        "secret.value.set",
		Outcome:       audit.Allowed,
		EnvironmentID: "e1",
		Environment:   "production",
		Target:        audit.Target{Kind: "secret", ID: "s1", Name: "stripe_api_key"},
		Detail:        audit.Detail("version", "3", "name", "stripe_api_key"),
		RequestID:     "r1",
		Address:       "192.0.2.1",
		Prev:          "abcd",
	}
}

// Logs that were kept elsewhere are checked against this encoding: it must not change.
func TestSumIsFixed(t *testing.T) {
	if got, want := sample().Sum(), "59d08e6c4b4d1a34350fd744ee99693d9385d7f95119b7501f0229bb05cc7509"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := (audit.Entry{Time: time.UnixMilli(0)}).Sum(), "5b063bc2d28bc6c25984eba250590907de1db9b23381a04363bf82db6fad534c"; got != want {
		t.Errorf("of the empty entry: got %s, want %s", got, want)
	}
}

// changes alters one hashed thing each.
var changes = map[string]func(*audit.Entry){
	"sequence":         func(e *audit.Entry) { e.Sequence++ },
	"time":             func(e *audit.Entry) { e.Time = e.Time.Add(time.Millisecond) },
	"actor kind":       func(e *audit.Entry) { e.Actor.Kind = "member" },
	"actor id":         func(e *audit.Entry) { e.Actor.ID = "t2" },
	"actor name":       func(e *audit.Entry) { e.Actor.Name = "someone" },
	"action":           func(e *audit.Entry) { e.Action = "secret.value.delete" },
	"outcome":          func(e *audit.Entry) { e.Outcome = audit.Refused },
	"environment id":   func(e *audit.Entry) { e.EnvironmentID = "e2" },
	"environment":      func(e *audit.Entry) { e.Environment = "staging" },
	"target kind":      func(e *audit.Entry) { e.Target.Kind = "route" },
	"target id":        func(e *audit.Entry) { e.Target.ID = "s2" },
	"target name":      func(e *audit.Entry) { e.Target.Name = "other" },
	"detail value":     func(e *audit.Entry) { e.Detail["version"] = "4" },
	"detail added":     func(e *audit.Entry) { e.Detail["reason"] = "" },
	"detail dropped":   func(e *audit.Entry) { delete(e.Detail, "version") },
	"detail emptied":   func(e *audit.Entry) { e.Detail = nil },
	"request id":       func(e *audit.Entry) { e.RequestID = "r2" },
	"address":          func(e *audit.Entry) { e.Address = "192.0.2.2" },
	"prev":             func(e *audit.Entry) { e.Prev = "abce" },
	"a moved boundary": func(e *audit.Entry) { e.Actor.ID, e.Actor.Name = "t1d", "eployer" },
}

func TestSumCoversEveryField(t *testing.T) {
	seen := map[string]string{sample().Sum(): "unchanged"}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		e := sample()
		changes[name](&e)
		sum := e.Sum()
		if other, same := seen[sum]; same {
			t.Errorf("%s: got the hash of %s, want another one", name, other)
		}
		seen[sum] = name
	}
}

func TestSumLeavesOutAccountAndHash(t *testing.T) {
	e := sample()
	e.Account, e.Hash = "other", "x"
	if got, want := e.Sum(), sample().Sum(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	e = sample()
	e.Detail = map[string]string{}
	f := sample()
	f.Detail = nil
	if got, want := e.Sum(), f.Sum(); got != want {
		t.Errorf("an empty detail: got %s, want that of none, %s", got, want)
	}
}

// chain is a sealed log of n entries.
func chain(n int) []audit.Entry {
	log := make([]audit.Entry, n)
	prev := ""
	for i := range log {
		e := sample()
		e.Sequence = int64(i + 1)
		log[i] = e.Seal(prev)
		prev = log[i].Hash
	}
	return log
}

// verify is the first error of a log.
func verify(log []audit.Entry) error {
	var v audit.Verifier
	for _, e := range log {
		if err := v.Next(e); err != nil {
			return err
		}
	}
	return nil
}

func TestAVerifiedLog(t *testing.T) {
	log := chain(5)
	var v audit.Verifier
	if sequence, hash := v.Head(); sequence != 0 || hash != "" {
		t.Errorf("got the head %d, %q before the first entry, want none", sequence, hash)
	}
	for _, e := range log {
		if err := v.Next(e); err != nil {
			t.Fatal(err)
		}
	}
	if sequence, hash := v.Head(); sequence != 5 || hash != log[4].Hash {
		t.Errorf("got the head %d, %q, want 5, %q", sequence, hash, log[4].Hash)
	}
}

func TestVerifierNamesTheFirstBadEntry(t *testing.T) {
	const (
		changed = "its content does not match its hash: it was changed"
		broken  = "it does not follow from the entry before: one of the two was changed"
	)
	tests := []struct {
		name  string
		spoil func([]audit.Entry) []audit.Entry
		want  audit.BadEntry
	}{
		{
			"an entry is dropped", func(log []audit.Entry) []audit.Entry { return slices.Delete(log, 1, 2) },
			audit.BadEntry{Sequence: 3, Reason: "entries are missing before it: number 2 was expected", Place: true},
		},
		{
			"the first is dropped", func(log []audit.Entry) []audit.Entry { return log[1:] },
			audit.BadEntry{Sequence: 2, Reason: "entries are missing before it: number 1 was expected", Place: true},
		},
		{
			"an entry comes twice", func(log []audit.Entry) []audit.Entry { return slices.Insert(log, 2, log[1]) },
			audit.BadEntry{Sequence: 2, Reason: "it is out of order: number 3 was expected", Place: true},
		},
		{
			"two are swapped", func(log []audit.Entry) []audit.Entry {
				log[1], log[2] = log[2], log[1]
				return log
			},
			audit.BadEntry{Sequence: 3, Reason: "entries are missing before it: number 2 was expected", Place: true},
		},
		{
			"an entry is dropped and the rest renumbered", func(log []audit.Entry) []audit.Entry {
				log = slices.Delete(log, 1, 2)
				log[1].Sequence = 2
				return log
			},
			audit.BadEntry{Sequence: 2, Reason: broken},
		},
		{
			"an entry is changed", func(log []audit.Entry) []audit.Entry {
				log[2].Actor.Name = "someone"
				return log
			},
			audit.BadEntry{Sequence: 3, Reason: changed},
		},
		{
			"an entry is changed and hashed anew", func(log []audit.Entry) []audit.Entry {
				log[2].Actor.Name = "someone"
				log[2].Hash = log[2].Sum()
				return log
			},
			audit.BadEntry{Sequence: 4, Reason: broken},
		},
		{
			"a hash is changed", func(log []audit.Entry) []audit.Entry {
				log[2].Hash = log[1].Hash
				return log
			},
			audit.BadEntry{Sequence: 3, Reason: changed},
		},
		{
			"the first follows something", func(log []audit.Entry) []audit.Entry {
				log[0] = log[0].Seal("before")
				return log
			},
			audit.BadEntry{Sequence: 1, Reason: broken},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := verify(tt.spoil(chain(5)))
			var bad *audit.BadEntry
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want a *BadEntry", err)
			}
			if diff := cmp.Diff(tt.want, *bad); diff != "" {
				t.Errorf("the bad entry differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryChangeToAnEntryIsFound(t *testing.T) {
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			log := chain(3)
			change(&log[1])
			if err := verify(log); err == nil {
				t.Error("got no error, want one")
			}
		})
	}
}

func TestTheVerifierRemembersTheFirstBadEntry(t *testing.T) {
	log := chain(4)
	spoiled := log[1]
	spoiled.Action = "x"
	var v audit.Verifier
	_ = v.Next(log[0])
	first := v.Next(spoiled)
	for _, e := range log[1:] {
		if got := v.Next(e); !errors.Is(got, first) || first == nil {
			t.Errorf("got %v, want %v again", got, first)
		}
	}
	if sequence, hash := v.Head(); sequence != 1 || hash != log[0].Hash {
		t.Errorf("got the head %d, %q, want the last good one", sequence, hash)
	}
	if got, want := first.Error(), "audit entry 2: its content does not match its hash: it was changed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Whatever the texts, two entries that differ have different hashes, and a sealed log verifies.
func TestLaws(t *testing.T) {
	text := rapid.StringMatching(`[ab]{0,2}`)
	draw := rapid.Custom(func(t *rapid.T) audit.Entry {
		return audit.Entry{
			Actor:     audit.Actor{Kind: text.Draw(t, "kind"), ID: text.Draw(t, "id"), Name: text.Draw(t, "name")},
			Action:    text.Draw(t, "action"),
			Detail:    rapid.MapOfN(text, text, 0, 2).Draw(t, "detail"),
			RequestID: text.Draw(t, "request id"),
			Time:      time.UnixMilli(rapid.Int64Range(0, 1).Draw(t, "time")).UTC(),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		if same, want := a.Sum() == b.Sum(), cmp.Equal(a, b); same != want {
			t.Fatalf("%+v and %+v: got the same hash %v, want %v", a, b, same, want)
		}
		a.Sequence, b.Sequence = 1, 2
		a = a.Seal("")
		if err := verify([]audit.Entry{a, b.Seal(a.Hash)}); err != nil {
			t.Fatal(err)
		}
	})
}
