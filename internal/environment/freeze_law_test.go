package environment_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/environment"
)

// changes are days around which the clocks of a zone are set, by an hour or in a stranger way.
var changes = []struct {
	zone string
	day  string
}{
	{"Europe/Berlin", "2026-03-29"},
	{"Europe/Berlin", "2026-10-25"},
	{"America/New_York", "2026-03-08"},
	{"America/New_York", "2026-11-01"},
	{"America/St_Johns", "2010-11-07"},  // back at 00:01, into the day before
	{"America/St_Johns", "2011-03-13"},  // forward at 00:01
	{"America/Sao_Paulo", "2018-02-18"}, // back at midnight, into the day before
	{"America/Sao_Paulo", "2018-11-04"}, // forward at midnight
	{"America/Havana", "2026-11-01"},    // back at 01:00, so that midnight comes twice
	{"Australia/Lord_Howe", "2026-04-05"},
	{"Australia/Lord_Howe", "2026-10-04"}, // half an hour
	{"Pacific/Apia", "2011-12-30"},        // a day that never was
	{"", "2026-02-28"},
}

// model is a freeze minute by minute, from begin on.
type model struct {
	begin  time.Time
	frozen []bool
}

func (m *model) mark(from, to int) {
	for i := max(from, 0); i < min(to, len(m.frozen)); i++ {
		m.frozen[i] = true
	}
}

// weekly goes through all minutes, looks at what the clock on the wall shows, and marks each occurrence from the first
// minute that shows a time of it to the last.
func (m *model) weekly(t *rapid.T, w environment.Weekly) {
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		t.Fatalf("%s: %v", w.TimeZone, err)
	}
	minutes := func(clock string) int {
		hour, minute := int(clock[0]-'0')*10+int(clock[1]-'0'), int(clock[3]-'0')*10+int(clock[4]-'0')
		return hour*60 + minute
	}
	from, to := minutes(w.From), minutes(w.To)
	if to <= from {
		to += 24 * 60
	}
	first, last := map[int]int{}, map[int]int{} // by the day of the occurrence, counted from 1970
	for i := range m.frozen {
		local := m.begin.Add(time.Duration(i) * time.Minute).In(zone)
		_, offset := local.Zone()
		wall := (int(local.Unix()) + offset) / 60
		day, shows := wall/(24*60), wall%(24*60)
		for _, back := range []int{0, 1} {
			weekday := time.Weekday((day - back + 4) % 7) // 1970 began on a Thursday
			listed := false
			for _, d := range w.Days {
				listed = listed || d == weekday
			}
			if now := shows + back*24*60; listed && now >= from && now < to {
				if _, ok := first[day-back]; !ok {
					first[day-back] = i
				}
				last[day-back] = i
			}
		}
	}
	for day := range first {
		m.mark(first[day], last[day]+1)
	}
}

func TestFrozenAgreesWithTheModel(t *testing.T) {
	clocks := []string{
		"00:00", "00:01", "00:30", "01:00", "01:30", "01:45", "01:59", "02:00", "02:01", "02:15", "02:30", "03:00", "03:01", "04:00",
		"12:00", "16:00", "22:30", "23:00", "23:01", "23:30", "23:59",
	}
	const days = 12
	agreed := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		change := rapid.SampledFrom(changes).Draw(t, "change")
		day, err := time.Parse(time.DateOnly, change.day)
		if err != nil {
			t.Fatal(err)
		}
		m := &model{begin: day.AddDate(0, 0, -4), frozen: make([]bool, days*24*60)}
		var p environment.Protection
		for range rapid.IntRange(1, 3).Draw(t, "windows") {
			if rapid.IntRange(0, 3).Draw(t, "once") == 0 {
				start := rapid.IntRange(0, days*24*60-1).Draw(t, "start")
				end := start + rapid.IntRange(1, 2*24*60).Draw(t, "length")
				p.Freeze = append(p.Freeze, environment.Window{
					Start: m.begin.Add(time.Duration(start) * time.Minute), End: m.begin.Add(time.Duration(end) * time.Minute),
				})
				m.mark(start, end)
				continue
			}
			w := environment.Weekly{
				Days: rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) time.Weekday {
					near := int(day.Weekday()) + rapid.IntRange(-1, 5).Draw(t, "day")
					return time.Weekday((near + 7) % 7)
				}), 1, 4, rapid.ID[time.Weekday]).Draw(t, "days"),
				From:     rapid.SampledFrom(clocks).Draw(t, "from"),
				To:       rapid.SampledFrom(append(clocks, "24:00")).Draw(t, "to"),
				TimeZone: rapid.SampledFrom([]string{change.zone, change.zone, change.zone, "Europe/Berlin"}).Draw(t, "zone"),
			}
			p.Freeze = append(p.Freeze, environment.Window{Weekly: &w})
			m.weekly(t, w)
		}
		if err := p.Check(); err != nil {
			t.Fatalf("Check: got %v, want no error", err)
		}
		for range 20 {
			minute := rapid.IntRange(2*24*60, 7*24*60).Draw(t, "minute")
			now := m.begin.Add(time.Duration(minute)*time.Minute + time.Duration(rapid.IntRange(0, 59).Draw(t, "second"))*time.Second)
			active := p.Frozen(now)
			agreed[m.frozen[minute]]++
			if got, want := len(active) > 0, m.frozen[minute]; got != want {
				t.Fatalf("at %s: got frozen %v, want %v", now, got, want)
			}
			end := minute
			for end < len(m.frozen) && m.frozen[end] {
				end++
			}
			// Beyond the model's last days its windows are cut off.
			if end == minute || end > (days-3)*24*60 {
				continue
			}
			want := m.begin.Add(time.Duration(end) * time.Minute)
			for _, w := range active {
				if !w.Until.Equal(want) {
					t.Fatalf("at %s: got until %s, want %s", now, w.Until, want)
				}
			}
		}
	})
	if agreed[true] == 0 || agreed[false] == 0 {
		t.Errorf("got %v moments in a freeze and not, want both", agreed)
	}
}
