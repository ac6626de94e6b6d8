package environment

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/fault"
)

// Limits of a protection.
const (
	MaxApprovals = 10
	MaxWindows   = 50
	MaxReason    = 500 // characters
)

// Protection is what an environment asks of those who change it, in JSON:
//
//	{"approvals": 2, "freeze": [
//	  {"start": "2026-12-20T00:00:00Z", "end": "2027-01-04T00:00:00Z", "reason": "the holidays"},
//	  {"weekly": {"days": ["friday"], "from": "16:00", "to": "24:00", "time_zone": "Europe/Berlin"}, "allow_rollback": true}]}
//
// The zero value asks nothing. It holds whether or not the environment is protected, which is about roles only.
type Protection struct {
	Approvals int      `json:"approvals"` // of people other than the author, before a promotion is carried out
	Freeze    []Window `json:"freeze"`
}

// Window is a time in which an environment does not change: once, from Start until before End, or every week.
type Window struct {
	Start         time.Time `json:"start,omitzero"`
	End           time.Time `json:"end,omitzero"`
	Weekly        *Weekly   `json:"weekly,omitempty"` // instead of Start and End
	Reason        string    `json:"reason,omitempty"`
	AllowRollback bool      `json:"allow_rollback,omitempty"`
}

// Hold stops promotions into an environment that was rolled back, until somebody lifts it.
type Hold struct {
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// MarshalJSON writes no windows as an empty list.
func (p Protection) MarshalJSON() ([]byte, error) {
	type plain Protection
	if p.Freeze == nil {
		p.Freeze = []Window{}
	}
	return json.Marshal(plain(p))
}

// Check refuses what DecodeProtection refuses, all bad fields at once: "protection.freeze[0].end".
func (p Protection) Check() error {
	var c checker
	c.protection(p)
	return fault.RefusedFields(c.fields)
}

// checker collects what it refuses.
type checker struct{ fields []fault.Field }

func (c *checker) refuse(path, format string, args ...any) {
	c.fields = append(c.fields, fault.Field{Field: path, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) protection(p Protection) {
	c.approvals(p.Approvals)
	if c.count(len(p.Freeze)) {
		for i, w := range p.Freeze {
			c.window(freezePath(i), w)
		}
	}
}

const (
	protectionPath = "protection"
	approvalsPath  = protectionPath + ".approvals"
	freezesPath    = protectionPath + ".freeze"

	dayRule = "must be a day of the week in lower case, like friday"
)

func freezePath(i int) string { return fmt.Sprintf("%s[%d]", freezesPath, i) }

func (c *checker) approvals(n int) {
	if n < 0 || n > MaxApprovals {
		c.refuse(approvalsPath, "must be a whole number from 0 to %d", MaxApprovals)
	}
}

func (c *checker) count(windows int) bool {
	if windows > MaxWindows {
		c.refuse(freezesPath, "has too many windows; use at most %d", MaxWindows)
	}
	return windows <= MaxWindows
}

func (c *checker) window(path string, w Window) {
	switch {
	case w.Weekly != nil && (!w.Start.IsZero() || !w.End.IsZero()):
		c.refuse(path, "has both weekly and start or end; use one of them")
	case w.Weekly != nil:
		c.weekly(path+".weekly", *w.Weekly)
	case w.Start.IsZero() && w.End.IsZero():
		c.refuse(path, "needs either start and end or weekly")
	case w.Start.IsZero():
		c.refuse(path+".start", "is required with end; send a time like 2026-12-24T00:00:00Z")
	case w.End.IsZero():
		c.refuse(path+".end", "is required with start; send a time like 2026-12-24T00:00:00Z")
	case !w.End.After(w.Start):
		c.refuse(path+".end", "must be after start")
	}
	if message := textProblem(w.Reason, MaxReason, ""); message != "" {
		c.refuse(path+".reason", "%s", message)
	}
}

func (c *checker) weekly(path string, w Weekly) {
	if len(w.Days) == 0 {
		c.refuse(path+".days", "is required; name at least one day, like friday")
	}
	for i, day := range w.Days {
		switch {
		case day < time.Sunday || day > time.Saturday:
			c.refuse(fmt.Sprintf("%s.days[%d]", path, i), dayRule)
		case slices.Contains(w.Days[:i], day):
			c.refuse(fmt.Sprintf("%s.days[%d]", path, i), "names a day twice; keep one of them")
		}
	}
	if minute, ok := minuteOf(w.From); !ok || minute == dayMinutes {
		c.refuse(path+".from", "must be a time of the day from 00:00 to 23:59")
	}
	if _, ok := minuteOf(w.To); !ok {
		c.refuse(path+".to", "must be a time of the day from 00:00 to 24:00")
	}
	if _, err := loadZone(w.TimeZone); err != nil {
		c.refuse(path+".time_zone", "is not the name of a time zone; use one like Europe/Berlin, or none for UTC")
	}
}
