package bench_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

const connections = 64

// load is what one side of a comparison did in a round.
type load struct {
	requests  int
	seconds   float64
	latencies []time.Duration
}

func (l load) rate() float64 { return float64(l.requests) / l.seconds }

func (l load) percentile(p float64) time.Duration {
	return l.latencies[min(len(l.latencies)-1, int(p*float64(len(l.latencies))))]
}

// drive keeps a number of connections busy with one request each for a while.
func drive(tb testing.TB, c *http.Client, url, key string, lasting time.Duration) load {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), lasting)
	defer cancel()
	var mu sync.Mutex
	var all load
	var workers sync.WaitGroup
	begin := time.Now()
	for range connections {
		workers.Go(func() {
			var mine []time.Duration
			for ctx.Err() == nil {
				r, err := http.NewRequest(http.MethodGet, url, nil)
				if err != nil {
					tb.Error(err)
					return
				}
				if key != "" {
					r.Header.Set("Lockage-Key", key)
				}
				sent := time.Now()
				a, err := c.Do(r)
				if err != nil {
					tb.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, a.Body)
				_ = a.Body.Close()
				if a.StatusCode != http.StatusOK {
					tb.Errorf("status %d", a.StatusCode)
					return
				}
				mine = append(mine, time.Since(sent))
			}
			mu.Lock()
			defer mu.Unlock()
			all.latencies = append(all.latencies, mine...)
		})
	}
	workers.Wait()
	all.requests, all.seconds = len(all.latencies), time.Since(begin).Seconds()
	slices.Sort(all.latencies)
	return all
}

// publish makes a route with an injected secret callable in production and answers a key for it.
func publish(tb testing.TB, n node, upstream string) string {
	tb.Helper()
	c, err := client.New(client.Config{Address: "http://" + n.control, Token: token})
	if err != nil {
		tb.Fatal(err)
	}
	ctx := tb.Context()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	_, err = c.CreateSecret(ctx, wire.SecretCreate{Name: "stripe"})
	must(err)
	_, err = c.SetSecretValue(ctx, "stripe", "development", "sk_test_4eC39HqLyjWDarjtT1zdp7dc")
	must(err)
	body, err := json.Marshal(map[string]any{
		"key": "charges", "target_url": upstream, "inject_headers": map[string]string{"Authorization": "Bearer {{secret:stripe}}"},
		"rate_limit": map[string]any{"requests": 1000000, "window": "1s"},
	})
	must(err)
	message := "measure"
	_, err = c.CreateRoute(ctx, body, &message)
	must(err)
	k, err := c.CreateAPIKey(ctx, wire.APIKeyCreate{Environment: "development", Type: "secret"})
	must(err)
	return k.Key
}

// BenchmarkGateway compares a call through the gateway, with a key, a rate limit and an injected secret, with a direct
// call to the same upstream, in turn within each iteration. The direct side has no second hop, so the ratios are the
// whole cost of the gateway. CPU and allocations are those of the gateway's process.
func BenchmarkGateway(b *testing.B) {
	upstream := startUpstream(b)
	n := startNode(b, b.TempDir())
	key := publish(b, n, upstream)
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	through := "http://" + n.gateway + "/charges/v1/charges/ch_1"
	const round = time.Second
	drive(b, c, through, key, round/2) // warm up
	var direct, gateway []load
	var cpu, mallocs, upstreamCPU, requests, directRequests float64
	metrics := "http://" + n.control + "/metrics"
	for b.Loop() {
		u := metric(b, upstream+"/cpu", "process_cpu_seconds_total")
		d := drive(b, c, upstream+"/v1/charges/ch_1", "", round)
		upstreamCPU += metric(b, upstream+"/cpu", "process_cpu_seconds_total") - u
		directRequests += float64(d.requests)
		beforeCPU, before := metric(b, metrics, "process_cpu_seconds_total"), metric(b, metrics, "go_memstats_mallocs_total")
		g := drive(b, c, through, key, round)
		cpu += metric(b, metrics, "process_cpu_seconds_total") - beforeCPU
		mallocs += metric(b, metrics, "go_memstats_mallocs_total") - before
		requests += float64(g.requests)
		direct, gateway = append(direct, d), append(gateway, g)
	}
	b.ReportMetric(0, "ns/op") // an iteration is a round of fixed length
	b.ReportMetric(median(gateway, load.rate), "req/s")
	b.ReportMetric(median(gateway, load.rate)/median(direct, load.rate), "rate/direct")
	p99 := func(l load) float64 { return float64(l.percentile(0.99).Microseconds()) }
	b.ReportMetric(median(gateway, p99), "p99-µs")
	b.ReportMetric(median(gateway, p99)/median(direct, p99), "p99/direct")
	b.ReportMetric(cpu/requests*1e6, "cpu-µs/req")
	b.ReportMetric(cpu/requests/(upstreamCPU/directRequests), "cpu/upstream")
	b.ReportMetric(mallocs/requests, "mallocs/req")
}

func median(rounds []load, of func(load) float64) float64 {
	values := make([]float64, len(rounds))
	for i, l := range rounds {
		values[i] = of(l)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// TestMeasurementRuns keeps the measurement itself from rotting: one short drive through a real server.
func TestMeasurementRuns(t *testing.T) {
	upstream := startUpstream(t)
	n := startNode(t, t.TempDir())
	key := publish(t, n, upstream)
	l := drive(t, http.DefaultClient, "http://"+n.gateway+"/charges/x", key, 50*time.Millisecond)
	if l.requests == 0 {
		t.Error("no request was made")
	}
	if got := metric(t, "http://"+n.control+"/metrics", "go_memstats_mallocs_total"); got <= 0 {
		t.Errorf("mallocs: got %v, want more", got)
	}
	if !strings.HasPrefix(key, "sk_") {
		t.Error("the key is no secret key")
	}
}
