package cut

import "bytes"

// xml cuts elements and attributes of listed names out of XML or HTML. It reads tags and no grammar; of an element that
// does not end, everything that follows is left out.
func (f *Fields) xml(b []byte) (out []byte, n int) {
	for {
		start := bytes.IndexByte(b, '<')
		if start < 0 {
			return append(out, b...), n
		}
		out, b = append(out, b[:start]...), b[start:]
		end := tagEnd(b)
		tag := b[:end]
		name := tagName(tag)
		cleaned, cut := f.attributes(tag)
		out, n = append(out, cleaned...), n+cut
		b = b[end:]
		if len(name) == 0 || !f.Has(string(local(name))) || bytes.HasSuffix(tag, []byte("/>")) {
			continue
		}
		if !bytes.HasSuffix(tag, []byte(">")) {
			return out, n // it broke off inside of the tag
		}
		closing := bytes.Index(b, append([]byte("</"), name...))
		if closing != 0 {
			out, n = append(out, Mark...), n+1
		}
		if closing < 0 {
			return out, n
		}
		b = b[closing:]
	}
}

// tagEnd is where the tag that a text begins with ends.
func tagEnd(b []byte) int {
	quote := byte(0)
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return len(b)
}

// tagName is the name of a tag that opens an element, nothing for others.
func tagName(tag []byte) []byte {
	name := tag[1:]
	if end := bytes.IndexAny(name, " \t\r\n/>"); end >= 0 {
		name = name[:end]
	}
	if len(name) == 0 || name[0] == '!' || name[0] == '?' {
		return nil
	}
	return name
}

// local is a name without its namespace's prefix.
func local(name []byte) []byte { return name[bytes.LastIndexByte(name, ':')+1:] }

// attributes cuts the values of attributes with listed names.
func (f *Fields) attributes(tag []byte) (out []byte, n int) {
	for {
		equals := bytes.IndexByte(tag, '=')
		if equals < 0 {
			return append(out, tag...), n
		}
		before := bytes.TrimRight(tag[:equals], " \t\r\n")
		name := before[bytes.LastIndexAny(before, " \t\r\n<\"'")+1:]
		from := skipSpace(tag, equals+1)
		to := from
		switch {
		case from < len(tag) && (tag[from] == '"' || tag[from] == '\''):
			if end := bytes.IndexByte(tag[from+1:], tag[from]); end >= 0 {
				to = from + end + 2
			} else {
				to = len(tag)
			}
		default:
			for to < len(tag) && bytes.IndexByte([]byte(" \t\r\n>"), tag[to]) < 0 {
				to++
			}
		}
		if f.Has(string(local(name))) && to > from {
			out = append(append(append(out, tag[:from]...), '"'), Mark...)
			out, n = append(out, '"'), n+1
		} else {
			out = append(out, tag[:to]...)
		}
		tag = tag[to:]
	}
}
