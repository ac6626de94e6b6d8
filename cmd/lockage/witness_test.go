package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// checked is what audit verify finds with checkpoints.
type checked struct {
	Intact     int64
	Head       string
	Checkpoint struct {
		State       string
		Entries     int64
		From, To    int64
		Left        int64
		GoesOn      bool `json:"goes_on"`
		Checkpoints int
	}
}

// changes leaves n entries in the audit log.
func (w *world) changes(t *testing.T, name string, n int) {
	t.Helper()
	for i := range n {
		want[any](t, w.api(t, http.MethodPost, "/v1/secrets", fmt.Sprintf(`{"name":"%s%d"}`, name, i)), http.StatusCreated)
	}
}

// carried waits until a checkpoint of so many entries is in the file.
func carried(t *testing.T, path string, entries int64) {
	t.Helper()
	until(t, patience, fmt.Sprintf("a checkpoint of %d entries", entries), func() bool {
		raw, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(raw), fmt.Sprintf("\n%d\n", entries))
	})
}

// A database that is put back to an earlier state is intact in itself; what was kept elsewhere tells what it lost.
func TestARolledBackDatabase(t *testing.T) {
	t.Parallel()
	witness := filepath.Join(t.TempDir(), "witness.txt")
	w := newWorld(t, "--audit-checkpoint", witness, "--audit-checkpoint-every", "1s")
	key := w.file(t, "lockage.pub", w.runs(t, "", "audit", "key"))
	against := []string{"audit", "verify", "--json", "--checkpoint", witness, "--key", key}
	w.changes(t, "before", 3)
	var before, after, now checked
	read(t, w.runs(t, "", "audit", "verify", "--json"), &before)
	w.stop(t)
	backup := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(backup, os.DirFS(w.data)); err != nil {
		t.Fatal(err)
	}
	w.serve(t)
	w.changes(t, "after", 4)
	carried(t, witness, before.Intact+4)
	read(t, w.runs(t, "", against...), &after)
	if after.Checkpoint.State != "holds" || after.Intact != before.Intact+4 || after.Checkpoint.Entries != after.Intact || after.Checkpoint.Checkpoints < 2 {
		t.Fatalf("before it is put back: got %+v, want %d entries and checkpoints that hold", after, before.Intact+4)
	}
	export := w.file(t, "log.json", w.runs(t, "", "audit", "list", "--limit", "0", "--json"))
	w.stop(t)

	// Put back to the copy.
	if err := os.Rename(w.data, w.data+".lost"); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(w.data, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	for _, private := range []string{w.data, filepath.Join(w.data, "kek.key"), filepath.Join(w.data, "pepper.key"), filepath.Join(w.data, "lockage.db")} {
		mode := os.FileMode(0o600)
		if private == w.data {
			mode = 0o700
		}
		if err := os.Chmod(private, mode); err != nil {
			t.Fatal(err)
		}
	}
	w.serve(t)
	w.runs(t, "", "audit", "verify") // by itself it is a whole log
	lost := func(what string, goesOn bool, intact int64) {
		t.Helper()
		read(t, w.ends(t, 1, against...), &now)
		c := now.Checkpoint
		if c.State != "cut_off" || c.From != before.Intact+1 || c.To != after.Intact || c.Left != before.Intact || c.GoesOn != goesOn || now.Intact != intact {
			t.Errorf("%s: got %+v, want %d to %d cut off", what, now, before.Intact+1, after.Intact)
		}
	}
	lost("put back", false, before.Intact)
	said := w.refused(t, 1, "", "audit", "verify", "--checkpoint", witness, "--key", key)
	if want := fmt.Sprintf("lockage: entries %d to %d were cut off: the checkpoint made ", before.Intact+1, after.Intact); !strings.HasPrefix(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}

	// The log goes on, past where it was, with checkpoints of its own that hold; what was cut off stays known.
	w.changes(t, "since", 6)
	carried(t, witness, before.Intact+6)
	lost("gone on", true, before.Intact+6)

	// What was exported before is still proven, without a server.
	w.stop(t)
	read(t, w.runs(t, "", "audit", "verify", "--json", export, "--checkpoint", w.file(t, "early.txt", upTo(t, witness, after.Intact)), "--key", key), &now)
	if now.Checkpoint.State != "holds" || now.Intact != after.Intact {
		t.Errorf("the export: got %+v, want it whole", now)
	}
}

// upTo is the part of a file of checkpoints that ends with the one of so many entries.
func upTo(t *testing.T, path string, entries int64) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var early []string
	for note := range strings.SplitSeq(string(raw), "\n\nlockage/") {
		early = append(early, note)
		if lines := strings.Split(note, "\n"); len(lines) > 1 && lines[1] == fmt.Sprint(entries) {
			break
		}
	}
	return strings.Join(early, "\n\nlockage/") + "\n"
}
