// Package bench_test measures the whole program: `make bench`. Each figure is a ratio within one run, since machines
// differ and are shared; absolute figures are printed beside it only to tell what was compared. Nothing here is part of
// `make test` but the check that the measurements still run.
package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/testkit"
)

// binary is the program under measurement, built once, without the race detector.
var binary string

// asUpstream makes a child of the test binary an upstream: in a process of its own its work is not counted as the
// gateway's.
const asUpstream = "LOCKAGE_BENCH_UPSTREAM"

func TestMain(m *testing.M) {
	if address := os.Getenv(asUpstream); address != "" {
		serveUpstream(address)
		return
	}
	folder, err := os.MkdirTemp("", "lockage-bench-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(folder, "lockage")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", binary, "../../cmd/lockage").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, out))
	}
	defer os.RemoveAll(folder) // testkit.Main does not return when it fails; the folder is in the temporary one anyway
	testkit.Main(m)
}

// serveUpstream answers every request with 200 bytes of JSON until it is killed.
func serveUpstream(address string) {
	body := []byte(`{"id":"ch_1","object":"charge","amount":4200,"currency":"eur","status":"succeeded","description":"` + strings.Repeat("x", 100) + `"}`)
	err := http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cpu" {
			var u syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
			fmt.Fprintf(w, "process_cpu_seconds_total %f\n", time.Duration(u.Utime.Nano()+u.Stime.Nano()).Seconds())
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	}))
	panic(err)
}

func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startUpstream runs the upstream in a child.
func startUpstream(tb testing.TB) string {
	tb.Helper()
	address := freeAddress(tb)
	tb.Cleanup(start(tb, exec.Command(os.Args[0]), asUpstream+"="+address))
	wait(tb, "http://"+address+"/")
	return "http://" + address
}

// node is a server in a child.
type node struct{ control, gateway string }

const token = "tk_benchmark_0123456789"

// startNode runs the program on a data folder, waits until the gateway is ready, and ends it with the test.
func startNode(tb testing.TB, data string) node {
	tb.Helper()
	n, stop := launch(tb, data)
	tb.Cleanup(stop)
	return n
}

// launch is startNode for one who stops it before the end.
func launch(tb testing.TB, data string) (n node, stop func()) {
	tb.Helper()
	n = node{freeAddress(tb), freeAddress(tb)}
	stop = start(tb, exec.Command(binary, "serve", "--data", data, "--listen", n.control, "--gateway-listen", n.gateway, "--dev"),
		"LOCKAGE_BOOTSTRAP_TOKEN="+token)
	wait(tb, "http://"+n.gateway+"/_lockage/readyz")
	return n, stop
}

func start(tb testing.TB, cmd *exec.Cmd, variables ...string) (stop func()) {
	tb.Helper()
	var log bytes.Buffer
	cmd.Env = append(os.Environ(), variables...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	return func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		stop := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		stop.Stop()
		if tb.Failed() {
			tb.Log(log.String())
		}
	}
}

// wait asks until the address answers 200.
func wait(tb testing.TB, url string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		if r, err := http.Get(url); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(time.Millisecond) // between two questions; what is waited for is the answer
	}
	tb.Fatalf("%s did not become ready", url)
}

// metric reads one figure of a process in the Prometheus text format.
func metric(tb testing.TB, url, name string) float64 {
	tb.Helper()
	r, err := http.Get(url)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				tb.Fatal(err)
			}
			return v
		}
	}
	tb.Fatalf("%s has no %s", url, name)
	return 0
}
