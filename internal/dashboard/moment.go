package dashboard

import "time"

// moment is a time as pages tell it: in words for people, and exactly for programs.
type moment time.Time

func (m moment) String() string { return time.Time(m).UTC().Format("2 January 2006, 15:04 UTC") }

func (m moment) exact() string { return time.Time(m).UTC().Format("2006-01-02T15:04:05Z") }
