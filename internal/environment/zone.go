package environment

import (
	"errors"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a static binary may run where there is no list of time zones
)

// loadZone finds a time zone by its IANA name; "" is UTC. It refuses names that mean another zone on each machine.
func loadZone(name string) (*time.Location, error) {
	machine := []string{"Local", "localtime", "posixrules"}
	if slices.Contains(machine, name) || strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/") {
		return nil, errors.New("not a name of the IANA list")
	}
	return time.LoadLocation(name)
}

// opens is the first moment when the clocks of zone show wall, which is given as if it were UTC, or, if they skip it,
// when they skip it.
func opens(wall time.Time, zone *time.Location) time.Time {
	moments, skipped := shown(wall, zone)
	if len(moments) == 0 {
		return skipped
	}
	return slices.MinFunc(moments, time.Time.Compare)
}

// closes is the moment after which the clocks of zone show no time before wall any more.
func closes(wall time.Time, zone *time.Location) time.Time {
	moments, skipped := shown(wall, zone)
	if len(moments) == 0 {
		return skipped
	}
	last := slices.MaxFunc(moments, time.Time.Compare)
	// Set back to exactly wall, the clocks show nothing before it the second time.
	if start, _ := last.ZoneBounds(); start.Equal(last) && offset(start.Add(-1)) > offset(last) {
		return slices.MinFunc(moments, time.Time.Compare)
	}
	return last
}

// shown lists the moments, at most a few, when the clocks of zone show wall. If there are none it returns the moment
// when they were set forward over it.
func shown(wall time.Time, zone *time.Location) (moments []time.Time, skipped time.Time) {
	near := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, zone)
	start, end := near.ZoneBounds()
	offsets := []int{offset(near)}
	if !start.IsZero() {
		offsets = append(offsets, offset(start.Add(-1)))
	}
	if !end.IsZero() {
		offsets = append(offsets, offset(end))
	}
	for _, o := range offsets {
		moment := wall.Add(-time.Duration(o) * time.Second).In(zone)
		if offset(moment) == o {
			moments = append(moments, moment)
		}
	}
	// near is an hour to one side of a gap: on which, the standard library does not say.
	if near.Add(time.Duration(offset(near)) * time.Second).After(wall) {
		return moments, start
	}
	return moments, end
}

func offset(t time.Time) int {
	_, seconds := t.Zone()
	return seconds
}
