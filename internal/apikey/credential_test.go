package apikey_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/apikey"
)

// A credential with a known checksum, written in parts so that no scanner takes this file for a leak.
const (
	sampleBody = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"
	sampleSum  = "1A7p0b"
)

var kinds = map[apikey.Kind]string{apikey.Secret: "sk_", apikey.Public: "pk_", apikey.Token: "tk_"}

func TestGenerate(t *testing.T) {
	for k, prefix := range kinds {
		t.Run(string(k), func(t *testing.T) {
			c := apikey.Generate(k)
			text := c.Reveal()
			if len(text) != 52 || !strings.HasPrefix(text, prefix) {
				t.Errorf("got %d characters with the right prefix %v, want 52 and true", len(text), strings.HasPrefix(text, prefix))
			}
			got, err := apikey.Parse(text)
			if got != k || err != nil {
				t.Errorf("parsing it: got %q, %v, want %q", got, err, k)
			}
			if got, want := c.Prefix(), text[:7]; got != want {
				t.Errorf("got prefix %q, want %q", got, want)
			}
			if got, want := c.LastFour(), text[48:]; got != want {
				t.Errorf("got last four %q, want %q", got, want)
			}
			if apikey.Generate(k).Reveal() == text {
				t.Error("two credentials are the same")
			}
		})
	}
}

func TestGenerateRefusesAnUnknownKind(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("got no panic, want one")
		}
	}()
	apikey.Generate("master")
}

// The format is public: scanners are written against it. This computes it anew with the standard library's CRC-32.
func TestTheChecksumIsCRC32(t *testing.T) {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for range 100 {
		text := apikey.Generate(apikey.Secret).Reveal()
		sum := crc32.ChecksumIEEE([]byte(text[:46]))
		want := ""
		for range 6 {
			want = string(digits[sum%62]) + want
			sum /= 62
		}
		if got := text[46:]; got != want {
			t.Fatalf("got checksum %q, want %q", got, want)
		}
	}
}

func TestParse(t *testing.T) {
	sample := "sk_" + sampleBody + sampleSum
	tests := []struct {
		name string
		text string
		kind apikey.Kind
		err  error
	}{
		{"whole", sample, apikey.Secret, nil},
		{"empty", "", "", apikey.ErrForm},
		{"only a prefix", "sk_", "", apikey.ErrForm},
		{"cut by one", sample[:51], "", apikey.ErrForm},
		{"one too many", sample + "0", "", apikey.ErrForm},
		{"a space in front", " " + sample[:51], "", apikey.ErrForm},
		{"a space behind", sample[:51] + " ", "", apikey.ErrForm},
		{"unknown kind", "xk_" + sampleBody + sampleSum, "", apikey.ErrForm},
		{"kind in capitals", "SK_" + sampleBody + sampleSum, "", apikey.ErrForm},
		{"not base62 in the body", "sk_" + strings.Replace(sampleBody, "4", "-", 1) + sampleSum, "", apikey.ErrForm},
		{"not base62 in the checksum", "sk_" + sampleBody + "_" + sampleSum[1:], "", apikey.ErrForm},
		{"not ASCII", "sk_" + strings.Replace(sampleBody, "45", "é", 1) + sampleSum, "", apikey.ErrForm},
		{"another kind", "pk_" + sampleBody + sampleSum, "", apikey.ErrChecksum},
		{"one character changed", "sk_" + strings.Replace(sampleBody, "4", "5", 1) + sampleSum, "", apikey.ErrChecksum},
		{"two characters swapped", "sk_" + strings.Replace(sampleBody, "45", "54", 1) + sampleSum, "", apikey.ErrChecksum},
		{"checksum beyond 32 bits", "sk_" + sampleBody + "zzzzzz", "", apikey.ErrChecksum},
		{"checksum of zeros", "sk_" + sampleBody + "000000", "", apikey.ErrChecksum},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := apikey.Parse(tt.text)
			if got != tt.kind || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v, want %q, %v", got, err, tt.kind, tt.err)
			}
			c, adopted, err := apikey.Adopt(tt.text)
			if adopted != tt.kind || !errors.Is(err, tt.err) {
				t.Errorf("adopting it: got %q, %v, want %q, %v", adopted, err, tt.kind, tt.err)
			}
			if want := tt.text; err == nil && c.Reveal() != want {
				t.Errorf("adopting it: got %q, want %q", c.Reveal(), want)
			}
			if err != nil && c.Reveal() != "" {
				t.Error("a refused credential was kept")
			}
		})
	}
}

func TestTheZeroCredentialIsEmpty(t *testing.T) {
	var c apikey.Credential
	if c.Reveal() != "" || c.Prefix() != "" || c.LastFour() != "" {
		t.Errorf("got %q, %q, %q, want nothing", c.Reveal(), c.Prefix(), c.LastFour())
	}
}

func FuzzParse(f *testing.F) {
	f.Add("")
	f.Add("sk_")
	f.Add("sk_" + sampleBody + sampleSum)
	f.Add("tk_" + sampleBody + sampleSum)
	f.Add("pk_" + strings.Repeat("z", 49))
	f.Fuzz(func(t *testing.T, s string) {
		k, err := apikey.Parse(s)
		switch {
		case err == nil:
			if len(s) != 52 || s[:3] != kinds[k] {
				t.Errorf("accepted a text of %d bytes as %q", len(s), k)
			}
		case k != "":
			t.Errorf("got kind %q with the error %v", k, err)
		case !errors.Is(err, apikey.ErrForm) && !errors.Is(err, apikey.ErrChecksum):
			t.Errorf("got %v, want one of the two errors", err)
		}
	})
}

func TestParseDoesNotAllocate(t *testing.T) {
	text := apikey.Generate(apikey.Secret).Reveal()
	got := testing.AllocsPerRun(100, func() {
		if _, err := apikey.Parse(text); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

// holder has a credential where package fmt cannot ask it how to print.
type holder struct {
	credential apikey.Credential
	digester   *apikey.Digester
}

func TestNothingPrintsACredential(t *testing.T) {
	c := apikey.Generate(apikey.Token)
	pepper := bytes.Repeat([]byte("p"), 32)
	d, err := apikey.NewDigester(pepper)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{c.Reveal(), fmt.Sprintf("%x", c.Reveal()), fmt.Sprintf("%X", c.Reveal()), fmt.Sprint([]byte(c.Reveal()))}
	secrets = append(secrets, string(pepper), fmt.Sprintf("%x", pepper), fmt.Sprint(pepper))
	clean := func(t *testing.T, got string) {
		t.Helper()
		for _, s := range secrets {
			if strings.Contains(got, strings.Trim(s, "[]")) {
				t.Errorf("a secret was printed: %s", got)
			}
		}
	}

	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%10s"} {
		for _, v := range []any{c, &c, d, *d} {
			got := fmt.Sprintf(verb, v)
			clean(t, got)
			if _, copied := v.(apikey.Digester); verb != "%p" && !copied && got != "[redacted]" {
				t.Errorf("%s of %T: got %q, want [redacted]", verb, v, got)
			}
		}
		clean(t, fmt.Sprintf(verb, holder{c, d}))
		clean(t, fmt.Sprintf(verb, &holder{c, d}))
		clean(t, fmt.Sprintf(verb, []any{c, map[string]any{"c": c, "d": d}}))
	}
	if got := c.String() + c.GoString() + d.String() + d.GoString(); got != strings.Repeat("[redacted]", 4) {
		t.Errorf("got %q, want [redacted] only", got)
	}

	var b bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
		slog.New(h).Info("made", "credential", c, "pointer", &c, "digester", d, "holder", holder{c, d})
	}
	clean(t, b.String())
	if got := strings.Count(b.String(), "[redacted]"); got < 6 {
		t.Errorf("got %d redactions in %q, want at least 6", got, b.String())
	}

	got, err := json.Marshal(map[string]any{"credential": c, "pointer": &c, "digester": d, "holder": holder{c, d}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"credential":"[redacted]","digester":{},"holder":{},"pointer":"[redacted]"}`; string(got) != want {
		t.Errorf("got JSON %s, want %s", got, want)
	}
	got, err = json.Marshal(map[apikey.Credential]int{c: 1})
	if want := `{"[redacted]":1}`; err != nil || string(got) != want {
		t.Errorf("as a key: got JSON %s, %v, want %s", got, err, want)
	}
}
