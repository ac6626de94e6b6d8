package environment

import (
	"strconv"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/cut"
	"github.com/lockage/lockage/internal/fault"
)

// Logs says what is recorded of an environment's calls, and for how long they are kept.
type Logs struct {
	Retention time.Duration
	Record    bool     // headers and bodies too, where a route does not say otherwise
	Cut       []string // fields that are cut out of them, besides those that always are; nil: none
}

// LogFields is what a caller may say about Logs; nil leaves a field as it is.
type LogFields struct {
	Retention *string // "30d", "720h"
	Record    *bool
	Cut       *[]string
}

// DefaultRetention is for how long calls are kept where nobody said otherwise.
const DefaultRetention = 30 * day

const (
	day              = 24 * time.Hour
	shortestRetained = time.Hour
	longestRetained  = 3650 * day
)

func (l Logs) apply(f *LogFields) (Logs, []fault.Field) {
	if f == nil {
		return l, nil
	}
	var refused []fault.Field
	if f.Retention != nil {
		var ok bool
		if l.Retention, ok = parseRetention(*f.Retention); !ok {
			refused = append(refused, fault.Field{Field: "logs.retention", Message: `must be a time from 1h to 3650d, like "30d" or "720h"`})
		}
	}
	if f.Record != nil {
		l.Record = *f.Record
	}
	if f.Cut != nil {
		l.Cut = nil
		if problem := cut.Problem(*f.Cut); problem != "" {
			refused = append(refused, fault.Field{Field: "logs.cut", Message: problem})
		} else if len(*f.Cut) > 0 {
			l.Cut = *f.Cut
		}
	}
	return l, refused
}

// parseRetention reads whole days ("30d") or a duration as Go writes it, to the millisecond.
func parseRetention(s string) (time.Duration, bool) {
	var d time.Duration
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 12)
		if err != nil {
			return 0, false
		}
		d = time.Duration(n) * day //nolint:gosec // below 4096
	} else {
		var err error
		if d, err = time.ParseDuration(s); err != nil {
			return 0, false
		}
	}
	return d.Truncate(time.Millisecond), d >= shortestRetained && d <= longestRetained
}

// FormatRetention is a retention as people write it: in days where it is whole days.
func FormatRetention(d time.Duration) string {
	if d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return d.String()
}
