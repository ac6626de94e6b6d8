package cli_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lockage/lockage/internal/cli"
	"github.com/lockage/lockage/internal/server"
	"github.com/lockage/lockage/internal/testkit"
	"github.com/lockage/lockage/wire"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lockage": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		os.Exit(cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}})
}

// TestSessions plays each file of testdata as a person would at a terminal, with a real server of its own: lockage is
// the command line, $UPSTREAM answers with what it received, $TOKEN is an owner's, $MEMBER the session of $EMAIL, whose
// password is in the file password, $OPERATOR opens accounts, $PROVIDER an OAuth2 server that knows $CLIENT_ID, whose secret is in the file client.
func TestSessions(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: func(env *testscript.Env) error { return session(t, env) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"jsonenv": jsonEnv,
			"textenv": textEnv,
			"until":   until,
			"exits":   exits,
			"browse":  browse,
			"code":    oneTimeCode,
			"stale":   stale,
		},
	})
}

func session(t *testing.T, env *testscript.Env) error {
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
	cfg.OperatorToken, cfg.OpenSignup = "the-operators-token-of-these-tests-0123456789", true
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
	env.Setenv("OPERATOR", cfg.OperatorToken)
	token := running.Bootstrapped.Token
	env.Setenv("TOKEN", token)
	env.Setenv("EMAIL", running.Bootstrapped.Email)
	if err := os.WriteFile(filepath.Join(env.WorkDir, "password"), []byte(running.Bootstrapped.Password+"\n"), 0o600); err != nil {
		return err
	}
	member, err := logInAs(running)
	if err != nil {
		return err
	}
	env.Setenv("MEMBER", member)
	provider := testkit.NewProvider(t, time.Hour)
	env.Setenv("PROVIDER", provider.URL)
	env.Setenv("CLIENT_ID", testkit.ProviderClient)
	if err := os.WriteFile(filepath.Join(env.WorkDir, "client"), []byte(testkit.ProviderSecret+"\n"), 0o600); err != nil {
		return err
	}
	env.Setenv("LOCKAGE_CONFIG_DIR", filepath.Join(env.WorkDir, "config"))
	// Under the race detector each command would otherwise wait a second before it ends.
	env.Setenv("GORACE", "atexit_sleep_ms=0")
	return os.WriteFile(filepath.Join(env.WorkDir, "token"), []byte(token+"\n"), 0o600)
}

// logInAs is the session of the person that the first start made, who is another than the token.
func logInAs(running *server.Running) (string, error) {
	body, err := json.Marshal(wire.Login{Email: running.Bootstrapped.Email, Password: running.Bootstrapped.Password})
	if err != nil {
		return "", err
	}
	resp, err := http.Post("http://"+running.ControlAddress()+"/admin/auth/login", "application/json", bytes.NewReader(body)) //nolint:noctx // a test's own server
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer wire.LoginAnswer
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		return "", fmt.Errorf("log in: status %s (%w)", resp.Status, err)
	}
	return answer.Token, nil
}

// oneTimeCode writes what an authenticator shows, some steps of 30 seconds ahead, into a file: code FILE KEY STEPS.
func oneTimeCode(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: code FILE KEY STEPS")
	}
	steps, err := strconv.Atoi(args[2])
	ts.Check(err)
	code, err := totp.GenerateCode(args[1], time.Now().Add(time.Duration(steps)*30*time.Second))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(code+"\n"), 0o600))
}

// stale has everybody have proven who they are a day ago.
func stale(ts *testscript.TestScript, _ bool, _ []string) {
	db, err := sql.Open("sqlite", ts.MkAbs("data/lockage.db")+"?_pragma=busy_timeout(10000)")
	ts.Check(err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), `UPDATE sessions SET proved_at = proved_at - 86400000`)
	ts.Check(err)
}

// exits runs a command that ends with a code: exits CODE command…
func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE command…")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		code = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	ts.Logf("[stdout]\n%s[stderr]\n%s", ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	if want := args[0]; fmt.Sprint(code) != want {
		ts.Fatalf("got the exit code %d, want %s", code, want)
	}
}

// jsonEnv sets a variable to what a path leads to in what the last command printed: jsonenv ID overrides 0 id.
func jsonEnv(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: jsonenv VARIABLE path…")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &value))
	for _, step := range args[1:] {
		switch of := value.(type) {
		case map[string]any:
			value = of[step]
		case []any:
			i, err := strconv.Atoi(step)
			ts.Check(err)
			if i >= len(of) {
				ts.Fatalf("the list has %d items", len(of))
			}
			value = of[i]
		}
	}
	if value == nil {
		ts.Fatalf("there is nothing at %s", strings.Join(args[1:], " "))
	}
	ts.Setenv(args[0], fmt.Sprint(value))
}

// textEnv sets a variable to what the group of a pattern matches in what the last command printed: textenv VARIABLE PATTERN.
func textEnv(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: textenv VARIABLE PATTERN")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	found := pattern.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("nothing matched %s", pattern)
	}
	ts.Setenv(args[0], found[1])
}

// until repeats a command until it prints what the pattern matches: until PATTERN command…
func until(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: until PATTERN command…")
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	deadline := time.After(60 * time.Second)
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

// browse opens the URL of an authorization and follows it to its end, which must be of a status: browse STATUS URL. With
// "deny" behind it, the provider's answer is a refusal.
func browse(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: browse STATUS URL [deny]")
	}
	address := args[1]
	if len(args) > 2 {
		u, err := url.Parse(address)
		ts.Check(err)
		q := u.Query()
		address = q.Get("redirect_uri") + "?" + url.Values{"state": {q.Get("state")}, "error": {"access_denied"}}.Encode()
	}
	resp, err := http.Get(address) //nolint:gosec,noctx // a test's own servers
	ts.Check(err)
	defer resp.Body.Close()
	if strconv.Itoa(resp.StatusCode) != args[0] {
		ts.Fatalf("got the status %d, want %s", resp.StatusCode, args[0])
	}
}
