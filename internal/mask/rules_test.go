package mask_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mask"
)

func quoted(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestTheAccountsList(t *testing.T) {
	in := `{"customer":{"ref":"R-1","order":{"ref":"R-1","name":"x"}},"ref":"R-1","order":{"name":"A b","email":"ada@example.com","note":"a b c"},"rows":[{"v":"R-1"},[{"v":1}]],"a.b":{"c":"R-1"}}`
	for name, tt := range map[string]struct {
		rules mask.Rules
		want  string
	}{
		"a field": {
			mask.Rules{Fields: []mask.Field{{"$.customer.ref", mask.Phone}}},
			`{"customer":{"ref":"•-•","order":{"ref":"R-1","name":"••••"}},"ref":"R-1","order":{"name":"Ghx•••• ••••","email":"mtd••••@v••••.com","note":"rtw•••• •••• ••••"},"rows":[{"v":"R-1"},[{"v":1}]],"a.b":{"c":"R-1"}}`,
		},
		"anywhere, with an exception, and all inside": {
			mask.Rules{Fields: []mask.Field{{"$..ref", mask.Phone}}, Keep: []string{"$.customer.ref", "$.order"}},
			`{"customer":{"ref":"R-1","order":{"ref":"•-•","name":"••••"}},"ref":"•-•","order":{"name":"A b","email":"ada@example.com","note":"a b c"},"rows":[{"v":"R-1"},[{"v":1}]],"a.b":{"c":"R-1"}}`,
		},
		"the longer path decides": {
			mask.Rules{Fields: []mask.Field{{"$.order.note", mask.Name}, {"$.*.ref", mask.Phone}}, Keep: []string{"$.order", "$.customer"}},
			`{"customer":{"ref":"•-•","order":{"ref":"R-1","name":"x"}},"ref":"R-1","order":{"name":"A b","email":"ada@example.com","note":"kcs•••• •••• ••••"},"rows":[{"v":"R-1"},[{"v":1}]],"a.b":{"c":"R-1"}}`,
		},
		"arrays and brackets": {
			mask.Rules{Fields: []mask.Field{{"$.rows[*].v", mask.Phone}, {"$['a.b'].c", mask.Phone}}, Keep: []string{`$["order"]["name"]`}},
			`{"customer":{"ref":"R-1","order":{"ref":"R-1","name":"••••"}},"ref":"R-1","order":{"name":"A b","email":"mtd••••@v••••.com","note":"rtw•••• •••• ••••"},"rows":[{"v":"•-•"},[{"v":0}]],"a.b":{"c":"•-•"}}`,
		},
	} {
		if err := tt.rules.Check(""); err != nil {
			t.Errorf("%s: refused: %v", name, err)
		}
		if diff := cmp.Diff(tt.want, string(masker(0, tt.rules).JSON([]byte(in)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	m := masker(0, mask.Rules{Fields: []mask.Field{{"$.customer.ref", mask.Phone}}, Keep: []string{"$.email"}})
	if got, want := m.Query("customer[ref]=R-1&email=ada%40example.com&ref=R-1"), "customer[ref]=•-•&email=ada%40example.com&ref=R-1"; got != want {
		t.Errorf("a query: got %s, want %s", got, want)
	}
	if got, _ := m.Body("text/xml", []byte("<customer ref='R-1'/><email>ada@example.com</email>"), false); string(got) != "<customer ref='•-•'/><email>ada@example.com</email>" {
		t.Errorf("XML: got %s", got)
	}
}

func TestCheckRefuses(t *testing.T) {
	many := make([]string, mask.MaxPaths+1)
	for i := range many {
		many[i] = fmt.Sprintf("$.a%d", i)
	}
	field := func(path string) mask.Rules { return mask.Rules{Fields: []mask.Field{{path, mask.Name}}} }
	for name, tt := range map[string]struct {
		rules mask.Rules
		want  []fault.Field
	}{
		"no dollar":       {field("customer.ref"), []fault.Field{{Field: "o.fields[0].path", Message: "must begin with $, like $.customer.ref"}}},
		"everything":      {field("$[*]"), []fault.Field{{Field: "o.fields[0].path", Message: "must name a field, like $.customer.ref"}}},
		"an empty name":   {field("$.a..b"), []fault.Field{{Field: "o.fields[0].path", Message: "has an empty name"}}},
		"a place":         {field("$.a[0]"), []fault.Field{{Field: "o.fields[0].path", Message: "must be made of .name, ['name'], .* and [*]; places in arrays cannot be named"}}},
		"an open bracket": {field("$['a"), []fault.Field{{Field: "o.fields[0].path", Message: "has a bracket that is not closed; write ['name']"}}},
		"a quote":         {field("$.a'b"), []fault.Field{{Field: "o.fields[0].path", Message: "has a name that must stand in brackets; write ['name']"}}},
		"after dots":      {field("$..a.b"), []fault.Field{{Field: "o.fields[0].path", Message: "must have one name after $.., like $..ref"}}},
		"too long":        {field("$." + strings.Repeat("a", mask.MaxPath)), []fault.Field{{Field: "o.fields[0].path", Message: "is too long; use at most 200 characters"}}},
		"too deep":        {field("$" + strings.Repeat(".a", 17)), []fault.Field{{Field: "o.fields[0].path", Message: "is too deep; use at most 16 names"}}},
		"a line":          {field("$.a\nb"), []fault.Field{{Field: "o.fields[0].path", Message: "must be text without control characters"}}},
		"a class":         {mask.Rules{Fields: []mask.Field{{"$.a", "secret"}}}, []fault.Field{{Field: "o.fields[0].class", Message: "must be one of email, phone, name, address, card_number, free_text"}}},
		"twice":           {mask.Rules{Fields: []mask.Field{{"$.a", mask.Name}}, Keep: []string{"$['a'][*]", "b"}}, []fault.Field{{Field: "o.keep[0]", Message: "is in the lists already; name each path once"}, {Field: "o.keep[1]", Message: "must begin with $, like $.customer.ref"}}},
		"many":            {mask.Rules{Keep: many}, []fault.Field{{Field: "o.keep", Message: "has too many entries; use at most 100"}}},
	} {
		var refused *fault.Error
		if err := tt.rules.Check("o."); !errors.As(err, &refused) || refused.Kind != fault.Invalid {
			t.Errorf("%s: got %v, want a refusal", name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, refused.Fields); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		masker(0, tt.rules).JSON([]byte(`{"a":"x"}`)) // followed as far as it can be
	}
	if err := (mask.Rules{}).Check(""); err != nil {
		t.Errorf("no rules: got %v, want none refused", err)
	}
}
