package gateway

import "sync/atomic"

// Stats is a reading of the gateway's counters, which grow from the start of the process.
type Stats struct {
	Classes  map[string]int64 // calls answered, by class of status: "2xx" to "5xx", "1xx" for upgraded connections
	Errors   map[string]int64 // calls the gateway refused or could not complete, by type
	Dropped  int64            // records of calls that were lost
	InFlight int64            // calls under way

	ContentsDropped int64 // contents of calls that were not recorded for want of memory, or because a value could not be looked for

	Echoes    int64 // how often an injected value was taken out of an answer
	Unscanned int64 // answers that could not be looked through for them
}

// counters are written on every call and read by Stats.
type counters struct {
	classes         [5]atomic.Int64                     // 1xx to 5xx
	errors          [len(errorTypeArray{})]atomic.Int64 // by the index of errorTypes
	dropped         atomic.Int64
	contentsDropped atomic.Int64
	inFlight        atomic.Int64

	echoes, unscanned atomic.Int64
}

type errorTypeArray = [21]string

func (c *counters) answered(status int, errorType string) {
	if class := status / 100; class >= 1 && class <= len(c.classes) {
		c.classes[class-1].Add(1)
	}
	if errorType == "" {
		return
	}
	for i, t := range errorTypes() {
		if t == errorType {
			c.errors[i].Add(1)
			return
		}
	}
}

// Stats reads the counters.
func (g *Gateway) Stats() Stats {
	c := &g.counters
	s := Stats{
		Classes: make(map[string]int64, len(c.classes)), Errors: make(map[string]int64, len(c.errors)),
		Dropped: c.dropped.Load(), ContentsDropped: c.contentsDropped.Load(), InFlight: c.inFlight.Load(),
		Echoes: c.echoes.Load(), Unscanned: c.unscanned.Load(),
	}
	for i := range c.classes {
		s.Classes[string(rune('1'+i))+"xx"] = c.classes[i].Load()
	}
	for i, t := range errorTypes() {
		s.Errors[t] = c.errors[i].Load()
	}
	return s
}
