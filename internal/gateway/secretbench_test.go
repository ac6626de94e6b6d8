//go:build unix

package gateway_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// measured is one side of a comparison: a call, and what its rounds took.
type measured struct {
	name   string
	call   func()
	rounds []time.Duration // of one call, on average in a round
	allocs float64
}

// compare makes a round of each side in turn, in every iteration: what disturbs the machine disturbs all of them. Reported
// are the medians, as ratios to the first side's, and what a call of each takes and allocates.
func compare(b *testing.B, calls int, clock func() time.Duration, sides []*measured) {
	b.Helper()
	for _, s := range sides {
		s.call() // warm
		s.allocs = testing.AllocsPerRun(100, s.call)
	}
	runtime.GC()
	for b.Loop() {
		for _, s := range sides {
			begin := clock()
			for range calls {
				s.call()
			}
			s.rounds = append(s.rounds, (clock()-begin)/time.Duration(calls))
		}
	}
	b.ReportMetric(0, "ns/op") // an iteration is a round of each
	first := middle(sides[0].rounds)
	for _, s := range sides {
		m := middle(s.rounds)
		b.ReportMetric(float64(m)/float64(time.Microsecond), s.name+"-µs")
		b.ReportMetric(float64(m)/float64(first), s.name+"/"+sides[0].name)
		b.ReportMetric(s.allocs, s.name+"-allocs")
	}
}

// cpuTime is what this process has used: with it, waiting does not count, which on a busy machine is most of a call over
// the network.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func middle(rounds []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(rounds))
	return sorted[len(sorted)/2]
}

// BenchmarkSecrets compares calls of routes by what they inject, without a network: an upstream that answers from memory.
func BenchmarkSecrets(b *testing.B) {
	const value = "sk_live_4eC39HqLyjWDarjtT1zdp7dc4eC39Hq"
	headers := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"X-Value-%d":"Bearer {{secret:s%d}}"`, i, i))
		}
		return `{"target_url":"http://api.example.com","inject_headers":{` + strings.Join(list, ",") + `}}`
	}
	w := newWorld(b, map[string]string{
		"text":   `{"target_url":"http://api.example.com","inject_headers":{"X-Value-0":"Bearer ` + value + `"}}`,
		"one":    headers(1),
		"five":   headers(5),
		"twenty": headers(20),
		"oauth2": `{"target_url":"http://api.example.com","inject_headers":{"X-Value-0":"Bearer {{secret:google}}"}}`,
		"basic":  `{"target_url":"http://api.example.com","inject_headers":{"X-Value-0":"Basic {{secret:s0 | basic: user}}"}}`,
		"chain":  `{"target_url":"http://api.example.com","inject_headers":{"X-Value-0":"{{secret:s0 | json | base64 | urlencode}}"}}`,
		"hmac":   `{"target_url":"http://api.example.com","inject_headers":{"X-Value-0":"{{hmac_sha256: s0, method, path, query, timestamp, body_sha256}}"}}`,
	}, func(w *world) {
		for i := range 20 {
			w.addSecret(fmt.Sprint("s", i), map[string]string{production: value})
		}
		w.addOAuth2("google", value)
	})
	w.gateway.Intercept(fromMemory{answer: &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/plain"}}, Body: http.NoBody}})
	var sides []*measured
	for _, key := range []string{"one", "text", "five", "twenty", "oauth2", "basic", "chain", "hmac"} {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/"+key+"/v1/charges/ch_1?expand=customer", nil)
		r.Header.Set("X-Api-Key", w.prod)
		answer := httptest.NewRecorder()
		sides = append(sides, &measured{name: key, call: func() {
			clear(answer.Header())
			if w.gateway.ServeHTTP(answer, r); answer.Code != http.StatusOK {
				b.Fatalf("%s: got %d %s", key, answer.Code, answer.Body)
			}
		}})
	}
	begin := time.Now()
	compare(b, 50, func() time.Duration { return time.Since(begin) }, sides) // short enough to lie between two turns of somebody else on the machine
}

// addOAuth2 adds an OAuth2 secret whose access token lives.
func (w *world) addOAuth2(name, token string) {
	w.t.Helper()
	id := "id-" + name
	w.in.Secrets = append(w.in.Secrets, snapshot.Secret{ID: id, Name: name, Type: secret.OAuth2})
	w.in.Values = append(w.in.Values, w.seal(secret.Value{SecretID: id, EnvironmentID: production, Version: 1, Type: secret.OAuth2}, `{"grant_type":"client_credentials"}`))
	held := secret.Token{SecretID: id, EnvironmentID: production, Version: 1, Serial: 1, Type: "Bearer", ObtainedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
	var err error
	if held.Access, err = w.sealer.Seal(w.t.Context(), held.AccessBinding(account), secret.NewPlaintext([]byte(token))); err != nil {
		w.t.Fatal(err)
	}
	w.in.AccessTokens = append(w.in.AccessTokens, held)
}

// BenchmarkCertificate compares calls over loopback, one after the other, on connections that are kept: to a server that
// demands a client certificate and to one in the clear, each through the gateway and directly. It counts CPU, of caller,
// gateway and server together.
func BenchmarkCertificate(b *testing.B) {
	bank := newIssuer(b)
	demands := bank.bank()
	clearText := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "of production") }))
	b.Cleanup(clearText.Close)
	w := newWorld(b, map[string]string{
		"certified": `{"target_url":"` + demands.URL + `","client_certificate":"{{secret:bank}}"}`,
		"clear":     `{"target_url":"` + clearText.URL + `"}`,
	}, func(w *world) {
		w.in.Secrets = append(w.in.Secrets, snapshot.Secret{ID: "id-bank", Name: "bank", Type: secret.Certificate})
		w.addCertificate("bank", production, 1, bank.input("of production", bank))
	}).serve()
	cert, key := bank.make("of nobody", nil)
	transport := &http.Transport{ForceAttemptHTTP2: true, DisableCompression: true, TLSClientConfig: &tls.Config{
		RootCAs: bank.pool(), MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
	}}
	b.Cleanup(transport.CloseIdleConnections)
	var sides []*measured
	for _, side := range []struct{ name, url string }{
		{"clear", "http://" + w.address + "/clear"},
		{"certified", "http://" + w.address + "/certified"},
		{"direct-clear", clearText.URL},
		{"direct-certified", demands.URL},
	} {
		sides = append(sides, &measured{name: side.name, call: func() {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, side.url+"/v1/accounts", nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Lockage-Key", w.prod)
			answer, err := transport.RoundTrip(r)
			if err != nil {
				b.Fatal(err)
			}
			defer answer.Body.Close()
			if n, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK || n == 0 {
				b.Fatalf("%s: got %d, %v", side.name, answer.StatusCode, err)
			}
		}})
	}
	compare(b, 100, cpuTime, sides)
}
