package echo_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/echo"
)

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func secrets(n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	list := make([][]byte, n)
	for i := range list {
		list[i] = []byte("sk_live_")
		for range 32 {
			list[i] = append(list[i], letters[r.IntN(len(letters))])
		}
	}
	return list
}

// megabyte is JSON as APIs answer it.
func megabyte() []byte {
	r := rand.New(rand.NewPCG(3, 4))
	var b bytes.Buffer
	for b.Len() < 1<<20 {
		id := make([]byte, 24)
		for i := range id {
			id[i] = letters[r.IntN(len(letters))]
		}
		fmt.Fprintf(&b, `{"id":"ch_%s","object":"charge","amount":%d,"currency":"eur","paid":true,"description":"Order %d of the shop"},`, id, r.IntN(100000), r.IntN(1000))
	}
	return b.Bytes()[:1<<20]
}

// BenchmarkGuard lets a megabyte pass in chunks of 32 KiB, beside a plain copy of it.
func BenchmarkGuard(b *testing.B) {
	text := megabyte()
	to := make([]byte, 32<<10)
	chunks := func(do func(chunk []byte, end bool)) {
		for at := 0; at < len(text); at += len(to) {
			do(text[at:at+len(to)], at+len(to) == len(text))
		}
	}
	b.Run("copy", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		defer reportCPU(b)()
		for b.Loop() {
			chunks(func(chunk []byte, _ bool) { copy(to, chunk) })
		}
	})
	for _, n := range []int{1, 5, 20} {
		list := secrets(n)
		b.Run("secrets="+strconv.Itoa(n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			defer reportCPU(b)()
			g := &echo.Guard{}
			for b.Loop() {
				for i, s := range list {
					g.Add(i, s)
				}
				chunks(func(chunk []byte, end bool) { g.Redact(chunk, end) })
				g.Reset()
			}
		})
	}
}

// BenchmarkGuardPrepare is what a call pays before the first byte.
func BenchmarkGuardPrepare(b *testing.B) {
	for _, n := range []int{1, 5, 20} {
		list := secrets(n)
		b.Run("secrets="+strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			defer reportCPU(b)()
			g := &echo.Guard{}
			for b.Loop() {
				for i, s := range list {
					g.Add(i, s)
				}
				g.Redact(list[0][:1], true)
				g.Reset()
			}
		})
	}
}

// reportCPU reports the time the process computed, which tells more than the clock on a machine that is shared.
func reportCPU(b *testing.B) (end func()) {
	used := func() time.Duration {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/float64(b.N), "cpu-ns/op") }
}
