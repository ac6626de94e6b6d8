package testkit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/testkit"
)

func TestRequired(t *testing.T) {
	for _, c := range []struct {
		list, name string
		want       bool
	}{
		{"", "postgres", false},
		{"postgres", "postgres", true},
		{"chromium, postgres", "postgres", true},
		{" Postgres ,", "postgres", true},
		{"postgresql", "postgres", false},
		{"post,gres", "postgres", false},
	} {
		if got := testkit.Required(c.list, c.name); got != c.want {
			t.Errorf("Required(%q, %q) = %v, want %v", c.list, c.name, got, c.want)
		}
	}
}

// verdict stands for a test that Require ends.
type verdict struct {
	testing.TB
	skipped, failed string
}

func (v *verdict) Helper()                          {}
func (v *verdict) Skipf(format string, args ...any) { v.skipped = fmt.Sprintf(format, args...) }
func (v *verdict) Fatalf(format string, args ...any) {
	v.failed = fmt.Sprintf(format, args...)
	panic(v)
}

func TestRequire(t *testing.T) {
	const reason = "no browser; install chromium"
	t.Run("not listed", func(t *testing.T) {
		t.Setenv(testkit.RequireVariable, "postgres")
		v := &verdict{}
		testkit.Require(v, "chromium", reason)
		if !strings.Contains(v.skipped, reason) || v.failed != "" {
			t.Errorf("skipped %q, failed %q; want a skip with the reason %q", v.skipped, v.failed, reason)
		}
	})
	t.Run("listed", func(t *testing.T) {
		t.Setenv(testkit.RequireVariable, "postgres,chromium")
		v := &verdict{}
		func() {
			defer func() { _ = recover() }()
			testkit.Require(v, "chromium", reason)
		}()
		if !strings.Contains(v.failed, reason) || v.skipped != "" {
			t.Errorf("skipped %q, failed %q; want a failure with the reason %q", v.skipped, v.failed, reason)
		}
	})
}
