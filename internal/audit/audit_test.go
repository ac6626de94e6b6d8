package audit_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/audit"
)

func TestDetail(t *testing.T) {
	got := audit.Detail("name", "stripe", "version", "3", "reason", "")
	if diff := cmp.Diff(map[string]string{"name": "stripe", "version": "3", "reason": ""}, got); diff != "" {
		t.Errorf("the detail differs (-want +got):\n%s", diff)
	}
	if got := audit.Detail(); len(got) != 0 {
		t.Errorf("got %v, want nothing", got)
	}
}

func TestDetailPanicsOnMistakes(t *testing.T) {
	for name, pairs := range map[string][]string{
		"unknown key":  {"value", "hunter2"},
		"near miss":    {"Name", "x"},
		"empty key":    {"", "x"},
		"no value":     {"name"},
		"twice":        {"name", "a", "name", "b"},
		"second is it": {"name", "a", "body", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				got, _ := recover().(string)
				if !strings.HasPrefix(got, "audit: ") {
					t.Errorf("got the panic %q, want one of this package", got)
				}
				if strings.Contains(got, "hunter2") {
					t.Errorf("the panic repeats the value: %s", got)
				}
			}()
			audit.Detail(pairs...)
		})
	}
}

func TestAllowedDetail(t *testing.T) {
	for _, key := range []string{
		"name", "version", "grace", "type", "reason", "error", "source", "message", "commit", "changes", "overwrite", "active", "field",
		"plan", "promotion", "force", "protected", "approvals", "freeze",
		"staged", "expires_at", "strict", "hosts", "count", "format", "target", "number", "distinct_values", "route", "grants", "addresses", "agent",
	} {
		if !audit.AllowedDetail(key) {
			t.Errorf("%s is refused, want it allowed", key)
		}
	}
	for _, key := range []string{"", "value", "secret", "key", "body", "header", "NAME", "name "} {
		if audit.AllowedDetail(key) {
			t.Errorf("%q is allowed, want it refused", key)
		}
	}
}

func TestSealKeepsOnlyWhatEveryStoreGivesBack(t *testing.T) {
	zone := time.FixedZone("far", 5*3600)
	e := audit.Entry{
		Sequence: 1,
		Time:     time.Date(2026, 3, 1, 17, 0, 0, 123_987_654, zone),
		Actor:    audit.Actor{Kind: "member", ID: "m\x00", Name: "Mi\xffra"},
		Action:   "route.read",
		Outcome:  audit.Refused,
		Target:   audit.Target{Kind: "route", ID: "\x00", Name: "größe"},
		Detail:   map[string]string{"name": "a\x00b"},
	}
	got := e.Seal("before")
	want := audit.Entry{
		Sequence: 1,
		Time:     time.Date(2026, 3, 1, 12, 0, 0, 123_000_000, time.UTC),
		Actor:    audit.Actor{Kind: "member", ID: "m\uFFFD", Name: "Mi\uFFFDra"},
		Action:   "route.read",
		Outcome:  audit.Refused,
		Target:   audit.Target{Kind: "route", ID: "\uFFFD", Name: "größe"},
		Detail:   map[string]string{"name": "a\uFFFDb"},
		Prev:     "before",
		Hash:     got.Hash,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the entry differs (-want +got):\n%s", diff)
	}
	if got.Hash != got.Sum() {
		t.Errorf("got the hash %s, want %s", got.Hash, got.Sum())
	}
	if e.Detail["name"] != "a\x00b" {
		t.Error("sealing changed the caller's detail")
	}

	encoded, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var back audit.Entry
	if err := json.Unmarshal(encoded, &back); err != nil {
		t.Fatal(err)
	}
	if back.Sum() != got.Hash {
		t.Error("the hash is another one after JSON")
	}
}
