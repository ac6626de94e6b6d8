// Package testkit is what the tests of Lockage share: a throw-away PostgreSQL, a store on each engine, and an upstream
// that remembers what it was sent. It prefers real things to imitations, starts them only when a test asks, and takes
// them away however the test process ends. Only tests may import it.
//
// A package whose tests use PostgreSQL has one line of its own:
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
// Two variables steer the kit. LOCKAGE_TEST_REQUIRE lists what must be there ("postgres", "chromium"), so that its
// absence fails instead of skipping. LOCKAGE_TEST_POSTGRES is the URL of a superuser on a running server, used instead of
// starting one for each test process.
package testkit

import (
	"fmt"
	"os"
	"testing"
)

// Main runs the tests of a package, then stops what the kit started for them and exits the process. A process that
// never gets so far (a crash, a time-out, a kill) loses its cluster all the same; Main only waits until it is gone.
func Main(m *testing.M) {
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "testkit: stop PostgreSQL:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}
