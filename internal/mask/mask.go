// Package mask makes customers' data unreadable and leaves what helps to find a fault: the structure of a document, the
// names of its fields, the shape of a value, and whether two values are the same. What is customers' data is found by the
// account's list of paths, by the name of the field it stands in, and by its own pattern. Equal values have equal masks
// under one key and unrelated ones under another; nothing of the value itself stands in its mask but its separators, the
// number of its digits and the end of an e-mail's domain. The same input gives the same output; nothing is kept.
//
// Documents are gone through once, without trees. One that is broken is masked as far as it can be read, and from there
// on as text. What cannot be read at all is not shown.
package mask

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// Class is a kind of customers' data.
type Class string

// The classes.
const (
	Email    Class = "email"
	Phone    Class = "phone"
	Name     Class = "name"
	Address  Class = "address"     // of a house or a machine
	Card     Class = "card_number" // and the numbers of accounts and papers
	FreeText Class = "free_text"   // what people wrote
)

// Classes lists the classes.
func Classes() []Class { return []Class{Email, Phone, Name, Address, Card, FreeText} }

// Masker masks by the rules of an account under the key of an environment. It is safe for concurrent use.
type Masker struct {
	rules compiled
	runs  *sync.Pool // of *run
}

// New makes a Masker. The key has 32 bytes that nobody who reads masks can know; rules that Check refuses are left out.
func New(key []byte, rules Rules) *Masker {
	key = bytes.Clone(key)
	return &Masker{rules: rules.compile(), runs: &sync.Pool{New: func() any {
		return &run{mac: hmac.New(sha256.New, key)}
	}}}
}

// run is one passage over one input.
type run struct {
	rules  *compiled
	mac    hash.Hash
	sum    [sha256.Size]byte
	frames []frame
	nodes  []*node  // of the frames
	lower  []byte   // scratch: a normal form
	plain  [][]byte // scratch: decoded text, one for each depth of documents in documents
	bare   []byte   // scratch: parts of URLs and forms without their escapes, those inside others behind them
	depth  int      // of documents in documents
}

func (m *Masker) begin() *run {
	r := m.runs.Get().(*run) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	r.rules, r.depth = &m.rules, 0
	r.frames, r.nodes, r.bare = r.frames[:0], r.nodes[:0], r.bare[:0]
	return r
}

// end gives the run back without what it read.
func (m *Masker) end(r *run) {
	clear(r.lower[:cap(r.lower)])
	clear(r.bare[:cap(r.bare)])
	for _, p := range r.plain {
		clear(p[:cap(p)])
	}
	if cap(r.frames) > 1<<12 { // something hostile: let it go
		r.frames, r.nodes = nil, nil
	}
	m.runs.Put(r)
}

// Text masks what it finds in a text by its pattern.
func (m *Masker) Text(s string) string {
	r := m.begin()
	defer m.end(r)
	if out, changed := r.free(nil, []byte(s)); changed {
		return string(out)
	}
	return s
}

// Field masks the value of a field of this name, which may be that of a header.
func (m *Masker) Field(name, value string) string {
	r := m.begin()
	defer m.end(r)
	f := r.child(r.root(), []byte(name))
	if out, changed := r.value(nil, []byte(value), &f); changed {
		return string(out)
	}
	return value
}

// JSON masks a JSON document, or several after one another. What is not JSON is masked as text from there on. The output
// is JSON if the input is.
func (m *Masker) JSON(document []byte) []byte {
	r := m.begin()
	defer m.end(r)
	return r.json(make([]byte, 0, len(document)+len(document)/4+64), document)
}

// Query masks a query, as it stands after the question mark, or a form in that encoding.
func (m *Masker) Query(raw string) string {
	r := m.begin()
	defer m.end(r)
	return string(r.query(nil, []byte(raw)))
}

// Path masks the segments of a URL's path, escaped or not.
func (m *Masker) Path(path string) string {
	r := m.begin()
	defer m.end(r)
	return string(r.path(nil, []byte(path)))
}
