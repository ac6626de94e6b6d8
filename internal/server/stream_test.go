package server_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/server"
	"github.com/lockage/lockage/wire"
)

// What a stream has not delivered yet, for how long that waits and how often it failed can be watched.
func TestTheMetricsOfStreams(t *testing.T) {
	var status atomic.Int32
	status.Store(http.StatusInternalServerError)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
	defer receiver.Close()
	c := local(t.TempDir())
	c.BootstrapToken, c.AllowUpstreams = witnessToken, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	r, err := server.Start(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, r)
	w := &witnessed{address: "http://" + r.ControlAddress()}
	if w.Client, err = client.New(client.Config{Address: w.address, Token: witnessToken}); err != nil {
		t.Fatal(err)
	}
	if n := w.metric(t, "lockage_audit_pruned_total") + w.metric(t, "lockage_audit_prune_failures_total"); n != 0 {
		t.Errorf("got %v pruned or failed, want none", n)
	}
	create := func(name string, paused bool) (id string) {
		s, err := w.CreateAuditStream(t.Context(), wire.AuditStreamCreate{Name: name, Kind: "webhook", URL: &receiver.URL, Paused: &paused, From: "beginning"})
		if err != nil {
			t.Fatal(err)
		}
		return s.ID
	}
	of := func(name, id string) string { return name + `\{stream="` + id + `"\}` }
	paused := create("paused", true)
	failing := create("failing", false)
	head := float64(w.checkpoint(t).Entries)
	eventually(t, "a failure is counted", func() bool {
		return w.has(t, of("lockage_audit_stream_failures_total", failing)) && w.metric(t, of("lockage_audit_stream_failures_total", failing)) > 0
	})
	for _, id := range []string{paused, failing} {
		if n := w.metric(t, of("lockage_audit_stream_backlog", id)); n != head {
			t.Errorf("%s: got a backlog of %v, want %v", id, n, head)
		}
		if age := w.metric(t, of("lockage_audit_stream_backlog_age_seconds", id)); age <= 0 {
			t.Errorf("%s: got an age of %v, want more", id, age)
		}
		if n := w.metric(t, of("lockage_audit_stream_skipped_total", id)) + w.metric(t, of("lockage_audit_stream_holding", id)); n != 0 {
			t.Errorf("%s: got %v skipped or holding, want neither", id, n)
		}
	}
	if n := w.metric(t, of("lockage_audit_stream_failures_total", paused)); n != 0 {
		t.Errorf("a paused one: got %v failures, want none", n)
	}
	status.Store(http.StatusOK)
	if _, err := w.UpdateAuditStream(t.Context(), failing, wire.AuditStreamUpdate{URL: &receiver.URL}); err != nil { // tried at once
		t.Fatal(err)
	}
	eventually(t, "everything is delivered", func() bool {
		return w.metric(t, of("lockage_audit_stream_backlog", failing)) == 0 && w.metric(t, of("lockage_audit_stream_backlog_age_seconds", failing)) == 0
	})
	if err := w.DeleteAuditStream(t.Context(), failing); err != nil {
		t.Fatal(err)
	}
	eventually(t, "one that is gone is not told of", func() bool { return !w.has(t, of("lockage_audit_stream_backlog", failing)) })
}
