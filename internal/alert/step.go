package alert

import "time"

// Reading is what was found in an environment at a moment.
type Reading struct {
	Value   float64   // share, milliseconds, or a number
	Calls   int64     // that shares and latencies are of
	Newest  time.Time // when the last of what is counted came; zero for shares and latencies
	Details []string  // names of what it is about, for people
}

// Change is what a reading makes of a rule's state.
type Change struct {
	Begins, Ends bool // an episode
	Tell         bool // a message is due: that it fires, or, where it ends, that it is over
}

// met says whether the rule's condition holds.
func (r Rule) met(x Reading) bool {
	switch r.Kind {
	case ErrorRate, LatencyP95:
		return x.Calls >= r.Minimum && x.Value >= r.Threshold
	case SecretExpiring, KeyNewAddress:
		return x.Value >= 1
	default:
		return x.Value >= r.Threshold
	}
}

// Step is the state after a reading, and what changed. While it fires, a message is repeated after the quiet time only
// when something came since the last one: a share or a latency is told once. An episode that begins in the quiet time of
// an earlier one is told when that is over, if it still lasts; one that nobody was told of ends without a word.
func (r Rule) Step(x Reading, now time.Time) (State, Change) {
	s := r.State
	s.Value, s.LookedAt = x.Value, now
	quiet := !s.ToldAt.IsZero() && now.Before(s.ToldAt.Add(r.Quiet))
	switch met := r.met(x); {
	case met && !s.Firing:
		s.Firing, s.Since, s.Told = true, now, !quiet
		if s.Told {
			s.ToldAt = now
		}
		return s, Change{Begins: true, Tell: s.Told}
	case met && !quiet && (!s.Told || x.Newest.After(s.ToldAt)):
		s.Told, s.ToldAt = true, now
		return s, Change{Tell: true}
	case !met && s.Firing:
		told := s.Told
		s.Firing, s.Since, s.Told = false, now, false
		return s, Change{Ends: true, Tell: told}
	}
	return s, Change{}
}

// The times of trying to deliver a message again.
const (
	firstPause = 10 * time.Second
	mostPause  = time.Hour
	GiveUp     = 24 * time.Hour // after which a message that could not be delivered is failed
)

// Pause is how long to wait after so many failed attempts; the receiver may ask for more, up to the most there is.
func Pause(attempts int64, asked time.Duration) time.Duration {
	pause := mostPause
	if attempts < 10 {
		pause = min(firstPause<<max(attempts-1, 0), mostPause)
	}
	return min(max(pause, asked), mostPause)
}
