package bench_test

import (
	"context"
	"database/sql"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
	"github.com/lockage/lockage/wire"
)

// logged is a node whose log is long: calls of the last four weeks.
type logged struct {
	node
	data, key string
	database  string // of PostgreSQL
	config    store.Config
	stop      func()
	client    *client.Client
	since     time.Time // of the oldest call
}

const weeks = 28 * 24 * time.Hour

func (l *logged) launch(tb testing.TB) {
	tb.Helper()
	l.node = node{freeAddress(tb), freeAddress(tb)}
	args := []string{"serve", "--data", l.data, "--listen", l.control, "--gateway-listen", l.gateway, "--dev"}
	variables := []string{"LOCKAGE_BOOTSTRAP_TOKEN=" + token}
	if l.database != "" {
		variables = append(variables, "LOCKAGE_DATABASE="+l.database)
	}
	l.stop = start(tb, exec.Command(binary, args...), variables...)
	wait(tb, "http://"+l.gateway+"/_lockage/readyz")
	var err error
	l.client, err = client.New(client.Config{Address: "http://" + l.control, Token: token})
	must(tb, err)
}

// newLogged makes a node with so many recorded calls of development.
func newLogged(tb testing.TB, database string, calls int) *logged {
	tb.Helper()
	l := &logged{data: tb.TempDir(), database: database, config: store.Config{URL: database}, since: time.Now().Add(-weeks)}
	if database == "" {
		l.config = store.Config{Path: filepath.Join(l.data, "lockage.db")}
	}
	upstream := startUpstream(tb)
	l.launch(tb)
	l.key = publish(tb, l.node, upstream)
	environments, err := l.client.ListEnvironments(tb.Context())
	must(tb, err)
	i := slices.IndexFunc(environments, func(e wire.Environment) bool { return e.Name == "development" })
	l.stop()
	s, err := store.Open(tb.Context(), l.config)
	must(tb, err)
	var accounts []string
	must(tb, s.ReadAll(tb.Context(), func(tx *store.Tx) (err error) { accounts, err = tx.Accounts(tb.Context()); return err }))
	must(tb, s.Close())
	testkit.ManyCalls{
		Account: accounts[0], EnvironmentID: environments[i].ID, N: calls, First: l.since, Every: (weeks / time.Duration(calls)).Truncate(time.Millisecond),
	}.Fill(tb, l.config)
	l.launch(tb)
	tb.Cleanup(func() { l.stop() })
	return l
}

// calls makes calls for a while.
func (l *logged) calls(tb testing.TB, lasting time.Duration) load {
	tb.Helper()
	over := make(chan struct{})
	time.AfterFunc(lasting, func() { close(over) })
	return pace(tb, "http://"+l.gateway+"/charges/x", l.key, over)
}

// read asks for a page until over is closed, at least once, with a pause after each, and answers how long each took.
func (l *logged) read(tb testing.TB, f client.LogFilter, p client.Page, want bool, over <-chan struct{}) (took []time.Duration) {
	tb.Helper()
	for {
		begin := time.Now()
		list, _, err := l.client.ListLogs(tb.Context(), f, p)
		took = append(took, time.Since(begin))
		must(tb, err)
		if (len(list) > 0) != want {
			tb.Fatalf("%+v: got %d calls", f, len(list))
		}
		select {
		case <-over:
			slices.Sort(took)
			return took
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// pages are what people ask for. The rare ones are the three oldest calls of all.
func (l *logged) pages(tb testing.TB) []struct {
	name string
	f    client.LogFilter
	p    client.Page
} {
	tb.Helper()
	_, deep, err := l.client.ListLogs(tb.Context(), client.LogFilter{Until: l.since.Add(weeks / 2)}, client.Page{Limit: 50})
	must(tb, err)
	return []struct {
		name string
		f    client.LogFilter
		p    client.Page
	}{
		{"first", client.LogFilter{}, client.Page{Limit: 50}},
		{"deep", client.LogFilter{}, client.Page{Limit: 50, Cursor: deep}},
		{"environment", client.LogFilter{Environment: "development"}, client.Page{Limit: 50}},
		{"5xx", client.LogFilter{Status: "5xx"}, client.Page{Limit: 50}},
		{"rare-status", client.LogFilter{Status: "418"}, client.Page{Limit: 50}},
		{"rare-key", client.LogFilter{Key: "rare"}, client.Page{Limit: 50}},
		{"an-hour", client.LogFilter{Since: l.since.Add(weeks / 2), Until: l.since.Add(weeks/2 + time.Hour)}, client.Page{Limit: 50}},
	}
}

// count is how many calls are recorded.
func (l *logged) count(tb testing.TB) (n int) {
	tb.Helper()
	driver, source := "sqlite", "file:"+l.config.Path
	if l.database != "" {
		driver, source = "pgx", l.database
	}
	db, err := sql.Open(driver, source) // the drivers are the store's
	must(tb, err)
	defer db.Close() //nolint:errcheck // it was only read
	db.SetMaxOpenConns(1)
	if l.database != "" {
		_, err = db.ExecContext(tb.Context(), `SELECT set_config('lockage.account', '*', false)`)
		must(tb, err)
	}
	must(tb, db.QueryRowContext(tb.Context(), `SELECT COUNT(*) FROM calls`).Scan(&n))
	return n
}

// prune halves the time for which calls are kept, makes calls while the node prunes, and answers how many calls it pruned
// in a second.
func (l *logged) prune(tb testing.TB, lasting time.Duration) (meanwhile load, perSecond float64) {
	tb.Helper()
	half := (weeks / 2).String()
	_, err := l.client.UpdateEnvironment(tb.Context(), "development", wire.EnvironmentUpdate{Logs: &wire.LogUpdate{Retention: &half}})
	must(tb, err)
	l.stop()
	before := l.count(tb)
	l.launch(tb) // which prunes at once
	begin := time.Now()
	meanwhile = l.calls(tb, lasting)
	l.stop()
	seconds := time.Since(begin).Seconds()
	after := l.count(tb) - meanwhile.requests
	l.launch(tb)
	return meanwhile, float64(before-after) / seconds
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// onEngines runs a measurement with a log of so many calls, once for each engine.
func onEngines(b *testing.B, calls int, f func(b *testing.B, l *logged)) {
	b.Run("sqlite", func(b *testing.B) { f(b, newLogged(b, "", calls)) })
	b.Run("postgres", func(b *testing.B) { f(b, newLogged(b, testkit.Postgres(b), calls)) })
}

// BenchmarkLog reads pages of a log of 1,000,000 calls, and prunes half of it, each with nothing else going on and while 16
// connections make calls, whose p99 stands beside that of calls with nothing going on.
func BenchmarkLog(b *testing.B) {
	onEngines(b, 1_000_000, func(b *testing.B, l *logged) {
		for _, q := range l.pages(b) {
			b.Run(q.name, func(b *testing.B) {
				for range b.N {
					l.read(b, q.f, q.p, true, closed()) // warm up
					alone := l.read(b, q.f, q.p, true, after(time.Second))
					quiet := l.calls(b, 2*time.Second)
					over := make(chan struct{})
					var busy load
					go func() { defer close(over); busy = l.calls(b, 2*time.Second) }()
					beside := l.read(b, q.f, q.p, true, over)
					b.ReportMetric(0, "ns/op") // an iteration is of fixed length
					b.ReportMetric(milliseconds(at(alone, 0.5)), "ms/page")
					b.ReportMetric(milliseconds(at(beside, 0.5)), "ms/page-beside-calls")
					b.ReportMetric(milliseconds(quiet.percentile(0.99)), "p99-quiet-ms")
					b.ReportMetric(float64(busy.percentile(0.99))/float64(quiet.percentile(0.99)), "p99-ratio")
				}
			})
		}
		b.Run("prune", func(b *testing.B) {
			for range b.N {
				quiet := l.calls(b, 5*time.Second)
				busy, perSecond := l.prune(b, 15*time.Second)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(perSecond, "pruned/s")
				b.ReportMetric(milliseconds(quiet.percentile(0.99)), "p99-quiet-ms")
				b.ReportMetric(float64(busy.percentile(0.99))/float64(quiet.percentile(0.99)), "p99-ratio")
				b.ReportMetric(float64(busy.percentile(0.5))/float64(quiet.percentile(0.5)), "p50-ratio")
			}
		})
	})
}

func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func after(d time.Duration) <-chan struct{} {
	c := make(chan struct{})
	time.AfterFunc(d, func() { close(c) })
	return c
}

// watching makes alerts of all calls of development in the last day until there are so many, stops the node, and answers how
// long a look at them takes.
func (l *logged) watching(tb testing.TB, alerts int) func(testing.TB) time.Duration {
	tb.Helper()
	day, share := "24h", 99.0
	there, _, err := l.client.ListAlerts(tb.Context(), "", client.Page{Limit: 200})
	must(tb, err)
	for range alerts - len(there) {
		_, err := l.client.CreateAlert(tb.Context(), wire.AlertCreate{
			Environment: "development", Name: "measured", Kind: "error_rate", Window: &day, Threshold: &share,
			To: []wire.AlertTo{{Webhook: "https://example.com/hook"}},
		})
		must(tb, err)
	}
	l.stop()
	s, err := store.Open(tb.Context(), l.config)
	must(tb, err)
	tb.Cleanup(func() { _ = s.Close() })
	p := newPlane(tb, s, make([]byte, 32), make([]byte, 32))
	must(tb, s.Batch(tb.Context(), func(tx *store.Tx) error { // the node's turn at watching lasts on
		held, err := tx.Setting(tb.Context(), "alert_watch")
		must(tb, err)
		_, err = tx.SwapSetting(tb.Context(), "alert_watch", held, []byte("nobody 0"))
		return err
	}))
	return func(tb testing.TB) time.Duration {
		begin := time.Now()
		must(tb, p.control.LookAtAlerts(context.WithoutCancel(tb.Context())))
		return time.Since(begin)
	}
}

// TestLogMeasurementRuns keeps the measurement from rotting: each page finds what it is to find, and half of it is pruned.
func TestLogMeasurementRuns(t *testing.T) {
	l := newLogged(t, "", 2000)
	for _, q := range l.pages(t) {
		l.read(t, q.f, q.p, true, closed())
	}
	if busy, perSecond := l.prune(t, 500*time.Millisecond); busy.requests == 0 || perSecond <= 0 {
		t.Errorf("got %d calls, and %v pruned in a second", busy.requests, perSecond)
	}
	look := l.watching(t, 2)
	look(t)
	l.launch(t)
	list, _, err := l.client.ListAlerts(t.Context(), "", client.Page{})
	if err != nil || len(list) != 2 || time.Time(list[0].LookedAt).IsZero() {
		t.Errorf("after a look at alerts: got %+v and %v", list, err)
	}
}

// BenchmarkAlerts looks at alerts whose window has 36,000 of 1,000,000 calls: at one of them, and at a hundred.
func BenchmarkAlerts(b *testing.B) {
	onEngines(b, 1_000_000, func(b *testing.B, l *logged) {
		for _, alerts := range []int{1, 100} {
			look := l.watching(b, alerts)
			b.Run(strconv.Itoa(alerts), func(b *testing.B) {
				for b.Loop() {
					look(b)
				}
			})
			l.launch(b)
		}
	})
}

// BenchmarkRecording compares calls whose content is recorded, headers and bodies of both directions, with calls of which
// only the line is, in turn within each iteration.
func BenchmarkRecording(b *testing.B) {
	upstream := startUpstream(b)
	n := startNode(b, b.TempDir())
	key := publish(b, n, upstream)
	l := &logged{node: n, key: key}
	var err error
	l.client, err = client.New(client.Config{Address: "http://" + n.control, Token: token})
	must(b, err)
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	metrics := "http://" + n.control + "/metrics"
	rounds, cpu, requests := map[bool][]load{}, map[bool]float64{}, map[bool]float64{}
	for b.Loop() {
		for _, record := range []bool{false, true} {
			l.record(b, record)
			before := metric(b, metrics, "process_cpu_seconds_total")
			r := drive(b, c, "http://"+n.gateway+"/charges/v1/charges/ch_1", key, time.Second)
			time.Sleep(time.Second) // so that what it left to be stored counts as its own
			cpu[record] += metric(b, metrics, "process_cpu_seconds_total") - before
			requests[record] += float64(r.requests)
			rounds[record] = append(rounds[record], r)
		}
	}
	p99 := func(l load) float64 { return float64(l.percentile(0.99).Microseconds()) }
	b.ReportMetric(0, "ns/op") // an iteration is of fixed length
	b.ReportMetric(median(rounds[true], load.rate)/median(rounds[false], load.rate), "rate-ratio")
	b.ReportMetric(median(rounds[true], p99)/median(rounds[false], p99), "p99-ratio")
	b.ReportMetric(cpu[true]/requests[true]/(cpu[false]/requests[false]), "cpu-ratio")
	b.ReportMetric(metric(b, metrics, "lockage_gateway_records_dropped_total"), "dropped")
}

// record says whether the content of calls is recorded.
func (l *logged) record(tb testing.TB, is bool) {
	tb.Helper()
	_, err := l.client.UpdateEnvironment(tb.Context(), "development", wire.EnvironmentUpdate{Logs: &wire.LogUpdate{RecordContent: &is}})
	must(tb, err)
}
