package gateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkCall compares a whole call over loopback, at 64 connections, with the same call made directly. The callers and
// the upstream run in the same process and cost the same in both; the difference is the gateway.
func BenchmarkCall(b *testing.B) {
	reply := []byte(`{"id":"ch_1","object":"charge",` + strings.Repeat(`"k":"v",`, 20) + `"paid":true}`)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(reply)
	}))
	defer upstream.Close()
	w := newWorld(b, map[string]string{
		"api":    `{"target_url":"` + upstream.URL + `","inject_headers":{"Authorization":"Bearer {{secret:stripe_api_key}}"},"rate_limit":{"requests":1000000,"window":"1s"}}`,
		"inject": `{"target_url":"` + upstream.URL + `","inject_body":{"key":"{{secret:stripe_api_key}}"}}`,
	}).serve()
	for _, test := range []struct{ name, method, url, body string }{
		{"direct", "GET", upstream.URL + "/v1/charges/ch_1", ""},
		{"gateway", "GET", "http://" + w.address + "/api/v1/charges/ch_1", ""},
		{"post/direct", "POST", upstream.URL + "/v1/charges", strings.Repeat("x", 1024)},
		{"post/gateway", "POST", "http://" + w.address + "/api/v1/charges", strings.Repeat("x", 1024)},
		{"inject/gateway", "POST", "http://" + w.address + "/inject/v1/charges", `{"a":"` + strings.Repeat("x", 1000) + `"}`},
	} {
		b.Run(test.name, func(b *testing.B) {
			transport := &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64, DisableCompression: true}
			defer transport.CloseIdleConnections()
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r, err := http.NewRequestWithContext(b.Context(), test.method, test.url, strings.NewReader(test.body))
					if err != nil {
						b.Error(err)
						return
					}
					r.Header.Set("X-Api-Key", w.prod)
					r.Header.Set("Content-Type", "application/json")
					answer, err := transport.RoundTrip(r)
					if err != nil {
						b.Error(err)
						return
					}
					if n, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != 200 || n != int64(len(reply)) {
						b.Errorf("got %d and %d bytes, %v", answer.StatusCode, n, err)
					}
					_ = answer.Body.Close()
				}
			})
		})
	}
}

// callBudget is what the gateway may allocate for one call, beside what its HTTP server and client do.
const callBudget = 24

// TestCallAllocations measures the lane without a network: an upstream that answers from memory.
func TestCallAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	w := newWorld(t, map[string]string{"api": strings.Replace(hotRoute, "https:", "http:", 1)})
	w.gateway.Intercept(fromMemory{answer: &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/plain"}}, Body: http.NoBody}})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/charges/ch_1?expand=customer", nil)
	r.Header.Set("X-Api-Key", w.prod)
	answer := httptest.NewRecorder()
	call := func() {
		clear(answer.Header())
		w.gateway.ServeHTTP(answer, r)
	}
	call()
	if got := testing.AllocsPerRun(500, call); got > callBudget {
		t.Errorf("allocations of a call: got %v, want at most %d", got, callBudget)
	}
}

type fromMemory struct{ answer *http.Response }

func (m fromMemory) RoundTrip(*http.Request) (*http.Response, error) { return m.answer, nil }

// BenchmarkEchoGuard is a call whose answer comes from memory, of a route with the guard and of one without.
func BenchmarkEchoGuard(b *testing.B) {
	const inject = `"inject_headers":{"Authorization":"Bearer {{secret:stripe_api_key}}"}}`
	w := newWorld(b, map[string]string{
		"on":  `{"target_url":"http://api.example.com",` + inject,
		"off": `{"target_url":"http://api.example.com","echo_guard":false,` + inject,
	})
	memory := &textFromMemory{}
	w.gateway.Intercept(memory)
	line := `{"id":"ch_1","object":"charge","amount":4200,"currency":"eur","paid":true},`
	for _, size := range []struct {
		name  string
		bytes int
	}{{"200B", 200}, {"1MB", 1 << 20}} {
		text := strings.Repeat(line, size.bytes/len(line)+1)[:size.bytes]
		for _, route := range []string{"off", "on"} {
			b.Run(size.name+"/"+route, func(b *testing.B) {
				memory.text = text
				r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/"+route+"/v1/charges", nil)
				r.Header.Set("X-Api-Key", w.prod)
				b.SetBytes(int64(size.bytes))
				b.ReportAllocs()
				defer reportCPU(b)()
				for b.Loop() {
					answer := &discarded{header: http.Header{}}
					if w.gateway.ServeHTTP(answer, r); answer.bytes != size.bytes {
						b.Fatalf("got %d bytes, want %d", answer.bytes, size.bytes)
					}
				}
			})
		}
	}
}

type textFromMemory struct{ text string }

func (m *textFromMemory) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(m.text)), ContentLength: int64(len(m.text)),
	}, nil
}

// discarded is an answer nobody reads.
type discarded struct {
	header http.Header
	bytes  int
}

func (d *discarded) Header() http.Header { return d.header }
func (d *discarded) WriteHeader(int)     {}
func (d *discarded) Flush()              {}

func (d *discarded) Write(p []byte) (int, error) {
	d.bytes += len(p)
	return len(p), nil
}

// reportCPU reports the time the process computed, which tells more than the clock on a machine that is shared.
func reportCPU(b *testing.B) (end func()) {
	used := func() time.Duration {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/float64(b.N), "cpu-ns/op") }
}
