package mask_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/mask"
)

const size = 64 << 10

// filled repeats what line gives until it is as long as a body may be recorded.
func filled(begin string, line func(i int) string, end string) []byte {
	var b strings.Builder
	b.WriteString(begin)
	for i := 0; ; i++ {
		next := line(i)
		if b.Len()+len(next)+len(end) > size {
			break
		}
		b.WriteString(next)
	}
	b.WriteString(end)
	b.WriteString(strings.Repeat(" ", size-b.Len()))
	return []byte(b.String())
}

func bodies() []struct {
	name, kind string
	body       []byte
} {
	return []struct {
		name, kind string
		body       []byte
	}{
		{"JSON of customers", "application/json", filled(`{"data":[{}`, func(i int) string {
			return fmt.Sprintf(`,{"id":"cus_%d","object":"customer","email":"customer%d@example.com","name":"Ada Lovelace %d","phone":"+49170%07d","created":1764383127,"balance":%d,"livemode":true,"address":{"line1":"Invalidenstr. %d","city":"Berlin","postal_code":"10115","country":"DE"},"metadata":{"plan":"gold","order":"o-%d"}}`, i, i, i, i, i*7, i, i)
		}, `]}`)},
		{"JSON of measurements", "application/json", filled(`{"data":[{}`, func(i int) string {
			return fmt.Sprintf(`,{"id":"evt_%d","type":"reading","at":"2026-11-29T12:30:01.%03dZ","value":%d.25,"unit":"celsius","ok":true,"tags":["a","b"]}`, i, i%1000, i)
		}, `]}`)},
		{"text", "text/plain", filled("", func(i int) string {
			return fmt.Sprintf("2026-11-29 12:30:01 INFO delivered message %d to customer%d@example.com in 120 ms; the weather was fine and nothing else happened.\n", i, i)
		}, "")},
		{"text without any", "text/plain", filled("", func(int) string {
			return "The quick brown fox jumps over the lazy dog and goes on to the river, where nobody waits for it.\n"
		}, "")},
		{"form", "application/x-www-form-urlencoded", filled("a=b", func(i int) string {
			return fmt.Sprintf("&customer[%d][email]=customer%d%%40example.com&customer[%d][plan]=gold", i, i, i)
		}, "")},
	}
}

func BenchmarkMaskBody(b *testing.B) {
	m := masker(0, mask.Rules{})
	for _, x := range bodies() {
		b.Run(x.name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if _, shown := m.Body(x.kind, x.body, false); !shown {
					b.Fatal("not shown")
				}
			}
		})
	}
}

// What a body holds must not decide how often memory is asked for: one with a thousand fields took twelve thousand
// allocations before. A pool may lose what it holds at any time, so this is no exact number.
func TestMaskingAllocatesLittle(t *testing.T) {
	m := masker(0, mask.Rules{})
	for _, x := range bodies() {
		if got := testing.AllocsPerRun(20, func() { m.Body(x.kind, x.body, false) }); got > 100 {
			t.Errorf("%s: got %v allocations, want a few", x.name, got)
		}
	}
}
