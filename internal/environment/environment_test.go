package environment_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

// refused lists the fields an error refuses, and fails when its kind is another or a message repeats a value.
func refused(t *testing.T, err error, values ...string) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Invalid {
		t.Fatalf("got the error %v, want one of kind %s", err, fault.Invalid)
	}
	var fields []string
	for _, f := range e.Fields {
		fields = append(fields, f.Field)
		for _, v := range values {
			if v != "" && strings.Contains(f.Message, v) {
				t.Errorf("the message of %s repeats the refused value", f.Field)
			}
		}
	}
	return fields
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"production", "qa", "0", "-", "_", "eu-west_1", strings.Repeat("a", 64)} {
		if err := environment.CheckName(name); err != nil {
			t.Errorf("CheckName(%q): got %v, want no error", name, err)
		}
	}
	for _, name := range []string{
		"", "Production", "Production ", " qa", "qa ", "qa\n", "../", "..", "a/b", "a.b", "ä", "a\x00", "\xff", "*",
		strings.Repeat("a", 65), strings.Repeat("a", 300),
	} {
		got := refused(t, environment.CheckName(name), name)
		if diff := cmp.Diff([]string{"name"}, got); diff != "" {
			t.Errorf("CheckName(%q): refused fields (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzCheckName(f *testing.F) {
	for _, seed := range []string{"", "production", "Production ", "../", "a\x00", "\xff", strings.Repeat("a", 300)} {
		f.Add(seed)
	}
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789_-"
	f.Fuzz(func(t *testing.T, name string) {
		want := name != "" && len(name) <= 64 && strings.Trim(name, allowed) == ""
		err := environment.CheckName(name)
		if got := err == nil; got != want {
			t.Errorf("CheckName(%q): accepted is %v, want %v", name, got, want)
		}
		refused(t, err)
	})
}

func TestBuiltIn(t *testing.T) {
	development, production := environment.BuiltIn()
	wantDevelopment := environment.Environment{
		Name: "development", DisplayName: "Development", Color: "#3b82f6", ShowMessageContents: true, DistinctValues: environment.DistinctOff, Logs: environment.Logs{Retention: environment.DefaultRetention},
	}
	wantProduction := environment.Environment{
		Name: "production", DisplayName: "Production", Color: "#22c55e", IsDefault: true, Level: 1, Protected: true,
		ObfuscateCustomerData: true, DistinctValues: environment.DistinctWarn, Logs: environment.Logs{Retention: environment.DefaultRetention},
	}
	if diff := cmp.Diff(wantDevelopment, development); diff != "" {
		t.Errorf("development (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantProduction, production); diff != "" {
		t.Errorf("production (-want +got):\n%s", diff)
	}
}
