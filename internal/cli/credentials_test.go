package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const oneEnvironment = `[{"id":"1","name":"development","display_name":"Development","level":0}]`

// loggedIn gives a stand-in and the file of a login to it.
func loggedIn(t *testing.T) (address, file string, got *[]request) {
	t.Helper()
	folder := filepath.Join(alone(t), "made", "by", "login")
	t.Setenv("LOCKAGE_CONFIG_DIR", folder)
	address, got = standIn(t, map[string]string{"GET /v1/environments": oneEnvironment})
	file = filepath.Join(folder, "credentials.json")
	r := run(t, "tk_kept\n", "login", "--address", address+"/")
	if want := "logged in to " + address + ", 1 environment to see; kept in " + file + "\n"; r.code != 0 || r.out != want {
		t.Fatalf("login: got code %d, %q and %q, want code 0 and %q", r.code, r.out, r.err, want)
	}
	return address, file, got
}

func TestLoginKeeps(t *testing.T) {
	address, file, got := loggedIn(t)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("the file has mode %04o, want 0600", mode)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var kept map[string]string
	if err := json.Unmarshal(b, &kept); err != nil {
		t.Fatal(err)
	}
	// the server is not at the usual address, so nobody knows whose gateway the usual one is
	if kept["address"] != address || kept["gateway"] != "" || kept["token"] != "tk_kept" {
		t.Errorf("kept %v, want the address and the token, and no gateway", kept)
	}
	if r := run(t, "", "environments", "list"); r.code != 0 {
		t.Fatalf("a command after login: got code %d and %q", r.code, r.err)
	}
	if h := (*got)[1].header.Get("Authorization"); h != "Bearer tk_kept" {
		t.Errorf("a command after login sent %q, want the token that was kept", h)
	}
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v (%v), want one file", entries, err)
	}
}

func TestFlagsOverVariablesOverLogin(t *testing.T) {
	address, _, got := loggedIn(t)
	t.Setenv("LOCKAGE_TOKEN", "tk_variable")
	run(t, "", "environments", "list")
	run(t, "", "environments", "list", "--token", "tk_flag")
	t.Setenv("LOCKAGE_ADDRESS", "http://127.0.0.1:1")
	run(t, "", "environments", "list", "--address", address)
	var tokens []string
	for _, r := range (*got)[1:] {
		tokens = append(tokens, r.header.Get("Authorization"))
	}
	if want := "Bearer tk_variable,Bearer tk_flag,Bearer tk_variable"; strings.Join(tokens, ",") != want {
		t.Errorf("sent %q, want %s", tokens, want)
	}
}

func TestKeptTokenStaysWithItsServer(t *testing.T) {
	_, _, _ = loggedIn(t)
	other, got := standIn(t, nil)
	for _, line := range [][]string{
		{"environments", "list", "--address", other},
		{"call", "pay", "--environment", "development", "--gateway", other},
	} {
		if r := run(t, "", line...); r.code != 1 {
			t.Errorf("%v: got code %d, want 1", line, r.code)
		}
	}
	if len(*got) != 0 {
		t.Errorf("another server was sent %v, want nothing", *got)
	}
}

func TestWideFileIsRefused(t *testing.T) {
	_, file, got := loggedIn(t)
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		r := run(t, "", "environments", "list")
		if r.code != 1 || !strings.Contains(r.err, "chmod 600") || strings.Contains(r.err, "tk_kept") {
			t.Errorf("mode %04o: got code %d and %q, want code 1 and what to do", mode, r.code, r.err)
		}
	}
	if len(*got) != 1 {
		t.Errorf("%d requests were sent, want only the login's", len(*got))
	}
}

func TestBrokenFileIsRefused(t *testing.T) {
	_, file, _ := loggedIn(t)
	if err := os.WriteFile(file, []byte(`{"token":"tk_canary`), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, "", "environments", "list")
	if want := "lockage: " + file + " cannot be read: log in again\n"; r.code != 1 || r.err != want {
		t.Errorf("got code %d and %q, want code 1 and %q", r.code, r.err, want)
	}
}

func TestLoginRefused(t *testing.T) {
	tests := []struct{ name, in, answer, want string }{
		{
			"by the server", "tk_canary",
			`400 {"error":{"type":"unauthenticated","message":"the token is not known","request_id":"r"}}`,
			"lockage: the token is not known\n",
		},
		{
			"nothing to read", "", oneEnvironment,
			"lockage: there is no token on standard input: pipe it in, or type it at a terminal\n",
		},
		{
			"two words", "tk canary", oneEnvironment,
			"lockage: token: must be one word of plain ASCII, without spaces or line breaks\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder := alone(t)
			address, _ := standIn(t, map[string]string{"GET /v1/environments": tt.answer})
			r := run(t, tt.in, "login", "--address", address)
			if r.code != 1 || r.err != tt.want {
				t.Errorf("got code %d and %q, want code 1 and %q", r.code, r.err, tt.want)
			}
			if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
				t.Errorf("the folder holds %v (%v), want nothing kept", entries, err)
			}
		})
	}
}
