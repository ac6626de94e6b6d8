package mask

import (
	"bytes"
	"html"
)

// xml masks the texts and attributes of XML by the names of their elements and attributes. What is not XML after all is
// masked as text; comments and declarations are too.
func (r *run) xml(dst, s []byte) []byte {
	base, below := len(r.frames), len(r.nodes)
	defer func() { r.frames, r.nodes = r.frames[:base], r.nodes[:below] }()
	r.nodes = append(r.nodes, r.rules.root)
	r.frames = append(r.frames, frame{from: below, to: below + 1})
	for len(s) > 0 {
		open := bytes.IndexByte(s, '<')
		if open < 0 {
			open = len(s)
		}
		dst = r.characters(dst, s[:open])
		if s = s[open:]; len(s) == 0 {
			break
		}
		if inner, rest, ok := between(s, "<![CDATA[", "]]>"); ok {
			dst = append(dst, "<![CDATA["...)
			out, changed := r.value(dst, inner, &r.frames[len(r.frames)-1])
			if !changed {
				out = append(dst, inner...)
			}
			dst = append(out, "]]>"...)
			s = rest
			continue
		}
		end := tagEnd(s)
		if bytes.HasPrefix(s, []byte("<!--")) {
			if end = bytes.Index(s, []byte("-->")); end >= 0 {
				end += len("-->")
			}
		}
		if end < 0 {
			return r.broken(dst, s)
		}
		dst = r.element(dst, s[:end], base)
		s = s[end:]
	}
	return dst
}

// characters masks the text of the element that is open.
func (r *run) characters(dst, s []byte) []byte {
	plain := s
	if bytes.IndexByte(s, '&') >= 0 {
		plain = []byte(html.UnescapeString(string(s)))
	}
	out, changed := r.value(nil, plain, &r.frames[len(r.frames)-1])
	if !changed {
		return append(dst, s...)
	}
	return append(dst, html.EscapeString(string(out))...)
}

// element masks the attributes of a tag, and opens or closes what it begins or ends.
func (r *run) element(dst, tag []byte, base int) []byte {
	switch {
	case tag[1] == '/':
		if len(r.frames) > base+1 {
			r.frames = r.frames[:len(r.frames)-1]
			r.nodes = r.nodes[:r.frames[len(r.frames)-1].to]
		}
		return append(dst, tag...)
	case tag[1] == '!' || tag[1] == '?':
		return r.broken(dst, tag)
	}
	inner := tag[1 : len(tag)-1]
	empty := bytes.HasSuffix(inner, []byte{'/'})
	size := bytes.IndexAny(inner, " \t\r\n/")
	if size < 0 {
		size = len(inner)
	}
	opened := r.child(&r.frames[len(r.frames)-1], local(inner[:size]))
	dst = append(dst, tag[:1+size]...)
	dst = r.attributes(dst, inner[size:], &opened)
	dst = append(dst, '>')
	if empty {
		r.nodes = r.nodes[:opened.from]
		return dst
	}
	r.frames = append(r.frames, opened)
	return dst
}

func (r *run) attributes(dst, s []byte, element *frame) []byte {
	for {
		equals := bytes.IndexByte(s, '=')
		if equals < 0 || equals+1 == len(s) || s[equals+1] != '"' && s[equals+1] != '\'' {
			return append(dst, s...)
		}
		inner := s[equals+2:]
		end := bytes.IndexByte(inner, s[equals+1])
		if end < 0 {
			return append(dst, s...)
		}
		at := r.child(element, local(bytes.TrimSpace(s[:equals])))
		r.nodes = r.nodes[:element.to]
		dst = append(dst, s[:equals+2]...)
		out, changed := r.value(nil, []byte(html.UnescapeString(string(inner[:end]))), &at)
		if changed {
			dst = append(dst, html.EscapeString(string(out))...)
		} else {
			dst = append(dst, inner[:end]...)
		}
		dst = append(dst, s[equals+1])
		s = inner[end+1:]
	}
}

// local is a name without its namespace's prefix.
func local(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }

// tagEnd is where a tag ends, behind its >, which may stand in an attribute too; -1 when it does not.
func tagEnd(s []byte) int {
	quote := byte(0)
	for i, c := range s {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case i > 0 && (c == '"' || c == '\''):
			quote = c
		case c == '>' && i > 1:
			return i + 1
		}
	}
	return -1
}

func between(s []byte, open, shut string) (inner, rest []byte, ok bool) {
	after, ok := bytes.CutPrefix(s, []byte(open))
	if !ok {
		return nil, nil, false
	}
	return bytes.Cut(after, []byte(shut))
}
