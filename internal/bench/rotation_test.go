package bench_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// storeValues puts sealed values into the database of a node that was stopped, as versions of one secret that are kept.
func storeValues(tb testing.TB, data string, n int) {
	tb.Helper()
	key, err := os.ReadFile(filepath.Join(data, "kek.key"))
	must(tb, err)
	kek, err := secret.NewLocalKEK(key)
	must(tb, err)
	sealer := secret.NewSealer(kek)
	s, err := store.Open(tb.Context(), store.Config{Path: filepath.Join(data, "lockage.db")})
	must(tb, err)
	var accounts []string
	must(tb, s.ReadAll(tb.Context(), func(tx *store.Tx) (err error) { accounts, err = tx.Accounts(tb.Context()); return err }))
	must(tb, s.Write(tb.Context(), accounts[0], func(tx *store.Tx) error {
		of, err := tx.Secret(tb.Context(), "stripe")
		must(tb, err)
		environments, err := tx.Environments(tb.Context())
		must(tb, err)
		for i := range n {
			v := secret.Value{
				SecretID: of.ID, EnvironmentID: environments[0].ID, Version: int64(1000 + i), Type: secret.String, Format: secret.FormatFacts,
				CreatedAt: tx.Now(), CreatedBy: "the measurement",
			}
			v.Sealed, err = sealer.Seal(tb.Context(), v.Binding(tx.Account()), secret.NewPlaintext(fmt.Appendf(nil, "sk_test_4eC39HqLyjWDarjt%08d", i)))
			must(tb, err)
			must(tb, tx.InsertValue(tb.Context(), v))
		}
		return tx.AppendAudit(tb.Context(), audit.Entry{Action: "secret.value.set", Outcome: audit.Allowed})
	}))
	must(tb, s.Close())
}

// pace makes calls through some connections with a pause after each, so that the machine is not busy with them alone,
// until stop is closed.
func pace(tb testing.TB, url, key string, stop <-chan struct{}) (l load) {
	tb.Helper()
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
				}
				r, err := http.NewRequest(http.MethodGet, url, nil)
				if err != nil {
					tb.Error(err)
					return
				}
				r.Header.Set("Lockage-Key", key)
				sent := time.Now()
				a, err := http.DefaultClient.Do(r)
				if err != nil {
					tb.Error(err)
					return
				}
				_ = a.Body.Close()
				if a.StatusCode != http.StatusOK {
					tb.Errorf("status %d", a.StatusCode)
					return
				}
				mu.Lock()
				l.latencies = append(l.latencies, time.Since(sent))
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	l.requests = len(l.latencies)
	slices.Sort(l.latencies)
	return l
}

// rotateValues rotates so many values while calls go on; it answers how long that took, and the calls before and meanwhile.
func rotateValues(tb testing.TB, values int, quiet time.Duration) (took time.Duration, before, meanwhile load) {
	tb.Helper()
	data, upstream := tb.TempDir(), startUpstream(tb)
	n, stop := launch(tb, data)
	key := publish(tb, n, upstream)
	stop()
	storeValues(tb, data, values)
	fresh := filepath.Join(data, "new.key")
	must(tb, os.WriteFile(fresh, []byte("0123456789abcdef0123456789abcdef"), 0o600))
	tb.Cleanup(start(tb, exec.Command(binary, "serve", "--data", data, "--listen", n.control, "--gateway-listen", n.gateway, "--dev",
		"--kek", "file:"+fresh, "--kek-old", "file:"+filepath.Join(data, "kek.key")), "LOCKAGE_BOOTSTRAP_TOKEN="+token))
	url := "http://" + n.gateway + "/charges/x"
	wait(tb, "http://"+n.gateway+"/_lockage/readyz")
	c, err := client.New(client.Config{Address: "http://" + n.control, Token: token})
	must(tb, err)

	over := make(chan struct{})
	time.AfterFunc(quiet, func() { close(over) })
	before = pace(tb, url, key, over)

	done := make(chan struct{})
	go func() {
		defer close(done)
		begin := time.Now()
		k, err := c.RotateEncryptionKey(tb.Context())
		for err == nil && k.Rotation.State != "none" && k.Rotation.Error == "" {
			time.Sleep(50 * time.Millisecond)
			k, err = c.EncryptionKeys(tb.Context())
		}
		if took = time.Since(begin); err != nil || k.Rotation.Left != 0 || k.Rotation.Done < int64(values) {
			tb.Errorf("rotation: got %+v, %v", k.Rotation, err)
		}
	}()
	meanwhile = pace(tb, url, key, done)
	return took, before, meanwhile
}

// BenchmarkRotation rotates the key of 100,000 values, in SQLite, while 16 connections make calls.
func BenchmarkRotation(b *testing.B) {
	const values = 100_000
	for range b.N {
		took, before, meanwhile := rotateValues(b, values, 20*time.Second)
		b.ReportMetric(took.Seconds(), "s/rotation")
		b.ReportMetric(values/took.Seconds(), "values/s")
		b.ReportMetric(float64(before.percentile(0.5).Microseconds())/1000, "p50-before-ms")
		b.ReportMetric(float64(meanwhile.percentile(0.5).Microseconds())/1000, "p50-meanwhile-ms")
		b.ReportMetric(float64(before.percentile(0.99).Microseconds())/1000, "p99-before-ms")
		b.ReportMetric(float64(meanwhile.percentile(0.99).Microseconds())/1000, "p99-meanwhile-ms")
		b.ReportMetric(float64(meanwhile.requests), "calls-meanwhile")
	}
}

// TestRotationMeasurementRuns keeps the measurement from rotting.
func TestRotationMeasurementRuns(t *testing.T) {
	if took, before, meanwhile := rotateValues(t, 300, 50*time.Millisecond); took == 0 || before.requests == 0 || meanwhile.requests == 0 {
		t.Errorf("got %v, %d calls before and %d meanwhile", took, before.requests, meanwhile.requests)
	}
}
