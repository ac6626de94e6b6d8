package control_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/oauth"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// What tells a child of the test what to work on.
const (
	workPath  = "LOCKAGE_WORK_PATH"  // of SQLite
	workURL   = "LOCKAGE_WORK_URL"   // of PostgreSQL
	workClock = "LOCKAGE_WORK_CLOCK" // what its clock shows at first, in milliseconds
)

// TestKilledAtWork kills a process that renews tokens and stages and activates versions, both without a pause, 100 times
// at any moment. Each time what is there is what was acknowledged, or that and the one step that was being made: one
// version is in force, every value opens and is the one of its version, and the refresh token is good at the provider,
// which gave a new one with each use and takes an old one only until the new one was used.
func TestKilledAtWork(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		x.online(t)
		p := testkit.NewProvider(t, time.Hour)
		p.Leeway()
		x.authorize(t, p, "development")
		x.createSecret(t, "ours")
		x.setValue(t, "ours", "development", valueOf(1))
		if err := errors.Join(x.store.Close(), x.db.Close()); err != nil { // who comes after a crash is alone
			t.Fatal(err)
		}
		var kept *store.Store
		kills, steps, tokens, broken := 100, 0, int64(0), 0
		if testing.Short() || raceEnabled { // the detector sees nothing of what processes share
			kills = 10
		}
		for i := range kills {
			x.clock.pass(1000 * time.Hour) // whoever held a lease is long gone
			child := startWorker(t, c, x.clock.Now())
			said := child.kill(t, rand.N(8)) //nolint:gosec // any moment will do
			y := *x
			if kept == nil {
				kept = reopen(t, x.config)
			}
			y.store = kept
			if serial := y.checkToken(t, p, said); serial < tokens {
				t.Errorf("kill %d: the tokens are of serial %d, after %d", i, serial, tokens)
			} else {
				tokens = serial
			}
			y.checkVersions(t, said)
			steps += said.steps
			if said.trying != said.done {
				broken++
			}
			if i == kills-1 {
				y.checkService(t, p)
			}
			if c.URL == "" { // SQLite repairs what a crash left when it is opened by somebody who is alone
				if err := kept.Close(); err != nil {
					t.Fatal(err)
				}
				kept = nil
			}
			if t.Failed() {
				t.Fatalf("kill %d: it had said %+v", i, said)
			}
		}
		if kept != nil {
			if err := kept.Close(); err != nil {
				t.Error(err)
			}
		}
		if steps < kills/4 || tokens < int64(kills)/4 || broken < kills/4 {
			t.Errorf("%d steps and %d tokens in %d processes, %d killed within a step: nothing was interrupted", steps, tokens, kills, broken)
		}
		t.Logf("%d kills, %d of them within a step of %d, and %d tokens", kills, broken, steps, tokens)
	})
}

func reopen(t *testing.T, c store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valueOf(version int64) string { return "the value of version " + strconv.FormatInt(version, 10) }

// worker is a child that works until it is killed.
type worker struct {
	cmd   *exec.Cmd
	lines chan string
}

// said is what a worker told before it was killed.
type said struct {
	done, trying position // the last step that was acknowledged, and the one that was begun last
	steps        int
	serial       int64 // of the last tokens that were acknowledged
}

// position is where a value stands.
type position struct{ Active, Staged, Last int64 }

func startWorker(t *testing.T, c store.Config, now time.Time) *worker {
	t.Helper()
	w := &worker{cmd: exec.Command(os.Args[0], "-test.run", "^TestWorker$", "-test.count", "1"), lines: make(chan string, 1<<16)}
	w.cmd.Env = append(os.Environ(), workPath+"="+c.Path, workURL+"="+c.URL, workClock+"="+strconv.FormatInt(now.UnixMilli(), 10))
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	w.cmd.Stderr = os.Stderr
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.lines)
		for r := bufio.NewReader(out); ; {
			line, err := r.ReadString('\n')
			if err != nil { // the last line may be half a one
				return
			}
			w.lines <- strings.TrimSpace(line)
		}
	}()
	t.Cleanup(func() { _ = w.cmd.Process.Kill() })
	if line := <-w.lines; line != "ready" {
		t.Fatalf("the worker said %q, want ready", line)
	}
	return w
}

// kill ends the worker as a power cut does, some time after it has said so many lines, and answers what it had said.
func (w *worker) kill(t *testing.T, after int) (s said) {
	t.Helper()
	die := time.AfterFunc(time.Hour, func() { _ = w.cmd.Process.Kill() })
	for n := 0; ; n++ {
		if n == after {
			die.Reset(rand.N(10 * time.Millisecond)) //nolint:gosec // any moment will do
		}
		line, ok := <-w.lines
		if !ok {
			break
		}
		kind, rest, _ := strings.Cut(line, " ")
		var p position
		switch kind {
		case "try", "done":
			if _, err := fmt.Sscan(rest, &p.Active, &p.Staged, &p.Last); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if s.trying = p; kind == "done" {
				s.done, s.steps = p, s.steps+1
			}
		case "token":
			if _, err := fmt.Sscan(rest, &s.serial); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
		default:
			t.Errorf("the worker: %s", line)
		}
	}
	_ = w.cmd.Wait() // it was killed
	return s
}

// checkVersions compares the value with what the worker said.
func (x *fixture) checkVersions(t *testing.T, said said) {
	t.Helper()
	slot := x.slotOf(t, "ours", x.development)
	at := position{slot.Active, slot.Staged, slot.Last}
	if said.steps > 0 && at != said.done && at != said.trying {
		t.Errorf("the value stands at %+v, want %+v or %+v", at, said.done, said.trying)
	}
	err := x.store.Read(t.Context(), x.account, func(tx *store.Tx) error {
		values, err := tx.Values(t.Context(), x.development, slot.SecretID)
		found := map[int64]bool{}
		for _, v := range values {
			found[v.Version] = true
			opener, err := x.settings.Sealer.Open(t.Context(), v.Binding(x.account), v.Sealed)
			if err != nil {
				return fmt.Errorf("version %d: %w", v.Version, err)
			}
			if plain, err := opener.AppendTo(nil); err != nil || string(plain) != valueOf(v.Version) {
				t.Errorf("version %d holds another value, %v", v.Version, err)
			}
		}
		if !found[at.Active] || at.Staged != 0 && !found[at.Staged] || !found[at.Last] {
			t.Errorf("of %+v only the versions %v are there", at, found)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// checkToken opens the tokens, asks the provider for the refresh token, and answers their serial.
func (x *fixture) checkToken(t *testing.T, p *testkit.Provider, said said) int64 {
	t.Helper()
	token := x.tokenOf(t)
	if token.Serial < said.serial {
		t.Errorf("the tokens are of serial %d, but %d was acknowledged", token.Serial, said.serial)
	}
	if err := x.open(t, token.AccessBinding(x.account), token.Access); err != nil {
		t.Errorf("the access token: %v", err)
	}
	opener, err := x.settings.Sealer.Open(t.Context(), token.RefreshBinding(x.account), token.Refresh)
	if err != nil {
		t.Fatalf("the refresh token: %v", err)
	}
	refresh, err := opener.AppendTo(nil)
	if err != nil || !p.Good(string(refresh)) {
		t.Errorf("the refresh token of serial %d is of no use at the provider any more (%v)", token.Serial, err)
	}
	return token.Serial
}

func (x *fixture) tokenOf(t *testing.T) (token secret.Token) {
	t.Helper()
	err := x.store.Read(t.Context(), x.account, func(tx *store.Tx) error {
		s, err := tx.Secret(t.Context(), "google")
		if err != nil {
			return err
		}
		token, err = tx.OAuth2Token(t.Context(), x.development, s.ID, 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// checkService sees that all goes on.
func (x *fixture) checkService(t *testing.T, p *testkit.Provider) {
	t.Helper()
	x.clock.pass(1000 * time.Hour)
	x.work(t)
	if err := x.settings.Holder.RefreshAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if state, ok := x.settings.Holder.Account(x.account); !ok || len(state.Problems()) > 0 {
		t.Errorf("the gateway's state: got %v, want one without problems", state)
	}
	token := x.tokenOf(t)
	if err := x.RenewToken(t.Context(), x.account, x.development, token.SecretID, token.Version, token.Serial); err != nil {
		t.Errorf("renew: %v", err)
	}
	if after := x.tokenOf(t); after.Serial != token.Serial+1 {
		t.Errorf("renewed: the tokens are of serial %d, want %d", after.Serial, token.Serial+1)
	}
	if text := x.accessToken(t, x.development, 1); !p.Valid(text) {
		t.Error("renewed: the provider does not know the access token")
	}
	x.verify(t, x.owner)
}

// work puts control over the fixture's store, with a client for token endpoints.
func (x *fixture) work(t *testing.T) {
	t.Helper()
	x.settings = settings(t, x.store, 1, 2)
	x.settings.Now = x.clock.Now
	x.settings.Tokens = oauth.New(oauth.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	x.Control = open(t, x.settings)
}

// TestWorker is what TestKilledAtWork kills.
func TestWorker(t *testing.T) {
	c := store.Config{Path: os.Getenv(workPath), URL: os.Getenv(workURL)}
	if c.Path == "" && c.URL == "" {
		t.Skip("it works for TestKilledAtWork")
	}
	now, err := strconv.ParseInt(os.Getenv(workClock), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	x := &fixture{clock: &clock{now: time.UnixMilli(now).UTC()}, hidden: map[string]string{}, account: ourAccount}
	c.Now = x.clock.Now
	x.config, x.store = c, testkit.Open(t, c)
	x.work(t)
	x.owner = x.member(access.Owner)
	end := time.AfterFunc(20*time.Second, func() { os.Exit(1) }) // it must not outlive a test that was killed itself
	defer end.Stop()
	say := func(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	say(os.Stdout, "ready")
	var group sync.WaitGroup
	group.Go(func() { say(os.Stdout, "renew: %v", x.renewForEver(t, say)) })
	group.Go(func() { say(os.Stdout, "activate: %v", x.activateForEver(t, say)) })
	group.Wait()
}

func (x *fixture) renewForEver(t *testing.T, say func(io.Writer, string, ...any)) error {
	s, err := x.GetSecret(t.Context(), x.owner, "google")
	if err != nil {
		return err
	}
	e, err := x.GetEnvironment(t.Context(), x.owner, "development")
	if err != nil {
		return err
	}
	x.development = e.ID
	for {
		serial := x.tokenOf(t).Serial
		x.clock.pass(2 * time.Hour) // the token has expired
		if err := x.RenewToken(t.Context(), x.account, e.ID, s.ID, 1, serial); err != nil {
			return err
		}
		say(os.Stdout, "token %d", serial+1)
	}
}

// activateForEver stages a version, puts it in force, and goes back to the one before.
func (x *fixture) activateForEver(t *testing.T, say func(io.Writer, string, ...any)) error {
	e, err := x.GetEnvironment(t.Context(), x.owner, "development")
	if err != nil {
		return err
	}
	slot := x.slotOf(t, "ours", e.ID)
	at := position{slot.Active, slot.Staged, slot.Last}
	step := func(to position, do func() error) error {
		say(os.Stdout, "try %d %d %d", to.Active, to.Staged, to.Last)
		if err := do(); err != nil {
			return err
		}
		at = to
		say(os.Stdout, "done %d %d %d", to.Active, to.Staged, to.Last)
		return nil
	}
	activate := func(version int64) error {
		if version == at.Active {
			return nil
		}
		to := position{version, at.Staged, at.Last}
		if to.Staged == version {
			to.Staged = 0
		}
		return step(to, func() error {
			_, err := x.ActivateSecretVersion(t.Context(), x.owner, "ours", "development", version)
			return err
		})
	}
	for {
		before, next := at.Active, at.Last+1
		err := step(position{at.Active, next, next}, func() error {
			v := text(valueOf(next))
			v.Stage = true
			_, err := x.SetSecretValue(t.Context(), x.owner, "ours", "development", v)
			return err
		})
		if err != nil {
			return err
		}
		if err := errors.Join(activate(next), activate(before), activate(next)); err != nil {
			return err
		}
	}
}
