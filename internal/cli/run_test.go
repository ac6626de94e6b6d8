package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/lockage/lockage/internal/cli"
)

// result is what a command line gave.
type result struct {
	code     int
	out, err string
}

// run carries out a command line with a text on standard input, with nothing of the tester's own environment.
func run(t *testing.T, in string, args ...string) result {
	t.Helper()
	if os.Getenv("LOCKAGE_CONFIG_DIR") == "" {
		alone(t)
	}
	var out, errOut bytes.Buffer
	code := cli.Run(t.Context(), args, strings.NewReader(in), &out, &errOut)
	return result{code, out.String(), errOut.String()}
}

// alone gives the test a configuration folder of its own and no LOCKAGE_ variables.
func alone(t *testing.T) (folder string) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "LOCKAGE_") {
			t.Setenv(name, "") // puts it back at the end
			_ = os.Unsetenv(name)
		}
	}
	folder = t.TempDir()
	t.Setenv("LOCKAGE_CONFIG_DIR", folder)
	return folder
}

// request is what a stand-in was sent.
type request struct {
	line, body string // "GET /v1/environments"
	header     http.Header
}

// standIn answers by "METHOD /path?query" with data, or with a whole error envelope for an entry that begins with
// "400 ". It refuses what it does not know.
func standIn(t *testing.T, data map[string]string) (address string, got *[]request) {
	t.Helper()
	got = new([]request)
	var mu sync.Mutex // a command may ask for several things at once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the body: %v", err)
		}
		line := r.Method + " " + r.URL.RequestURI()
		mu.Lock()
		*got = append(*got, request{line, string(body), r.Header})
		mu.Unlock()
		answer, known := data[line]
		w.Header().Set("Content-Type", "application/json")
		if refused, isRefused := strings.CutPrefix(answer, "400 "); isRefused || !known {
			w.WriteHeader(http.StatusBadRequest)
			if !known {
				refused = `{"error":{"type":"not_found","message":"the stand-in does not know ` + line + `"}}`
			}
			_, _ = io.WriteString(w, refused)
			return
		}
		_, _ = io.WriteString(w, `{"data":`+answer+`,"meta":{"request_id":"r"}}`)
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

// against points the command line at a stand-in.
func against(t *testing.T, data map[string]string) *[]request {
	t.Helper()
	address, got := standIn(t, data)
	alone(t)
	t.Setenv("LOCKAGE_ADDRESS", address)
	t.Setenv("LOCKAGE_TOKEN", "tk_test")
	return got
}
