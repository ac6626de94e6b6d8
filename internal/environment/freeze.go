package environment

import "time"

// ActiveWindow is a window that holds at a moment. Until is when the freeze ends: the end of the last of the windows
// that follow each other, or overlap, without a gap. It is zero when no end is in sight: weekly windows that leave no
// gap in a whole year.
type ActiveWindow struct {
	Window
	Until time.Time `json:"until,omitzero"`
}

// endless is how long weekly windows without a gap are followed.
const endless = 366 * 24 * time.Hour

// Frozen lists the windows that hold at now, in their order; nil when the environment may change. A weekly window goes
// by the clock on the wall: when that is set back, the window goes on from the first time it shows From until the last
// time it shows less than To, and what the clock skips is not part of it. A time zone that is not known is UTC; Check
// refuses one.
func (p Protection) Frozen(now time.Time) []ActiveWindow {
	zones := make([]*time.Location, len(p.Freeze))
	var active []ActiveWindow
	for i, w := range p.Freeze {
		zones[i] = time.UTC
		if w.Weekly != nil {
			if zone, err := loadZone(w.Weekly.TimeZone); err == nil {
				zones[i] = zone
			}
		}
		if _, ok := w.around(now, zones[i]); ok {
			active = append(active, ActiveWindow{Window: w})
		}
	}
	if active == nil {
		return nil
	}
	until := p.until(now, zones)
	for i := range active {
		active[i].Until = until
	}
	return active
}

// until follows the windows from one to the next, to the first moment that none covers.
func (p Protection) until(now time.Time, zones []*time.Location) time.Time {
	until, weeklySince := now, now
	for {
		next, once := until, false
		for i, w := range p.Freeze {
			if s, ok := w.around(until, zones[i]); ok && s.end.After(next) {
				next, once = s.end, w.Weekly == nil
			}
		}
		switch {
		case next.Equal(until):
			return until.UTC()
		case once:
			weeklySince = next
		case next.Sub(weeklySince) > endless:
			return time.Time{}
		}
		until = next
	}
}

// around returns the stretch of the window that covers t.
func (w Window) around(t time.Time, zone *time.Location) (span, bool) {
	if w.Weekly != nil {
		return w.Weekly.around(t, zone)
	}
	s := span{w.Start, w.End}
	return s, s.covers(t)
}

// span is a time from start until before end.
type span struct{ start, end time.Time }

func (s span) covers(t time.Time) bool { return !t.Before(s.start) && t.Before(s.end) }
