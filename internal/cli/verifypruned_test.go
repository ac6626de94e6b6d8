package cli_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/server"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/wire"
)

// anchored is the signed anchor of a log whose first n entries were pruned.
func anchored(t *testing.T, log []wire.AuditEntry, n int) string {
	t.Helper()
	e := log[n-1]
	note, err := audit.Anchor{Account: "a", Entries: e.Sequence, Hash: e.Hash, Time: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}.Sign(checkpointSeed)
	if err != nil {
		t.Fatal(err)
	}
	return string(note)
}

// export is an export of a log in JSON lines.
func export(log []wire.AuditEntry, anchor string) []byte {
	var b bytes.Buffer
	last := log[len(log)-1]
	fmt.Fprintf(&b, "%s\n", audit.Line(wire.AuditExportLine{Begin: &wire.AuditExportBegin{Form: wire.ExportForm, Account: "a", To: last.Sequence, Whole: true, Anchor: anchor}}))
	for _, e := range log {
		fmt.Fprintf(&b, "%s\n", entryOf(e).JSON())
	}
	fmt.Fprintf(&b, "%s\n", audit.Line(wire.AuditExportLine{End: &wire.AuditExportEnd{Entries: int64(len(log)), Last: last.Sequence, Hash: last.Hash}}))
	return b.Bytes()
}

func TestAuditVerifyOfAPrunedExport(t *testing.T) {
	log := chain(8)
	key := checkpointKey(t, "a")
	const pruned = "entries 1 to 3 were pruned until 2026-06-01 00:00:00Z, as the signed anchor says\n"
	intact := func(n, last int) string {
		return fmt.Sprintf("%d entries are intact; the last has the hash %s\n", n, log[last-1].Hash)
	}
	other := anchored(t, log, 5)
	for name, tt := range map[string]struct {
		files [][]byte
		args  []string
		want  result
	}{
		"whole":              {[][]byte{export(log[3:], anchored(t, log, 3))}, []string{"--key", key}, result{0, intact(5, 8) + pruned, ""}},
		"one entry":          {[][]byte{export(log[1:], anchored(t, log, 1))}, []string{"--key", key}, result{0, intact(7, 8) + "entry 1 was pruned 2026-06-01 00:00:00Z, as the signed anchor says\n", ""}},
		"more was taken out": {[][]byte{export(log[4:], anchored(t, log, 3))}, []string{"--key", key}, result{1, "no entry is intact\n" + pruned, "lockage: audit entry 5: entries are missing before it: number 4 was expected\n"}},
		"without an anchor":  {[][]byte{export(log[3:], "")}, []string{"--key", key}, result{1, "no entry is intact\n", "lockage: audit entry 4: entries are missing before it: number 1 was expected\n"}},
		"with a checkpoint for an anchor": {
			[][]byte{export(log[3:], string(checkpointOf(t, log, 3)))},
			[]string{"--key", key},
			result{1, "", "lockage: the anchor that says which entries were pruned does not hold: it is not an anchor of an audit log\n"},
		},
		"with another's anchor": {
			[][]byte{export(log[3:], strings.Replace(anchored(t, log, 3), "\n3\n", "\n4\n", 1))},
			[]string{"--key", key},
			result{1, "", "lockage: the anchor that says which entries were pruned does not hold: its signature is not one of this key: it was changed, or another key made it\n"},
		},
		"with the key of another account": {
			[][]byte{export(log[3:], anchored(t, log, 3))},
			[]string{"--key", checkpointKey(t, "b")},
			result{1, "", "lockage: the anchor that says which entries were pruned does not hold: it is of another account than the key\n"},
		},
		"two that overlap":          {[][]byte{export(log[5:], other), export(log[3:6], anchored(t, log, 3))}, []string{"--key", key}, result{0, intact(5, 8) + pruned, ""}},
		"two with a gap":            {[][]byte{export(log[6:], anchored(t, log, 6)), export(log[3:5], anchored(t, log, 3))}, []string{"--key", key}, result{1, intact(2, 5) + pruned, "lockage: audit entry 7: entries are missing before it: number 6 was expected\n"}},
		"one from before pruning":   {[][]byte{export(log[5:], other), export(log[:6], "")}, nil, result{0, intact(8, 8), ""}},
		"a checkpoint of what left": {[][]byte{export(log[3:], anchored(t, log, 3))}, []string{"--key", key, "--checkpoint", kept(t, "cp", bytes.Join([][]byte{checkpointOf(t, log, 2), checkpointOf(t, log, 7)}, []byte("\n")))}, result{0, intact(5, 8) + pruned + "1 checkpoint holds; the newest, of entry 7, was made 2026-01-02 03:04:06Z; 1 other is of pruned entries\n", ""}},
		"only one of what went":     {[][]byte{export(log[3:], anchored(t, log, 3))}, []string{"--key", key, "--checkpoint", kept(t, "cp", checkpointOf(t, log, 2))}, result{1, intact(5, 8) + pruned, "lockage: the checkpoints prove nothing of what is left: the newest, made 2026-01-02 03:04:06Z, is of entry 2, which was pruned\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t)
			args := append([]string{"audit", "verify"}, tt.args...)
			for i, f := range tt.files {
				args = append(args, kept(t, strconv.Itoa(i)+".jsonl", f))
			}
			if got := run(t, "", args...); got != tt.want {
				t.Errorf("got\n%+v, want\n%+v", got, tt.want)
			}
		})
	}
	alone(t)
	got := run(t, "", "audit", "verify", kept(t, "log.jsonl", export(log[3:], anchored(t, log, 3))))
	if got.code != 2 || !strings.Contains(got.err, "--key is missing: the log begins later") {
		t.Errorf("without a key: got %+v", got)
	}
	got = run(t, "", "audit", "verify", "--json", "--key", key, kept(t, "log.jsonl", export(log[3:], anchored(t, log, 3))))
	var told struct {
		Intact int
		Pruned struct {
			Entries int
			Hash    string
			Time    string
		}
	}
	if err := json.Unmarshal([]byte(got.out), &told); err != nil || told.Intact != 5 || told.Pruned.Entries != 3 || told.Pruned.Hash != log[2].Hash || told.Pruned.Time != "2026-06-01T00:00:00.000Z" {
		t.Errorf("in JSON: got %+v", got)
	}
}

// A log that is pruned while it is read is read again.
func TestAuditVerifyWhileItIsPruned(t *testing.T) {
	log, first := chain(9), 2 // what is left begins behind so many
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/checkpoint") {
			data, err := json.Marshal(wire.AuditCheckpoint{Key: checkpointKey(t, "a"), Anchor: anchored(t, log, first), Pruned: int64(first)})
			if err != nil {
				t.Error(err)
			}
			fmt.Fprintf(w, `{"data":%s,"meta":{}}`, data)
			return
		}
		after, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
		if asked++; asked == 2 {
			first = 7 // before the second page
		}
		from := max(after, first)
		to, next := min(from+2, len(log)), ""
		if to < len(log) {
			next = strconv.Itoa(to)
		}
		data, err := json.Marshal(log[from:to])
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, `{"data":%s,"meta":{"next_cursor":%q}}`, data, next)
	}))
	t.Cleanup(server.Close)
	alone(t)
	t.Setenv("LOCKAGE_ADDRESS", server.URL)
	t.Setenv("LOCKAGE_TOKEN", "tk_test")
	want := result{0, "2 entries are intact; the last has the hash " + log[8].Hash + "\nentries 1 to 7 were pruned until 2026-06-01 00:00:00Z, as the signed anchor says\n", ""}
	if got := run(t, "", "audit", "verify"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	first, asked = 5, 2 // and one with another key is not believed
	other, err := audit.CheckpointKey("a", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, ed25519.SeedSize)).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	if got := run(t, "", "audit", "verify", "--key", other); got.code != 1 || !strings.Contains(got.err, "its signature is not one of this key") {
		t.Errorf("with another key: got %+v", got)
	}
}

// age brings all entries of a log that is not served so far into the past, as if they had been recorded then.
func age(t *testing.T, path string, by time.Duration) {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, store.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	var log []audit.Entry
	err = s.ReadAll(ctx, func(tx *store.Tx) error {
		accounts, err := tx.Accounts(ctx)
		if err != nil {
			return err
		}
		log, err = tx.AuditOf(ctx, accounts[0], 0, 10_000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path) // the driver is the store's
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	prev := ""
	for _, e := range log {
		e.Time = e.Time.Add(-by)
		e = e.Seal(prev)
		prev = e.Hash
		if _, err := db.ExecContext(ctx, `UPDATE audit_entries SET time = $1, prev = $2, hash = $3 WHERE sequence = $4`, e.Time.UnixMilli(), e.Prev, e.Hash, e.Sequence); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.ExecContext(ctx, `UPDATE accounts SET audit_hash = $1`, prev); err != nil {
		t.Fatal(err)
	}
}

// TestRetentionOfTheAuditLog is the story of a log that grows old, with a real server and the command line.
func TestRetentionOfTheAuditLog(t *testing.T) {
	folder := alone(t)
	cfg := server.Defaults()
	cfg.Data, cfg.Listen, cfg.GatewayListen = filepath.Join(folder, "data"), "127.0.0.1:0", "127.0.0.1:0"
	path := filepath.Join(cfg.Data, "lockage.db")
	start := func() (stop func()) {
		t.Helper()
		running, err := server.Start(context.Background(), cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("LOCKAGE_ADDRESS", "http://"+running.ControlAddress())
		if running.Bootstrapped != nil {
			t.Setenv("LOCKAGE_TOKEN", running.Bootstrapped.Token)
		}
		return func() {
			if err := running.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}
	ok := func(args ...string) string {
		t.Helper()
		got := run(t, "", args...)
		if got.code != 0 {
			t.Fatalf("lockage %s: %+v", strings.Join(args, " "), got)
		}
		return got.out
	}
	stop := start()
	if got := run(t, "", "account", "set", "--audit-retention", "30d"); got.code != 1 || !strings.Contains(got.err, "audit.retention: must be whole days from 90d to 3650d") {
		t.Errorf("30 days: got %+v", got)
	}
	if out := ok("account", "get"); !regexp.MustCompile(`(?m)^audit log kept: +for ever$`).MatchString(out) {
		t.Errorf("at first: got %s", out)
	}
	if out := ok("account", "set", "--audit-retention", "100d"); !regexp.MustCompile(`(?m)^audit log kept: +100d$`).MatchString(out) {
		t.Errorf("set: got %s", out)
	}
	ok("secrets", "create", "stripe")
	stop()
	age(t, path, 102*24*time.Hour)

	stop = start()
	defer func() { stop() }()
	var made wire.AuditCheckpoint
	for end := time.Now().Add(60 * time.Second); made.Pruned == 0; {
		if time.Now().After(end) {
			t.Fatal("nothing was pruned")
		}
		if err := json.Unmarshal([]byte(ok("audit", "checkpoint", "--json")), &made); err != nil {
			t.Fatal(err)
		}
	}
	public := filepath.Join(folder, "lockage.pub")
	if err := os.WriteFile(public, []byte(ok("audit", "key")), 0o600); err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprintf("\nentries 1 to %d were pruned until ", made.Pruned)
	for _, args := range [][]string{{}, {"--key", public}} {
		if out := ok(append([]string{"audit", "verify"}, args...)...); !strings.Contains(out, said) {
			t.Errorf("verify %v: got %s, want %q", args, out, said)
		}
	}
	if out := ok("audit", "list", "--action", "audit.prune"); !strings.Contains(out, fmt.Sprintf("last=%d", made.Pruned)) || !strings.Contains(out, "retention=100d") {
		t.Errorf("what is recorded: got %s", out)
	}
	file := filepath.Join(folder, "log.jsonl")
	ok("audit", "export", "--out", file)
	if out := ok("audit", "verify", file, "--key", public); !strings.Contains(out, said) {
		t.Errorf("of the export: got %s", out)
	}
	// an entry more than the anchor says
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ok("secrets", "create", "other")
	if _, err := db.ExecContext(t.Context(), `DELETE FROM audit_entries WHERE sequence = $1`, made.Pruned+1); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("lockage: audit entry %d: entries are missing before it: number %d was expected\n", made.Pruned+2, made.Pruned+1)
	if got := run(t, "", "audit", "verify"); got.code != 1 || got.err != want {
		t.Errorf("after one more was taken out: got %+v, want %q", got, want)
	}
	// and an anchor that is gone
	if _, err := db.ExecContext(t.Context(), `DELETE FROM audit_anchors`); err != nil {
		t.Fatal(err)
	}
	if got := run(t, "", "audit", "verify"); got.code != 1 || !strings.Contains(got.err, "entries are missing before it: number 1 was expected") {
		t.Errorf("without the anchor: got %+v", got)
	}
}
