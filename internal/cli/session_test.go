package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lockage/lockage/internal/cli"
	"github.com/lockage/lockage/internal/server"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lockage": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		os.Exit(cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}})
}

// TestSessions plays each file of testdata as a person would at a terminal, with a real server of its own: lockage is
// the command line, $UPSTREAM answers with what it received, $TOKEN is an owner's.
func TestSessions(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: session,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"jsonenv": jsonEnv,
			"until":   until,
		},
	})
}

func session(env *testscript.Env) error {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		fmt.Fprintf(w, "%s %s\nAuthorization: %s\n%s", r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), body)
	}))
	env.Defer(upstream.Close)
	cfg := server.Defaults()
	cfg.Data = filepath.Join(env.WorkDir, "data")
	cfg.Listen, cfg.GatewayListen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.AllowUpstreams = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	running, err := server.Start(context.Background(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	env.Defer(func() {
		if err := running.Stop(context.Background()); err != nil {
			env.T().Log("stop the server:", err)
		}
	})
	env.Setenv("ADDRESS", "http://"+running.ControlAddress())
	env.Setenv("GATEWAY", "http://"+running.GatewayAddress())
	env.Setenv("UPSTREAM", upstream.URL)
	token := running.Bootstrapped.Token
	env.Setenv("TOKEN", token)
	env.Setenv("LOCKAGE_CONFIG_DIR", filepath.Join(env.WorkDir, "config"))
	// Under the race detector each command would otherwise wait a second before it ends.
	env.Setenv("GORACE", "atexit_sleep_ms=0")
	return os.WriteFile(filepath.Join(env.WorkDir, "token"), []byte(token+"\n"), 0o600)
}

// jsonEnv sets a variable to a field of the object that the last command printed: jsonenv KEY key.
func jsonEnv(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: jsonenv VARIABLE field")
	}
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &object))
	value, has := object[args[1]]
	if !has {
		ts.Fatalf("there is no field %s", args[1])
	}
	ts.Setenv(args[0], fmt.Sprint(value))
}

// until repeats a command until it prints what the pattern matches: until PATTERN command…
func until(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: until PATTERN command…")
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	deadline := time.After(10 * time.Second)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		select {
		case <-again.C:
		case <-deadline:
			ts.Fatalf("nothing matched %s", pattern)
		}
	}
}
