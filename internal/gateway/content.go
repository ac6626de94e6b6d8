package gateway

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/cut"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/snapshot"
)

// maxHead is how much of the headers of a message is recorded, in bytes; lines beyond it are left out.
const maxHead = 64 << 10

// content is what is recorded of the call: what was kept on its way, after every credential was cut out. It is made in
// the call's own goroutine, so that nothing else ever holds a credential. nil: nothing is recorded, or it could not be
// made sure that all of them are out.
func (x *exchange) content() *route.Content {
	k := x.capture
	if k == nil {
		return nil
	}
	x.capture = nil
	if k.answered != nil && x.status != http.StatusSwitchingProtocols {
		_ = x.control.Flush() // what follows must not delay the answer
	}
	c := &cleaner{x: x, fields: x.d.Environment.Cut}
	request, response := k.request.taken(), k.response.taken()
	defer clear(request.b[:cap(request.b)])
	defer clear(response.b[:cap(response.b)])
	if !c.ready() {
		x.g.counters.contentsDropped.Add(1)
		return nil
	}
	defer c.release()
	out := &route.Content{
		Query:          c.query(x.r.URL.RawQuery),
		RequestHeaders: c.headers(x.r.Header), ResponseHeaders: c.headers(k.answered),
	}
	out.RequestBody = c.body(request, x.r.Header)
	out.ResponseBody = c.body(response, k.answered)
	out.Cut = c.n
	if !x.g.contents.take(contentSize(out)) {
		x.g.counters.contentsDropped.Add(1)
		return nil
	}
	return out
}

// contentSize is about how much memory a content takes.
func contentSize(c *route.Content) int64 {
	n := len(c.Query) + cap(c.RequestBody.Bytes) + cap(c.ResponseBody.Bytes)
	for _, list := range [...][]route.HeaderField{c.RequestHeaders, c.ResponseHeaders} {
		for _, h := range list {
			n += len(h.Name) + len(h.Value) + 32
		}
	}
	return int64(n)
}

// taken is what a tee kept.
type taken struct {
	b       []byte
	size    int64
	whole   bool // b is all of it
	omitted string
}

func (t *tee) taken() (k taken) {
	k.b, k.size, k.whole, k.omitted = t.take()
	return k
}

// cleaner cuts credentials out of one call.
type cleaner struct {
	x      *exchange
	fields *cut.Fields
	e      *echoes
	n      int // what was cut out
}

// ready makes ready to look for the values that were injected, and for the caller's credential; false when one of them
// cannot be opened.
func (c *cleaner) ready() bool {
	c.e = c.x.g.echoes.Get().(*echoes) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	d := c.x.d
	if d.Plan != nil {
		values := d.Route.Values(d.staged)[:d.Plan.Needs(d.Body != nil)]
		usable := func(v *snapshot.Value) bool { return v.State(d.Time) == snapshot.Ready }
		// unless all can be used nothing was injected
		if len(values) > 0 && slices.IndexFunc(values, func(v *snapshot.Value) bool { return !usable(v) }) < 0 && c.e.open(d, values) != nil {
			c.release()
			return false
		}
	}
	if c.x.ask != nil {
		if text, _, refusal := findCredential(c.x.ask, c.x.g.engine.known); refusal == nil {
			c.look(text)
		}
	}
	c.own()
	return true
}

// look makes the guard look for a credential of the caller's.
func (c *cleaner) look(text string) {
	plain := &c.e.plain
	plain.addString(text)
	c.e.guard.Add(len(c.e.values), plain.b)
	plain.reset()
}

// own makes the guard look for what the caller sent as credentials of its own, in headers that are cut out: an upstream
// may repeat it, as it may what was injected.
func (c *cleaner) own() {
	const shortestCookie = 12 // shorter ones are words like "accepted"
	for name, values := range c.x.r.Header {
		if !c.fields.Header(name) {
			continue
		}
		for _, value := range values {
			switch scheme, rest, found := strings.Cut(value, " "); {
			case name == "Cookie":
				for pair := range strings.SplitSeq(value, ";") {
					if _, text, _ := strings.Cut(pair, "="); len(text) >= shortestCookie {
						c.look(text)
					}
				}
			case found && word([]byte(scheme)):
				c.look(strings.TrimSpace(rest))
			default:
				c.look(value)
			}
		}
	}
}

func (c *cleaner) release() {
	c.e.wipe()
	c.x.g.echoes.Put(c.e)
	c.e = nil
}

// injected says whether a query parameter is one that the route injects: what a caller sends for it is its credential.
func (c *cleaner) injected(name string) bool {
	return c.x.d.Plan != nil && slices.ContainsFunc(c.x.d.Plan.Query, func(f snapshot.Field) bool { return f.Name == name })
}

// text is a short text without what the guard knows.
func (c *cleaner) text(s string) string {
	plain := &c.e.plain
	plain.addString(s)
	before := c.e.guard.Count()
	if out, _ := c.e.guard.Redact(plain.b, true); c.e.guard.Count() > before {
		s = string(out)
		c.n += c.e.guard.Count() - before
	}
	plain.reset()
	b, n := cutKeys([]byte(s), true)
	if n > 0 {
		s = string(b)
		c.n += n
	}
	return s
}

func (c *cleaner) query(s string) string {
	s = c.text(s)
	s, n := c.fields.Pairs(s, c.injected)
	c.n += n
	return s
}

// headers are the lines of a head, by name.
func (c *cleaner) headers(h http.Header) []route.HeaderField {
	list := []route.HeaderField{}
	size := 0
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			if size += len(name) + len(value); size > maxHead {
				return list
			}
			list = append(list, route.HeaderField{Name: strings.ToValidUTF8(c.text(name), "\uFFFD"), Value: strings.ToValidUTF8(c.header(name, value), "\uFFFD")})
		}
	}
	return list
}

func (c *cleaner) header(name, value string) string {
	if value == "" {
		return ""
	}
	plan := c.x.d.Plan
	if c.fields.Header(name) || plan != nil && slices.ContainsFunc(plan.Headers, func(f snapshot.Field) bool { return f.Name == name }) {
		c.n++
		return cut.Mark
	}
	value = c.text(value)
	switch name {
	case "Location", "Content-Location", "Refresh", "Link", "Referer", "Origin":
		var n int
		value, n = c.fields.Reference(value, c.injected)
		c.n += n
	}
	return value
}

// body is what is recorded of a body: decoded, without credentials, and no longer than what is recorded of one. Of what
// is no text nothing is: nobody could say what is in it.
func (c *cleaner) body(k taken, h http.Header) route.Body {
	out := route.Body{Bytes: []byte{}, Size: k.size, Type: strings.ToValidUTF8(c.text(h.Get("Content-Type")), "\uFFFD"), Omitted: k.omitted}
	if k.size == 0 {
		out.Omitted = ""
		return out
	}
	if out.Omitted == "" && (!isText(h["Content-Type"]) || bytes.IndexByte(k.b, 0) >= 0 && h.Get("Content-Encoding") == "") {
		out.Omitted = route.OmittedBinary
	}
	if out.Omitted != "" {
		return out
	}
	b, whole, ok := inflate(k, h)
	if !ok {
		out.Omitted = route.OmittedEncoding
		return out
	}
	before := c.e.guard.Count()
	found, held := c.e.guard.Redact(b, whole)
	if !whole && held > 0 {
		c.e.guard.Abandon() // it may be the beginning of a value
	}
	c.n += c.e.guard.Count() - before
	found, n := cutKeys(found, whole)
	c.n += n
	out.Truncated = !whole || len(found) > route.MaxRecorded
	found, n = c.fields.Body(h.Get("Content-Type"), found[:min(len(found), route.MaxRecorded)])
	c.n += n
	out.Bytes = append(out.Bytes, found[:min(len(found), route.MaxRecorded)]...)
	return out
}

// inflate decodes what was kept of a body, as far as that goes; false for a coding that is not decoded here.
func inflate(k taken, h http.Header) (b []byte, whole, ok bool) {
	coding := strings.ToLower(strings.TrimSpace(strings.Join(h["Content-Encoding"], ",")))
	if coding == "" || coding == "identity" {
		return k.b, k.whole, true
	}
	if coding != "gzip" && coding != "x-gzip" && coding != "deflate" {
		return nil, false, false
	}
	from, _ := decode(&http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(k.b))}, http.Header{"Content-Encoding": {coding}})
	b, err := io.ReadAll(io.LimitReader(from, captured))
	if err != nil && len(b) == 0 || bytes.IndexByte(b, 0) >= 0 {
		return nil, false, false
	}
	return b, k.whole && err == nil && len(b) < captured, true
}

// cutKeys cuts credentials of ours out of a text, wherever they stand. Of one that breaks off at its end, the beginning
// goes too.
func cutKeys(b []byte, whole bool) (out []byte, n int) {
	from := 0
	for i := 0; i+3 <= len(b); i++ {
		if b[i+1] != 'k' || b[i+2] != '_' || b[i] != 's' && b[i] != 'p' && b[i] != 't' {
			continue
		}
		if !whole && i+credentialLength > len(b) && word(b[i:]) {
			out, n = append(append(out, b[from:i]...), cut.Mark...), n+1
			return out, n
		}
		if i+credentialLength > len(b) {
			continue
		}
		if _, err := apikey.Parse(string(b[i : i+credentialLength])); err == nil {
			out, n = append(append(out, b[from:i]...), cut.Mark...), n+1
			from = i + credentialLength
			i = from - 1
		}
	}
	if n == 0 {
		return b, 0
	}
	return append(out, b[from:]...), n
}

// word says whether a text has letters, digits and _ only.
func word(b []byte) bool {
	for _, c := range b {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
