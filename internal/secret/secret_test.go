package secret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// wantRefused checks that err refuses one field with a message, and that neither repeats what was sent.
func wantRefused(t *testing.T, err error, field, message, sent string) {
	t.Helper()
	var refused *fault.Error
	if !errors.As(err, &refused) || refused.Kind != fault.Invalid {
		t.Fatalf("got %v, want a refused input", err)
	}
	if diff := cmp.Diff([]fault.Field{{Field: field, Message: message}}, refused.Fields); diff != "" {
		t.Errorf("the refused fields differ (-want +got):\n%s", diff)
	}
	if len(sent) > 3 && strings.Contains(err.Error(), sent) {
		t.Errorf("the refusal repeats what was sent: %v", err)
	}
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"a", "stripe_api_key", "Stripe-Key-2", "0", "_", "-", strings.Repeat("x", 128)} {
		if err := secret.CheckName(name); err != nil {
			t.Errorf("%q: got %v, want nil", name, err)
		}
	}
	for _, name := range []string{
		"", strings.Repeat("x", 129), "two words", " lead", "trail\n", "dot.ted", "a/b", "größe", "a{{b}}", "a\x00b", "a\xffbc", "colon:x",
	} {
		wantRefused(t, secret.CheckName(name), "name",
			"must have 1 to 128 characters, each a letter A-Z or a-z, a digit, _ or -", name)
	}
}

func TestParseType(t *testing.T) {
	for s, want := range map[string]secret.Type{
		"": secret.String, "string": secret.String, "oauth2": secret.OAuth2, "certificate": secret.Certificate,
	} {
		if got, err := secret.ParseType(s); got != want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", s, got, err, want)
		}
	}
	for s, message := range map[string]string{
		"signing_key": "must be string, oauth2 or certificate",
		"answer":      "must be string, oauth2 or certificate",
		"String":      "must be string, oauth2 or certificate",
		"password1":   "must be string, oauth2 or certificate",
	} {
		got, err := secret.ParseType(s)
		if got != "" {
			t.Errorf("%q: got %q, want no type", s, got)
		}
		wantRefused(t, err, "type", message, s)
	}
}

func TestCheckValue(t *testing.T) {
	tests := []struct {
		name, value, message string
	}{
		{"short", "x", ""},
		{"lines", "-----BEGIN-----\nabc\n", ""},
		{"64 KiB", strings.Repeat("x", 64<<10), ""},
		{"empty", "", "must not be empty; delete the value to have none"},
		{"over 64 KiB", strings.Repeat("x", 64<<10+1), "must not be longer than 64 KiB"},
		{"NUL", "hunter2\x00", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, err := range []error{secret.CheckValue(len(tt.value)), secret.NewPlaintext([]byte(tt.value)).Check()} {
				if tt.message == "" {
					if err != nil {
						t.Errorf("got %v, want nil", err)
					}
					continue
				}
				wantRefused(t, err, "value", tt.message, tt.value)
			}
		})
	}
}

func TestCheckText(t *testing.T) {
	if err := secret.CheckText("two\nlines"); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	wantRefused(t, secret.CheckText("hunter2\x00"), "value",
		`must not contain a NUL byte; send any bytes as base64, with "encoding": "base64"`, "hunter2")
}

func TestCheckDescription(t *testing.T) {
	for _, s := range []string{"", "the shop's payments\n\tcharges only", strings.Repeat("ü", 1000)} {
		if err := secret.CheckDescription(s); err != nil {
			t.Errorf("%.20q: got %v, want nil", s, err)
		}
	}
	for s, message := range map[string]string{
		strings.Repeat("ü", 1001): "must not be longer than 1000 characters",
		"broken\xff":              "must be valid UTF-8",
		"carriage\rreturn":        "must not contain control characters other than line breaks and tabs",
		"escape\x1b[31m":          "must not contain control characters other than line breaks and tabs",
		"beyond\u0085ASCII":       "must not contain control characters other than line breaks and tabs",
	} {
		wantRefused(t, secret.CheckDescription(s), "description", message, s)
	}
}
