package server

import "time"

// StartTrusting is Start with the authorities that the receiver of checkpoints is checked with.
var StartTrusting = start

// Watching is the configuration of a server that looks at alerts so often.
func (c Config) Watching(every time.Duration) Config {
	c.watchEvery = every
	return c
}
