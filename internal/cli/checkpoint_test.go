package cli_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/wire"
)

var checkpointSeed = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))

// kept writes things to files and gives their names.
func kept(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkpointOf is a signed checkpoint of a log after its first n entries, a second after the last of them.
func checkpointOf(t *testing.T, log []wire.AuditEntry, n int) []byte {
	t.Helper()
	e := log[n-1]
	signed, err := audit.Checkpoint{Account: "a", Entries: e.Sequence, Hash: e.Hash, Time: time.Time(e.Time).Add(time.Second)}.Sign(checkpointSeed)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func checkpointKey(t *testing.T, account string) string {
	t.Helper()
	key, err := audit.CheckpointKey(account, checkpointSeed.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAuditVerifyCheckpoint(t *testing.T) {
	log := chain(6)
	other := chain(6) // from the third entry on another, with the same times
	for i := 2; i < len(other); i++ {
		e := entryOf(other[i])
		e.Actor.Name, e.Prev = "another", other[i-1].Hash
		other[i] = wireOf(e.Seal(e.Prev))
	}
	since := append([]wire.AuditEntry(nil), log[:3]...) // cut back to the third, and gone on an hour later
	for i := range 4 {
		e := entryOf(log[i])
		e.Sequence, e.Time = int64(i+4), e.Time.Add(time.Hour)
		since = append(since, wireOf(e.Seal(since[len(since)-1].Hash)))
	}
	two, four, six := checkpointOf(t, log, 2), checkpointOf(t, log, 4), checkpointOf(t, log, 6)
	changed := bytes.Replace(six, []byte("\n6\n"), []byte("\n7\n"), 1)
	key := checkpointKey(t, "a")
	const intact = " entries are intact; the last has the hash "
	for name, tt := range map[string]struct {
		log        []wire.AuditEntry
		checkpoint []byte
		key        string
		code       int
		out, err   string
	}{
		"holds":       {log, six, key, 0, "6" + intact + log[5].Hash + "\nthe checkpoint of entry 6, made 2026-01-02 03:04:06Z, holds\n", ""},
		"gone on":     {log, two, key, 0, "6" + intact + log[5].Hash + "\nthe checkpoint of entry 2, made 2026-01-02 03:04:06Z, holds\n", ""},
		"several":     {log, bytes.Join([][]byte{two, six, four}, []byte("\n")), key, 0, "6" + intact + log[5].Hash + "\nall 3 checkpoints hold; the newest, of entry 6, was made 2026-01-02 03:04:06Z\n", ""},
		"one cut off": {log[:5], six, key, 1, "5" + intact + log[4].Hash + "\n", "lockage: entry 6 was cut off: the checkpoint made 2026-01-02 03:04:06Z has 6 entries; the last that is left, entry 5, was recorded 2026-01-02 03:04:05Z\n"},
		"cut off": {
			log[:3], bytes.Join([][]byte{two, six}, []byte("\n")), key, 1, "3" + intact + log[2].Hash + "\n",
			"lockage: entries 4 to 6 were cut off: the checkpoint made 2026-01-02 03:04:06Z has 6 entries; the last that is left, entry 3, was recorded 2026-01-02 03:04:05Z\n",
		},
		"and gone on since": {
			since, bytes.Join([][]byte{two, six}, []byte("\n")), key, 1, "7" + intact + since[6].Hash + "\n",
			"lockage: entries 4 to 6 were cut off: the checkpoint made 2026-01-02 03:04:06Z has 6 entries; the last that is left, entry 3, was recorded 2026-01-02 03:04:05Z; what the log has from entry 4 on was recorded later\n",
		},
		"all": {[]wire.AuditEntry{}, six, key, 1, "no entry is intact\n", "lockage: entries 1 to 6 were cut off: the checkpoint made 2026-01-02 03:04:06Z has 6 entries; none of them is left\n"},
		"rewritten": {
			other, six, key, 1, "6" + intact + other[5].Hash + "\n",
			"lockage: the log was rewritten: entries 1 to 6 are not what the checkpoint made 2026-01-02 03:04:06Z saw\n",
		},
		"rewritten, narrowed": {
			other, bytes.Join([][]byte{two, six}, []byte("\n")), key, 1, "6" + intact + other[5].Hash + "\n",
			"lockage: the log was rewritten: entries 3 to 6 are not what the checkpoint made 2026-01-02 03:04:06Z saw; entry 2, recorded 2026-01-02 03:04:05Z, is the last that a checkpoint proves\n",
		},
		"broken before":    {append(append([]wire.AuditEntry(nil), log[0]), log[2:]...), six, key, 1, "1 entry is intact; the last has the hash " + log[0].Hash + "\n", "lockage: audit entry 3: entries are missing before it: number 2 was expected\n"},
		"tampered":         {log, changed, key, 1, "", "lockage: checkpoint 1 of the file: its signature is not one of this key: it was changed, or another key made it\n"},
		"another account":  {log, six, checkpointKey(t, "b"), 1, "", "lockage: the file has only checkpoints of other accounts than the key\n"},
		"no checkpoint":    {log, []byte("hello\n"), key, 1, "", "lockage: the file has no checkpoint that is whole\n"},
		"an empty file":    {log, nil, key, 1, "", "lockage: the file has no checkpoint\n"},
		"torn, and before": {log, append(append(append([]byte(nil), two...), '\n'), six[:20]...), key, 0, "6" + intact + log[5].Hash + "\nthe checkpoint of entry 2, made 2026-01-02 03:04:06Z, holds\n", "1 note of the file left out: it ends before its signature does, as after a crash\n"},
	} {
		t.Run(name, func(t *testing.T) {
			want := result{tt.code, tt.out, tt.err}
			args := []string{"audit", "verify", "--checkpoint", kept(t, "cp", tt.checkpoint), "--key"}
			serveLog(t, tt.log)
			if got := run(t, "", append(args, tt.key)...); got != want {
				t.Errorf("of a server: got\n%+v, want\n%+v", got, want)
			}
			alone(t)
			file := kept(t, "log.json", asJSON(t, tt.log))
			if got := run(t, "", append(args, kept(t, "pub", []byte(tt.key+"\n")), file)...); got != want {
				t.Errorf("of a file: got\n%+v, want\n%+v", got, want)
			}
		})
	}
}

func TestAuditVerifyCheckpointInJSON(t *testing.T) {
	log := chain(6)
	file := kept(t, "log.json", asJSON(t, log[:3]))
	alone(t)
	got := run(t, string(checkpointOf(t, log, 6)), "audit", "verify", "--json", "--checkpoint", "-", "--key", checkpointKey(t, "a"), file)
	want := `{
  "intact": 3,
  "head": "` + log[2].Hash + `",
  "checkpoint": {
    "state": "cut_off",
    "entries": 6,
    "hash": "` + log[5].Hash + `",
    "time": "2026-01-02T03:04:06.005Z",
    "from": 4,
    "to": 6,
    "left": 3,
    "left_at": "2026-01-02T03:04:05.002Z",
    "goes_on": false,
    "checkpoints": 1,
    "torn": 0,
    "foreign": 0,
    "pruned": 0
  }
}
`
	if got.code != 1 || got.out != want || !strings.Contains(got.err, `"type": "failure"`) {
		t.Errorf("got code %d, %s and\n%s\nwant code 1 and\n%s", got.code, got.err, got.out, want)
	}
}

// An export is read in any order and form, from any number of files.
func TestAuditVerifyFiles(t *testing.T) {
	log := chain(6)
	backwards := []wire.AuditEntry{log[5], log[4], log[3], log[2], log[1], log[0]}
	page := func(from, to int) []byte {
		return asJSON(t, wire.Answer[[]wire.AuditEntry]{Data: log[from:to], Meta: wire.Meta{RequestID: "r"}})
	}
	var lines []byte
	for _, e := range log {
		lines = append(append(lines, asJSON(t, e)...), '\n')
	}
	twisted := append([]wire.AuditEntry(nil), log...)
	twisted[3].Action = "other"
	for name, tt := range map[string]struct {
		files []string
		code  int
		want  string
	}{
		"a list":              {[]string{string(asJSON(t, log))}, 0, "6 entries are intact"},
		"newest first":        {[]string{string(asJSON(t, backwards))}, 0, "6 entries are intact"},
		"answers of the API":  {[]string{string(page(3, 6)) + "\n" + string(page(0, 3))}, 0, "6 entries are intact"},
		"a line each":         {[]string{string(lines)}, 0, "6 entries are intact"},
		"files that overlap":  {[]string{string(asJSON(t, log[2:])), string(asJSON(t, log[:4]))}, 0, "6 entries are intact"},
		"one twice, changed":  {[]string{string(asJSON(t, log)), string(asJSON(t, twisted[3:4]))}, 1, "audit entry 4: it is out of order: number 5 was expected"},
		"a page is missing":   {[]string{string(page(0, 2)), string(page(4, 6))}, 1, "audit entry 5: entries are missing before it: number 3 was expected"},
		"not JSON":            {[]string{"hello"}, 1, "is no audit log"},
		"another JSON":        {[]string{`{"name":"x"}`}, 1, "is no audit log"},
		"another list":        {[]string{`[{"id":"x"}]`}, 1, "is no audit log"},
		"cut in the middle":   {[]string{string(lines[:len(lines)-9])}, 1, "is no audit log"},
		"a list of no object": {[]string{`[1]`}, 1, "is no audit log"},
	} {
		args := []string{"audit", "verify"}
		for _, content := range tt.files {
			args = append(args, kept(t, "log.json", []byte(content)))
		}
		if got := run(t, "", args...); got.code != tt.code || !strings.Contains(got.out+got.err, tt.want) {
			t.Errorf("%s: got %+v, want code %d and %q", name, got, tt.code, tt.want)
		}
	}
	if got := run(t, "", "audit", "verify", filepath.Join(t.TempDir(), "none")); got.code != 1 || !strings.Contains(got.err, "no such file") {
		t.Errorf("no file: got %+v, want a failure", got)
	}
}

func TestAuditVerifyKey(t *testing.T) {
	alone(t)
	cp := kept(t, "cp", []byte("x"))
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no key":        {[]string{"--checkpoint", cp}, 2, `lockage: --key is missing: the key that "lockage audit key" printed when the checkpoints were made`},
		"no such file":  {[]string{"--checkpoint", cp, "--key", "canary"}, 2, "lockage: --key is neither a key nor a file: a key looks like lockage/ACCOUNT+HASH+KEY"},
		"no key inside": {[]string{"--checkpoint", cp, "--key", kept(t, "key", []byte("canary"))}, 1, "lockage: what is in the file of --key is not a key of checkpoints: it looks like lockage/ACCOUNT+HASH+KEY, as lockage audit key prints it"},
		"no checkpoint": {[]string{"--checkpoint", filepath.Join(t.TempDir(), "none"), "--key", checkpointKey(t, "a")}, 1, "lockage: read the checkpoints: open "},
	} {
		got := run(t, "", append([]string{"audit", "verify"}, tt.args...)...)
		if first, _, _ := strings.Cut(got.err, "\n"); got.code != tt.code || !strings.HasPrefix(first, tt.want) || strings.Contains(got.err, "canary") {
			t.Errorf("%s: got code %d and %q, want %d and %q", name, got.code, got.err, tt.code, tt.want)
		}
	}
}

// A checkpoint that does not verify with the server's own key is not printed as one.
func TestAuditCheckpointIsChecked(t *testing.T) {
	made := wire.AuditCheckpoint{Checkpoint: string(checkpointOf(t, chain(2), 2)), Key: checkpointKey(t, "a"), Entries: 2}
	against(t, map[string]string{"GET /v1/audit-logs/checkpoint": string(asJSON(t, made))})
	if got := run(t, "", "audit", "checkpoint"); got != (result{0, made.Checkpoint, ""}) {
		t.Errorf("got %+v, want the note", got)
	}
	if got := run(t, "", "audit", "key"); got != (result{0, made.Key + "\n", ""}) {
		t.Errorf("got %+v, want the key", got)
	}
	made.Key = checkpointKey(t, "b")
	against(t, map[string]string{"GET /v1/audit-logs/checkpoint": string(asJSON(t, made))})
	if got := run(t, "", "audit", "checkpoint"); got.code != 1 || got.out != "" {
		t.Errorf("of another account: got %+v, want a failure", got)
	}
	made.Key = "x\x1b[2J"
	against(t, map[string]string{"GET /v1/audit-logs/checkpoint": string(asJSON(t, made))})
	if got := run(t, "", "audit", "key"); got.code != 1 || got.out != "" {
		t.Errorf("no key: got %+v, want a failure", got)
	}
}

func entryOf(e wire.AuditEntry) audit.Entry {
	return audit.Entry{
		Account: "a", Sequence: e.Sequence, Time: time.Time(e.Time), Actor: audit.Actor(e.Actor), Action: e.Action, Outcome: audit.Outcome(e.Outcome),
		EnvironmentID: e.EnvironmentID, Environment: e.Environment, Target: audit.Target(e.Target), Detail: e.Detail,
		RequestID: e.RequestID, Address: e.Address, Prev: e.Prev, Hash: e.Hash,
	}
}

func wireOf(e audit.Entry) wire.AuditEntry {
	return wire.AuditEntry{
		Sequence: e.Sequence, Time: wire.Time(e.Time), Actor: wire.AuditActor(e.Actor), Action: e.Action,
		Outcome: string(e.Outcome), EnvironmentID: e.EnvironmentID, Environment: e.Environment, Target: wire.AuditTarget(e.Target),
		Detail: e.Detail, RequestID: e.RequestID, Address: e.Address, Prev: e.Prev, Hash: e.Hash,
	}
}
