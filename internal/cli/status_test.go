package cli_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pipeline is what a server of two environments tells; what a test adds replaces it.
func pipeline(more map[string]string) map[string]string {
	data := map[string]string{
		"GET /v1/environments": `[{"id":"p","name":"production","level":1,"head":7,"hold":{"reason":"cards","by":"eve",` +
			`"at":"2026-01-02T03:04:05Z"}},{"id":"d","name":"development","level":0,"head":9}]`,
		"GET /v1/changes":                       `[{"kind":"route","key":"x","change":"added"}]`,
		"GET /v1/commits?environment=d&limit=1": `[{"number":9,"message":"search\nand more"}]`,
		"GET /v1/commits?environment=p&limit=1": `[{"number":7,"message":""}]`,
		"GET /v1/environments/d/freeze":         `{"frozen":false}`,
		"GET /v1/environments/p/freeze":         `{"frozen":true,"until":"2026-02-01T00:00:00Z","windows":[{"reason":"books"},{"reason":"leave"}]}`,
		"GET /v1/environments/d/tree":           `{"environment":"development","definitions":[` + entries("a1 b1 c1 d1 e1 f1 g1") + `]}`,
		"GET /v1/environments/p/tree":           `{"environment":"production","definitions":[` + entries("a1 b2 z1") + `]}`,
	}
	for line, answer := range more {
		data[line] = answer
	}
	return data
}

// entries are definitions of a tree: "a1" has the key a and the hash 1.
func entries(list string) string {
	var all []string
	for _, e := range strings.Fields(list) {
		all = append(all, `{"kind":"route","key":"`+e[:1]+`","hash":"`+e[1:]+`"}`)
	}
	return strings.Join(all, ",")
}

const noLook = `400 {"error":{"type":"forbidden","message":"the role support may not look"}}`

func TestStatus(t *testing.T) {
	tests := []struct {
		name string
		more map[string]string
		want string
	}{
		{"all of it", nil, `ENVIRONMENT  LEVEL  HEAD      WAITING
development  0      9 search …  1 uncommitted: x
production   1      7         7 to promote: b, c, d, e, f and 2 more
production is on hold since 2026-01-02 03:04:05Z by eve: cards
production is frozen until 2026-02-01 00:00:00Z: books, leave
`},
		{"what a role may not see is left out", map[string]string{
			"GET /v1/changes":                       noLook,
			"GET /v1/commits?environment=d&limit=1": noLook,
			"GET /v1/environments/d/tree":           noLook,
			"GET /v1/environments/p/freeze":         noLook,
		}, `ENVIRONMENT  LEVEL  HEAD  WAITING
development  0      9     -
production   1      7     -
production is on hold since 2026-01-02 03:04:05Z by eve: cards
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			against(t, pipeline(tt.more))
			r := run(t, "", "status")
			squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
			if d := cmp.Diff(squeeze(tt.want), squeeze(r.out)); r.code != 0 || d != "" {
				t.Errorf("got code %d and %q (-want +got):\n%s", r.code, r.err, d)
			}
		})
	}
}

func TestStatusFails(t *testing.T) {
	against(t, pipeline(map[string]string{
		"GET /v1/environments/p/tree": `400 {"error":{"type":"unavailable","message":"try again"}}`,
	}))
	if r := run(t, "", "status"); r.code != 1 || r.err != "lockage: try again\n" || r.out != "" {
		t.Errorf("got %+v, want code 1, the reason and no half of a table", r)
	}
}
