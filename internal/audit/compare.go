package audit

import (
	"slices"
	"time"
)

// State is what checkpoints say of a log.
type State string

// The states.
const (
	Holds     State = "holds"     // the log is the one of every checkpoint, or goes on from there
	CutOff    State = "cut_off"   // entries that were there are not any more; the log may have gone on since, with others
	Rewritten State = "rewritten" // the log has as many entries from before the checkpoint, and they are others
	Unproven  State = "unproven"  // what every checkpoint is of was pruned
	Early     State = "early"     // entries were pruned that the log of a checkpoint did not have yet, and that were too young
)

// Finding is the result of a comparison.
type Finding struct {
	State      State
	Checkpoint Checkpoint // the one of the most entries; where some do not hold, of those
	From, To   int64      // the entries that are not what they were, by their numbers then; of a rewritten log From is the earliest
	Left       int64      // the number of the last entry of then that is left; 0: none
	LeftAt     time.Time  // and when it was recorded
	GoesOn     bool       // entries were recorded after what was cut off
	Pruned     int        // checkpoints that are of entries which were pruned: nothing is left to hold them against
}

// Comparison holds a log against checkpoints of it. A log is given to it entry by entry, after a Verifier has taken the
// entry.
type Comparison struct {
	checkpoints []Checkpoint
	named       map[int64]string // by numbers that checkpoints name: the hash in the log
	anchor      Anchor           // where the log begins; zero: with its first entry
	times       []int64          // of every entry behind the anchor, in milliseconds
}

// Compare begins a comparison with checkpoints of one account, of which there must be one.
func Compare(checkpoints []Checkpoint) *Comparison {
	c := &Comparison{checkpoints: checkpoints, named: make(map[int64]string, len(checkpoints))}
	for _, p := range checkpoints {
		c.named[p.Entries] = ""
	}
	return c
}

// Pruned says, before the first entry is given, that the log begins behind an anchor.
func (c *Comparison) Pruned(a Anchor) {
	c.anchor = a
	if _, named := c.named[a.Entries]; named {
		c.named[a.Entries] = a.Hash
	}
}

// Next takes the entry that follows the ones before.
func (c *Comparison) Next(e Entry) {
	c.times = append(c.times, e.Time.UnixMilli())
	if _, named := c.named[e.Sequence]; named {
		c.named[e.Sequence] = e.Hash
	}
}

// Finding is what the checkpoints say of the log that was given.
func (c *Comparison) Finding() Finding {
	var newest, first, last, gone, early *Checkpoint
	pruned := 0
	for i := range c.checkpoints {
		p := &c.checkpoints[i]
		if p.Entries < c.anchor.Entries {
			if pruned++; gone == nil || p.Entries > gone.Entries {
				gone = p
			}
			// the entry after its last was recorded after it
			if c.anchor.Time.Sub(p.Time) < LeastRetention-clockSlack && (early == nil || p.Entries < early.Entries) {
				early = p
			}
			continue
		}
		if newest == nil || p.Entries > newest.Entries {
			newest = p
		}
		if c.named[p.Entries] == p.Hash {
			continue
		}
		if first == nil || p.Entries < first.Entries {
			first = p
		}
		if last == nil || p.Entries > last.Entries {
			last = p
		}
	}
	switch {
	case first != nil:
		f := c.broken(*first, *last)
		f.Pruned = pruned
		return f
	case early != nil:
		return Finding{State: Early, Checkpoint: *early, From: early.Entries + 1, To: c.anchor.Entries, Pruned: pruned}
	case newest == nil:
		return Finding{State: Unproven, Checkpoint: *gone, Pruned: pruned}
	default:
		return Finding{State: Holds, Checkpoint: *newest, Pruned: pruned}
	}
}

// clockSlack is by how much the clock of a server may have been put right between two of its entries.
const clockSlack = 24 * time.Hour

// broken is what the first and the last checkpoint say that do not hold.
func (c *Comparison) broken(first, last Checkpoint) Finding {
	f := Finding{State: CutOff, Checkpoint: last, To: last.Entries, Left: c.recordedBy(first.Time)}
	if f.Left >= first.Entries { // nothing tells the entries of then from those that took their places
		f.State, f.Left = Rewritten, 0
	}
	f.Left = max(f.Left, c.agreed(first), c.anchor.Entries)
	f.From, f.GoesOn = min(f.Left+1, f.To), f.State == CutOff && c.anchor.Entries+int64(len(c.times)) > f.Left
	if f.Left == c.anchor.Entries {
		f.Left = 0
		return f
	}
	f.LeftAt = time.UnixMilli(c.times[f.Left-c.anchor.Entries-1]).UTC()
	return f
}

// recordedBy is the number of the last entry that was recorded by a time. After a log was cut off it goes on with entries
// of later times.
func (c *Comparison) recordedBy(t time.Time) int64 {
	for i, at := range slices.Backward(c.times) {
		if at <= t.UnixMilli() {
			return c.anchor.Entries + int64(i+1)
		}
	}
	return 0
}

// agreed is the number of the last entry that a checkpoint from before p proves.
func (c *Comparison) agreed(p Checkpoint) (entries int64) {
	for _, other := range c.checkpoints {
		if other.Entries < p.Entries && !other.Time.After(p.Time) && c.named[other.Entries] == other.Hash {
			entries = max(entries, other.Entries)
		}
	}
	return entries
}
