package environment_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/environment"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func every(zone, from, to string, days ...time.Weekday) environment.Window {
	return environment.Window{Weekly: &environment.Weekly{Days: days, From: from, To: to, TimeZone: zone}}
}

func TestFrozen(t *testing.T) {
	once := func(start, end string) environment.Window {
		return environment.Window{Start: at(t, start), End: at(t, end)}
	}
	const friday, saturday, sunday, monday = time.Friday, time.Saturday, time.Sunday, time.Monday
	daily := []time.Weekday{sunday, monday, time.Tuesday, time.Wednesday, time.Thursday, friday, saturday}
	tests := map[string]struct {
		freeze []environment.Window
		now    string
		active []int  // places in freeze
		until  string // "": no end in sight
	}{
		"no window":         {nil, "2026-12-24T12:00:00Z", nil, ""},
		"before":            {[]environment.Window{once("2026-12-20T00:00:00Z", "2027-01-04T00:00:00Z")}, "2026-12-19T23:59:59Z", nil, ""},
		"from its start":    {[]environment.Window{once("2026-12-20T00:00:00Z", "2027-01-04T00:00:00Z")}, "2026-12-20T00:00:00Z", []int{0}, "2027-01-04T00:00:00Z"},
		"just before end":   {[]environment.Window{once("2026-12-20T00:00:00Z", "2027-01-04T00:00:00Z")}, "2027-01-03T23:59:59Z", []int{0}, "2027-01-04T00:00:00Z"},
		"not at its end":    {[]environment.Window{once("2026-12-20T00:00:00Z", "2027-01-04T00:00:00Z")}, "2027-01-04T00:00:00Z", nil, ""},
		"end in local time": {[]environment.Window{once("2026-12-20T00:00:00+01:00", "2027-01-04T00:00:00+01:00")}, "2026-12-31T00:00:00Z", []int{0}, "2027-01-03T23:00:00Z"},
		"adjacent ones, listed late": {
			[]environment.Window{once("2026-12-26T00:00:00Z", "2026-12-28T00:00:00Z"), once("2026-12-24T00:00:00Z", "2026-12-26T00:00:00Z")},
			"2026-12-24T12:00:00Z",
			[]int{1},
			"2026-12-28T00:00:00Z",
		},
		"overlapping ones": {
			[]environment.Window{once("2026-12-24T00:00:00Z", "2026-12-30T00:00:00Z"), once("2026-12-24T06:00:00Z", "2026-12-26T00:00:00Z")},
			"2026-12-24T12:00:00Z",
			[]int{0, 1},
			"2026-12-30T00:00:00Z",
		},
		"a gap of a second": {
			[]environment.Window{once("2026-12-24T00:00:00Z", "2026-12-26T00:00:00Z"), once("2026-12-26T00:00:01Z", "2026-12-28T00:00:00Z")},
			"2026-12-24T12:00:00Z",
			[]int{0},
			"2026-12-26T00:00:00Z",
		},
		"friday evening, not yet":       {[]environment.Window{every("Europe/Berlin", "16:00", "24:00", friday)}, "2026-11-20T14:59:59Z", nil, ""},
		"friday evening, in winter":     {[]environment.Window{every("Europe/Berlin", "16:00", "24:00", friday)}, "2026-11-20T15:00:00Z", []int{0}, "2026-11-20T23:00:00Z"},
		"friday evening, in summer":     {[]environment.Window{every("Europe/Berlin", "16:00", "24:00", friday)}, "2026-07-10T14:00:00Z", []int{0}, "2026-07-10T22:00:00Z"},
		"friday evening, over":          {[]environment.Window{every("Europe/Berlin", "16:00", "24:00", friday)}, "2026-11-20T23:00:00Z", nil, ""},
		"friday in UTC without a zone":  {[]environment.Window{every("", "00:00", "24:00", friday)}, "2026-11-20T23:59:59Z", []int{0}, "2026-11-21T00:00:00Z"},
		"past midnight, before":         {[]environment.Window{every("", "22:00", "06:00", friday)}, "2026-11-20T22:00:00Z", []int{0}, "2026-11-21T06:00:00Z"},
		"past midnight, after":          {[]environment.Window{every("", "22:00", "06:00", friday)}, "2026-11-21T05:59:59Z", []int{0}, "2026-11-21T06:00:00Z"},
		"past midnight, the day before": {[]environment.Window{every("", "22:00", "06:00", friday)}, "2026-11-20T05:00:00Z", nil, ""},
		"the whole round of the clock":  {[]environment.Window{every("", "16:00", "16:00", friday)}, "2026-11-21T15:59:00Z", []int{0}, "2026-11-21T16:00:00Z"},
		"a weekend of days":             {[]environment.Window{every("", "00:00", "24:00", saturday, sunday)}, "2026-11-21T12:00:00Z", []int{0}, "2026-11-23T00:00:00Z"},
		"from window to window": {
			[]environment.Window{
				every("America/New_York", "16:00", "24:00", friday), every("America/New_York", "00:00", "24:00", saturday, sunday),
				once("2026-11-23T05:00:00Z", "2026-11-24T00:00:00Z"), every("", "00:00", "01:00", time.Tuesday),
			},
			"2026-11-20T21:00:00Z",
			[]int{0},
			"2026-11-24T01:00:00Z",
		},
		"no end":                     {[]environment.Window{every("Europe/Berlin", "00:00", "24:00", daily...)}, "2026-11-20T21:00:00Z", []int{0}, ""},
		"once, and then without end": {[]environment.Window{once("2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"), every("", "08:00", "08:00", daily...)}, "2026-11-20T21:00:00Z", []int{0, 1}, ""},
		"weekly until once":          {[]environment.Window{once("2026-01-01T00:00:00Z", "2099-01-01T08:00:00Z"), every("", "08:00", "07:00", daily...)}, "2026-11-20T21:00:00Z", []int{0, 1}, "2099-01-02T07:00:00Z"},
		// Clocks that are set forward: from 02:00 to 03:00.
		"a start that is skipped":     {[]environment.Window{every("Europe/Berlin", "02:30", "05:00", sunday)}, "2026-03-29T01:00:00Z", []int{0}, "2026-03-29T03:00:00Z"},
		"before a skipped start":      {[]environment.Window{every("Europe/Berlin", "02:30", "05:00", sunday)}, "2026-03-29T00:59:59Z", nil, ""},
		"an end that is skipped":      {[]environment.Window{every("America/New_York", "01:00", "02:30", sunday)}, "2026-03-08T06:30:00Z", []int{0}, "2026-03-08T07:00:00Z"},
		"all of it skipped":           {[]environment.Window{every("America/New_York", "02:10", "02:50", sunday)}, "2026-03-08T07:00:00Z", nil, ""},
		"a night that is short":       {[]environment.Window{every("Europe/Berlin", "22:00", "06:00", saturday)}, "2026-03-28T21:00:00Z", []int{0}, "2026-03-29T04:00:00Z"},
		"a day that is not":           {[]environment.Window{every("Pacific/Apia", "00:00", "24:00", friday)}, "2011-12-30T10:00:00Z", nil, ""},
		"the day after that is not":   {[]environment.Window{every("Pacific/Apia", "00:00", "24:00", saturday)}, "2011-12-30T10:00:00Z", []int{0}, "2011-12-31T10:00:00Z"},
		"midnight that is skipped":    {[]environment.Window{every("America/Sao_Paulo", "00:00", "01:30", sunday)}, "2018-11-04T03:00:00Z", []int{0}, "2018-11-04T03:30:00Z"},
		"a start that comes twice":    {[]environment.Window{every("Europe/Berlin", "02:30", "04:00", sunday)}, "2026-10-25T01:10:00Z", []int{0}, "2026-10-25T03:00:00Z"},
		"an end that comes twice":     {[]environment.Window{every("America/New_York", "00:00", "01:30", sunday)}, "2026-11-01T06:10:00Z", []int{0}, "2026-11-01T06:30:00Z"},
		"an end where it is set back": {[]environment.Window{every("America/New_York", "00:00", "01:00", sunday)}, "2026-11-01T05:00:00Z", nil, ""},
		"midnight that comes twice":   {[]environment.Window{every("America/Sao_Paulo", "20:00", "24:00", saturday)}, "2018-02-18T02:30:00Z", []int{0}, "2018-02-18T03:00:00Z"},
		"an unknown zone is UTC":      {[]environment.Window{every("Europe/Zebra", "16:00", "24:00", friday)}, "2026-11-20T16:00:00Z", []int{0}, "2026-11-21T00:00:00Z"},
		"what was never checked":      {[]environment.Window{every("", "4pm", "24:00", friday), every("", "16:00", "late", friday)}, "2026-11-20T16:00:00Z", nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var want []environment.ActiveWindow
			for _, i := range tt.active {
				w := environment.ActiveWindow{Window: tt.freeze[i]}
				if tt.until != "" {
					w.Until = at(t, tt.until).UTC()
				}
				want = append(want, w)
			}
			got := environment.Protection{Freeze: tt.freeze}.Frozen(at(t, tt.now))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Frozen (-want +got):\n%s", diff)
			}
		})
	}
}
