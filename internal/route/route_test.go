package route_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// pipeline names three environments; their ids are "id-" and the name.
var pipeline = route.Names{
	ID: func(name string) (string, bool) {
		switch name {
		case "development", "staging", "production":
			return "id-" + name, true
		}
		return "", false
	},
	Name: func(id string) string {
		if name, ok := strings.CutPrefix(id, "id-"); ok {
			return name
		}
		return ""
	},
}

// slipped stands in refused input for what must not be repeated: a credential pasted in the wrong place.
const slipped = "sk_live_slipped"

// refusedFields lists the fields an error refuses, and fails when its kind is another or it repeats what slipped.
func refusedFields(t *testing.T, err error) []string {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Invalid {
		t.Fatalf("got the error %v, want one of kind %s", err, fault.Invalid)
	}
	var fields []string
	for _, f := range e.Fields {
		fields = append(fields, f.Field)
		if strings.Contains(f.Field+f.Message, slipped) {
			t.Errorf("the refusal of %s repeats the value: %s", f.Field, f.Message)
		}
	}
	if strings.Contains(err.Error(), slipped) {
		t.Errorf("the error repeats the value: %v", err)
	}
	return fields
}

func create(t *testing.T, body string) route.Route {
	t.Helper()
	_, r, err := route.DecodeCreate([]byte(body), pipeline)
	if err != nil {
		t.Fatalf("DecodeCreate(%s): got %v, want no error", body, err)
	}
	return r
}

func TestCheckKey(t *testing.T) {
	for _, key := range []string{"stripe", "0", "a-b_c", strings.Repeat("k", 63)} {
		if err := route.CheckKey(key); err != nil {
			t.Errorf("CheckKey(%q): got %v, want no error", key, err)
		}
	}
	for _, key := range []string{"", "-a", "_lockage", "Stripe", "a b", "a/b", "..", "a\n", "ä", strings.Repeat("k", 64)} {
		err := route.CheckKey(key)
		if diff := cmp.Diff([]string{"key"}, refusedFields(t, err)); diff != "" {
			t.Errorf("CheckKey(%q): refused fields (-want +got):\n%s", key, diff)
		}
	}
}
