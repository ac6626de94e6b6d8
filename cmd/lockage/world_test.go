package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/testkit"
)

// What the operator of a world sets before the first start.
const (
	ownerToken    = "tk_end_to_end_0123456789abcdef"
	ownerEmail    = "owner@example.com"
	ownerPassword = "correct horse battery staple"
)

// world is an installation with its operator, who is logged in at a command line.
type world struct {
	*person
	*process // of the server
	data     string
	flags    []string
	control  string // URL of the management API
	gateway  string // URL
	client   *http.Client
	jwt      string // of the owner, once asked for
}

// engines runs f for a world on each database. Flags are further ones for serve.
func engines(t *testing.T, f func(t *testing.T, w *world), flags ...string) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, newWorld(t, flags...))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, newWorld(t, append([]string{"--database", testkit.Postgres(t)}, flags...)...))
	})
}

// newWorld starts a server and logs its operator in.
func newWorld(t *testing.T, flags ...string) *world {
	t.Helper()
	w := &world{
		person: newPerson(t, "LOCKAGE_BOOTSTRAP_TOKEN="+ownerToken, "LOCKAGE_BOOTSTRAP_EMAIL="+ownerEmail,
			"LOCKAGE_BOOTSTRAP_PASSWORD="+ownerPassword),
		data: filepath.Join(t.TempDir(), "data"), flags: flags, client: newClient(t, &http.Transport{}),
	}
	w.serve(t)
	w.runs(t, ownerToken+"\n", "login", "--address", w.control, "--gateway", w.gateway)
	return w
}

func newClient(t testing.TB, transport *http.Transport) *http.Client {
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

var greeting = regexp.MustCompile(`control plane\s+(https?://\S+)\ngateway\s+(https?://\S+)\n`)

// serve starts the server, on the same data as before, and waits until it listens. A world that was logged in goes on
// with the addresses of now.
func (w *world) serve(t testing.TB) {
	t.Helper()
	args := append([]string{"serve", "--data", w.data, "--listen", "127.0.0.1:0", "--gateway-listen", "127.0.0.1:0"}, w.flags...)
	again := w.process != nil
	w.process = start(t, w.command(t, args...))
	found := w.finds(t, greeting)
	w.control, w.gateway = found[1], found[2]
	if again {
		w.runs(t, ownerToken, "login", "--address", w.control, "--gateway", w.gateway)
	}
}

// reply is an answer over HTTP, read whole.
type reply struct {
	*http.Response
	body string
}

// send makes a request. headers are pairs; without a credential there is no Authorization.
func (w *world) send(t testing.TB, method, url, credential, body string, headers ...string) reply {
	t.Helper()
	a, err := w.attempt(method, url, credential, body, headers...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return a
}

func (w *world) attempt(method, url, credential, body string, headers ...string) (reply, error) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if credential != "" {
		r.Header.Set("Authorization", "Bearer "+credential)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return reply{resp, string(b)}, err
}

// api makes a call of the management API with the operator's token.
func (w *world) api(t testing.TB, method, path, body string) reply {
	t.Helper()
	a := w.send(t, method, w.control+path, ownerToken, body)
	w.seen.answer(method+" "+path, a)
	return a
}

// call makes a gateway call. What the gateway says itself goes into the transcript; what the upstream says is its own.
func (w *world) call(t testing.TB, key, path string, headers ...string) reply {
	t.Helper()
	a := w.send(t, http.MethodGet, w.gateway+path, key, "", headers...)
	if a.Header.Get("Lockage-Error") == "" {
		w.seen.answer("call "+path, reply{Response: a.Response})
	} else {
		w.seen.answer("call "+path, a)
	}
	return a
}

// want fails the test unless the answer has the status, and answers its data.
func want[T any](t testing.TB, a reply, status int) T {
	t.Helper()
	var envelope struct {
		Data T `json:"data"`
	}
	if a.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	read(t, a.body, &envelope)
	return envelope.Data
}

// read decodes JSON.
func read(t testing.TB, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("not the JSON it must be: %v\n%s", err, text)
	}
}
