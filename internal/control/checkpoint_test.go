package control_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

func (x *fixture) checkpoint(t *testing.T) control.SignedCheckpoint {
	t.Helper()
	s, err := x.AuditCheckpoint(t.Context(), x.admin)
	if err != nil {
		t.Fatalf("checkpoint: %v", err)
	}
	return s
}

func TestACheckpointIsOfTheHead(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		x.clock.pass(time.Minute)
		s, log := x.checkpoint(t), x.entries(t)
		last := log[len(log)-1]
		want := audit.Checkpoint{Account: x.account, Entries: last.Sequence, Hash: last.Hash, Time: x.clock.Now()}
		got, err := audit.OpenCheckpoint(s.Note, s.Key)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || s.Checkpoint != want {
			t.Errorf("got %v and %+v (-want +got):\n%s", err, s.Checkpoint, diff)
		}
		if !strings.HasPrefix(s.Key, "lockage/"+x.account+"+") {
			t.Errorf("got the key %s, want one of the account", s.Key)
		}
		n := len(log)
		for _, who := range []access.Principal{x.developer, x.support, x.viewer, x.with("local", access.Grant{Environment: x.production, Role: access.Owner})} {
			_, err := x.AuditCheckpoint(t.Context(), who)
			wantFault(t, "by "+who.Name, err, fault.Forbidden, "")
		}
		if got := x.newest(t, n); len(got) != 4 || got[0].Action != "audit.read" || got[0].Outcome != audit.Refused {
			t.Errorf("got entries %+v, want the four refusals", got)
		}
		later := x.checkpoint(t)
		if later.Key != s.Key || later.Entries != s.Entries+4 {
			t.Errorf("later: got %d entries and the key %s, want %d and %s", later.Entries, later.Key, s.Entries+4, s.Key)
		}
		// the other account's has the same key under another name, and is another's
		theirs, err := x.AuditCheckpoint(t.Context(), x.foreign.owner)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := audit.OpenCheckpoint(theirs.Note, s.Key); err == nil || theirs.Key == s.Key {
			t.Errorf("the other account's checkpoint opens with the key %s", s.Key)
		}
	})
}

func TestCheckpointsAreOfWhatMoved(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		known := map[string]string{}
		moved := func(account, hash string) bool { return known[account] != hash }
		read := func(what string, want ...string) {
			t.Helper()
			list, err := x.AuditCheckpoints(t.Context(), moved)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range list {
				got = append(got, s.Account)
				known[s.Account] = s.Hash
				if c, err := audit.OpenCheckpoint(s.Note, s.Key); err != nil || c != s.Checkpoint {
					t.Errorf("%s: got %+v and %v, want a note of %+v", what, c, err, s.Checkpoint)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: accounts (-want +got):\n%s", what, diff)
			}
		}
		read("first", x.account, x.foreign.account)
		read("again")
		x.createSecret(t, "stripe")
		read("after a change", x.account)
	})
}

// However many processes need the key first, there is one.
func TestTheKeyOfCheckpointsIsMadeOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		var group sync.WaitGroup
		keys := make([]string, 8)
		for i := range keys {
			process := open(t, x.settings)
			group.Go(func() {
				s, err := process.AuditCheckpoint(t.Context(), x.owner)
				if keys[i] = s.Key; err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for _, key := range keys {
			if key != keys[0] || key == "" {
				t.Fatalf("got the keys %v, want one", keys)
			}
		}
	})
}

// A key that is not the one that was made, or was made for something else, signs nothing.
func TestTheKeyOfCheckpointsIsBound(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.checkpoint(t)
		stored := map[string][]byte{}
		err := x.store.ReadAll(t.Context(), func(tx *store.Tx) error {
			for _, name := range []string{"signing_key", "checkpoint_key", "pepper_check"} {
				value, err := tx.Setting(t.Context(), name)
				if stored[name] = value; err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range stored {
			x.exec(t, `UPDATE installation SET value = $1 WHERE name = 'checkpoint_key'`, value)
			s, err := open(t, x.settings).AuditCheckpoint(t.Context(), x.owner)
			if name == "checkpoint_key" {
				if err != nil {
					t.Errorf("as it was: %v", err)
				}
				continue
			}
			if err == nil || fault.KindOf(err) != fault.Internal || name == "signing_key" && !errors.Is(err, secret.ErrSeal) {
				t.Errorf("with the value of %s: got %+v and %v, want it refused", name, s, err)
			}
		}
		x.exec(t, `UPDATE installation SET value = $1 WHERE name = 'checkpoint_key'`, stored["checkpoint_key"])
	})
}
