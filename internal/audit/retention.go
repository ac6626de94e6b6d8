package audit

import (
	"strconv"
	"strings"
	"time"
)

// The times that a log may be kept for. Who takes over an owner's account cannot have what they do forgotten sooner than
// the least.
const (
	day            = 24 * time.Hour
	LeastRetention = 90 * day
	mostRetention  = 3650 * day
)

// Forever is the retention of a log that is never pruned.
const Forever = "never"

// ParseRetention reads for how long a log is kept: "never" (pruned), which is 0, or whole days like "400d".
func ParseRetention(s string) (time.Duration, bool) {
	if s == Forever {
		return 0, true
	}
	number, days := strings.CutSuffix(s, "d")
	n, err := strconv.ParseUint(number, 10, 16)
	if d := time.Duration(n) * day; days && err == nil && number[0] != '0' && d >= LeastRetention && d <= mostRetention { //nolint:gosec // 16 bits
		return d, true
	}
	return 0, false
}

// FormatRetention is a retention as people write it.
func FormatRetention(d time.Duration) string {
	if d == 0 {
		return Forever
	}
	return strconv.FormatInt(int64(d/day), 10) + "d"
}

// Cut is the time before which entries of a log go, now; the zero time keeps all. What stands in the database may be
// anything: no log is kept for less than the least.
func Cut(now time.Time, retention time.Duration) time.Time {
	if retention <= 0 {
		return time.Time{}
	}
	return now.Add(-max(retention, LeastRetention))
}
