package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBodies checks what commands send.
func TestBodies(t *testing.T) {
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	asJSON := file("a.json", ` {"target_url":"https://x.example","target_url":null}`)
	asYAML := file("a.yaml", "key: pay\ntarget_url: https://x.example\ninject_headers:\n  X-Since: 2026-01-01\n"+
		"methods: [GET, 'POST']\ntimeout:\npublic: true\nrate_limit: {requests: 5, window: 1m}\n")
	tests := []struct {
		name string
		in   string
		args []string
		line string
		body string
	}{
		{
			"a value loses one line break", "v\n\n",
			[]string{"secrets", "set", "x", "-e", "qa"},
			"PUT /v1/secrets/x/environments/qa", `{"value":"v\n"}`,
		},
		{
			"a value of Windows", " v \r\n",
			[]string{"secrets", "set", "x", "-e", "qa"},
			"PUT /v1/secrets/x/environments/qa", `{"value":" v "}`,
		},
		{
			"a route by flags", "",
			[]string{
				"routes", "create", "pay", "--target", "https://x.example", "--header", "Authorization: Bearer {{secret:a}}",
				"--header", "X-Time: a:b", "--query", "k= {{secret:b}}=", "--method", "GET,POST", "--method", "PUT",
				"--timeout", "5s", "--public", "--name", "N", "--description", "D", "--commit", "why",
			},
			"POST /v1/routes?commit=why", `{"description":"D","inject_headers":{"Authorization":"Bearer {{secret:a}}",` +
				`"X-Time":"a:b"},"inject_query":{"k":" {{secret:b}}="},"key":"pay","methods":["GET","POST","PUT"],"name":"N",` +
				`"public":true,"target_url":"https://x.example","timeout":"5s"}`,
		},
		{
			"JSON as it is, with the key", "",
			[]string{"routes", "create", "pay", "-f", asJSON},
			"POST /v1/routes", `{"key":"pay","target_url":"https://x.example","target_url":null}`,
		},
		{
			"YAML as JSON", "",
			[]string{"routes", "create", "-f", asYAML},
			"POST /v1/routes", `{"inject_headers":{"X-Since":"2026-01-01"},"key":"pay","methods":["GET","POST"],"public":true,` +
				`"rate_limit":{"requests":5,"window":"1m"},"target_url":"https://x.example","timeout":null}`,
		},
		{
			"the same key in both", "",
			[]string{"routes", "create", "pay", "-f", asYAML},
			"POST /v1/routes", `{"inject_headers":{"X-Since":"2026-01-01"},"key":"pay","methods":["GET","POST"],"public":true,` +
				`"rate_limit":{"requests":5,"window":"1m"},"target_url":"https://x.example","timeout":null}`,
		},
		{
			"standard input as JSON", `{"timeout":null}`,
			[]string{"routes", "update", "pay", "-f", "-"},
			"PATCH /v1/routes/pay", `{"timeout":null}`,
		},
		{
			"standard input as YAML", "timeout: null",
			[]string{"routes", "update", "pay", "-f", "-", "--commit="},
			"PATCH /v1/routes/pay?commit=", `{"timeout":null}`,
		},
		{
			"an empty object with a key", "{ }",
			[]string{"routes", "create", "pay", "-f", "-"},
			"POST /v1/routes", `{"key":"pay"}`,
		},
		{
			"one field by flag", "",
			[]string{"routes", "update", "pay", "--public=false"},
			"PATCH /v1/routes/pay", `{"public":false}`,
		},
		{
			"a key that never expires", "",
			[]string{"keys", "update", "k1", "--expires", "never"},
			"PATCH /v1/api-keys/k1", `{"expires_at":null}`,
		},
		{
			"a key until a day", "",
			[]string{"keys", "create", "-e", "qa", "--expires", "2030-01-31"},
			"POST /v1/api-keys", `{"environment":"qa","type":"secret","expires_at":"2030-01-31T00:00:00.000Z"}`,
		},
		{
			"a grace", "",
			[]string{"keys", "rotate", "k1", "--grace", "24h"},
			"POST /v1/api-keys/k1/rotate", `{"grace":"24h0m0s"}`,
		},
		{
			"an environment", "",
			[]string{"environments", "update", "qa", "--default", "--color", "#000000"},
			"PATCH /v1/environments/qa", `{"color":"#000000","is_default":true}`,
		},
		{
			"a commit of two", "",
			[]string{"commit", "-m", "why", "a", "b"},
			"POST /v1/commits", `{"message":"why","definitions":[{"kind":"route","key":"a"},{"kind":"route","key":"b"}]}`,
		},
		{
			"logs since a day", "",
			[]string{"logs", "--since", "2026-01-31T00:00:00+01:00", "--status", "5xx", "-e", "qa"},
			"GET /v1/logs?environment=qa&limit=200&since=2026-01-30T23%3A00%3A00.000Z&status=5xx", "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := "{}"
			if strings.HasPrefix(tt.line, "GET") {
				data = "[]"
			}
			got := against(t, map[string]string{tt.line: data})
			r := run(t, tt.in, tt.args...)
			if len(*got) != 1 {
				t.Fatalf("got %d requests, code %d and %q, want one request", len(*got), r.code, r.err)
			}
			if (*got)[0].line != tt.line || (*got)[0].body != tt.body {
				t.Errorf("sent %s\n%s\nwant %s\n%s", (*got)[0].line, (*got)[0].body, tt.line, tt.body)
			}
			if r.code != 0 {
				t.Errorf("got code %d and %q, want code 0", r.code, r.err)
			}
		})
	}
}

func TestBodiesRefusedHere(t *testing.T) {
	tests := []struct {
		name string
		in   string
		args []string
		want string
	}{
		{
			"no value", "\n",
			[]string{"secrets", "set", "x", "-e", "qa"},
			"there is no value on standard input: pipe it in, or type it at a terminal",
		},
		{
			"a very large value", strings.Repeat("x", 1<<20+1),
			[]string{"secrets", "set", "x", "-e", "qa"},
			"value on standard input is larger than 1024 KiB",
		},
		{"broken JSON", `{"canary"`, []string{"routes", "create", "-f", "-"}, "the file is not valid JSON"},
		{
			"broken YAML", "a: [canary",
			[]string{"routes", "create", "-f", "-"},
			"the file is not valid YAML: check its indentation, and that no name is there twice",
		},
		{"an empty file", "", []string{"routes", "create", "-f", "-"}, "the file is empty"},
		{"a list", "- canary", []string{"routes", "create", "pay", "-f", "-"}, "the file must hold an object"},
		{"a name twice", "a: 1\na: canary", []string{"routes", "create", "-f", "-"}, "line 2 of the file: this name is there twice"},
		{
			"an alias", "a: &x 1\nb: *x",
			[]string{"routes", "create", "-f", "-"},
			"line 2 of the file: anchors and aliases are not understood here",
		},
		{
			"no number in JSON", "a:\n  b: .inf",
			[]string{"routes", "create", "-f", "-"},
			"line 2 of the file: this value cannot be said in JSON; quote it to make it text",
		},
		{
			"two keys", "key: canary",
			[]string{"routes", "create", "pay", "-f", "-"},
			"the file holds another key than the command line: leave one of them out",
		},
		{
			"nobody to ask", "staging\n",
			[]string{"environments", "delete", "staging"},
			"there is no terminal to ask at: give --yes to go on without being asked",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := against(t, map[string]string{"GET /v1/environments/staging": `{"id":"1","name":"staging"}`})
			r := run(t, tt.in, tt.args...)
			first, _, _ := strings.Cut(r.err, "\n")
			if r.code == 0 || first != "lockage: "+tt.want {
				t.Errorf("got code %d and %q, want a failure and %q", r.code, r.err, tt.want)
			}
			if strings.Contains(r.err, "canary") {
				t.Errorf("the error repeats what was refused: %q", r.err)
			}
			for _, sent := range *got {
				if !strings.HasPrefix(sent.line, "GET") {
					t.Errorf("sent %s, want nothing that changes", sent.line)
				}
			}
		})
	}
}
