package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPushBody checks what a push sends: all files in one body, what has no file only when it is to go.
func TestPushBody(t *testing.T) {
	tests := []struct{ args, want string }{
		{"", `{"definitions":[{"kind":"route","key":"a","content":{"name":"A","timeout":null}},` +
			`{"kind":"route","key":"b","content":{}}]}`},
		{"--prune --commit -m why", `{"definitions":[{"kind":"route","key":"a","content":{"name":"A","timeout":null}},` +
			`{"kind":"route","key":"b","content":{}},{"kind":"route","key":"pay","delete":true}],"commit":"why"}`},
		{"--commit", `{"definitions":[{"kind":"route","key":"a","content":{"name":"A","timeout":null}},` +
			`{"kind":"route","key":"b","content":{}}],"commit":""}`},
		{"--plan", `{"definitions":[{"kind":"route","key":"a","content":{"name":"A","timeout":null}},` +
			`{"kind":"route","key":"b","content":{}}],"plan":true}`},
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b.yml": "{}", "a.yaml": "key: a\nname: A\ntimeout:\n", ".a.yaml.swp": "x", "README.md": "x",
	} {
		path := filepath.Join(dir, "routes", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			live := `"status":[{"environment":"development","committed":true}]`
			got := against(t, map[string]string{
				"GET /v1/environments":     `[{"name":"production","level":1},{"name":"development","level":0}]`,
				"GET /v1/routes?limit=200": `[{"key":"pay",` + live + `},{"key":"above","status":[]}]`,
				"PUT /v1/definitions":      `{"changes":[],"commit":null}`,
			})
			r := run(t, "", append([]string{"push", dir}, strings.Fields(tt.args)...)...)
			if r.code != 0 {
				t.Fatalf("got %+v, want code 0", r)
			}
			sent := (*got)[len(*got)-1]
			if sent.line != "PUT /v1/definitions" || sent.body != tt.want {
				t.Errorf("sent %s\n%s\nwant\n%s", sent.line, sent.body, tt.want)
			}
		})
	}
}

// TestPushRefused checks the place and the exit code of what the server refuses.
func TestPushRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "routes"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := "target_url: https://x.example\nmethods:\n- GET\ninject_headers:\n  X.Y: a\n"
	if err := os.WriteFile(filepath.Join(dir, "routes", "a.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		problem string
		code    int
		want    string
	}{
		{
			`"validation_error","fields":[{"field":"definitions[0].content.inject_headers.X.Y","message":"is bad"}]`, 3,
			"lockage: routes/a.yaml:5: inject_headers.X.Y: is bad\n",
		},
		{
			`"validation_error","fields":[{"field":"definitions[0].content.methods[0]","message":"is bad"}]`, 3,
			"lockage: routes/a.yaml:2: methods[0]: is bad\n",
		},
		{
			`"validation_error","fields":[{"field":"definitions[0].content","message":"is bad"},{"field":"definitions[0].key","message":"too"}]`,
			3, "lockage: 2 places were refused; the first is routes/a.yaml: is bad\n  routes/a.yaml: is bad\n  routes/a.yaml: key: too\n",
		},
		{`"validation_error","fields":[{"field":"definitions[7].content","message":"is bad"}]`, 3, "lockage: told\n  definitions[7].content: is bad\n"},
		{`"validation_error","fields":[{"field":"commit","message":"is bad"}]`, 3, "lockage: told\n  commit: is bad\n"},
		{`"frozen"`, 3, "lockage: told\n"},
		{`"conflict"`, 1, "lockage: told\n"},
	}
	for _, tt := range tests {
		against(t, map[string]string{
			"GET /v1/environments": `[]`, "GET /v1/routes?limit=200": `[]`,
			"PUT /v1/definitions": `400 {"error":{"message":"told","type":` + tt.problem + `}}`,
		})
		if r := run(t, "", "push", dir); r.code != tt.code || r.err != tt.want {
			t.Errorf("%s: got code %d and\n%s\nwant code %d and\n%s", tt.problem, r.code, r.err, tt.code, tt.want)
		}
	}
}
