package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pullable is a server with one route in work, one that is live only higher up, and one whose deletion is saved.
func pullable(t *testing.T, route string) {
	t.Helper()
	live := `"status":[{"environment":"development","committed":true,"active":true}]`
	against(t, map[string]string{
		"GET /v1/environments": `[{"name":"production","level":1},{"name":"development","level":0}]`,
		"GET /v1/routes?limit=200": `[{"key":"pay",` + route + `,` + live + `},
			{"key":"above","status":[{"environment":"production","committed":true}]},
			{"key":"leaving","draft":true,"deletion_pending":true,` + live + `}]`,
	})
}

const whole = `"name":"Pay","description":"","target_url":"https://x.example","methods":["GET","POST"],
	"inject_headers":{"B":"true","A":"{{secret:a}}"},"inject_query":{},"inject_body":{"n":1.0,"list":[{"x":null}]},
	"rate_limit":{"requests":5,"window":"1m0s"},"timeout":null,"echo_guard":true,"public":true,"active_environment":"production",
	"environments":{"staging":{"timeout":null,"methods":["PUT"],"inject_headers":{"A":null}}}`

func TestPullNewFile(t *testing.T) {
	pullable(t, whole)
	dir := t.TempDir()
	r := run(t, "", "pull", dir)
	if want := "added routes/pay.yaml\n"; r.code != 0 || r.out != want {
		t.Fatalf("got %+v, want code 0 and %q", r, want)
	}
	got, err := os.ReadFile(filepath.Join(dir, "routes", "pay.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := `name: Pay
target_url: https://x.example
methods:
- GET
- POST
inject_headers:
  A: '{{secret:a}}'
  B: 'true'
inject_body:
  list:
  - x: null
  n: 1.0
rate_limit:
  requests: 5
  window: 1m
timeout: 0s
public: true
environments:
  staging:
    methods:
    - PUT
    inject_headers:
      A: null
    timeout: null
`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("the file (-want +got):\n%s", d)
	}
	if r := run(t, "", "pull", dir, "--json"); r.code != 0 || !strings.Contains(r.out, `"unchanged": 1`) {
		t.Errorf("again: got %+v, want one file unchanged", r)
	}
}

func TestPullInPlace(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"the same in other words", `# ours
key: pay
public: true   # for the shop
timeout: "0m"
rate_limit: {window: 60s, requests: 5, burst: 0}
methods: [get, post]
description: ""
inject_body: {"list": [{"x": }], "n": 1}
environments: {staging: {timeout: , methods: [put], inject_headers: {A: }}, }
target_url: 'https://x.example'
name: Pay
inject_headers: {A: "{{secret:a}}", B: "true"}
inject_query: {}
`, ""},
		{"partly changed", `# The checkout.

# Where it goes.
target_url: 'https://old.example' # moved in spring
methods:
    - GET # to look
    - DELETE # to cancel
inject_query:
    gone: x
name: Pay
# What it sends along.
inject_headers:
    # the credential
    A: "{{secret:a}}"
    # a flag
    B: "false"
    C: gone
inject_body: {list: [{x: null}], n: 1.0} # as it is
rate_limit: {requests: 4, window: 1m}
timeout: 0s
environments:
    staging:
        # slow there
        timeout: null
        methods: [PUT]
    qa:
        methods: [GET]
`, `# The checkout.

# Where it goes.
target_url: 'https://x.example' # moved in spring
methods:
    - GET # to look
    - POST
name: Pay
# What it sends along.
inject_headers:
    # the credential
    A: "{{secret:a}}"
    # a flag
    B: "true"
inject_body: {list: [{x: null}], n: 1.0} # as it is
rate_limit: {requests: 5, window: 1m}
timeout: 0s
public: true
environments:
    staging:
        # slow there
        timeout: null
        methods: [PUT]
        inject_headers:
            A: null
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pullable(t, whole)
			dir := t.TempDir()
			path := filepath.Join(dir, "routes", "pay.yaml")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			before, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if r := run(t, "", "pull", dir); r.code != 0 {
				t.Fatalf("got %+v, want code 0", r)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			after, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if want == "" {
				want = tt.file
				if !os.SameFile(before, after) {
					t.Error("the file was written anew, want it left alone")
				}
			}
			if d := cmp.Diff(want, string(got)); d != "" {
				t.Errorf("the file (-want +got):\n%s", d)
			}
			if after.Mode() != before.Mode() {
				t.Errorf("mode: got %v, want %v", after.Mode(), before.Mode())
			}
		})
	}
}

// TestPullAwkward checks that what is hard to say in YAML is said, in a new file and in one that is changed.
func TestPullAwkward(t *testing.T) {
	texts := []string{
		"a\nb", "a\nb\n", "a\n\n", "\n", " a\nb", "a \n b ", "\ta\nb", "a\tb", "null", "~", "true", "yes", "0x10", "1e3", "1.0",
		"2026-01-01", "a: b", "# a", "a # b", "- a", "'a'", "\"a\"", "{a}", "[a]", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "", " ", "a'\n\"b",
		"---", "---\na", "...", "<<", "é\u2028x", "\u0085", "\ufeffa", "😀",
	}
	for _, text := range texts {
		said, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		pullable(t, `"name":"Pay","target_url":"https://x.example","inject_query":{"q":`+string(said)+`},`+
			`"inject_body":{"k":[`+string(said)+`,{`+string(said)+`:1}]},"timeout":"30s"`)
		dir := t.TempDir()
		path := filepath.Join(dir, "routes", "pay.yaml")
		for _, before := range []string{"", "inject_query: {q: other}\ninject_body:\n  k:\n  - \"other\" # here\n", "inject_query:\n  q: |\n    x\n"} {
			if before != "" {
				if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if r := run(t, "", "pull", dir); r.code != 0 {
				t.Errorf("%q over %q: got %+v, want code 0", text, before, r)
				continue
			}
			if r := run(t, "", "pull", dir, "--json"); !strings.Contains(r.out, `"unchanged": 1`) {
				t.Errorf("%q over %q, again: got %+v, want one file unchanged", text, before, r)
			}
		}
	}
}

// TestFolderRefused checks that files with mistakes are told with their places, and that nothing is sent.
// A pipe would be waited for without an end, and a link leads out of the folder.
func TestFolderTakesRegularFilesOnly(t *testing.T) {
	loggedIn(t)
	outside := filepath.Join(t.TempDir(), "outside.yaml")
	if err := os.WriteFile(outside, []byte("target_url: https://canary.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(path string) error{
		"a pipe":                      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a link out of the folder":    func(path string) error { return os.Symlink(outside, path) },
		"a link to an endless device": func(path string) error { return os.Symlink("/dev/zero", path) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "routes"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := put(filepath.Join(dir, "routes", "pay.yaml")); err != nil {
				t.Skipf("cannot make %s here: %v", name, err)
			}
			r := run(t, "", "push", dir, "--plan")
			if r.code != 3 || !strings.Contains(r.err, "routes/pay.yaml: is no regular file") {
				t.Errorf("got %+v, want code 3 and the file named", r)
			}
		})
	}
}

func TestFolderRefused(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{
			"an unknown field",
			map[string]string{"pay.yaml": "# x\ntarget_url: https://x.example\ncanary: canary\n"},
			"routes/pay.yaml:3: is no field of a route; the fields are name, description, target_url, methods, inject_headers, " +
				"inject_query, inject_body, rate_limit, timeout, client_certificate, echo_guard, public, active_environment, environments, key",
		},
		{
			"an unknown field in an environment",
			map[string]string{"pay.yaml": "environments:\n  staging:\n    public: canary\n"},
			"routes/pay.yaml:3: is no field of a route in one environment; the fields are target_url, methods, inject_headers, " +
				"inject_query, inject_body, rate_limit, timeout, client_certificate, echo_guard",
		},
		{
			"an unknown field of a rate limit",
			map[string]string{"pay.yaml": "rate_limit:\n  canary: 1\n"},
			"routes/pay.yaml:2: is no field of a rate limit; the fields are requests, window, burst",
		},
		{
			"another key",
			map[string]string{"pay.yml": "key: canary\n"},
			"routes/pay.yml:1: the key is the file's name, and this is another: leave it out, or rename the file",
		},
		{
			"a name no route has",
			map[string]string{"Canary.yaml": "{}"},
			"routes/Canary.yaml: a file is named after its route: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit",
		},
		{
			"one route twice",
			map[string]string{"pay.yaml": "{}", "pay.yml": "{}"},
			"routes/pay.yml: is the same route as routes/pay.yaml: remove one of them",
		},
		{
			"no YAML",
			map[string]string{"pay.yaml": "a: 1\nb: [canary\n"},
			"routes/pay.yaml:2: is not one valid YAML document: check the indentation",
		},
		{
			"a name twice",
			map[string]string{"pay.yaml": "name: x\nname: canary\n"},
			"routes/pay.yaml:2: this name is there twice",
		},
		{
			"two documents",
			map[string]string{"pay.yaml": "name: x\n---\nname: canary\n"},
			"routes/pay.yaml: is not one valid YAML document: check the indentation",
		},
		{
			"no fields",
			map[string]string{"pay.yaml": "- canary\n"},
			`routes/pay.yaml: must hold the fields of a route, like "target_url: https://…"`,
		},
		{
			"an alias",
			map[string]string{"pay.yaml": "name: &a x\ndescription: *a\n"},
			"routes/pay.yaml:2: anchors and aliases are not understood here",
		},
		{
			"two mistakes",
			map[string]string{"a.yaml": "canary: 1\n", "b.yaml": "key: canary\n"},
			"2 places were refused; the first is routes/a.yaml:1: is no field of a route; the fields are name, description, " +
				"target_url, methods, inject_headers, inject_query, inject_body, rate_limit, timeout, client_certificate, echo_guard, public, " +
				"active_environment, environments, key",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "routes"), 0o700); err != nil {
				t.Fatal(err)
			}
			for name, text := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, "routes", name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, command := range []string{"push", "pull"} {
				got := against(t, nil)
				r := run(t, "", command, dir)
				first, _, _ := strings.Cut(r.err, "\n")
				if r.code != 3 || first != "lockage: "+tt.want {
					t.Errorf("%s: got code %d and\n%s\nwant code 3 and\nlockage: %s", command, r.code, first, tt.want)
				}
				if strings.Contains(strings.ReplaceAll(r.err, "Canary.yaml", ""), "anary") {
					t.Errorf("%s repeats what was refused: %q", command, r.err)
				}
				if len(*got) != 0 {
					t.Errorf("%s sent %v, want nothing", command, *got)
				}
			}
		})
	}
}
