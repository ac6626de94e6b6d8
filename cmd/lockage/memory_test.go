package main_test

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/testkit"
)

// TestMemoryHoldsNoValues looks through the memory of the program, which is what a core dump has, for values. After a
// start, when nothing was called yet, there is none of them. After calls nothing keeps one: what the garbage collector
// frees is overwritten here by a debugging switch of the Go runtime, and the buffers that net/http and fmt use again and
// again by other requests. Without the switch, and right after a call, there are some: see docs/threats.md.
func TestMemoryHoldsNoValues(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is read as Linux shows it")
	}
	t.Parallel()
	var c, there testkit.Canaries
	literal := rand.Text() + rand.Text()
	there.Add("what a route holds", literal)
	canary := func(what string) string {
		value := "cAn4ry/" + rand.Text() + rand.Text()
		c.Add(what, value)
		return value
	}
	upstream := testkit.NewUpstream(t)
	upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/waits" {
			<-r.Context().Done()
		}
		w.Header().Set("Connection", "close") // a connection that idles keeps what it wrote last
	})
	w := &world{
		person: newPerson(t, "LOCKAGE_BOOTSTRAP_TOKEN="+ownerToken, "GODEBUG=clobberfree=1", "GOGC=5"),
		data:   filepath.Join(t.TempDir(), "data"), flags: []string{"--dev"}, client: newClient(t, &http.Transport{DisableKeepAlives: true}),
	}
	serve := func() {
		w.process = start(t, w.command(t, append([]string{"serve", "--data", w.data, "--listen", "127.0.0.1:0", "--gateway-listen", "127.0.0.1:0"}, w.flags...)...))
		found := w.finds(t, greeting)
		w.control, w.gateway = found[1], found[2]
	}
	serve()
	set := func(name, value string) {
		want[any](t, w.api(t, http.MethodPut, "/v1/secrets/"+name+"/environments/development", `{"value":"`+value+`"}`), http.StatusOK)
	}
	for _, name := range []string{"first", "second"} {
		want[any](t, w.api(t, http.MethodPost, "/v1/secrets", `{"name":"`+name+`"}`), http.StatusCreated)
		set(name, canary("a value that was set before the start"))
	}
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q,"token_type":"Bearer","expires_in":3600}`, canary("an access token"), canary("a refresh token"))
	}))
	t.Cleanup(provider.Close)
	authorize := func() {
		want[any](t, w.api(t, http.MethodPut, "/v1/secrets/google/environments/development/oauth2", `{"grant_type":"client_credentials",
			"client_id":"the-id","client_secret":"`+canary("a client secret")+`","token_url":"`+provider.URL+`"}`), http.StatusOK)
	}
	want[any](t, w.api(t, http.MethodPost, "/v1/secrets", `{"name":"google","type":"oauth2"}`), http.StatusCreated)
	authorize()
	want[any](t, w.api(t, http.MethodPost, "/v1/routes?commit=all", `{"key":"pay","target_url":"`+upstream.URL+`","inject_headers":
		{"Authorization":"Bearer {{secret:first}}","X-Basic":"{{secret:second | basic: user}}","X-Signature":"{{hmac_sha256: second, method, body_sha256}}",
		"X-Google":"{{secret:google}}","X-Literal":"`+literal+`"},
		"inject_query":{"token":"{{secret:first}}"},"inject_body":{"token":"{{secret:second}}"}}`), http.StatusCreated)
	want[any](t, w.api(t, http.MethodPost, "/v1/routes?commit=other", `{"key":"other","target_url":"`+upstream.URL+`"}`), http.StatusCreated)
	key := want[apiKey](t, w.api(t, http.MethodPost, "/v1/api-keys", `{"environment":"development","type":"secret"}`), http.StatusCreated).Key
	w.stop(t)

	serve()
	w.collect(t)
	found := w.search(t, &c)
	if seen := w.search(t, &there); len(seen) == 0 {
		t.Error("what a route holds is not found in memory: it proves nothing")
	}
	for _, f := range found {
		t.Errorf("memory after the start: %s", f)
	}

	call := func(path string) int {
		a, err := w.attempt(http.MethodPost, w.gateway+"/pay"+path, key, `{"amount":1}`)
		if err != nil {
			return 0
		}
		return a.StatusCode
	}
	for range 20 {
		if status := call("/charges"); status != http.StatusOK {
			t.Fatalf("call: status %d, want 200", status)
		}
	}
	if n := len(c.Find([]byte(fmt.Sprint(upstream.Requests())))); n < 4 {
		t.Errorf("the upstream got %d forms of the values: nothing was used", n)
	}
	set("second", canary("a value that was set since"))
	authorize()
	call("/charges")
	for end := time.Now().Add(patience); ; {
		w.others(t, key)
		w.collect(t)
		if found = w.search(t, &c); len(found) == 0 || time.Now().After(end) {
			break
		}
	}
	for _, f := range found {
		t.Errorf("memory after calls: %s", f)
	}

	// A goroutine dump, as of a panic that ends the program, while a call is on its way.
	before := len(upstream.Requests())
	waits := make(chan int)
	go func() { waits <- call("/waits") }()
	until(t, patience, "called", func() bool { return len(upstream.Requests()) > before })
	w.signal(t, syscall.SIGQUIT)
	w.code(t)
	<-waits
	if text := w.log.String(); !strings.Contains(text, "goroutine ") {
		t.Error("there is no dump: it proves nothing")
	}
	for _, found := range c.Find([]byte(w.log.String() + w.out.String())) {
		t.Errorf("the dump: %s", found)
	}
}

var collections = regexp.MustCompile(`(?m)^go_gc_duration_seconds_count (\d+)$`)

// collect waits until the garbage collector has come by often enough to find whatever was left: pools let go of what they
// hold the second time.
func (w *world) collect(t *testing.T) {
	t.Helper()
	count := func() int {
		a := w.send(t, http.MethodGet, w.control+"/metrics", "", "")
		n, err := strconv.Atoi(collections.FindStringSubmatch(a.body)[1])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	enough := count() + 5
	until(t, patience, "collected", func() bool { return count() >= enough })
}

// others are requests without a value: they are long, so that they overwrite what those before left in buffers.
func (w *world) others(t *testing.T, key string) {
	t.Helper()
	long := `{"x":"` + strings.Repeat("x", 8<<10) + `"}`
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for _, url := range []string{w.control + "/v1/secrets", w.gateway + "/other/" + long[6:500]} {
				if _, err := w.attempt(http.MethodPost, url, key, long, "X-Long", long); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// search reads the memory of the process while it stands still, and answers what was found.
func (w *world) search(t *testing.T, c *testkit.Canaries) (found []string) {
	t.Helper()
	folder := filepath.Join("/proc", strconv.Itoa(w.cmd.Process.Pid))
	w.signal(t, syscall.SIGSTOP)
	defer w.signal(t, syscall.SIGCONT)
	maps, err := os.Open(filepath.Join(folder, "maps"))
	if err != nil {
		t.Fatal(err)
	}
	defer maps.Close()
	memory, err := os.Open(filepath.Join(folder, "mem"))
	if err != nil {
		t.Skipf("the memory of a process of one's own cannot be read here: %v", err)
	}
	defer memory.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		if !strings.Contains(lines.Text(), " rw") {
			continue
		}
		var from, to int64
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x", &from, &to); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		text := make([]byte, to-from)
		read, err := memory.ReadAt(text, from)
		if err != nil && read == 0 {
			continue // a part that is not there
		}
		found = append(found, c.Find(text[:read])...)
	}
	return found
}
