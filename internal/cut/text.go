package cut

import (
	"bytes"
	"mime"
	"net/url"
	"regexp"
	"strings"
)

// Pairs cuts out of a query or a form the values of listed names, of those that more says, and of "key", which in a query
// is rarely anything else than a credential.
func (f *Fields) Pairs(text string, more func(name string) bool) (string, int) {
	return f.pairs(text, "&;", more)
}

// Reference cuts out of a header with URLs, such as Location, the values of listed parameters.
func (f *Fields) Reference(text string, more func(name string) bool) (string, int) {
	return f.pairs(text, "?&;# ,<>\"", more)
}

func (f *Fields) pairs(text, between string, more func(name string) bool) (string, int) {
	var out strings.Builder
	n := 0
	for text != "" {
		end := strings.IndexAny(text, between)
		separator := ""
		if end < 0 {
			end = len(text)
		} else {
			separator = text[end : end+1]
		}
		piece := text[:end]
		text = text[end+len(separator):]
		name, value, found := strings.Cut(piece, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		if found && value != "" && (f.Has(plain) || plain == "key" || more != nil && more(plain)) {
			piece = name + "=" + Mark
			n++
		}
		out.WriteString(piece)
		out.WriteString(separator)
	}
	return out.String(), n
}

// Body cuts fields out of a body of text.
func (f *Fields) Body(contentType string, b []byte) (out []byte, n int) {
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(strings.ToLower(contentType), ";")
		kind = strings.TrimSpace(kind)
	}
	switch {
	case kind == "application/x-www-form-urlencoded":
		text, n := f.Pairs(string(b), nil)
		return []byte(text), n
	case kind == "multipart/form-data":
		return f.multipart(parameters["boundary"], b)
	case strings.HasSuffix(kind, "xml") || kind == "text/html":
		return f.xml(b)
	case strings.Contains(kind, "json"), strings.HasSuffix(kind, "javascript"), kind == "text/event-stream", kind == "application/graphql":
		return f.json(b)
	}
	return f.guess(b)
}

// guess is for a text whose type does not say how it names its fields.
func (f *Fields) guess(b []byte) (out []byte, n int) {
	start := bytes.TrimLeft(b, " \t\r\n\ufeff")
	switch {
	case len(start) == 0:
		return b, 0
	case start[0] == '{' || start[0] == '[' || start[0] == '"':
		return f.json(b)
	case start[0] == '<':
		return f.xml(b)
	case bytes.IndexByte(start, '=') > 0 && !bytes.ContainsAny(start, " \r\n"):
		text, n := f.Pairs(string(b), nil)
		return []byte(text), n
	}
	return f.lines(b)
}

var named = regexp.MustCompile(`["']?([\pL\pN_.\[\]-]+)["']?[ \t]*[:=][ \t]*`)

// lines cuts of each line what follows a listed name with a colon or an equals sign, to the end of the line.
func (f *Fields) lines(b []byte) (out []byte, n int) {
	for line := range bytes.Lines(b) {
		end := len(bytes.TrimRight(line, "\r\n"))
		for _, m := range named.FindAllSubmatchIndex(line[:end], -1) {
			if f.Has(string(line[m[2]:m[3]])) && m[1] < end {
				line = append(append(bytes.Clone(line[:m[1]]), Mark...), line[end:]...)
				n++
				break
			}
		}
		out = append(out, line...)
	}
	return out, n
}

// multipart cuts the parts of a form that have a listed name, and files, which may be anything.
func (f *Fields) multipart(boundary string, b []byte) (out []byte, n int) {
	if boundary == "" {
		return f.lines(b)
	}
	delimiter := []byte("--" + boundary)
	for i, part := range bytes.SplitAfter(b, delimiter) {
		head, _, found := bytes.Cut(part, []byte("\r\n\r\n"))
		if i == 0 || !found {
			if i > 0 && !bytes.HasPrefix(part, []byte("--")) { // a head that breaks off
				continue
			}
			out = append(out, part...)
			continue
		}
		name, file := partName(head)
		if !file && !f.Has(name) {
			out = append(out, part...)
			continue
		}
		n++
		out = append(append(append(out, head...), "\r\n\r\n"...), Mark...)
		if bytes.HasSuffix(part, delimiter) {
			out = append(append(out, "\r\n"...), delimiter...)
		}
	}
	return out, n
}

// partName is the name of a form's part, and whether it is a file.
func partName(head []byte) (name string, file bool) {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		key, value, _ := bytes.Cut(line, []byte(":"))
		switch strings.ToLower(string(bytes.TrimSpace(key))) {
		case "content-disposition":
			_, parameters, err := mime.ParseMediaType(string(bytes.TrimSpace(value)))
			if err != nil {
				return "", true // nobody can tell what it is
			}
			_, isFile := parameters["filename"]
			name, file = parameters["name"], file || isFile
		case "content-transfer-encoding":
			file = true
		}
	}
	return name, file
}
