package audit_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/audit"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// minute is so many minutes after noon.
func minute(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

// grow adds entries to a log, one a minute from the given one on; by is who made them.
func grow(log []audit.Entry, n, from int, by string) []audit.Entry {
	log = log[:len(log):len(log)]
	for i := range n {
		e, prev := sample(), ""
		if len(log) > 0 {
			prev = log[len(log)-1].Hash
		}
		e.Sequence, e.Time, e.Actor.Name = int64(len(log)+1), minute(from+i), by
		log = append(log, e.Seal(prev))
	}
	return log
}

// seen is the checkpoint of a log after its first n entries, half a minute after the last of them.
func seen(log []audit.Entry, n int) audit.Checkpoint {
	e := log[n-1]
	return audit.Checkpoint{Account: "acme", Entries: int64(n), Hash: e.Hash, Time: e.Time.Add(30 * time.Second)}
}

func finding(log []audit.Entry, list ...audit.Checkpoint) audit.Finding {
	c := audit.Compare(list)
	for _, e := range log {
		c.Next(e)
	}
	return c.Finding()
}

func TestCompare(t *testing.T) {
	log := grow(nil, 20, 1, "then")
	longer := grow(log, 5, 21, "then")
	restored := grow(log[:12], 3, 40, "since") // to entry 12, and three since
	overtaken := grow(log[:12], 13, 40, "since")
	forged := grow(log[:12], 13, 13, "forged") // with the times of then
	p5, p12, p20 := seen(log, 5), seen(log, 12), seen(log, 20)
	for name, tt := range map[string]struct {
		log  []audit.Entry
		list []audit.Checkpoint
		want audit.Finding
	}{
		"the head":          {log, []audit.Checkpoint{p20}, audit.Finding{State: audit.Holds, Checkpoint: p20}},
		"gone on":           {longer, []audit.Checkpoint{p20}, audit.Finding{State: audit.Holds, Checkpoint: p20}},
		"all of several":    {longer, []audit.Checkpoint{p20, p5, p12}, audit.Finding{State: audit.Holds, Checkpoint: p20}},
		"the same twice":    {log, []audit.Checkpoint{p20, p20}, audit.Finding{State: audit.Holds, Checkpoint: p20}},
		"the end cut off":   {log[:19], []audit.Checkpoint{p5, p20}, audit.Finding{State: audit.CutOff, Checkpoint: p20, From: 20, To: 20, Left: 19, LeftAt: minute(19)}},
		"rolled back":       {log[:12], []audit.Checkpoint{p20}, audit.Finding{State: audit.CutOff, Checkpoint: p20, From: 13, To: 20, Left: 12, LeftAt: minute(12)}},
		"all cut off":       {nil, []audit.Checkpoint{p5, p20}, audit.Finding{State: audit.CutOff, Checkpoint: p20, From: 1, To: 20}},
		"and gone on":       {restored, []audit.Checkpoint{p5, p20}, audit.Finding{State: audit.CutOff, Checkpoint: p20, From: 13, To: 20, Left: 12, LeftAt: minute(12), GoesOn: true}},
		"and overtaken":     {overtaken, []audit.Checkpoint{p20}, audit.Finding{State: audit.CutOff, Checkpoint: p20, From: 13, To: 20, Left: 12, LeftAt: minute(12), GoesOn: true}},
		"with a new one":    {overtaken, []audit.Checkpoint{p5, p20, seen(overtaken, 25)}, audit.Finding{State: audit.CutOff, Checkpoint: p20, From: 13, To: 20, Left: 12, LeftAt: minute(12), GoesOn: true}},
		"all anew":          {grow(nil, 30, 40, "since"), []audit.Checkpoint{p20}, audit.Finding{State: audit.CutOff, Checkpoint: p20, From: 1, To: 20, GoesOn: true}},
		"rewritten":         {forged, []audit.Checkpoint{p20}, audit.Finding{State: audit.Rewritten, Checkpoint: p20, From: 1, To: 20}},
		"between two":       {forged, []audit.Checkpoint{p5, p12, p20}, audit.Finding{State: audit.Rewritten, Checkpoint: p20, From: 13, To: 20, Left: 12, LeftAt: minute(12)}},
		"at the very first": {grow(nil, 20, 1, "forged"), []audit.Checkpoint{p5, p12, p20}, audit.Finding{State: audit.Rewritten, Checkpoint: p20, From: 1, To: 20}},
	} {
		if diff := cmp.Diff(tt.want, finding(tt.log, tt.list...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Whatever a log was cut back to, and whatever was added since, the entries that are gone are named exactly.
func TestCutOffIsNamedExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "entries")
		log := grow(nil, n, 1, "then")
		var list []audit.Checkpoint
		for _, at := range rapid.SliceOfN(rapid.IntRange(1, n), 1, 6).Draw(t, "checkpoints") {
			list = append(list, seen(log, at))
		}
		reach := list[0].Entries
		for _, p := range list {
			reach = max(reach, p.Entries)
		}
		left := rapid.IntRange(0, n).Draw(t, "left")
		now := grow(log[:left], rapid.IntRange(0, 40).Draw(t, "since"), 100, "since")
		got := finding(now, list...)
		if int64(left) >= reach {
			if got.State != audit.Holds || got.Checkpoint.Entries != reach {
				t.Fatalf("got %+v, want the checkpoint of %d to hold", got, reach)
			}
			return
		}
		if got.State != audit.CutOff || got.From != int64(left+1) || got.To != reach || got.GoesOn != (len(now) > left) {
			t.Fatalf("got %+v, want %d to %d cut off", got, left+1, reach)
		}
	})
}
