package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// holder has what must not print where package fmt cannot ask it how to.
type holder struct {
	plaintext secret.Plaintext
	opener    *secret.Opener
	copied    secret.Opener
	kek       *secret.LocalKEK
	sealer    *secret.Sealer
}

func TestNothingPrintsAValue(t *testing.T) {
	const value, key = "correct horse battery staple", "0123456789abcdef0123456789ABCDEF"
	p := secret.NewPlaintext([]byte(value))
	kek := localKEK(t, []byte(key))
	sealer := secret.NewSealer(kek)
	opener := open(t, sealer, seal(t, sealer, home, value), home)
	h := holder{p, opener, *opener, kek, sealer}
	clean := func(t *testing.T, got string) {
		t.Helper()
		for _, s := range []string{value, key} {
			for _, form := range []string{
				s, fmt.Sprintf("%x", s), fmt.Sprintf("%X", s), strings.Trim(fmt.Sprint([]byte(s)), "[]"),
				strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", []byte(s)), "[]byte{"), "}"),
			} {
				if strings.Contains(got, form) {
					t.Errorf("a value was printed: %s", got)
				}
			}
		}
	}

	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "% x", "%10s"} {
		for _, v := range []any{p, &p, opener, kek, sealer} {
			got := fmt.Sprintf(verb, v)
			clean(t, got)
			if verb != "%p" && got != "[redacted]" {
				t.Errorf("%s of %T: got %q, want [redacted]", verb, v, got)
			}
		}
		for _, v := range []any{h, &h, []any{p, opener}, map[string]any{"p": p}, *opener, *kek, *sealer, []secret.Plaintext{p}} {
			clean(t, fmt.Sprintf(verb, v))
		}
	}
	got := p.String() + p.GoString() + opener.String() + opener.GoString() + kek.String() + kek.GoString() +
		sealer.String() + sealer.GoString()
	if want := strings.Repeat("[redacted]", 8); got != want {
		t.Errorf("got %q, want %q", got, want)
	}

	var b bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
		slog.New(handler).Info("set", "value", p, "opener", opener, "kek", kek, "sealer", sealer, "holder", h)
	}
	clean(t, b.String())
	if got := strings.Count(b.String(), "[redacted]"); got < 8 {
		t.Errorf("got %d redactions in %q, want at least 8", got, b.String())
	}

	marshalled, err := json.Marshal(map[string]any{"value": p, "opener": opener, "kek": kek, "sealer": sealer, "holder": h})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"holder":{},"kek":{},"opener":{},"sealer":{},"value":"[redacted]"}`; string(marshalled) != want {
		t.Errorf("got JSON %s, want %s", marshalled, want)
	}
	if text, err := p.MarshalText(); err != nil || string(text) != "[redacted]" {
		t.Errorf("got text %q, %v, want [redacted]", text, err)
	}
	clean(t, fmt.Errorf("setting %v: %w", p, secret.ErrSeal).Error())
}

func TestWipe(t *testing.T) {
	buffer := []byte("hunter2")
	p := secret.NewPlaintext(buffer)
	copied := p
	p.Wipe()
	if want := make([]byte, 7); !bytes.Equal(buffer, want) {
		t.Errorf("got the buffer %x, want zeros", buffer)
	}
	for name, v := range map[string]secret.Plaintext{"wiped": p, "copy": copied, "zero": {}} {
		v.Wipe() // a second time does no harm
		if err := v.Check(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want it refused as empty", name, err)
		}
		if _, err := newSealer(t).Seal(t.Context(), home, v); err == nil {
			t.Errorf("%s: it was sealed, want an error", name)
		}
	}
}
