package environment

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// Weekly is a window that comes back every week, by the clock of a time zone.
type Weekly struct {
	Days     []time.Weekday // on which it begins; JSON has them as "monday" to "sunday"
	From     string         // "16:00"
	To       string         // "24:00" is the end of the day; one not after From is of the next day
	TimeZone string         // of the IANA list, like "Europe/Berlin"; "": UTC
}

// weekly is the JSON form of a Weekly.
type weekly struct {
	Days     []string `json:"days"`
	From     string   `json:"from"`
	To       string   `json:"to"`
	TimeZone string   `json:"time_zone,omitempty"`
}

// MarshalJSON writes days by name.
func (w Weekly) MarshalJSON() ([]byte, error) {
	days := make([]string, len(w.Days))
	for i, day := range w.Days {
		days[i] = strings.ToLower(day.String())
	}
	return json.Marshal(weekly{days, w.From, w.To, w.TimeZone})
}

// UnmarshalJSON reads what MarshalJSON wrote. It is for what was checked when it was stored; what callers send is for
// DecodeProtection.
func (w *Weekly) UnmarshalJSON(raw []byte) error {
	var stored weekly
	if err := json.Unmarshal(raw, &stored); err != nil {
		return err
	}
	days := make([]time.Weekday, len(stored.Days))
	for i, name := range stored.Days {
		day, ok := weekday(name)
		if !ok {
			return errors.New("a stored freeze has an unknown day of the week")
		}
		days[i] = day
	}
	*w = Weekly{days, stored.From, stored.To, stored.TimeZone}
	return nil
}

var dayNames = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

func weekday(name string) (time.Weekday, bool) {
	i := slices.Index(dayNames, name)
	return time.Weekday(i), i >= 0
}

const dayMinutes = 24 * 60

// minuteOf reads a time of the day, "00:00" to "24:00", as minutes.
func minuteOf(clock string) (int, bool) {
	if len(clock) != 5 || clock[2] != ':' {
		return 0, false
	}
	for _, i := range []int{0, 1, 3, 4} {
		if clock[i] < '0' || clock[i] > '9' {
			return 0, false
		}
	}
	hour, minute := int(clock[0]-'0')*10+int(clock[1]-'0'), int(clock[3]-'0')*10+int(clock[4]-'0')
	total := hour*60 + minute
	return total, minute < 60 && total <= dayMinutes
}

// around returns the window's occurrence that covers t and ends last.
func (w Weekly) around(t time.Time, zone *time.Location) (span, bool) {
	from, okFrom := minuteOf(w.From)
	to, okTo := minuteOf(w.To)
	if !okFrom || !okTo {
		return span{}, false
	}
	if to <= from {
		to += dayMinutes
	}
	var covering span
	local := t.In(zone)
	// An occurrence reaches into the next day, and a clock that is set back over midnight moves it by one more.
	for shift := -2; shift <= 1; shift++ {
		day := time.Date(local.Year(), local.Month(), local.Day()+shift, 0, 0, 0, 0, time.UTC)
		if !slices.Contains(w.Days, day.Weekday()) {
			continue
		}
		s := span{
			start: opens(day.Add(time.Duration(from)*time.Minute), zone),
			end:   closes(day.Add(time.Duration(to)*time.Minute), zone),
		}
		if s.covers(t) && s.end.After(covering.end) {
			covering = s
		}
	}
	return covering, !covering.end.IsZero()
}
