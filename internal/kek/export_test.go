package kek

import "time"

// Eager makes the waits between attempts short, for tests.
func Eager(o Options) Options {
	o.hurry = pace{attempt: 5 * time.Second, whole: 20 * time.Second, wait: 5 * time.Millisecond, attempts: 3}
	return o
}

// Hurried makes the time limits short too, for tests that wait for them.
func Hurried(o Options) Options {
	o.hurry = pace{attempt: 500 * time.Millisecond, whole: 1200 * time.Millisecond, wait: 5 * time.Millisecond, attempts: 3}
	return o
}

// Place is place, for stand-ins that check what they get.
var Place = place
