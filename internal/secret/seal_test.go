package secret_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/secret"
)

var home = secret.Binding{Account: "acme", Environment: "e1", Secret: "s1", Version: 1, Type: secret.String}

func localKEK(t testing.TB, key []byte) *secret.LocalKEK {
	t.Helper()
	kek, err := secret.NewLocalKEK(key)
	if err != nil {
		t.Fatal(err)
	}
	return kek
}

func newSealer(t testing.TB) *secret.Sealer {
	t.Helper()
	return secret.NewSealer(localKEK(t, bytes.Repeat([]byte{1}, 32)))
}

func seal(t testing.TB, s *secret.Sealer, b secret.Binding, value string) secret.Sealed {
	t.Helper()
	sealed, err := s.Seal(t.Context(), b, secret.NewPlaintext([]byte(value)))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func open(t testing.TB, s *secret.Sealer, v secret.Sealed, b secret.Binding) *secret.Opener {
	t.Helper()
	o, err := s.Open(t.Context(), b, v)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// opens says whether v yields a value in a place, and with what error it does not.
func opens(ctx context.Context, s *secret.Sealer, b secret.Binding, v secret.Sealed) (string, error) {
	o, err := s.Open(ctx, b, v)
	if err != nil {
		return "", err
	}
	got, err := o.AppendTo(nil)
	return string(got), err
}

func TestSealAndOpen(t *testing.T) {
	s := newSealer(t)
	for _, value := range []string{"x", "hunter2", strings.Repeat("long", 1<<14)} {
		sealed := seal(t, s, home, value)
		if got, want := len(sealed.Ciphertext), len(value); got != want {
			t.Errorf("got a ciphertext of %d bytes, want %d", got, want)
		}
		if len(sealed.Nonce) != 12 || len(sealed.Tag) != 16 || !strings.HasPrefix(sealed.KEK, "local:") {
			t.Errorf("got a nonce of %d bytes, a tag of %d and the KEK %q, want 12, 16 and a local one",
				len(sealed.Nonce), len(sealed.Tag), sealed.KEK)
		}
		if len(value) > 1 && bytes.Contains(slices.Concat(sealed.Ciphertext, sealed.WrappedKey), []byte(value)) {
			t.Error("the value is in the sealed one")
		}
		o := open(t, s, sealed, home)
		if got, want := o.Len(), len(value); got != want {
			t.Errorf("got length %d, want %d", got, want)
		}
		for range 2 {
			got, err := o.AppendTo([]byte("Bearer "))
			if want := "Bearer " + value; err != nil || string(got) != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		}
	}
}

func TestSealingTwiceSharesNothing(t *testing.T) {
	s := newSealer(t)
	a, b := seal(t, s, home, "hunter2"), seal(t, s, home, "hunter2")
	for name, same := range map[string]bool{
		"ciphertext":  bytes.Equal(a.Ciphertext, b.Ciphertext),
		"nonce":       bytes.Equal(a.Nonce, b.Nonce),
		"tag":         bytes.Equal(a.Tag, b.Tag),
		"wrapped key": bytes.Equal(a.WrappedKey, b.WrappedKey),
	} {
		if same {
			t.Errorf("two sealings of one value have the same %s", name)
		}
	}
}

// elsewhere is every place that differs from home in one field.
func elsewhere() map[string]secret.Binding {
	places := map[string]secret.Binding{}
	for field, change := range map[string]func(*secret.Binding){
		"account":     func(b *secret.Binding) { b.Account = "other" },
		"environment": func(b *secret.Binding) { b.Environment = "e2" },
		"secret":      func(b *secret.Binding) { b.Secret = "s2" },
		"version":     func(b *secret.Binding) { b.Version = 2 },
		"type":        func(b *secret.Binding) { b.Type = secret.Answer },
		// The same bytes one after the other, cut at another place.
		"boundary": func(b *secret.Binding) { b.Account, b.Environment = "acm", "ee1" },
	} {
		b := home
		change(&b)
		places[field] = b
	}
	return places
}

func TestAValueDoesNotOpenElsewhere(t *testing.T) {
	s := newSealer(t)
	sealed := seal(t, s, home, "hunter2")
	for field, b := range elsewhere() {
		t.Run(field, func(t *testing.T) {
			if _, err := opens(t.Context(), s, b, sealed); !errors.Is(err, secret.ErrSeal) {
				t.Errorf("got %v, want ErrSeal", err)
			}
		})
	}
}

// columns exchanges one column of two stored rows.
var columns = map[string]func(a, b *secret.Sealed){
	"ciphertext":  func(a, b *secret.Sealed) { a.Ciphertext, b.Ciphertext = b.Ciphertext, a.Ciphertext },
	"nonce":       func(a, b *secret.Sealed) { a.Nonce, b.Nonce = b.Nonce, a.Nonce },
	"tag":         func(a, b *secret.Sealed) { a.Tag, b.Tag = b.Tag, a.Tag },
	"wrapped key": func(a, b *secret.Sealed) { a.WrappedKey, b.WrappedKey = b.WrappedKey, a.WrappedKey },
	"everything":  func(a, b *secret.Sealed) { *a, *b = *b, *a },
	"ciphertext, nonce and tag": func(a, b *secret.Sealed) {
		a.Ciphertext, b.Ciphertext = b.Ciphertext, a.Ciphertext
		a.Nonce, b.Nonce = b.Nonce, a.Nonce
		a.Tag, b.Tag = b.Tag, a.Tag
	},
}

func TestColumnsExchangedBetweenRowsDoNotOpen(t *testing.T) {
	s := newSealer(t)
	for field, there := range elsewhere() {
		for column, exchange := range columns {
			t.Run(field+"/"+column, func(t *testing.T) {
				a, b := seal(t, s, home, "value-a"), seal(t, s, there, "value-b")
				exchange(&a, &b)
				if got, err := opens(t.Context(), s, home, a); !errors.Is(err, secret.ErrSeal) {
					t.Errorf("the first row: got %q, %v, want ErrSeal", got, err)
				}
				if got, err := opens(t.Context(), s, there, b); !errors.Is(err, secret.ErrSeal) {
					t.Errorf("the second row: got %q, %v, want ErrSeal", got, err)
				}
			})
		}
	}
}

func TestAColumnOfAnEarlierSealingDoesNotOpen(t *testing.T) {
	s := newSealer(t)
	for column, exchange := range columns {
		if column == "everything" {
			continue // that is the row as it was, for the same place
		}
		t.Run(column, func(t *testing.T) {
			a, b := seal(t, s, home, "value-a"), seal(t, s, home, "value-b")
			exchange(&a, &b)
			if got, err := opens(t.Context(), s, home, a); !errors.Is(err, secret.ErrSeal) {
				t.Errorf("got %q, %v, want ErrSeal", got, err)
			}
		})
	}
}

func TestAnyChangedByteIsFound(t *testing.T) {
	s := newSealer(t)
	sealed := seal(t, s, home, "hunter2")
	for name, column := range map[string]*[]byte{
		"ciphertext": &sealed.Ciphertext, "nonce": &sealed.Nonce, "tag": &sealed.Tag, "wrapped key": &sealed.WrappedKey,
	} {
		whole := *column
		for i := range whole {
			*column = slices.Clone(whole)
			(*column)[i] ^= 1
			if got, err := opens(t.Context(), s, home, sealed); !errors.Is(err, secret.ErrSeal) {
				t.Errorf("%s, byte %d: got %q, %v, want ErrSeal", name, i, got, err)
			}
		}
		for _, cut := range [][]byte{nil, whole[:len(whole)-1], append(slices.Clone(whole), 0)} {
			*column = cut
			if got, err := opens(t.Context(), s, home, sealed); !errors.Is(err, secret.ErrSeal) {
				t.Errorf("%s of %d bytes: got %q, %v, want ErrSeal", name, len(cut), got, err)
			}
		}
		*column = whole
	}
	if got, err := opens(t.Context(), s, home, sealed); got != "hunter2" || err != nil {
		t.Errorf("unchanged: got %q, %v, want hunter2", got, err)
	}
}

func TestAnotherKEKIsNamed(t *testing.T) {
	kek, other := localKEK(t, bytes.Repeat([]byte{1}, 32)), localKEK(t, bytes.Repeat([]byte{2}, 32))
	sealed := seal(t, secret.NewSealer(kek), home, "hunter2")
	_, err := secret.NewSealer(other).Open(t.Context(), home, sealed)
	if !errors.Is(err, secret.ErrOtherKEK) {
		t.Fatalf("got %v, want ErrOtherKEK", err)
	}
	for _, id := range []string{kek.ID(), other.ID()} {
		if !strings.Contains(err.Error(), id) {
			t.Errorf("got %v, want it to name %s", err, id)
		}
	}
	// A row that claims to be of the other key does not open with it either.
	sealed.KEK = other.ID()
	if _, err := secret.NewSealer(other).Open(t.Context(), home, sealed); !errors.Is(err, secret.ErrSeal) {
		t.Errorf("with the claim: got %v, want ErrSeal", err)
	}
}

// One place must never look like another, whatever the texts.
func TestAdditionalDataIsUnambiguous(t *testing.T) {
	text := rapid.StringMatching(`[ab]{0,3}`)
	type place struct {
		b   secret.Binding
		kek string
	}
	draw := rapid.Custom(func(t *rapid.T) place {
		return place{secret.Binding{
			Account:     text.Draw(t, "account"),
			Environment: text.Draw(t, "environment"),
			Secret:      text.Draw(t, "secret"),
			Version:     rapid.Int64Range(0, 2).Draw(t, "version"),
			Type:        secret.Type(text.Draw(t, "type")),
		}, text.Draw(t, "kek")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		same := bytes.Equal(a.b.AdditionalData(a.kek), b.b.AdditionalData(b.kek))
		if want := a == b; same != want {
			t.Fatalf("%+v and %+v: got same bytes %v, want %v", a, b, same, want)
		}
	})
}

func TestAdditionalDataBeginsWithTheFormat(t *testing.T) {
	got := home.AdditionalData("local:k")
	if want := "\x00\x00\x00\x00\x00\x00\x00\x0elockage-seal-1\x00\x00\x00\x00\x00\x00\x00\x04acme" +
		"\x00\x00\x00\x00\x00\x00\x00\x02e1\x00\x00\x00\x00\x00\x00\x00\x02s1" +
		"\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x00\x00\x00\x00\x00\x00\x00\x06string\x00\x00\x00\x00\x00\x00\x00\x07local:k"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// brokenKEK fails, or unwraps to a key of the wrong length.
type brokenKEK struct {
	secret.KEK
	err error
}

func (k brokenKEK) Wrap(context.Context, []byte, []byte) ([]byte, error) { return nil, k.err }

func (k brokenKEK) Unwrap(context.Context, []byte, []byte) ([]byte, error) {
	return []byte("short"), k.err
}

func TestErrorsOfTheKEKArePassedOn(t *testing.T) {
	kek := localKEK(t, bytes.Repeat([]byte{1}, 32))
	sealed := seal(t, secret.NewSealer(kek), home, "hunter2")
	down := errors.New("the key service does not answer")
	s := secret.NewSealer(brokenKEK{kek, down})
	if _, err := s.Seal(t.Context(), home, secret.NewPlaintext([]byte("x"))); !errors.Is(err, down) {
		t.Errorf("sealing: got %v, want %v", err, down)
	}
	if _, err := s.Open(t.Context(), home, sealed); !errors.Is(err, down) {
		t.Errorf("opening: got %v, want %v", err, down)
	}
	if _, err := secret.NewSealer(brokenKEK{kek, nil}).Open(t.Context(), home, sealed); !errors.Is(err, secret.ErrSeal) {
		t.Errorf("a key of the wrong length: got %v, want ErrSeal", err)
	}
}

func TestLocalKEK(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := secret.NewLocalKEK(make([]byte, n)); err == nil {
			t.Errorf("%d bytes: got no error, want one", n)
		}
	}
	kek := localKEK(t, make([]byte, 32))
	// Stored beside every value ever sealed: it must not change.
	if got, want := kek.ID(), "local:fa957582abd44e10"; got != want {
		t.Errorf("got id %q, want %q", got, want)
	}
	wrapped, err := kek.Wrap(t.Context(), []byte("data key"), []byte("place"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := kek.Unwrap(t.Context(), wrapped, []byte("place")); string(got) != "data key" || err != nil {
		t.Errorf("got %q, %v, want the data key", got, err)
	}
	if _, err := kek.Unwrap(t.Context(), wrapped, []byte("another")); !errors.Is(err, secret.ErrSeal) {
		t.Errorf("for another place: got %v, want ErrSeal", err)
	}
}

func TestAppendToDoesNotAllocate(t *testing.T) {
	s := newSealer(t)
	o := open(t, s, seal(t, s, home, "hunter2"), home)
	buffer := make([]byte, 0, 64)
	got := testing.AllocsPerRun(100, func() {
		if _, err := o.AppendTo(buffer); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func TestAppendToLeavesNothingBehindOnFailure(t *testing.T) {
	s := newSealer(t)
	sealed := seal(t, s, home, "hunter2")
	sealed.Tag[0] ^= 1
	buffer := append(make([]byte, 0, 64), "kept"...)
	got, err := open(t, s, sealed, home).AppendTo(buffer)
	if !errors.Is(err, secret.ErrSeal) || string(got) != "kept" {
		t.Errorf("got %q, %v, want %q and ErrSeal", got, err, "kept")
	}
	if rest := buffer[4:64]; !bytes.Equal(rest, make([]byte, 60)) {
		t.Errorf("got %q behind the buffer, want zeros", rest)
	}
}

func TestAppendToFromManyGoroutines(t *testing.T) {
	s := newSealer(t)
	o := open(t, s, seal(t, s, home, "hunter2"), home)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			prefix := fmt.Sprint(i)
			for range 100 {
				if got, err := o.AppendTo([]byte(prefix)); err != nil || string(got) != prefix+"hunter2" {
					t.Errorf("got %q, %v, want %q", got, err, prefix+"hunter2")
					return
				}
			}
		})
	}
	group.Wait()
}

func BenchmarkAppendTo(b *testing.B) {
	s := newSealer(b)
	o := open(b, s, seal(b, s, home, "a credential of the usual length, forty"), home)
	buffer := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := o.AppendTo(buffer); err != nil {
			b.Fatal(err)
		}
	}
}

// version is one version of a key whose service names each: it knows the others.
type version struct {
	secret.KEK
	id string
}

func (v version) ID() string           { return v.id }
func (v version) Holds(id string) bool { return strings.HasPrefix(id, "key/") }

func TestSealerOpensOtherVersionsOfItsKey(t *testing.T) {
	k := localKEK(t, bytes.Repeat([]byte{1}, 32))
	before, after := secret.NewSealer(version{k, "key/1"}), secret.NewSealer(version{k, "key/2"})
	sealed := seal(t, before, home, "canary")
	if got, err := opens(t.Context(), after, home, sealed); got != "canary" || err != nil {
		t.Errorf("of an earlier version: got %q, %v", got, err)
	}
	again, err := after.Rebind(t.Context(), home, home, sealed)
	if err != nil || again.KEK != "key/2" {
		t.Errorf("wrapped anew: got key %q, %v; want key/2", again.KEK, err)
	}
	sealed.KEK = "other/1"
	if _, err := opens(t.Context(), after, home, sealed); !errors.Is(err, secret.ErrOtherKEK) {
		t.Errorf("of another key: got %v, want ErrOtherKEK", err)
	}
}
