package apikey_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"sync"
	"testing"

	"github.com/lockage/lockage/internal/apikey"
)

func digester(t testing.TB, pepper []byte) *apikey.Digester {
	t.Helper()
	d, err := apikey.NewDigester(pepper)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestNewDigesterWantsAPepperOf32Bytes(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33, 64} {
		if _, err := apikey.NewDigester(make([]byte, n)); err == nil {
			t.Errorf("%d bytes: got no error, want one", n)
		}
	}
}

func TestSumIsHMAC(t *testing.T) {
	pepper := bytes.Repeat([]byte{7}, 32)
	d := digester(t, pepper)
	for _, text := range []string{"", "a", apikey.Generate(apikey.Secret).Reveal(), strings.Repeat("long", 100)} {
		mac := hmac.New(sha256.New, pepper)
		mac.Write([]byte(text))
		if got, want := d.Sum(text), apikey.Digest(mac.Sum(nil)); got != want {
			t.Errorf("%d bytes: got %x, want %x", len(text), got, want)
		}
	}
}

func TestTheDigesterKeepsItsOwnPepper(t *testing.T) {
	pepper := bytes.Repeat([]byte{7}, 32)
	d := digester(t, pepper)
	clear(pepper)
	if got, want := d.Sum("x"), digester(t, bytes.Repeat([]byte{7}, 32)).Sum("x"); got != want {
		t.Errorf("got %x, want %x: the caller's pepper was used", got, want)
	}
	if got, other := d.Sum("x"), digester(t, pepper).Sum("x"); got == other {
		t.Error("two peppers give the same digest")
	}
}

func TestSumFromManyGoroutines(t *testing.T) {
	d := digester(t, make([]byte, 32))
	texts := make([]string, 8)
	want := make([]apikey.Digest, len(texts))
	for i := range texts {
		texts[i] = apikey.Generate(apikey.Secret).Reveal()
		want[i] = d.Sum(texts[i])
	}
	var group sync.WaitGroup
	for i := range texts {
		group.Go(func() {
			for range 200 {
				if got := d.Sum(texts[i]); got != want[i] {
					t.Errorf("got %x, want %x", got, want[i])
					return
				}
			}
		})
	}
	group.Wait()
}

func TestSumDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector a sync.Pool drops what it holds on purpose")
	}
	d := digester(t, make([]byte, 32))
	text := apikey.Generate(apikey.Secret).Reveal()
	if got := testing.AllocsPerRun(200, func() { d.Sum(text) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func BenchmarkParse(b *testing.B) {
	text := apikey.Generate(apikey.Secret).Reveal()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := apikey.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSum(b *testing.B) {
	d := digester(b, make([]byte, 32))
	text := apikey.Generate(apikey.Secret).Reveal()
	b.ReportAllocs()
	for b.Loop() {
		d.Sum(text)
	}
}
