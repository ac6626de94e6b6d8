package testkit

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// RequireVariable is the environment variable that lists, separated by commas, what a run of the tests must not do
// without.
const RequireVariable = "LOCKAGE_TEST_REQUIRE"

// Require ends a test that lacks something the machine should offer. The test is skipped, so that the suite is of use
// on any machine; it fails when RequireVariable lists name, so that a machine which should have everything cannot pass
// by skipping. The reason says what is missing and how to get it.
func Require(t testing.TB, name, reason string) {
	t.Helper()
	if Required(os.Getenv(RequireVariable), name) {
		t.Fatalf("%s: %s (%s lists it)", name, reason, RequireVariable)
	}
	t.Skipf("%s: %s", name, reason)
}

// Required says whether the comma-separated list has name in it. Spaces around an entry and its case do not count.
func Required(list, name string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(entry string) bool {
		return strings.EqualFold(strings.TrimSpace(entry), name)
	})
}
