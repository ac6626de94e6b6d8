package cli_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lockage/lockage/internal/cli"
	"github.com/lockage/lockage/internal/server"
)

// following is a command that goes on, and its output line by line.
type following struct {
	t     *testing.T
	lines *bufio.Scanner
	errs  strings.Builder
	code  int           // once it ended
	ended chan struct{} // closed when it has
	stop  func()
}

func follow(t *testing.T, args ...string) *following {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	f := &following{t: t, lines: bufio.NewScanner(r), ended: make(chan struct{}), stop: cancel}
	go func() {
		defer close(f.ended)
		f.code = cli.Run(ctx, args, strings.NewReader(""), w, &f.errs)
		_ = w.Close()
	}()
	t.Cleanup(func() { cancel(); _ = r.Close(); <-f.ended })
	return f
}

// line is the next line; it must have the text.
func (f *following) line(want string) string {
	f.t.Helper()
	if !f.lines.Scan() {
		<-f.ended
		f.t.Fatalf("ended with code %d and %q", f.code, f.errs.String())
	}
	if !strings.Contains(f.lines.Text(), want) {
		f.t.Errorf("got %q, want %q in it", f.lines.Text(), want)
	}
	return f.lines.Text()
}

func (f *following) ends(code int, errs string) {
	f.t.Helper()
	if f.lines.Scan() {
		f.t.Errorf("got %q, want the end", f.lines.Text())
	}
	<-f.ended
	if f.code != code || !strings.Contains(f.errs.String(), errs) || errs == "" && f.errs.Len() > 0 {
		f.t.Errorf("ended with code %d and %q, want %d and %q", f.code, f.errs.String(), code, errs)
	}
}

func TestLogsFollow(t *testing.T) {
	alone(t)
	upstream := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(upstream.Close)
	c := server.Defaults()
	c.Data, c.Listen, c.GatewayListen = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0", "127.0.0.1:0"
	c.AllowUpstreams = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	running, err := server.Start(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(context.Background()); err != nil {
			t.Errorf("stop the server: %v", err)
		}
	})
	t.Setenv("LOCKAGE_ADDRESS", "http://"+running.ControlAddress())
	t.Setenv("LOCKAGE_GATEWAY", "http://"+running.GatewayAddress())
	t.Setenv("LOCKAGE_TOKEN", running.Bootstrapped.Token)
	for _, args := range [][]string{{"routes", "create", "pay", "--target", upstream.URL}, {"commit", "-m", "pay"}} {
		if r := run(t, "", args...); r.code != 0 {
			t.Fatalf("%v: got %+v", args, r)
		}
	}
	call := func(path string) { run(t, "", "call", "pay", path, "-e", "development") } // it fails, for the upstream has nothing

	people := follow(t, "logs", "-f")
	people.line("TIME")
	call("/one")
	if line := people.line(" /pay/one "); !strings.Contains(line, " development ") || !strings.Contains(line, " 404 ") {
		t.Errorf("got %q", line)
	}
	// what a caller chose moves no cursor and begins no line
	call("/odd%0D%0A%1B[2J\u202e")
	if line := people.line("/pay/odd"); strings.ContainsAny(line, "\x1b\r\u202e") {
		t.Errorf("got %q", line)
	}
	two := follow(t, "logs", "list", "--follow", "--limit", "2", "--status", "4xx", "--environment", "development", "--json")
	var calls sync.WaitGroup
	calls.Go(func() { // until it listens and has seen them
		for {
			select {
			case <-two.ended:
				return
			default:
				call("/machine")
			}
		}
	})
	for range 2 {
		two.line(`"path":"/pay/machine"`)
	}
	two.ends(0, "")
	calls.Wait()
	people.stop()
	for people.lines.Scan() { // what it was shown meanwhile
	}
	people.ends(0, "")

	production := follow(t, "logs", "-f", "-e", "nowhere")
	production.ends(1, "no such environment")
	for _, args := range [][]string{{"--since", "1h"}, {"--until", "1h"}, {"--limit", "-1"}} {
		if r := run(t, "", append([]string{"logs", "-f"}, args...)...); r.code != 2 || !strings.Contains(r.err, args[0]) {
			t.Errorf("%v: got %+v, want code 2", args, r)
		}
	}
}
