package gateway

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// maxInjected is the size of body that a route which injects into it takes, in bytes.
const maxInjected = 10 << 20

// isJSON says whether a content type is application/json or of a type that ends in +json.
func isJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.TrimSpace(kind)
	if strings.EqualFold(kind, "application/json") {
		return true
	}
	const suffix = "+json"
	return len(kind) > len(suffix) && strings.EqualFold(kind[len(kind)-len(suffix):], suffix) && strings.Contains(kind, "/")
}

// mergeBody appends the caller's JSON body with the injected object merged into it: objects merge, of anything else the
// injected value replaces the caller's, and what is new comes last. A member of the caller's whose name differs from an
// injected one only by case is left out, because some upstreams take the two for one and the last one wins. Every other
// byte stays as it was sent, numbers and white space included. An empty body becomes the injected object.
func mergeBody(to *buffer, body []byte, d *Decision) *Refusal {
	to.grow(len(body) + 1<<10)
	m := &merger{to: to, body: body, d: d}
	if len(body) == 0 {
		m.node(d.Body)
		return m.refusal
	}
	m.read = jsontext.NewDecoder(bytes.NewBuffer(body))
	if m.read.PeekKind() != '{' {
		// What is no JSON at all is said to be none below.
		if _, err := m.read.ReadValue(); err == nil {
			return invalid("the body must be a JSON object: the route adds to it")
		}
		return malformed()
	}
	if err := m.object(d.Body); err != nil || m.refusal != nil {
		if m.refusal != nil {
			return m.refusal
		}
		return malformed()
	}
	if _, err := m.read.ReadToken(); !errors.Is(err, io.EOF) {
		return malformed()
	}
	to.add(body[m.copied:])
	return nil
}

// malformed does not tell the decoder's error, which quotes the body.
func malformed() *Refusal {
	return invalid("the body is not valid JSON in UTF-8 with each name once in its object: the route adds to it")
}

// merger copies body to to, up to the places where something is injected.
type merger struct {
	to      *buffer
	body    []byte
	copied  int // of body
	read    *jsontext.Decoder
	d       *Decision
	refusal *Refusal // of rendering
}

func (m *merger) copyTo(offset int64) {
	m.to.add(m.body[m.copied:offset])
	m.copied = int(offset)
}

// object merges the object that begins at the decoder with an injected one.
func (m *merger) object(injected *snapshot.Node) error {
	if _, err := m.read.ReadToken(); err != nil {
		return err
	}
	seen := make([]bool, len(injected.Members))
	empty := true
	for m.read.PeekKind() != '}' {
		before := m.read.InputOffset()
		name, err := m.read.ReadToken()
		if err != nil {
			return err
		}
		i, other := member(injected, name.String())
		if other {
			m.copyTo(before)
			if err := m.read.SkipValue(); err != nil {
				return err
			}
			m.copied = int(m.read.InputOffset())
			continue
		}
		if empty && m.copied == int(before) { // all before it was left out: so is the comma
			m.copied += bytes.IndexByte(m.body[m.copied:], ',') + 1
		}
		empty = false
		if i < 0 {
			if err := m.read.SkipValue(); err != nil {
				return err
			}
			continue
		}
		seen[i] = true
		if err := m.replace(injected.Members[i].Value); err != nil {
			return err
		}
	}
	m.copyTo(m.read.InputOffset()) // behind the last value, before white space
	for i := range injected.Members {
		if seen[i] {
			continue
		}
		if !empty {
			m.to.addByte(',')
		}
		empty = false
		m.to.add(injected.Members[i].Quoted)
		m.to.addByte(':')
		m.node(injected.Members[i].Value)
	}
	_, err := m.read.ReadToken()
	return err
}

// member finds the injected member of a name, -1 for none; other says that there is none, but one that differs by case.
func member(injected *snapshot.Node, name string) (i int, other bool) {
	for i := range injected.Members {
		if injected.Members[i].Name == name {
			return i, false
		}
		other = other || strings.EqualFold(injected.Members[i].Name, name)
	}
	return -1, other
}

func (m *merger) replace(injected *snapshot.Node) error {
	if injected.IsObject() && m.read.PeekKind() == '{' {
		return m.object(injected)
	}
	value, err := m.read.ReadValue()
	if err != nil {
		return err
	}
	end := m.read.InputOffset()
	m.copyTo(end - int64(len(value)))
	m.copied = int(end)
	m.node(injected)
	return nil
}

// node appends an injected value.
func (m *merger) node(n *snapshot.Node) {
	switch {
	case n.Raw != nil:
		m.to.add(n.Raw)
	case n.Template != nil:
		m.text(n.Template)
	case n.Members != nil:
		for i := range n.Members {
			m.to.addByte("{,"[min(i, 1)])
			m.to.add(n.Members[i].Quoted)
			m.to.addByte(':')
			m.node(n.Members[i].Value)
		}
		m.to.addByte('}')
	default:
		for i := range n.Elements {
			m.to.addByte("[,"[min(i, 1)])
			m.node(n.Elements[i])
		}
		m.to.addByte(']')
	}
}

func (m *merger) text(t snapshot.Template) {
	if r := m.d.text(t); r != nil {
		m.refusal = r
		return
	}
	plain := m.d.scratch.b
	m.to.grow(6*len(plain) + 2) // as long as a JSON string can get
	var err error
	if m.to.b, err = jsontext.AppendQuote(m.to.b, plain); err != nil {
		m.refusal = refuse(http.StatusInternalServerError, typeCredential,
			"secret '"+m.binary(t)+"' is not UTF-8 and cannot be sent in a JSON body")
	}
}

// binary names the first secret of a template whose value is not UTF-8.
func (m *merger) binary(t snapshot.Template) string {
	for i := range t {
		if t[i].Kind != secret.SecretName && t[i].Kind != secret.SecretID {
			continue
		}
		m.d.scratch.reset()
		if r := m.d.part(&m.d.scratch, &t[i]); r != nil || !utf8.Valid(m.d.scratch.b) {
			return m.d.value(&t[i]).Name
		}
	}
	return ""
}
