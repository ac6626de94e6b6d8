package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/audit"
)

var anchorSeed = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

func publicOf(t *testing.T, account string) string {
	t.Helper()
	key, err := audit.CheckpointKey(account, anchorSeed.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// anchorOf is the anchor of a log whose first n entries were pruned at a time.
func anchorOf(log []audit.Entry, n int, at time.Time) audit.Anchor {
	return audit.Anchor{Account: "acme", Entries: int64(n), Hash: log[n-1].Hash, Time: at}
}

func TestAnAnchorIsNoCheckpoint(t *testing.T) {
	log := grow(nil, 5, 1, "then")
	anchor := anchorOf(log, 3, noon)
	note, err := anchor.Sign(anchorSeed)
	if err != nil {
		t.Fatal(err)
	}
	got, err := audit.OpenAnchor(note, publicOf(t, "acme"))
	if diff := cmp.Diff(anchor, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := audit.OpenCheckpoint(note, publicOf(t, "acme")); err == nil {
		t.Error("an anchor is taken for a checkpoint")
	}
	checkpoint, err := audit.Checkpoint(anchor).Sign(anchorSeed)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		note []byte
		key  string
		want string
	}{
		"a checkpoint":      {checkpoint, publicOf(t, "acme"), "it is not an anchor of an audit log"},
		"another account":   {note, publicOf(t, "other"), "it is of another account than the key"},
		"a higher number":   {bytes.Replace(note, []byte("\n3\n"), []byte("\n4\n"), 1), publicOf(t, "acme"), "its signature is not one of this key: it was changed, or another key made it"},
		"without its line":  {bytes.Replace(note, []byte("pruned\n"), nil, 1), publicOf(t, "acme"), "its signature is not one of this key: it was changed, or another key made it"},
		"no note":           {[]byte("pruned\n"), publicOf(t, "acme"), "it is not an anchor of an audit log"},
		"no key":            {note, "key", "the key is not one of checkpoints"},
		"a checkpoint's it": {bytes.Replace(checkpoint, []byte("Z\n"), []byte("Z\npruned\n"), 1), publicOf(t, "acme"), "its signature is not one of this key: it was changed, or another key made it"},
	} {
		if _, err := audit.OpenAnchor(tt.note, tt.key); err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	if _, err := (audit.Anchor{Account: "acme", Entries: 0, Hash: log[0].Hash, Time: noon}).Sign(anchorSeed); err == nil {
		t.Error("an anchor of no entry is signed")
	}
}

func TestAPrunedLogIsVerifiedFromItsAnchor(t *testing.T) {
	log := grow(nil, 10, 1, "then")
	anchor := anchorOf(log, 4, noon)
	check := func(anchor audit.Anchor, log []audit.Entry) error {
		v := audit.From(anchor)
		for _, e := range log {
			if err := v.Next(e); err != nil {
				return err
			}
		}
		if n, hash := v.Head(); n != log[len(log)-1].Sequence || hash != log[len(log)-1].Hash {
			t.Errorf("got the head %d, %s", n, hash)
		}
		return nil
	}
	if err := check(anchor, log[4:]); err != nil {
		t.Errorf("the log behind its anchor: %v", err)
	}
	other := grow(nil, 10, 1, "another")
	for name, tt := range map[string]struct {
		anchor audit.Anchor
		log    []audit.Entry
		place  bool
	}{
		"more was taken out than it says": {anchor, log[5:], true},
		"less":                            {anchor, log[3:], true},
		"another log":                     {anchor, other[4:], false},
		"an older anchor":                 {anchorOf(log, 2, noon), log[4:], true},
	} {
		var bad *audit.BadEntry
		if err := check(tt.anchor, tt.log); !errors.As(err, &bad) || bad.Place != tt.place {
			t.Errorf("%s: got %+v, want a bad entry", name, err)
		}
	}
}

func TestPrunable(t *testing.T) {
	log := grow(nil, 10, 1, "then")
	take := func(a audit.Anchor, before time.Time, log []audit.Entry) (*audit.Prunable, error) {
		p := audit.NewPrunable(a, before)
		for _, e := range log {
			if goes, err := p.Next(e); err != nil || !goes {
				return p, err
			}
		}
		return p, nil
	}
	p, err := take(audit.Anchor{}, minute(7), log)
	if err != nil || p.Count() != 6 || p.Hash(6) != log[5].Hash || p.Before(minute(3)) != 2 || p.Before(minute(99)) != 6 || p.Before(time.Time{}) != 0 {
		t.Errorf("from the first: got %d and %v", p.Count(), err)
	}
	if goes, err := p.Next(log[6]); goes || err != nil {
		t.Errorf("behind the first that stays: got %v and %v", goes, err)
	}
	if p, err := take(anchorOf(log, 4, noon), minute(7), log[4:]); err != nil || p.Count() != 2 || p.Hash(2) != log[5].Hash {
		t.Errorf("from an anchor: got %d and %v", p.Count(), err)
	}
	if p, err := take(audit.Anchor{}, time.Time{}, log); err != nil || p.Count() != 0 {
		t.Errorf("of a log that is kept for ever: got %d and %v", p.Count(), err)
	}
	spoiled := append([]audit.Entry(nil), log...)
	spoiled[2].Actor.Name = "nobody"
	var bad *audit.BadEntry
	if _, err := take(audit.Anchor{}, minute(7), spoiled); !errors.As(err, &bad) || bad.Sequence != 3 {
		t.Errorf("of a log that was changed: got %v, want entry 3", err)
	}
	// an entry with an older time behind one that stays, stays
	mixed := grow(grow(log[:3], 1, 50, "then"), 3, 4, "then")
	if p, err := take(audit.Anchor{}, minute(20), mixed); err != nil || p.Count() != 3 {
		t.Errorf("out of order: got %d and %v, want 3", p.Count(), err)
	}
}

func TestComparePruned(t *testing.T) {
	log := grow(nil, 20, 1, "then")
	year := noon.Add(365 * 24 * time.Hour)
	anchor := anchorOf(log, 10, year)
	at := func(n int, when time.Time) audit.Checkpoint {
		return audit.Checkpoint{Account: "acme", Entries: int64(n), Hash: log[n-1].Hash, Time: when}
	}
	p5, p10, p15, p20 := seen(log, 5), seen(log, 10), seen(log, 15), seen(log, 20)
	forged := grow(log[:12], 13, 13, "forged")
	since := grow(log[:12], 3, 40, "since")
	nextDay := at(5, year.Add(-24*time.Hour))
	for name, tt := range map[string]struct {
		log  []audit.Entry
		list []audit.Checkpoint
		want audit.Finding
	}{
		"of what is left":           {log, []audit.Checkpoint{p15, p20}, audit.Finding{State: audit.Holds, Checkpoint: p20}},
		"of what was pruned too":    {log, []audit.Checkpoint{p5, p20}, audit.Finding{State: audit.Holds, Checkpoint: p20, Pruned: 1}},
		"of the anchor itself":      {log, []audit.Checkpoint{p5, p10}, audit.Finding{State: audit.Holds, Checkpoint: p10, Pruned: 1}},
		"of what was pruned":        {log, []audit.Checkpoint{p5}, audit.Finding{State: audit.Unproven, Checkpoint: p5, Pruned: 1}},
		"the end cut off":           {log[:19], []audit.Checkpoint{p5, p20}, audit.Finding{State: audit.CutOff, Checkpoint: p20, From: 20, To: 20, Left: 19, LeftAt: minute(19), Pruned: 1}},
		"and gone on":               {since, []audit.Checkpoint{p20}, audit.Finding{State: audit.CutOff, Checkpoint: p20, From: 13, To: 20, Left: 12, LeftAt: minute(12), GoesOn: true}},
		"nothing of it left":        {log[:10], []audit.Checkpoint{p20}, audit.Finding{State: audit.CutOff, Checkpoint: p20, From: 11, To: 20}},
		"rewritten":                 {forged, []audit.Checkpoint{p20}, audit.Finding{State: audit.Rewritten, Checkpoint: p20, From: 11, To: 20}},
		"rewritten, narrowed":       {forged, []audit.Checkpoint{at(12, minute(12)), p20}, audit.Finding{State: audit.Rewritten, Checkpoint: p20, From: 13, To: 20, Left: 12, LeftAt: minute(12)}},
		"an anchor of another log":  {log, []audit.Checkpoint{{Account: "acme", Entries: 10, Hash: log[8].Hash, Time: minute(11)}}, audit.Finding{State: audit.Rewritten, Checkpoint: audit.Checkpoint{Account: "acme", Entries: 10, Hash: log[8].Hash, Time: minute(11)}, From: 10, To: 10}},
		"pruned when it was young":  {log, []audit.Checkpoint{nextDay, p20}, audit.Finding{State: audit.Early, Checkpoint: nextDay, From: 6, To: 10, Pruned: 1}},
		"and that it is old enough": {log, []audit.Checkpoint{at(5, year.Add(-90*24*time.Hour)), p20}, audit.Finding{State: audit.Holds, Checkpoint: p20, Pruned: 1}},
	} {
		c := audit.Compare(tt.list)
		c.Pruned(anchor)
		for _, e := range tt.log[10:] {
			c.Next(e)
		}
		if diff := cmp.Diff(tt.want, c.Finding()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{"never": 0, "90d": 90 * day, "400d": 400 * day, "3650d": 3650 * day} {
		got, ok := audit.ParseRetention(text)
		if !ok || got != want || audit.FormatRetention(got) != text {
			t.Errorf("%s: got %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "d", "89d", "3651d", "0d", "-90d", "+90d", "090d", "90", "90 d", "2160h", "90.5d", "Never", "99999999999999999999d", strings.Repeat("9", 100) + "d"} {
		if got, ok := audit.ParseRetention(text); ok {
			t.Errorf("%q: got %v, want it refused", text, got)
		}
	}
	if got := audit.Cut(noon, 0); !got.IsZero() {
		t.Errorf("for ever: got %v", got)
	}
	if got, want := audit.Cut(noon, time.Hour), noon.Add(-90*day); !got.Equal(want) { // whatever stands in the database
		t.Errorf("too short: got %v, want %v", got, want)
	}
}
