package control_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// authority is a certificate in PEM.
func authority(t *testing.T) string {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	if _, err := x509.ParseCertificate(s.Certificate().Raw); err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

// posted is a delivery that a receiver got.
type posted struct {
	id, body   string
	from, to   int64
	entries    []int64
	signature  string
	at, stream string
}

// receiver is a real one; answer says what it answers to a delivery, 0 is 204.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []posted
	answer func(posted) int
	more   chan struct{} // has something after each delivery
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{more: make(chan struct{}, 1<<16)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		raw, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		var m struct {
			Type string
			Data struct {
				Account, Stream string
				From, To        int64
				Entries         []struct{ Sequence int64 }
			}
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Errorf("a delivery is no JSON: %v", err)
		}
		p := posted{
			id: q.Header.Get("webhook-id"), body: string(raw), from: m.Data.From, to: m.Data.To, stream: m.Data.Stream,
			signature: q.Header.Get("webhook-signature"), at: q.Header.Get("webhook-timestamp"),
		}
		for _, e := range m.Data.Entries {
			p.entries = append(p.entries, e.Sequence)
		}
		r.mu.Lock()
		r.got = append(r.got, p)
		answer := r.answer
		r.mu.Unlock()
		status := http.StatusNoContent
		if answer != nil {
			if s := answer(p); s != 0 {
				status = s
			}
		}
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1800")
		}
		w.WriteHeader(status)
		r.more <- struct{}{}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) all() []posted {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]posted(nil), r.got...)
}

// whole says whether every entry of a range came, each delivery follows from the one before or repeats it to the byte.
func whole(t *testing.T, got []posted, from, to int64) (repeated int) {
	t.Helper()
	next, seen := from, map[string]string{}
	for _, p := range got {
		if body, again := seen[p.id]; again {
			if repeated++; body != p.body {
				t.Errorf("the delivery %s was repeated with another body", p.id)
			}
			continue
		}
		seen[p.id] = p.body
		if p.from != next || p.id != fmt.Sprintf("%s_%d", p.stream, p.to) || int64(len(p.entries)) != p.to-p.from+1 {
			t.Errorf("got entries %d to %d (%d) as %s, want them from %d on", p.from, p.to, len(p.entries), p.id, next)
		}
		next = p.to + 1
	}
	if next != to+1 {
		t.Errorf("entries came up to %d, want up to %d", next-1, to)
	}
	return repeated
}

// carrying runs what the server runs, until a fact holds.
func (x *fixture) carrying(t *testing.T, until func() bool, processes ...*control.Control) {
	t.Helper()
	if len(processes) == 0 {
		processes = []*control.Control{x.Control}
	}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for _, c := range processes {
		group.Go(func() { c.StreamAudit(ctx, time.Millisecond) })
	}
	defer group.Wait()
	defer stop()
	for range 20_000 {
		if until() {
			return
		}
		time.Sleep(time.Millisecond) // between two looks at a fact
	}
	t.Error("what was waited for did not come")
}

func (x *fixture) stream(t *testing.T, f control.AuditStreamFields, beginning bool) (control.AuditStream, string) {
	t.Helper()
	kind := audit.Webhook
	if f.Address != nil {
		kind = audit.Syslog
	}
	s, key, err := x.CreateAuditStream(t.Context(), x.owner, kind, f, beginning)
	if err != nil {
		t.Fatal(err)
	}
	return s, key
}

func (x *fixture) streamState(t *testing.T, id string) control.AuditStream {
	t.Helper()
	s, err := x.GetAuditStream(t.Context(), x.owner, id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// busy makes entries.
func (x *fixture) busy(t *testing.T, n int) {
	t.Helper()
	for range n {
		_, err := x.UpdateSecret(t.Context(), x.viewer, "none", ptr("x"))
		wantFault(t, "a viewer", err, fault.Forbidden, "")
	}
}

func (x *fixture) head(t *testing.T) (n int64) {
	t.Helper()
	err := x.store.Read(t.Context(), x.account, func(tx *store.Tx) error {
		h, err := tx.AuditHead(t.Context())
		n = h.Entries
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAStreamDeliversTheWholeLogInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.busy(t, 250)
		r := newReceiver(t)
		s, key := x.stream(t, control.AuditStreamFields{Name: ptr("siem"), URL: ptr(r.URL + "/in")}, true)
		x.hide("the key of a stream", key)
		x.busy(t, 3)
		head := x.head(t)
		if s.Backlog != head-3 || s.Position != 0 || s.WaitingSince.IsZero() || s.Status() != audit.StreamOK {
			t.Errorf("before: got %+v, want a backlog of %d", s, head-3)
		}
		x.carrying(t, func() bool { return x.streamState(t, s.ID).Backlog == 0 })
		got := r.all()
		if n := whole(t, got, 1, head); n > 0 || len(got) != 3 {
			t.Errorf("got %d deliveries, %d of them repeated, want 3 of a hundred at most", len(got), n)
		}
		after := x.streamState(t, s.ID)
		if after.Position != head || !after.WaitingSince.IsZero() || after.DeliveredAt.IsZero() || after.Sending != 0 {
			t.Errorf("after: got %+v", after)
		}
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whsec_"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range got {
			mac := hmac.New(sha256.New, raw)
			fmt.Fprintf(mac, "%s.%s.%s", p.id, p.at, p.body)
			if p.signature != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
				t.Errorf("%s is not signed with the key that was shown", p.id)
			}
		}
		if stats := x.StreamStats(); len(stats) != 1 || stats[0].ID != s.ID {
			t.Errorf("for the metrics: got %+v", stats)
		}
		// from now on: the first is the entry that records the stream
		later, _ := x.stream(t, control.AuditStreamFields{Name: ptr("later"), URL: ptr(r.URL)}, false)
		if later.Backlog != 1 {
			t.Errorf("from now: got a backlog of %d, want the entry that records it", later.Backlog)
		}
	})
}

// A receiver that fails gets the same batch again; the stream says that it fails, since when and how, waits as it was
// asked to, and is tried at once when it is changed.
func TestAStreamThatFails(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		r := newReceiver(t)
		status := http.StatusServiceUnavailable
		r.answer = func(posted) int { return status }
		s, _ := x.stream(t, control.AuditStreamFields{Name: ptr("siem"), URL: ptr(r.URL)}, true)
		first := x.clock.Now()
		x.carrying(t, func() bool { return x.streamState(t, s.ID).Attempts == 1 })
		got := x.streamState(t, s.ID)
		if got.Status() != audit.StreamFailing || got.Failure != "http_503" || !got.FailingSince.Equal(first) || got.Position != 0 ||
			got.NextAttempt.Sub(first) < 30*time.Minute {
			t.Errorf("after a failure: got %+v", got)
		}
		x.busy(t, 5)
		x.clock.pass(40 * time.Minute)
		x.carrying(t, func() bool { return x.streamState(t, s.ID).Attempts == 2 })
		if again := x.streamState(t, s.ID); !again.FailingSince.Equal(first) {
			t.Errorf("failing since %s, want since %s", again.FailingSince, first)
		}
		if stats := x.StreamStats(); len(stats) != 1 || stats[0].Failures != 2 {
			t.Errorf("for the metrics: got %+v, want 2 failures", stats)
		}
		status = http.StatusOK
		if _, err := x.UpdateAuditStream(t.Context(), x.owner, s.ID, control.AuditStreamFields{Name: ptr("mended")}); err != nil {
			t.Fatal(err)
		}
		x.carrying(t, func() bool { return x.streamState(t, s.ID).Backlog == 0 })
		if n := whole(t, r.all(), 1, x.head(t)); n != 2 {
			t.Errorf("%d deliveries were repeated, want 2: the same batch each time", n)
		}
		if got := x.streamState(t, s.ID); got.Status() != audit.StreamOK || got.Failure != "" || got.Attempts != 0 || !got.NextAttempt.IsZero() {
			t.Errorf("after it was mended: got %+v", got)
		}
		// paused, it says so, and its backlog grows
		if _, err := x.UpdateAuditStream(t.Context(), x.owner, s.ID, control.AuditStreamFields{Paused: ptr(true)}); err != nil {
			t.Fatal(err)
		}
		n := len(r.all())
		other, _ := x.stream(t, control.AuditStreamFields{Name: ptr("other"), URL: ptr(r.URL)}, false)
		x.carrying(t, func() bool { return x.streamState(t, other.ID).Backlog == 0 })
		if got := x.streamState(t, s.ID); got.Status() != audit.StreamPaused || got.Backlog != 2 || len(r.all()) != n+1 {
			t.Errorf("paused: got %+v after %d deliveries more", got, len(r.all())-n)
		}
	})
}

// Whoever can write to the database cannot have the log sent elsewhere.
func TestAStreamThatWasChangedInTheDatabaseSendsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		r := newReceiver(t)
		hook, _ := x.stream(t, control.AuditStreamFields{Name: ptr("hook"), URL: ptr("https://hooks.example.com/")}, true)
		collector, _ := x.stream(t, control.AuditStreamFields{Name: ptr("collector"), Address: ptr("tls://logs.example.com:6514")}, true)
		x.exec(t, `UPDATE audit_streams SET target = $1 WHERE id = $2`, r.URL, hook.ID)
		x.exec(t, `UPDATE audit_streams SET target = $1 WHERE id = $2`, "tcp"+strings.TrimPrefix(r.URL, "http"), collector.ID)
		for _, id := range []string{hook.ID, collector.ID} {
			x.carrying(t, func() bool { return x.streamState(t, id).Attempts > 0 })
			if got := x.streamState(t, id); got.Failure != "changed_outside" {
				t.Errorf("got %+v, want a failure that says why", got)
			}
		}
		if got := r.all(); len(got) > 0 {
			t.Errorf("it got %+v", got)
		}
	})
}

// Of several processes one delivers at a time: nothing is sent twice, though all look for something to send all the time.
func TestOneProcessDelivers(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		r := newReceiver(t)
		s, _ := x.stream(t, control.AuditStreamFields{Name: ptr("siem"), URL: ptr(r.URL)}, true)
		var processes []*control.Control
		for range 4 {
			c := x.settings
			if x.config.URL != "" {
				c.Store = reopen(t, x.config)
				t.Cleanup(func() { _ = c.Store.Close() })
			}
			processes = append(processes, open(t, c))
		}
		made := 0
		x.carrying(t, func() bool {
			if made < 300 {
				x.busy(t, 10)
				made += 10
				return false
			}
			return x.streamState(t, s.ID).Backlog == 0
		}, processes...)
		if n := whole(t, r.all(), 1, x.head(t)); n > 0 {
			t.Errorf("%d deliveries were sent twice", n)
		}
	})
}

func TestStreamsAreChecked(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for what, tt := range map[string]struct {
			kind   audit.StreamKind
			fields control.AuditStreamFields
			field  string
		}{
			"a kind":            {"pigeon", control.AuditStreamFields{Name: ptr("x")}, "kind"},
			"no URL":            {audit.Webhook, control.AuditStreamFields{Name: ptr("x")}, "url"},
			"a plain URL":       {audit.Webhook, control.AuditStreamFields{Name: ptr("x"), URL: ptr("http://zebra.example.com")}, "url"},
			"a password":        {audit.Webhook, control.AuditStreamFields{Name: ptr("x"), URL: ptr("https://zebra:zebra@example.com")}, "url"},
			"an address":        {audit.Webhook, control.AuditStreamFields{Name: ptr("x"), URL: ptr("https://example.com"), Address: ptr("tcp://zebra:1")}, "address"},
			"a facility":        {audit.Webhook, control.AuditStreamFields{Name: ptr("x"), URL: ptr("https://example.com"), Facility: ptr(1)}, "facility"},
			"no address":        {audit.Syslog, control.AuditStreamFields{Name: ptr("x")}, "address"},
			"an address of UDP": {audit.Syslog, control.AuditStreamFields{Name: ptr("x"), Address: ptr("udp://zebra:514")}, "address"},
			"no port":           {audit.Syslog, control.AuditStreamFields{Name: ptr("x"), Address: ptr("tcp://zebra")}, "address"},
			"a URL":             {audit.Syslog, control.AuditStreamFields{Name: ptr("x"), Address: ptr("tcp://a:1"), URL: ptr("https://zebra")}, "url"},
			"facility 24":       {audit.Syslog, control.AuditStreamFields{Name: ptr("x"), Address: ptr("tcp://a:1"), Facility: ptr(24)}, "facility"},
			"no certificates":   {audit.Syslog, control.AuditStreamFields{Name: ptr("x"), Address: ptr("tls://a:1"), CA: ptr("zebra")}, "ca"},
			"for nothing":       {audit.Syslog, control.AuditStreamFields{Name: ptr("x"), Address: ptr("tcp://a:1"), CA: ptr(authority(t))}, "ca"},
			"no name":           {audit.Syslog, control.AuditStreamFields{Name: ptr(" "), Address: ptr("tcp://a:1")}, "name"},
			"a hostile name":    {audit.Syslog, control.AuditStreamFields{Name: ptr("zebra\x1b[2J"), Address: ptr("tcp://a:1")}, "name"},
		} {
			_, _, err := x.CreateAuditStream(t.Context(), x.owner, tt.kind, tt.fields, false)
			wantFault(t, what, err, fault.Invalid, "")
			if err != nil && (strings.Contains(err.Error(), "zebra") || !strings.HasPrefix(err.Error(), tt.field+": ")) {
				t.Errorf("%s: got %q, want it to be about %s and to repeat nothing", what, err, tt.field)
			}
		}
		for range 10 {
			x.stream(t, control.AuditStreamFields{Name: ptr("x"), Address: ptr("tcp://a:1")}, false)
		}
		_, _, err := x.CreateAuditStream(t.Context(), x.owner, audit.Syslog, control.AuditStreamFields{Name: ptr("x"), Address: ptr("tcp://a:1")}, false)
		wantFault(t, "an eleventh", err, fault.Conflict, "")
		_, err = x.UpdateAuditStream(t.Context(), x.owner, never, control.AuditStreamFields{})
		wantFault(t, "none", err, fault.NotFound, "no such stream")
		_, err = x.AuditStreams(t.Context(), x.admin)
		wantFault(t, "an admin", err, fault.Forbidden, "")
	})
}

func TestAStreamIsTested(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		r := newReceiver(t)
		s, _ := x.stream(t, control.AuditStreamFields{Name: ptr("siem"), URL: ptr(r.URL)}, true)
		got, err := x.TestAuditStream(t.Context(), x.owner, s.ID)
		if all := r.all(); err != nil || !got.Delivered || len(all) != 1 || !strings.HasPrefix(all[0].id, "test_") || len(all[0].entries) > 0 {
			t.Errorf("got %+v and %v after %+v", got, err, all)
		}
		r.answer = func(posted) int { return http.StatusTeapot }
		got, err = x.TestAuditStream(t.Context(), x.owner, s.ID)
		want := control.StreamTest{Failure: "http_418", Message: "the receiver answered with the status 418"}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if after := x.streamState(t, s.ID); after.Status() != audit.StreamOK || after.Position != 0 {
			t.Errorf("a test changed the stream: %+v", after)
		}
	})
}
