package environment_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

func TestLogs(t *testing.T) {
	e, err := environment.New(environment.Fields{Name: new("staging")})
	if err != nil {
		t.Fatal(err)
	}
	if want := (environment.Logs{Retention: 30 * 24 * time.Hour}); !cmp.Equal(want, e.Logs) {
		t.Errorf("a new one: got %+v, want %+v", e.Logs, want)
	}
	for text, want := range map[string]time.Duration{"1h": time.Hour, "30d": 720 * time.Hour, "3650d": 87600 * time.Hour, "90m30s": 90*time.Minute + 30*time.Second} {
		changed, err := e.Apply(environment.Fields{Logs: &environment.LogFields{Retention: &text}})
		if err != nil || changed.Logs.Retention != want {
			t.Errorf("%s: got %v and %v, want %v", text, changed.Logs.Retention, err, want)
		}
		if again, err := changed.Apply(environment.Fields{Logs: &environment.LogFields{Retention: new(environment.FormatRetention(want))}}); err != nil || again.Logs.Retention != want {
			t.Errorf("%s, as it is shown: got %v and %v, want %v", text, again.Logs.Retention, err, want)
		}
	}
	for _, text := range []string{"", "59m", "3651d", "-1d", "30", "canary", "1w", "99999999999999999999d"} {
		_, err := e.Apply(environment.Fields{Logs: &environment.LogFields{Retention: &text}})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, want a refusal", text, err)
		}
	}
	changed, err := e.Apply(environment.Fields{Logs: &environment.LogFields{Record: new(true), Cut: &[]string{"iban", "$.a"}}})
	if err != nil || !changed.Logs.Record || !cmp.Equal([]string{"iban", "$.a"}, changed.Logs.Cut) || changed.Logs.Retention != environment.DefaultRetention {
		t.Errorf("got %+v and %v", changed.Logs, err)
	}
	if changed, err = changed.Apply(environment.Fields{Logs: &environment.LogFields{Cut: &[]string{}}}); err != nil || changed.Logs.Cut != nil || !changed.Logs.Record {
		t.Errorf("emptied: got %+v and %v", changed.Logs, err)
	}
	if _, err := e.Apply(environment.Fields{Logs: &environment.LogFields{Cut: &[]string{"$."}}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want a refusal", err)
	}
}
