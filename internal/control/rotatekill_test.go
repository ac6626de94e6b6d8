package control_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

const (
	kills      = 100
	killValues = 700 // in four batches
	asRotator  = "LOCKAGE_TEST_ROTATOR"
)

// rotator is what a process that is to be killed is told.
type rotator struct {
	Path, URL string // of the database
	Account   string
	Keys      []byte // the one it is for, and the other
}

// TestRotator is run by TestKilledRotations in a process of its own: it rotates back and forth until it is killed.
func TestRotator(t *testing.T) {
	told := os.Getenv(asRotator)
	if told == "" {
		t.Skip("only in a process that another test starts")
	}
	var r rotator
	if err := json.Unmarshal([]byte(told), &r); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Config{Path: r.Path, URL: r.URL})
	if err != nil {
		t.Fatal(err)
	}
	x := &fixture{store: s, clock: &clock{now: time.Now()}, account: r.Account}
	x.owner = x.member("owner")
	for first := true; ; first = false {
		x.Control = open(t, x.holding(t, r.Keys[0], r.Keys[1]))
		if first {
			fmt.Println("\nready")
		}
		if _, err := x.RotateEncryptionKey(t.Context(), x.owner); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Rewrap(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.Keys[0], r.Keys[1] = r.Keys[1], r.Keys[0]
	}
}

// A process that is killed while it makes wraps anew, at any moment, leaves every value whole, and the next one goes on.
func TestKilledRotations(t *testing.T) {
	if testing.Short() || raceEnabled { // the detector sees nothing of what processes share
		t.Skip("starts and kills many processes")
	}
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		x.exec(t, `INSERT INTO installation (name, value) VALUES ('first_account', $1)`, []byte(x.account))
		want := x.manyValues(t, killValues)
		keys := []byte{3, 1}
		x.restart(t, keys[0], keys[1])
		mixed, span := 0, 40*time.Millisecond
		for range kills {
			x.killOne(t, rotator{c.Path, c.URL, x.account, keys}, rand.N(span))
			if x.wantValues(t, want) > 1 {
				mixed++
			} else if span < 400*time.Millisecond { // on a slow machine it takes longer until something is half done
				span += span / 8
			}
		}
		t.Logf("of %d kills %d came while values of both keys were there", kills, mixed)
		if mixed == 0 {
			t.Error("no kill came in the middle: nothing was tried")
		}
		x.restart(t, keys[0], keys[1])
		x.rotate(t)
		x.finish(t)
		x.wantValues(t, want)
		x.wantAllOpen(t)
		x.wantNothingOf(t, kekOf(t, keys[1]).ID())
		x.verify(t, x.owner)
	})
}

// manyValues sets values, as versions of one secret, and answers what they are.
func (x *fixture) manyValues(t *testing.T, n int) map[string]string {
	t.Helper()
	want := map[string]string{}
	id := x.createSecret(t, "many")
	x.setValue(t, "many", "development", "the first")
	err := x.store.Write(t.Context(), x.account, func(tx *store.Tx) error {
		for i := range n {
			v := secret.Value{
				SecretID: id, EnvironmentID: x.development, Version: int64(i + 2), Type: secret.String, Format: secret.FormatFacts,
				CreatedAt: tx.Now(), CreatedBy: "owner",
			}
			text, err := fmt.Sprintf("value %d", i), error(nil)
			if v.Sealed, err = x.settings.Sealer.Seal(t.Context(), v.Binding(x.account), plaintext(text)); err != nil {
				return err
			}
			if err := tx.InsertValue(t.Context(), v); err != nil {
				return err
			}
			want[fmt.Sprint(v.Version)] = text
		}
		return tx.AppendAudit(t.Context(), audit.Entry{Action: "secret.value.set", Outcome: audit.Allowed})
	})
	if err != nil {
		t.Fatal(err)
	}
	return want
}

// wantValues opens each of many values, and answers of how many keys they are.
func (x *fixture) wantValues(t *testing.T, want map[string]string) int {
	t.Helper()
	keys, found := map[string]bool{}, 0
	err := x.store.Read(t.Context(), x.account, func(tx *store.Tx) error {
		s, err := tx.Secret(t.Context(), "many")
		if err != nil {
			return err
		}
		list, err := tx.Values(t.Context(), x.development, s.ID)
		if err != nil {
			return err
		}
		for _, v := range list {
			text, ok := want[fmt.Sprint(v.Version)]
			if !ok {
				continue
			}
			found++
			keys[v.Sealed.KEK] = true
			opener, err := x.settings.Sealer.Open(t.Context(), v.Binding(x.account), v.Sealed)
			if err != nil {
				t.Errorf("version %d does not open: %v", v.Version, err)
				continue
			}
			if got, err := opener.AppendTo(nil); string(got) != text || err != nil {
				t.Errorf("version %d: got %q, %v", v.Version, got, err)
			}
		}
		return nil
	})
	if err != nil || found != len(want) {
		t.Fatalf("got %d of %d values, %v", found, len(want), err)
	}
	return len(keys)
}

// killOne starts a process that rotates, and kills it a time after it is ready.
func (x *fixture) killOne(t *testing.T, r rotator, after time.Duration) {
	t.Helper()
	told, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestRotator$", "-test.v")
	cmd.Env = append(os.Environ(), asRotator+"="+string(told))
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines, heard := bufio.NewScanner(out), []string(nil)
	for lines.Scan() {
		if lines.Text() == "ready" {
			time.Sleep(after)
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed, which is its error
			return
		}
		heard = append(heard, lines.Text())
	}
	_ = cmd.Wait()
	t.Fatalf("the process ended by itself: %s", strings.Join(heard, "\n"))
}
