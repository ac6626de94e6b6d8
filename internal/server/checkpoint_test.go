package server_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/server"
	"github.com/lockage/lockage/wire"
)

const witnessToken = "tk_of_the_operator_of_these_tests"

// witnessed is a server that carries checkpoints to a place every few milliseconds.
type witnessed struct {
	*client.Client
	key     string
	address string
	stop    func()
	logs    *logged
}

// logged is what a server logged so far.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startWitnessed(t *testing.T, data, to string, roots *x509.CertPool) *witnessed {
	t.Helper()
	c := local(data)
	c.BootstrapToken, c.AuditCheckpoint, c.CheckpointEvery = witnessToken, to, 5*time.Millisecond
	w := &witnessed{logs: new(logged)}
	r, err := server.StartTrusting(t.Context(), c, slog.New(slog.NewTextHandler(w.logs, nil)), roots)
	if err != nil {
		t.Fatal(err)
	}
	w.stop = sync.OnceFunc(func() { stop(t, r) })
	t.Cleanup(w.stop)
	w.address = "http://" + r.ControlAddress()
	if w.Client, err = client.New(client.Config{Address: w.address, Token: witnessToken}); err != nil {
		t.Fatal(err)
	}
	w.key = w.checkpoint(t).Key
	return w
}

func (w *witnessed) checkpoint(t *testing.T) wire.AuditCheckpoint {
	t.Helper()
	c, err := w.AuditCheckpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// change leaves an entry in the audit log.
func (w *witnessed) change(t *testing.T, name string) {
	t.Helper()
	if _, err := w.CreateSecret(t.Context(), wire.SecretCreate{Name: name}); err != nil {
		t.Fatal(err)
	}
}

// metric is the value of a metric.
func (w *witnessed) metric(t *testing.T, name string) float64 {
	t.Helper()
	v, there := w.look(t, name)
	if !there {
		t.Fatalf("there is no metric %s", name)
	}
	return v
}

// has says whether there is a metric.
func (w *witnessed) has(t *testing.T, name string) bool {
	t.Helper()
	_, there := w.look(t, name)
	return there
}

func (w *witnessed) look(t *testing.T, name string) (value float64, there bool) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(body)
	if m == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v, true
}

// eventually waits for a fact.
func eventually(t *testing.T, fact string, so func() bool) {
	t.Helper()
	end := time.Now().Add(time.Minute)
	for !so() {
		if time.Now().After(end) {
			t.Fatalf("not %s", fact)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// newest is the last checkpoint of a file, which must be whole and of the account.
func newest(t *testing.T, path, key string) audit.Checkpoint {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	list, err := audit.ReadCheckpoints(raw, key)
	if err != nil {
		return audit.Checkpoint{}
	}
	return list.List[len(list.List)-1]
}

func TestCheckpointsToAFile(t *testing.T) {
	data, path := t.TempDir(), filepath.Join(t.TempDir(), "witness.txt")
	w := startWitnessed(t, data, path, nil)
	eventually(t, "the first checkpoint", func() bool { return newest(t, path, w.key).Entries == w.checkpoint(t).Entries })
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v; want mode 0600", info, err)
	}
	w.change(t, "one")
	now := w.checkpoint(t)
	eventually(t, "the checkpoint after a change", func() bool { c := newest(t, path, w.key); return c.Entries == now.Entries && c.Hash == now.Hash })
	// a log that does not move leaves nothing more
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("without a change: got %v and %s, want nothing more than %s", err, after, before)
	}
	if n := w.metric(t, "lockage_audit_checkpoint_behind_seconds"); n != 0 {
		t.Errorf("got %v seconds behind, want 0", n)
	}
	// what moved right before the end is carried at the end
	w.change(t, "two")
	now = w.checkpoint(t)
	w.stop()
	if c := newest(t, path, w.key); c.Entries != now.Entries || c.Hash != now.Hash {
		t.Errorf("after the end: got %+v, want %+v", c, now)
	}
	// the same key after a new start, and what a crash tore does not spoil what follows
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("\nlockage/0198\n7"); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	again := startWitnessed(t, data, path, nil)
	again.change(t, "three")
	now = again.checkpoint(t)
	eventually(t, "the checkpoint behind the torn one", func() bool { return newest(t, path, w.key).Entries == now.Entries })
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := audit.ReadCheckpoints(raw, w.key); err != nil || list.Torn != 1 || len(list.List) < 4 {
		t.Errorf("got %+v and %v, want one torn note among others", list, err)
	}
}

func TestCheckpointsToNoFile(t *testing.T) {
	c := local(t.TempDir())
	c.AuditCheckpoint = filepath.Join(t.TempDir(), "none", "witness.txt")
	if _, err := server.Start(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil || !strings.HasPrefix(err.Error(), "audit-checkpoint: ") {
		t.Errorf("got %v, want an error that names the setting", err)
	}
}

// receiver is a TLS server that takes checkpoints when it is told to.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	asked  int
	got    [][]byte
}

func newReceiver(t *testing.T, status int) *receiver {
	t.Helper()
	r := &receiver{status: status}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked++
		user, password, _ := req.BasicAuth()
		if err != nil || req.Method != http.MethodPost || req.URL.RequestURI() != "/take?at=c4n4ry" || user != "us" || password != "pass-c4n4ry" ||
			req.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("got %s %s of %q by %s, %v", req.Method, req.URL, req.Header.Get("Content-Type"), user, err)
		}
		if r.status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		if r.status == http.StatusOK {
			r.got = append(r.got, body)
		}
		w.WriteHeader(r.status)
	}))
	r.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) address() string {
	return strings.Replace(r.URL, "https://", "https://us:pass-c4n4ry@", 1) + "/take?at=c4n4ry"
}

func (r *receiver) answer(status int) (asked int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
	return r.asked
}

// holds says whether a checkpoint came that is of a state.
func (r *receiver) holds(key string, want wire.AuditCheckpoint) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, signed := range r.got {
		if c, err := audit.OpenCheckpoint(signed, key); err == nil && c.Entries == want.Entries && c.Hash == want.Hash {
			return true
		}
	}
	return false
}

func trusting(r *receiver) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(r.Certificate())
	return pool
}

func TestCheckpointsToAURL(t *testing.T) {
	for _, failing := range []int{http.StatusInternalServerError, http.StatusFound, http.StatusNotFound} {
		t.Run(strconv.Itoa(failing), func(t *testing.T) {
			r := newReceiver(t, failing)
			w := startWitnessed(t, t.TempDir(), r.address(), trusting(r))
			eventually(t, "a failure", func() bool { return w.metric(t, "lockage_audit_checkpoint_failures_total") > 0 })
			if w.metric(t, "lockage_audit_checkpoint_behind_seconds") == 0 {
				t.Error("while it fails: got 0 seconds behind, want more")
			}
			w.change(t, "one")
			now := w.checkpoint(t)
			r.answer(http.StatusOK)
			eventually(t, "carried after the failures", func() bool { return r.holds(w.key, now) })
			eventually(t, "no longer behind", func() bool { return w.metric(t, "lockage_audit_checkpoint_behind_seconds") == 0 })
			w.stop()
			logs := w.logs.String()
			if n := strings.Count(logs, "could not be carried away"); n != 1 || !strings.Contains(logs, "the answer has the status "+strconv.Itoa(failing)) ||
				!strings.Contains(logs, "carried away again") {
				t.Errorf("got %d lines of failures, want one with the reason, and one of the end:\n%s", n, logs)
			}
			if strings.Contains(logs, "c4n4ry") {
				t.Errorf("the log repeats the URL:\n%s", logs)
			}
		})
	}
}

// A receiver whose certificate nobody vouches for gets nothing.
func TestCheckpointsToAStranger(t *testing.T) {
	r := newReceiver(t, http.StatusOK)
	w := startWitnessed(t, t.TempDir(), r.address(), x509.NewCertPool())
	eventually(t, "a failure", func() bool { return w.metric(t, "lockage_audit_checkpoint_failures_total") > 0 })
	w.stop()
	if asked := r.answer(http.StatusOK); asked != 0 || !strings.Contains(w.logs.String(), "certificate") || strings.Contains(w.logs.String(), "c4n4ry") {
		t.Errorf("got %d requests, want none, and the reason in the log:\n%s", asked, w.logs.String())
	}
}

// A receiver that does not answer does not keep the server from ending.
func TestCheckpointsToNobodyWhoAnswers(t *testing.T) {
	hold := make(chan struct{})
	silent := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	defer silent.Close()
	defer close(hold)
	pool := x509.NewCertPool()
	pool.AddCert(silent.Certificate())
	w := startWitnessed(t, t.TempDir(), silent.URL, pool)
	eventually(t, "behind", func() bool { return w.metric(t, "lockage_audit_checkpoint_behind_seconds") > 0 })
	begun := time.Now()
	ended, cancel := context.WithTimeout(t.Context(), 9*time.Second)
	defer cancel()
	go func() { w.stop(); cancel() }()
	<-ended.Done()
	if took := time.Since(begun); took > 8*time.Second {
		t.Errorf("the end took %v", took)
	}
}
