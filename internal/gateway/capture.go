package gateway

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/lockage/lockage/internal/echo"
	"github.com/lockage/lockage/internal/route"
)

// captured is how much of a body is kept on the way: so much more than is recorded that of a value which begins in what
// is recorded the end is there to be seen.
const captured = route.MaxRecorded + echo.Longest

// maxContents is how many bytes of content may be in memory at a time, of the calls under way and of those that wait to be
// stored. Beyond it calls are recorded without.
const maxContents = 64 << 20

// budget counts bytes against a limit.
type budget struct {
	used atomic.Int64
	most int64
}

// take takes n bytes; false when they are not there.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.most {
		b.used.Add(-n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.used.Add(-n) }

// capture keeps what goes by of a call whose content is recorded. Everything in it is as it went by, with credentials.
type capture struct {
	request  tee
	response tee
	answered http.Header // as the caller was answered; nil: not yet
}

// tee keeps the beginning of a body. The call's body is read in a goroutine that may outlive the call.
type tee struct {
	budget *budget

	mu      sync.Mutex
	b       []byte
	held    int64 // of budget
	size    int64
	ended   bool   // all of it went by
	omitted string // why nothing is kept; "": it is
}

// capturing makes ready to keep what goes by, where the call's content is recorded.
func (x *exchange) capturing() {
	if x.d.Route == nil || !x.d.Route.Record {
		return
	}
	x.capture = &capture{request: tee{budget: &x.g.contents}, response: tee{budget: &x.g.contents}}
}

func (t *tee) add(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.size += int64(len(p))
	more := min(len(p), captured-len(t.b))
	if more <= 0 || t.omitted != "" {
		return
	}
	if need := len(t.b) + more; need > cap(t.b) {
		room := min(max(2*cap(t.b), need, 1<<10), captured)
		if !t.budget.take(int64(room)) {
			t.omit(route.OmittedMemory)
			return
		}
		larger := make([]byte, len(t.b), room)
		copy(larger, t.b)
		clear(t.b)
		t.budget.give(t.held)
		t.b, t.held = larger, int64(room)
	}
	t.b = append(t.b, p[:more]...)
}

// omit lets go of what was kept. The caller holds mu.
func (t *tee) omit(why string) {
	clear(t.b)
	t.budget.give(t.held)
	t.b, t.held, t.omitted = nil, 0, why
}

// skip keeps nothing of the body, but its size.
func (t *tee) skip(why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.omit(why)
}

func (t *tee) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
}

// take hands over what was kept; nothing more is from then on.
func (t *tee) take() (b []byte, size int64, whole bool, omitted string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, omitted = t.b, t.omitted
	t.budget.give(t.held)
	t.b, t.held = nil, 0
	if t.omitted == "" {
		t.omitted = "over"
	}
	return b, t.size, t.ended && t.size == int64(len(b)), omitted
}

// answers keeps the head of the answer.
func (x *exchange) answers(h http.Header) {
	if x.capture != nil {
		x.capture.answered = h.Clone()
	}
}

// answering keeps a part of the answer's body.
func (x *exchange) answering(p []byte) {
	if x.capture != nil {
		x.capture.response.add(p)
	}
}

// answeredAll notes that the answer's body went by to its end.
func (x *exchange) answeredAll() {
	if x.capture != nil {
		x.capture.response.end()
	}
}
