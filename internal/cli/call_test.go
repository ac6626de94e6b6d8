package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// gateway answers like a gateway and keeps what it was sent.
func gateway(t *testing.T) *[]request {
	t.Helper()
	got := new([]request)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the body: %v", err)
		}
		*got = append(*got, request{r.Method + " " + r.URL.RequestURI(), string(body), r.Header})
		w.Header()["Date"] = nil
		switch r.URL.Path {
		case "/refused":
			w.Header().Set("Lockage-Error", "unauthenticated")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"no"}`)
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
		case "/away":
			w.Header().Set("Location", "/refused")
			w.WriteHeader(http.StatusFound)
		case "/bytes":
			_, _ = w.Write([]byte{0xff, 0})
		case "/text":
			_, _ = io.WriteString(w, "plain")
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"a": 1}`)
		}
	}))
	t.Cleanup(server.Close)
	alone(t)
	t.Setenv("LOCKAGE_GATEWAY", server.URL)
	t.Setenv("LOCKAGE_KEY", "sk_variable")
	return got
}

func TestCallSends(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("sk_file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name             string
		in               string
		args             []string
		line, body, key  string
		contentType, env string
	}{
		{"only a route", "", []string{"call", "pay"}, "GET /pay", "", "sk_variable", "", ""},
		{"a path with a query", "", []string{"call", "pay", "v1/x%2Fy?a=b"}, "GET /pay/v1/x%2Fy?a=b", "", "sk_variable", "", ""},
		{"a query only", "", []string{"call", "pay", "?a=b"}, "GET /pay?a=b", "", "sk_variable", "", ""},
		{"data", "", []string{"call", "pay", "-d", "{}"}, "POST /pay", "{}", "sk_variable", "application/json", ""},
		{"a file", "", []string{"call", "pay", "-X", "PUT", "-d", "@" + file}, "PUT /pay", "sk_file\n", "sk_variable", "application/json", ""},
		{"standard input", "in\n", []string{"call", "pay", "-d", "@-", "-H", "Content-Type: text/plain"}, "POST /pay", "in\n", "sk_variable", "text/plain", ""},
		{"a key in a file", "", []string{"call", "pay", "--key-file", file}, "GET /pay", "", "sk_file", "", ""},
		{"an environment with a key", "", []string{"call", "pay", "-e", "qa"}, "GET /pay", "", "sk_variable", "", "qa"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := gateway(t)
			r := run(t, tt.in, tt.args...)
			if r.code != 0 || r.out != `{"a": 1}` || len(*got) != 1 {
				t.Fatalf("got code %d, %q, %q and %d requests", r.code, r.out, r.err, len(*got))
			}
			sent := (*got)[0]
			if sent.line != tt.line || sent.body != tt.body {
				t.Errorf("sent %s %q, want %s %q", sent.line, sent.body, tt.line, tt.body)
			}
			for name, want := range map[string]string{
				"Lockage-Key": tt.key, "Content-Type": tt.contentType, "Lockage-Environment": tt.env, "Authorization": "",
			} {
				if h := sent.header.Get(name); h != want {
					t.Errorf("%s: got %q, want %q", name, h, want)
				}
			}
		})
	}
}

func TestCallAnswers(t *testing.T) {
	tests := []struct {
		args     []string
		code     int
		out, err string
	}{
		{[]string{"call", "refused"}, 1, `{"error":"no"}`, "lockage: the gateway refused the call: 401 unauthenticated\n"},
		{[]string{"call", "missing"}, 1, "", "lockage: the answer has the status 404 Not Found\n"},
		{[]string{"call", "away"}, 0, "", ""},
		{[]string{"call", "bytes"}, 0, "\xff\x00", ""},
		{
			[]string{"call", "text", "-i"},
			0,
			"HTTP/1.1 200 OK\nContent-Length: 5\r\nContent-Type: text/plain; charset=utf-8\r\n\nplain", "",
		},
		{
			[]string{"call", "text", "--json"},
			0,
			`{"status":200,"headers":{"Content-Length":["5"],"Content-Type":["text/plain; charset=utf-8"]},"body":"plain"}`, "",
		},
		{
			[]string{"call", "pay", "--json"},
			0,
			`{"status":200,"headers":{"Content-Length":["8"],"Content-Type":["application/json"]},"body":{"a":1}}`, "",
		},
		{
			[]string{"call", "bytes", "--json"},
			0,
			`{"status":200,"headers":{"Content-Length":["2"],"Content-Type":["application/octet-stream"]},"body_base64":"/wA="}`, "",
		},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			gateway(t)
			got := run(t, "", tt.args...)
			if tt.args[len(tt.args)-1] == "--json" {
				got.out = strings.NewReplacer("\n", "", "  ", "", `": `, `":`).Replace(got.out)
			}
			if want := (result{tt.code, tt.out, tt.err}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestCallAsWhom(t *testing.T) {
	got := gateway(t)
	t.Setenv("LOCKAGE_KEY", "")
	asWhom := "lockage: as whom? Set LOCKAGE_KEY or give --key-file; or log in with --gateway and give --environment\n"
	if r := run(t, "", "call", "pay"); r.code != 1 || r.err != asWhom {
		t.Errorf("without anything: got %+v, want %q", r, asWhom)
	}
	if r := run(t, "", "call", "pay", "-e", "qa"); r.code != 1 || r.err != asWhom {
		t.Errorf("without a token: got %+v, want %q", r, asWhom)
	}
	t.Setenv("LOCKAGE_TOKEN", "tk_variable")
	if r := run(t, "", "call", "pay"); r.code != 1 || r.err != asWhom {
		t.Errorf("a token without an environment: got %+v, want %q", r, asWhom)
	}
	if len(*got) != 0 {
		t.Fatalf("sent %v, want nothing so far", *got)
	}
	if r := run(t, "", "call", "pay", "-e", "qa"); r.code != 0 {
		t.Errorf("a token with an environment: got %+v", r)
	}
	if sent := (*got)[0].header; sent.Get("Lockage-Key") != "tk_variable" || sent.Get("Lockage-Environment") != "qa" {
		t.Errorf("sent %v, want the token and the environment", sent)
	}
}

func TestCallWithTheKeptToken(t *testing.T) {
	got := gateway(t)
	address, _ := standIn(t, map[string]string{"GET /v1/environments": oneEnvironment})
	gatewayAddress := os.Getenv("LOCKAGE_GATEWAY")
	t.Setenv("LOCKAGE_KEY", "")
	t.Setenv("LOCKAGE_GATEWAY", "")
	if r := run(t, "tk_kept", "login", "--address", address, "--gateway", gatewayAddress+"/"); r.code != 0 {
		t.Fatalf("login: got %+v", r)
	}
	if r := run(t, "", "call", "pay", "-e", "qa"); r.code != 0 || (*got)[0].header.Get("Lockage-Key") != "tk_kept" {
		t.Errorf("got %+v after sending %v, want the token that was kept", r, (*got)[0].header)
	}
}
