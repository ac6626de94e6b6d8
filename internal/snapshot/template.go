package snapshot

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockage/lockage/internal/secret"
)

// Template is a compiled template.
type Template []Part

// Part is a piece of a template. Of a secret, by name or by id, and of a signature, Value is the index among
// LiveRoute.Values; of a variable it is that among LiveRoute.Variables.
type Part struct {
	Kind    secret.Kind
	Text    string // of a literal
	Value   int    // of a secret, a signature or a variable
	Filters []secret.Filter
	Sign    secret.Sign // of a signature
}

// Signs says whether the template holds a signature, which is made when everything else of the call is known.
func (t Template) Signs() bool {
	return slices.ContainsFunc(t, func(p Part) bool { return p.Kind == secret.HMAC })
}

// template compiles a text and notes the secrets it refers to.
func (p *Plan) template(text string) (Template, error) {
	parsed, err := secret.ParseTemplate(text)
	if err != nil {
		return nil, err
	}
	var t Template
	for _, part := range parsed.Parts() {
		compiled := Part{Kind: part.Kind, Filters: part.Filters, Sign: part.Sign}
		switch ref, ok := part.Reference(); {
		case ok && ref.Kind == secret.Variable:
			compiled.Value = p.variable(ref.Name)
		case ok:
			compiled.Value = p.reference(ref)
		case part.Kind == secret.Literal:
			compiled.Text = part.Text
		}
		p.Signs = p.Signs || part.Kind == secret.HMAC
		p.SignsBody = p.SignsBody || part.Sign.NeedsBody()
		t = append(t, compiled)
	}
	return t, nil
}

func (p *Plan) variable(key string) int {
	if i := slices.Index(p.variables, key); i >= 0 {
		return i
	}
	p.variables = append(p.variables, key)
	return len(p.variables) - 1
}

func (p *Plan) reference(ref secret.Reference) int {
	from := 0
	if p.certificate { // which is nothing that templates could hold
		from = 1
	}
	if i := slices.Index(p.references[from:], ref); i >= 0 {
		return from + i
	}
	p.references = append(p.references, ref)
	return len(p.references) - 1
}

// Node is a JSON value to inject: an object (Members), an array (Elements), a string with placeholders (Template), or
// anything else as it is (Raw). Exactly one of the four is set; an empty object or array is Raw.
type Node struct {
	Members  []Member
	Elements []*Node
	Template Template
	Raw      []byte
}

// Member is one member of an object.
type Member struct {
	Name   string
	Quoted []byte // the name as JSON
	Value  *Node
}

// IsObject says whether the node is an object, which merges where another value would replace.
func (n *Node) IsObject() bool { return n.Members != nil || bytes.Equal(n.Raw, []byte("{}")) }

// node compiles a JSON value.
func (p *Plan) node(raw []byte) (*Node, error) {
	n, err := p.readNode(jsontext.NewDecoder(bytes.NewReader(raw)))
	if err != nil {
		return nil, fmt.Errorf("its inject_body does not compile: %w", err)
	}
	return n, nil
}

func (p *Plan) readNode(d *jsontext.Decoder) (*Node, error) {
	switch d.PeekKind() {
	case '{':
		return p.readObject(d)
	case '[':
		return p.readArray(d)
	case '"':
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		t, err := p.template(token.String())
		if err != nil {
			return nil, err
		}
		return textNode(t)
	default:
		v, err := d.ReadValue()
		return &Node{Raw: bytes.Clone(v)}, err
	}
}

// textNode is the node of a string; one without a placeholder is quoted once and for all.
func textNode(t Template) (*Node, error) {
	if len(t) > 1 || len(t) == 1 && t[0].Kind != secret.Literal {
		return &Node{Template: t}, nil
	}
	text := ""
	if len(t) == 1 {
		text = t[0].Text
	}
	raw, err := jsontext.AppendQuote(nil, text)
	return &Node{Raw: raw}, err
}

func (p *Plan) readObject(d *jsontext.Decoder) (*Node, error) {
	n := &Node{}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		quoted, err := jsontext.AppendQuote(nil, name)
		if err != nil {
			return nil, err
		}
		value, err := p.readNode(d)
		if err != nil {
			return nil, err
		}
		n.Members = append(n.Members, Member{Name: name, Quoted: quoted, Value: value})
	}
	if n.Members == nil {
		n.Raw = []byte("{}")
	}
	_, err := d.ReadToken()
	return n, err
}

func (p *Plan) readArray(d *jsontext.Decoder) (*Node, error) {
	n := &Node{}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != ']' {
		element, err := p.readNode(d)
		if err != nil {
			return nil, err
		}
		n.Elements = append(n.Elements, element)
	}
	if n.Elements == nil {
		n.Raw = []byte("[]")
	}
	_, err := d.ReadToken()
	return n, err
}
