package secret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/secret"
)

const id = "018f2c5e-7b1a-7c3d-9e4f-0123456789ab"

func text(s string) secret.Part  { return secret.Part{Kind: secret.Literal, Text: s} }
func named(s string) secret.Part { return secret.Part{Kind: secret.SecretName, Text: s} }
func byID(s string) secret.Part  { return secret.Part{Kind: secret.SecretID, Text: s} }

func parse(t *testing.T, s string) secret.Template {
	t.Helper()
	tpl, err := secret.ParseTemplate(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return tpl
}

func TestParseTemplate(t *testing.T) {
	tests := []struct {
		source string
		want   []secret.Part
	}{
		{"", nil},
		{"plain", []secret.Part{text("plain")}},
		{"Bearer {{secret:stripe_api_key}}", []secret.Part{text("Bearer "), named("stripe_api_key")}},
		{"{{secret:a}}{{secret:b}}", []secret.Part{named("a"), named("b")}},
		{"{{ secret : a-1 }}", []secret.Part{named("a-1")}},
		{"{{\tsecret:\ta }}", []secret.Part{named("a")}},
		{"{{secret_id:" + id + "}}", []secret.Part{byID(id)}},
		{"{{secret_id:" + strings.ToUpper(id) + "}}", []secret.Part{byID(id)}},
		{
			"{{environment}}/{{ route }}/{{request_id}}/{{timestamp}}",
			[]secret.Part{
				{Kind: secret.Environment},
				text("/"),
				{Kind: secret.Route},
				text("/"),
				{Kind: secret.RequestID},
				text("/"),
				{Kind: secret.Timestamp},
			},
		},
		{"a { b } c }} d", []secret.Part{text("a { b } c }} d")}},
		{"{", []secret.Part{text("{")}},
		{"{{route}}}", []secret.Part{{Kind: secret.Route}, text("}")}},
		{"{ {{route}} }", []secret.Part{text("{ "), {Kind: secret.Route}, text(" }")}},
		{"größe {{route}}", []secret.Part{text("größe "), {Kind: secret.Route}}},
	}
	for _, tt := range tests {
		t.Run(tt.source, func(t *testing.T) {
			got := parse(t, tt.source).Parts()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the parts differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseTemplateRefuses(t *testing.T) {
	const (
		unknown = "unknown placeholder at position %; known are {{secret:NAME}}, {{secret_id:UUID}}, {{var:KEY}}, " +
			"{{hmac_sha256: NAME, …}}, {{environment}}, {{route}}, {{request_id}}, {{timestamp}}"
		name     = "the secret name at position % must have 1 to 128 characters, each a letter A-Z or a-z, a digit, _ or -"
		uuid     = "the secret id at position % must be a UUID"
		unclosed = "the placeholder at position % has no end; close it with }}"
	)
	tests := []struct {
		source   string
		position int
		column   string
		message  string
	}{
		{"{{}}", 0, "1", unknown},
		{"{{ }}", 0, "1", unknown},
		{"{{:}}", 0, "1", unknown},
		{"{{vars:region}}", 0, "1", unknown},
		{"{{secret}}", 0, "1", unknown},
		{"{{secret_id}}", 0, "1", unknown},
		{"{{secrets:a}}", 0, "1", unknown},
		{"{{Secret:a}}", 0, "1", unknown},
		{"{{environment:production}}", 0, "1", unknown},
		{"{{timestamp:}}", 0, "1", unknown},
		{"{{\nroute}}", 0, "1", unknown},
		{"{{{route}}", 0, "1", unknown},
		{"{{{route}}}", 0, "1", unknown},
		{"Bearer {{hunter2hunter2}}", 7, "8", unknown},
		{"größe {{hunter2}}", 8, "7", unknown},
		{"{{route}} and {{nothing}}", 14, "15", unknown},
		{"{{secret:}}", 0, "1", name},
		{"{{secret:two words}}", 0, "1", name},
		{"{{secret:a:b}}", 0, "1", name},
		{"{{secret:a{{route}}", 0, "1", name},
		{"{{secret:" + strings.Repeat("x", 129) + "}}", 0, "1", name},
		{"{{secret_id:}}", 0, "1", uuid},
		{"{{secret_id:42}}", 0, "1", uuid},
		{"{{secret_id:" + strings.ReplaceAll(id, "-", "0") + "}}", 0, "1", uuid},
		{"{{secret_id:" + strings.Replace(id, "a", "g", 1) + "}}", 0, "1", uuid},
		{"{{secret_id:{" + id + "}}}", 0, "1", uuid},
		{"{{", 0, "1", unclosed},
		{"a {{secret:x", 2, "3", unclosed},
		{"a {{secret:x}", 2, "3", unclosed},
		{"{{route}}{{", 9, "10", unclosed},
	}
	for _, tt := range tests {
		t.Run(tt.source, func(t *testing.T) {
			got, err := secret.ParseTemplate(tt.source)
			var wrong *secret.TemplateError
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, want a *TemplateError", err)
			}
			if wrong.Position != tt.position {
				t.Errorf("got position %d, want %d", wrong.Position, tt.position)
			}
			if want := strings.Replace(tt.message, "%", tt.column, 1); err.Error() != want {
				t.Errorf("got %q, want %q", err, want)
			}
			if len(got.Parts()) != 0 {
				t.Errorf("got the parts %v with the error", got.Parts())
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats what stands there: %v", err)
			}
		})
	}
}

func TestReferences(t *testing.T) {
	source := "{{secret:a}}{{route}}{{secret_id:" + id + "}}x{{secret:b}}{{ secret:a }}{{secret_id:" + strings.ToUpper(id) + "}}"
	want := []secret.Reference{
		{Kind: secret.SecretName, Name: "a"}, {Kind: secret.SecretID, Name: id}, {Kind: secret.SecretName, Name: "b"},
	}
	if diff := cmp.Diff(want, parse(t, source).References()); diff != "" {
		t.Errorf("the references differ (-want +got):\n%s", diff)
	}
	if got := parse(t, "{{route}} and text").References(); got != nil {
		t.Errorf("got %v, want none", got)
	}
}

func TestLiteral(t *testing.T) {
	for _, source := range []string{"", "plain", "}} {"} {
		if got, ok := parse(t, source).Literal(); got != source || !ok {
			t.Errorf("%q: got %q, %v, want it as it is", source, got, ok)
		}
	}
	for _, source := range []string{"{{route}}", "a{{secret:b}}", "{{environment}}c"} {
		if got, ok := parse(t, source).Literal(); got != "" || ok {
			t.Errorf("%q: got %q, %v, want none", source, got, ok)
		}
	}
}

func TestATemplateIsImmutable(t *testing.T) {
	tpl := parse(t, "a{{secret:b}}")
	tpl.Parts()[0].Text = "changed"
	if got, want := tpl.String(), "a{{secret:b}}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAPartOfAnUnknownKindSaysNothing(t *testing.T) {
	if got := (secret.Part{Kind: 99, Text: "x"}).String(); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}

func FuzzParseTemplate(f *testing.F) {
	for _, s := range []string{
		"", "plain", "Bearer {{secret:a}}", "{{ secret : a }}{{secret_id:" + id + "}}", "{{environment}}{{route}}{{request_id}}{{timestamp}}",
		"{{route}}}", "{{{route}}}", "{{", "}}", "{{var:x}}", "a{b}c", "{{secret:a | base64 | basic: me | json | urlencode}}",
		"{{hmac_sha256: a, method, path, query, host, timestamp, request_id, body_sha256, 'a, b | c', separator='|'}}",
		"{{hmac_sha256:a,'x' | base64}}", "{{secret:a|basic:'}}", "\xff{{route}}\x00",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, err := secret.ParseTemplate(s)
		if err != nil {
			var wrong *secret.TemplateError
			if !errors.As(err, &wrong) || wrong.Position < 0 || wrong.Position+2 > len(s) || s[wrong.Position:wrong.Position+2] != "{{" {
				t.Fatalf("got %v, want a *TemplateError at opening braces", err)
			}
			return
		}
		if s2, ok := first.Literal(); ok && s2 != s {
			t.Errorf("got the literal %q, want %q", s2, s)
		}
		rendered := first.String()
		second, err := secret.ParseTemplate(rendered)
		if err != nil {
			t.Fatalf("what was rendered does not parse: %v", err)
		}
		if diff := cmp.Diff(first.Parts(), second.Parts()); diff != "" {
			t.Errorf("the parts differ when parsed again (-first +second):\n%s", diff)
		}
		if got := second.String(); got != rendered {
			t.Errorf("got %q, want %q", got, rendered)
		}
		for i, p := range first.Parts() {
			if p.Kind == secret.Literal && (p.Text == "" || strings.Contains(p.Text, "{{")) {
				t.Errorf("part %d is the literal %q", i, p.Text)
			}
		}
		for _, r := range first.References() {
			if r.Kind == secret.SecretName && secret.CheckName(r.Name) != nil {
				t.Errorf("the reference %q has no valid name", r.Name)
			}
		}
	})
}
