package alert_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/fault"
)

func ptr[T any](v T) *T { return &v }

func TestNew(t *testing.T) {
	for _, k := range alert.Kinds() {
		r, err := alert.New(k, alert.Fields{Name: ptr("calls fail")})
		if err != nil || !r.Active || r.Threshold <= 0 || r.Quiet != time.Hour || (r.Window == 0) != (k == alert.SecretExpiring) ||
			(r.Minimum > 0) != (k == alert.ErrorRate || k == alert.LatencyP95) {
			t.Errorf("%s: got %+v, %v, want what the kind has", k, r, err)
		}
	}
	for name, c := range map[string]struct {
		kind   alert.Kind
		fields alert.Fields
		field  string
	}{
		"an unknown kind":                 {"canary", alert.Fields{Name: ptr("x")}, "kind"},
		"no name":                         {alert.ErrorRate, alert.Fields{}, "name"},
		"an empty name":                   {alert.ErrorRate, alert.Fields{Name: ptr(" ")}, "name"},
		"a name of two lines":             {alert.ErrorRate, alert.Fields{Name: ptr("canary\r\nBcc: x")}, "name"},
		"a name that clears the terminal": {alert.ErrorRate, alert.Fields{Name: ptr("canary\x1b[2J")}, "name"},
		"a long name":                     {alert.ErrorRate, alert.Fields{Name: ptr(strings.Repeat("x", 101))}, "name"},
		"a share over all":                {alert.ErrorRate, alert.Fields{Name: ptr("x"), Threshold: ptr(100.1)}, "threshold"},
		"no number":                       {alert.ErrorRate, alert.Fields{Name: ptr("x"), Threshold: ptr(math.NaN())}, "threshold"},
		"no share":                        {alert.ErrorRate, alert.Fields{Name: ptr("x"), Threshold: ptr(0.0)}, "threshold"},
		"a threshold of what has none":    {alert.KeyNewAddress, alert.Fields{Name: ptr("x"), Threshold: ptr(1.0)}, "threshold"},
		"a short window":                  {alert.HardFail, alert.Fields{Name: ptr("x"), Window: ptr(time.Second)}, "window"},
		"a long window":                   {alert.HardFail, alert.Fields{Name: ptr("x"), Window: ptr(25 * time.Hour)}, "window"},
		"a window of what has none":       {alert.SecretExpiring, alert.Fields{Name: ptr("x"), Window: ptr(time.Hour)}, "window"},
		"a minimum of what has none":      {alert.HardFail, alert.Fields{Name: ptr("x"), Minimum: ptr(int64(5))}, "minimum_calls"},
		"no minimum":                      {alert.ErrorRate, alert.Fields{Name: ptr("x"), Minimum: ptr(int64(0))}, "minimum_calls"},
		"a route of what has none":        {alert.AccessRefused, alert.Fields{Name: ptr("x"), Route: ptr("canary")}, "route"},
		"a negative quiet time":           {alert.ErrorRate, alert.Fields{Name: ptr("x"), Quiet: ptr(-time.Second)}, "quiet"},
		"a long quiet time":               {alert.ErrorRate, alert.Fields{Name: ptr("x"), Quiet: ptr(169 * time.Hour)}, "quiet"},
	} {
		_, err := alert.New(c.kind, c.fields)
		if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), c.field+":") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want %s to be refused", name, err, c.field)
		}
	}
}

func TestCheckEmail(t *testing.T) {
	for _, bad := range []string{"", "canary", "Canary <a@example.com>", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com", "<a@example.com>", strings.Repeat("x", 250) + "@example.com"} {
		if err := alert.CheckEmail(bad); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: got %v, want a refusal", bad, err)
		}
	}
	if err := alert.CheckEmail("oncall+lockage@example.com"); err != nil {
		t.Error(err)
	}
}

func TestPlace(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
		"": "", "@": "", "canary": "",
	} {
		if got := alert.Place(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

// A story of readings: when a message is made, and of what.
func TestStep(t *testing.T) {
	at := func(minute int) time.Time {
		return time.Date(2026, 3, 1, 12, minute, 0, 0, time.UTC)
	}
	type look struct {
		minute int
		value  float64
		calls  int64
		newest int // minute; 0: none
		want   string
	}
	for name, c := range map[string]struct {
		kind  alert.Kind
		looks []look
	}{
		"a share, told once however long it lasts": {alert.ErrorRate, []look{
			{1, 4.9, 100, 0, ""}, {2, 5, 100, 0, "begins tells"}, {3, 80, 100, 0, ""}, {90, 80, 100, 0, ""}, {91, 4, 100, 0, "ends tells"}, {92, 0, 0, 0, ""},
		}},
		"too few calls say nothing": {alert.ErrorRate, []look{{1, 100, 19, 0, ""}, {2, 100, 20, 0, "begins tells"}, {3, 100, 19, 0, "ends tells"}}},
		"what begins again in the quiet time is told after it": {alert.ErrorRate, []look{
			{1, 9, 100, 0, "begins tells"}, {2, 0, 100, 0, "ends tells"}, {10, 9, 100, 0, "begins"}, {59, 9, 100, 0, ""}, {61, 9, 100, 0, "tells"}, {62, 9, 100, 0, ""},
		}},
		"what is over in the quiet time is not told of": {alert.ErrorRate, []look{
			{1, 9, 100, 0, "begins tells"}, {2, 0, 100, 0, "ends tells"}, {10, 9, 100, 0, "begins"}, {11, 0, 100, 0, "ends"}, {62, 0, 100, 0, ""},
		}},
		"something new is told after the quiet time": {alert.KeyNewAddress, []look{
			{1, 1, 0, 1, "begins tells"}, {30, 2, 0, 30, ""}, {61, 2, 0, 30, "tells"}, {122, 2, 0, 30, ""}, {123, 3, 0, 123, "tells"}, {124, 0, 0, 0, "ends tells"},
		}},
		"a number at its threshold": {alert.AccessRefused, []look{{1, 4, 0, 1, ""}, {2, 5, 0, 2, "begins tells"}, {3, 4, 0, 2, "ends tells"}}},
		"a latency":                 {alert.LatencyP95, []look{{1, 999, 100, 0, ""}, {2, 1000, 100, 0, "begins tells"}}},
		"values that end":           {alert.SecretExpiring, []look{{1, 1, 0, 1, "begins tells"}, {2, 1, 0, 1, ""}, {62, 2, 0, 40, "tells"}}},
	} {
		r, err := alert.New(c.kind, alert.Fields{Name: ptr("x")})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range c.looks {
			x := alert.Reading{Value: l.value, Calls: l.calls}
			if l.newest > 0 {
				x.Newest = at(l.newest)
			}
			next, change := r.Step(x, at(l.minute))
			var got []string
			for word, is := range map[string]bool{"1begins": change.Begins, "2ends": change.Ends, "3tells": change.Tell} {
				if is {
					got = append(got, word)
				}
			}
			if s := words(got); s != l.want {
				t.Errorf("%s, minute %d: got %q, want %q", name, l.minute, s, l.want)
			}
			r.State = next
		}
	}
}

func words(list []string) string {
	var out []string
	for _, n := range []string{"1", "2", "3"} {
		for _, w := range list {
			if strings.HasPrefix(w, n) {
				out = append(out, w[1:])
			}
		}
	}
	return strings.Join(out, " ")
}

// Nothing is told more than once in a quiet time, and an end only after a beginning, whatever is read.
func FuzzStep(f *testing.F) {
	f.Add([]byte{1, 9, 0, 3, 9, 1})
	f.Fuzz(func(t *testing.T, readings []byte) {
		r, err := alert.New(alert.HardFail, alert.Fields{Name: ptr("x")})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		var last time.Time
		open := false
		for _, b := range readings {
			now = now.Add(time.Duration(b>>2) * time.Minute)
			next, change := r.Step(alert.Reading{Value: float64(b & 3), Newest: now}, now)
			if change.Tell && !change.Ends {
				if !last.IsZero() && now.Sub(last) < r.Quiet {
					t.Fatalf("told at %s and at %s, within %s", last, now, r.Quiet)
				}
				last, open = now, true
			}
			if change.Ends && change.Tell != open {
				t.Fatalf("the end was told: %v, the beginning: %v", change.Tell, open)
			}
			if change.Ends {
				open = false
			}
			r.State = next
		}
	})
}

func TestPause(t *testing.T) {
	for _, c := range []struct {
		attempts int64
		asked    time.Duration
		want     time.Duration
	}{{1, 0, 10 * time.Second}, {2, 0, 20 * time.Second}, {5, 0, 160 * time.Second}, {10, 0, time.Hour}, {1000, 0, time.Hour}, {1, time.Minute, time.Minute}, {1, 48 * time.Hour, time.Hour}} {
		if got := alert.Pause(c.attempts, c.asked); got != c.want {
			t.Errorf("after %d, asked for %s: got %s, want %s", c.attempts, c.asked, got, c.want)
		}
	}
}

// Names of before they were checked neither begin a header nor move a cursor.
func TestMessagesShowWhatIsPrinted(t *testing.T) {
	m := alert.Message{Type: "alert.firing", Data: alert.MessageData{
		Name: "x\r\nBcc: y", Environment: "prod\x1b[2J", Kind: alert.ErrorRate, Route: "a\u202eb", Value: 12.5, Threshold: 5, Details: []string{"key\x00\nz"}, URL: "https://l",
	}}
	if got, want := m.Subject(), "[Lockage] FIRING: x??Bcc: y in prod?[2J"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(m.Text(), "\n"), "\n") {
		if strings.ContainsFunc(line, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\u202e' }) {
			t.Errorf("got the line %q", line)
		}
	}
	if !strings.Contains(m.Text(), "12.5%") || !strings.Contains(m.Text(), "a?b") || !strings.Contains(m.Text(), "https://l") {
		t.Errorf("got %s", m.Text())
	}
}
