package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/lockage/lockage/wire"
)

func TestTime(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Time{}, "null"},
		{time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC), `"2026-01-15T10:00:00.000Z"`},
		{time.Date(2026, 1, 15, 12, 0, 0, 123_456_789, time.FixedZone("", 7200)), `"2026-01-15T10:00:00.123Z"`},
	} {
		got, err := json.Marshal(wire.Time(c.at))
		if err != nil || string(got) != c.want {
			t.Errorf("%v: got %s, %v; want %s", c.at, got, err, c.want)
		}
		var back wire.Time
		if err := json.Unmarshal(got, &back); err != nil || !time.Time(back).Equal(c.at.Truncate(time.Millisecond)) {
			t.Errorf("%s read back: got %v, %v", got, time.Time(back), err)
		}
	}
	var back wire.Time
	if err := json.Unmarshal([]byte(`"yesterday"`), &back); err == nil {
		t.Error("yesterday: no error, want one")
	}
}
