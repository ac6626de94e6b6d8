package secret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/secret"
)

func TestRename(t *testing.T) {
	names := map[secret.Reference]string{
		{Kind: secret.SecretName, Name: "old"}:  "a_new-name",
		{Kind: secret.SecretID, Name: id}:       "new",
		{Kind: secret.SecretName, Name: "base"}: "x",
	}
	tests := []struct{ source, want string }{
		{"", ""},
		{"old", "old"},
		{"Bearer {{secret:old}}", "Bearer {{secret:a_new-name}}"},
		{"{{secret:older}} {{secret:other}} old", "{{secret:older}} {{secret:other}} old"},
		{"{{ secret\t:  old\t|  base64 }}", "{{ secret\t:  a_new-name\t|  base64 }}"},
		{"{{secret:old|basic: old}}", "{{secret:a_new-name|basic: old}}"},
		{"{{secret:base | base64}}", "{{secret:x | base64}}"},
		{"{{var:old}}{{secret:old}}{{route}}}", "{{var:old}}{{secret:a_new-name}}{{route}}}"},
		{"{{hmac_sha256: old, method , 'old', 'a:old|', separator='old'|base64}}", "{{hmac_sha256: a_new-name, method , 'old', 'a:old|', separator='old'|base64}}"},
		{"{{secret_id:" + id + "}}", "{{secret:new}}"},
		{"{{ secret_id : " + strings.ToUpper(id) + " | json }}", "{{ secret : new | json }}"},
		{"größe { {{secret:old}} }} ü", "größe { {{secret:a_new-name}} }} ü"},
	}
	for _, tt := range tests {
		if got, err := secret.Rename(tt.source, names); got != tt.want || err != nil {
			t.Errorf("%q: got %q and %v, want %q", tt.source, got, err, tt.want)
		}
	}
	var wrong *secret.TemplateError
	if got, err := secret.Rename("{{secret:old}} {{nothing}}", names); got != "" || !errors.As(err, &wrong) {
		t.Errorf("no template: got %q and %v, want a *TemplateError", got, err)
	}
}

// A renamed template parses to the same parts but for the names, and renaming back gives the bytes there were.
func TestRenameChangesNamesOnly(t *testing.T) {
	space := rapid.SampledFrom([]string{"", " ", "\t", "  "})
	piece := rapid.SampledFrom([]string{
		"{{%secret%:%old%}}", "{{%secret%:%older%|%base64%}}", "{{secret:old |%basic:%old%| json}}", "{{%hmac_sha256%:%old%,%method%,'old, {x}',%separator%=%':'%}}",
		"{{%var%:%old%}}", "{{%route%}}", "old", "{ ü }", "secret:old", "",
	})
	there := map[secret.Reference]string{{Kind: secret.SecretName, Name: "old"}: "entirely_new"}
	back := map[secret.Reference]string{{Kind: secret.SecretName, Name: "entirely_new"}: "old"}
	rapid.Check(t, func(t *rapid.T) {
		var source strings.Builder
		for _, p := range rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces") {
			for i, part := range strings.Split(p, "%") {
				if i > 0 {
					source.WriteString(space.Draw(t, "space"))
				}
				source.WriteString(part)
			}
		}
		before, err := secret.ParseTemplate(source.String())
		if err != nil {
			t.Fatalf("%q: %v", source.String(), err)
		}
		text, err := secret.Rename(source.String(), there)
		if err != nil {
			t.Fatal(err)
		}
		after, err := secret.ParseTemplate(text)
		if err != nil {
			t.Fatalf("%q does not parse any more: %v", text, err)
		}
		want := before.Parts()
		for i, p := range want {
			if r, ok := p.Reference(); ok && there[r] != "" {
				want[i].Text = there[r]
			}
		}
		if diff := cmp.Diff(want, after.Parts()); diff != "" {
			t.Errorf("parts of %q (-want +got):\n%s", text, diff)
		}
		if again, err := secret.Rename(text, back); again != source.String() || err != nil {
			t.Errorf("back: got %q and %v, want %q", again, err, source.String())
		}
	})
}
