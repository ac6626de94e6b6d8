package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lockage/lockage/internal/fault"
)

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"nil", nil, ""},
		{"without a kind", errors.New("disk"), fault.Internal},
		{"with a kind", fault.New(fault.NotFound, "no such route"), fault.NotFound},
		{"wrapped", fmt.Errorf("open: %w", fault.New(fault.Conflict, "taken")), fault.Conflict},
		{"joined", errors.Join(errors.New("a"), fault.New(fault.Limited, "slow down")), fault.Limited},
	} {
		if got := fault.KindOf(c.err); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWrapLeavesWhatPeopleRead(t *testing.T) {
	wrapped := func(err error) error {
		fault.Wrap(&err, "store: %s", "open")
		return err
	}
	if got := wrapped(nil); got != nil {
		t.Errorf("nil: got %v", got)
	}
	if got, want := wrapped(errors.New("disk full")).Error(), "store: open: disk full"; got != want {
		t.Errorf("without a kind: got %q, want %q", got, want)
	}
	if got, want := wrapped(fault.New(fault.NotFound, "no such route")).Error(), "no such route"; got != want {
		t.Errorf("with a kind: got %q, want %q", got, want)
	}
}

func TestRefusedFields(t *testing.T) {
	if err := fault.RefusedFields(nil); err != nil {
		t.Errorf("none: got %v, want nil", err)
	}
	two := []fault.Field{{Field: "name", Message: "is required"}, {Field: "color", Message: "must be #rrggbb"}}
	var e *fault.Error
	if err := fault.RefusedFields(two); !errors.As(err, &e) || e.Kind != fault.Invalid || len(e.Fields) != 2 ||
		e.Error() != "2 fields were refused; the first is name: is required" {
		t.Errorf("two: got %v", err)
	}
	one := fault.Refused("name", "must have at most %d characters", 64)
	if got, want := one.Error(), "name: must have at most 64 characters"; got != want || len(one.Fields) != 1 {
		t.Errorf("one: got %q with %d fields, want %q with one", got, len(one.Fields), want)
	}
}
