package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/lockage/lockage/internal/audit"
)

// private is the signing key of a number.
func private(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

// public is its public key for an account.
func public(t testing.TB, account string, n byte) string {
	t.Helper()
	key, err := audit.CheckpointKey(account, private(n).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, c audit.Checkpoint, n byte) []byte {
	t.Helper()
	signed, err := c.Sign(private(n))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

var twelve = audit.Checkpoint{
	Account: "acme", Entries: 12, Hash: "59d08e6c4b4d1a34350fd744ee99693d9385d7f95119b7501f0229bb05cc7509",
	Time: time.Date(2026, 3, 1, 12, 0, 0, 123_000_000, time.UTC),
}

// Checkpoints that were kept elsewhere are read years later: their form must not change.
func TestCheckpointIsFixed(t *testing.T) {
	const want = `lockage/acme
12
WdCObEtNGjQ1D9dE7plpPZOF1/lRGbdQHwIpuwXMdQk=
time 2026-03-01T12:00:00.123Z

— lockage/acme UoVMEkWktJOBHaSDP94m9/43GLP+1nU0BisowFII31LI/zmdBIervce+/7WVXnbmaHaYdiFyxol65ExqkjquIFhL3gs=
`
	if diff := cmp.Diff(want, string(sign(t, twelve, 1))); diff != "" {
		t.Errorf("the note differs (-want +got):\n%s", diff)
	}
	if got, want := public(t, "acme", 1), "lockage/acme+52854c12+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"; got != want {
		t.Errorf("got the key %s, want %s", got, want)
	}
}

func TestCheckpointIsBroughtToMilliseconds(t *testing.T) {
	c := twelve
	c.Time = c.Time.Add(456_789).In(time.FixedZone("far", 5*3600))
	got, err := audit.OpenCheckpoint(sign(t, c, 1), public(t, "acme", 1))
	if diff := cmp.Diff(twelve, got); diff != "" || err != nil {
		t.Errorf("got %v (-want +got):\n%s", err, diff)
	}
}

func TestOpenCheckpoint(t *testing.T) {
	signed := string(sign(t, twelve, 1))
	replaced := func(old, new string) string {
		if !strings.Contains(signed, old) {
			t.Fatalf("%q is not in the note", old)
		}
		return strings.Replace(signed, old, new, 1)
	}
	bare := func(text string) string {
		key, err := note.NewVerifier(public(t, "acme", 1))
		if err != nil {
			t.Fatal(err)
		}
		made, err := note.Sign(&note.Note{Text: text}, signerOf{key, private(1)})
		if err != nil {
			t.Fatal(err)
		}
		return string(made)
	}
	const (
		signature = "its signature is not one of this key: it was changed, or another key made it"
		account   = "it is of another account than the key"
		form      = "it is not a checkpoint of an audit log"
	)
	hash := "WdCObEtNGjQ1D9dE7plpPZOF1/lRGbdQHwIpuwXMdQk="
	for name, tt := range map[string]struct{ note, key, want string }{
		"as it is":             {signed, public(t, "acme", 1), ""},
		"cosigned":             {signed + string(sign(t, twelve, 2)[strings.Index(signed, "— "):]), public(t, "acme", 1), ""},
		"another key":          {signed, public(t, "acme", 2), signature},
		"another account's":    {signed, public(t, "other", 1), account},
		"no key":               {signed, "acme", "the key is not one of checkpoints"},
		"fewer entries":        {replaced("\n12\n", "\n11\n"), public(t, "acme", 1), signature},
		"another hash":         {replaced("WdCO", "WdCP"), public(t, "acme", 1), signature},
		"another time":         {replaced("12:00", "12:01"), public(t, "acme", 1), signature},
		"another origin":       {replaced("lockage/acme\n", "lockage/acmf\n"), public(t, "acme", 1), signature},
		"another signature":    {replaced("UoVMEkWk", "UoVMEkWl"), public(t, "acme", 1), signature},
		"no signature":         {signed[:strings.Index(signed, "— ")], public(t, "acme", 1), form},
		"nothing":              {"", public(t, "acme", 1), form},
		"signed, no number":    {bare("lockage/acme\nx\n" + hash + "\ntime 2026-03-01T12:00:00.123Z\n"), public(t, "acme", 1), form},
		"signed, a zero first": {bare("lockage/acme\n012\n" + hash + "\ntime 2026-03-01T12:00:00.123Z\n"), public(t, "acme", 1), form},
		"signed, empty":        {bare("lockage/acme\n0\n" + hash + "\ntime 2026-03-01T12:00:00.123Z\n"), public(t, "acme", 1), form},
		"signed, short hash":   {bare("lockage/acme\n12\nWdCO\ntime 2026-03-01T12:00:00.123Z\n"), public(t, "acme", 1), form},
		"signed, no time":      {bare("lockage/acme\n12\n" + hash + "\n2026-03-01T12:00:00.123Z\n"), public(t, "acme", 1), form},
		"signed, a local time": {bare("lockage/acme\n12\n" + hash + "\ntime 2026-03-01T12:00:00.123+01:00\n"), public(t, "acme", 1), form},
		"signed, a line more":  {bare("lockage/acme\n12\n" + hash + "\ntime 2026-03-01T12:00:00.123Z\nmore\n"), public(t, "acme", 1), form},
		"signed, a line less":  {bare("lockage/acme\n12\n" + hash + "\n"), public(t, "acme", 1), form},
		"signed, other origin": {bare("lockage/other\n12\n" + hash + "\ntime 2026-03-01T12:00:00.123Z\n"), public(t, "acme", 1), account},
		"signed, not of us":    {bare("acme\n12\n" + hash + "\ntime 2026-03-01T12:00:00.123Z\n"), public(t, "acme", 1), form},
	} {
		got, err := audit.OpenCheckpoint([]byte(tt.note), tt.key)
		switch {
		case tt.want == "" && (err != nil || got != twelve):
			t.Errorf("%s: got %+v and %v, want the checkpoint", name, got, err)
		case tt.want != "" && (err == nil || err.Error() != tt.want):
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

// signerOf signs any text, as a broken server might.
type signerOf struct {
	note.Verifier
	key ed25519.PrivateKey
}

func (s signerOf) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.key, text), nil }

func TestSignRefusesWhatNobodyCouldOpen(t *testing.T) {
	for name, change := range map[string]func(*audit.Checkpoint){
		"no account":    func(c *audit.Checkpoint) { c.Account = "" },
		"two lines":     func(c *audit.Checkpoint) { c.Account = "a\nb" },
		"a space":       func(c *audit.Checkpoint) { c.Account = "a b" },
		"a plus":        func(c *audit.Checkpoint) { c.Account = "a+b" },
		"no entries":    func(c *audit.Checkpoint) { c.Entries = 0 },
		"no hash":       func(c *audit.Checkpoint) { c.Hash = "" },
		"no hex":        func(c *audit.Checkpoint) { c.Hash = "zz" },
		"another shape": func(c *audit.Checkpoint) { c.Hash = "59d0" },
		"a far year":    func(c *audit.Checkpoint) { c.Time = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		c := twelve
		change(&c)
		if signed, err := c.Sign(private(1)); err == nil {
			t.Errorf("%s: got %s, want an error", name, signed)
		}
	}
}

func TestCheckKey(t *testing.T) {
	if err := audit.CheckKey(public(t, "acme", 1)); err != nil {
		t.Errorf("a key: got %v, want no error", err)
	}
	for _, key := range []string{"", "acme", public(t, "acme", 1) + "x", "acme+52854c12+AYqI", strings.Replace(public(t, "acme", 1), "acme", "acmf", 1)} {
		if err := audit.CheckKey(key); err == nil || strings.Contains(err.Error(), "acm") {
			t.Errorf("%q: got %v, want a refusal that does not repeat it", key, err)
		}
	}
}

// file is notes as a server appends them.
func file(notes ...[]byte) []byte { return bytes.Join(notes, []byte("\n")) }

func TestReadCheckpoints(t *testing.T) {
	later := twelve
	later.Entries = 15
	other := twelve
	other.Account = "other"
	first, second, foreign := sign(t, twelve, 1), sign(t, later, 1), sign(t, other, 1)
	both := []audit.Checkpoint{twelve, later}
	torn := func(upTo int) []byte { return file(first[:upTo], []byte("\n"), second) }
	signature := bytes.Index(first, []byte("— "))
	for name, tt := range map[string]struct {
		file []byte
		want audit.Checkpoints
		err  string
	}{
		"one":                    {first, audit.Checkpoints{List: both[:1]}, ""},
		"two":                    {file(first, second), audit.Checkpoints{List: both}, ""},
		"with more room":         {file([]byte("\n\n"), first, []byte("\n\n"), second, []byte("\n")), audit.Checkpoints{List: both}, ""},
		"of Windows":             {bytes.ReplaceAll(file(first, second), []byte("\n"), []byte("\r\n")), audit.Checkpoints{List: both}, ""},
		"with another account's": {file(first, foreign, second), audit.Checkpoints{List: both, Foreign: 1}, ""},
		"torn in the origin":     {torn(5), audit.Checkpoints{List: both[1:], Torn: 1}, ""},
		"torn in the text":       {torn(30), audit.Checkpoints{List: both[1:], Torn: 1}, ""},
		"torn before signing":    {torn(signature), audit.Checkpoints{List: both[1:], Torn: 1}, ""},
		"torn in the signature":  {torn(len(first) - 9), audit.Checkpoints{List: both[1:], Torn: 1}, ""},
		"torn at the end":        {file(first, second[:40]), audit.Checkpoints{List: both[:1], Torn: 1}, ""},
		"a note beside":          {file([]byte("kept by Mira\n"), first), audit.Checkpoints{List: both[:1], Torn: 1}, ""},

		"nothing":           {nil, audit.Checkpoints{}, "the file has no checkpoint"},
		"only torn":         {first[:30], audit.Checkpoints{Torn: 1}, "the file has no checkpoint that is whole"},
		"only of others":    {foreign, audit.Checkpoints{Foreign: 1}, "the file has only checkpoints of other accounts than the key"},
		"one was changed":   {file(first, bytes.Replace(second, []byte("\n15\n"), []byte("\n14\n"), 1)), audit.Checkpoints{List: both[:1]}, "checkpoint 2 of the file: its signature is not one of this key: it was changed, or another key made it"},
		"one of no account": {file(sign(t, later, 2), first), audit.Checkpoints{}, "checkpoint 1 of the file: its signature is not one of this key: it was changed, or another key made it"},
	} {
		got, err := audit.ReadCheckpoints(tt.file, public(t, "acme", 1))
		if diff := cmp.Diff(tt.want, got); diff != "" || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%s: got %v, want %q (-want +got):\n%s", name, err, tt.err, diff)
		}
		var bad *audit.BadCheckpoint
		if strings.HasPrefix(tt.err, "checkpoint") && !errors.As(err, &bad) {
			t.Errorf("%s: got %T, want a *BadCheckpoint", name, err)
		}
	}
}

// FuzzReadCheckpoints wants that whatever is read was signed, and that nothing panics.
func FuzzReadCheckpoints(f *testing.F) {
	later := twelve
	later.Entries = 15
	other := twelve
	other.Account = "other"
	made := map[audit.Checkpoint]bool{twelve: true, later: true}
	first, second, foreign := sign(f, twelve, 1), sign(f, later, 1), sign(f, other, 1)
	for _, seed := range [][]byte{first, file(first, second), file(first, foreign), first[:30], []byte("— x y\n"), []byte("\n\n\n"), nil} {
		f.Add(seed)
	}
	key := public(f, "acme", 1)
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := audit.ReadCheckpoints(data, key)
		for _, c := range got.List {
			if !made[c] {
				t.Fatalf("got %+v, which nobody signed", c)
			}
		}
		if err == nil && len(got.List) == 0 {
			t.Fatal("got neither a checkpoint nor an error")
		}
		if one, err := audit.OpenCheckpoint(data, key); err == nil && !made[one] {
			t.Fatalf("got %+v, which nobody signed", one)
		}
	})
}
