package mask

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"
)

// Body masks the body of a call or an answer by its media type, which may be wrong or missing. Of one that was cut off,
// the last word is masked too. It answers false for what cannot be read as text: that is not to be shown.
func (m *Masker) Body(mediaType string, body []byte, cut bool) (masked []byte, shown bool) {
	if cut {
		body = sound(body)
	}
	if len(body) == 0 {
		return body, true
	}
	r := m.begin()
	defer m.end(r)
	kind, parameters, _ := mime.ParseMediaType(mediaType)
	if strings.HasPrefix(kind, "multipart/") && parameters["boundary"] != "" {
		return r.multipart(nil, body, parameters["boundary"], cut), true
	}
	return r.part(nil, kind, body, cut)
}

func (r *run) part(dst []byte, kind string, body []byte, cut bool) ([]byte, bool) {
	if !readable(body) {
		return dst, false
	}
	if dst == nil {
		dst = make([]byte, 0, len(body)+len(body)/4+64)
	}
	begins := bytes.TrimLeft(body, " \t\r\n\ufeff")
	structured := len(begins) > 0 && (begins[0] == '{' || begins[0] == '[')
	switch {
	case kind == "application/x-www-form-urlencoded":
		return r.form(dst, body, cut), true
	case kind == "text/event-stream":
		return r.events(dst, body, cut), true
	case structured, isJSON(kind):
		dst = append(dst, body[:len(body)-len(begins)]...)
		return r.json(dst, begins), true
	case len(begins) > 0 && begins[0] == '<' && kind != "text/html":
		return r.xml(dst, body), true
	}
	return r.text(dst, body, cut), true
}

func isJSON(kind string) bool {
	return strings.HasSuffix(kind, "/json") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "ndjson")
}

// readable says whether a body is text.
func readable(s []byte) bool {
	if !utf8.Valid(s) {
		return false
	}
	for _, c := range s {
		if c-' ' < 0x5f || c >= utf8.RuneSelf { // most of it; what is less than a space wraps around
			continue
		}
		if c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}

// text masks a text by its patterns. Where it was cut off, the last word is masked whole, for what is left of a pattern is
// none.
func (r *run) text(dst, s []byte, cut bool) []byte {
	end := len(s)
	if cut {
		end = bytes.LastIndexAny(s, " \t\r\n") + 1
	}
	out, changed := r.free(dst, s[:end])
	if !changed {
		out = append(dst, s[:end]...)
	}
	if end < len(s) {
		out = append(out, hidden...)
	}
	return out
}

func (r *run) form(dst, s []byte, cut bool) []byte {
	if !cut {
		return r.query(dst, s)
	}
	end := bytes.LastIndexByte(s, '&') + 1
	if end > 0 {
		dst = append(r.query(dst, s[:end-1]), '&')
	}
	if end < len(s) {
		name, _, has := bytes.Cut(s[end:], []byte{'='})
		if has {
			dst = append(r.query(dst, name), '=')
		}
		dst = append(dst, hidden...)
	}
	return dst
}

// events masks server-sent events, whose data is mostly JSON.
func (r *run) events(dst, s []byte, cut bool) []byte {
	for line := range bytes.Lines(s) {
		last := cut && !bytes.HasSuffix(line, []byte{'\n'})
		data, is := bytes.CutPrefix(line, []byte("data:"))
		if is && bytes.HasPrefix(bytes.TrimSpace(data), []byte{'{'}) {
			dst = r.json(append(dst, "data:"...), data)
			continue
		}
		dst = r.text(dst, line, last)
	}
	return dst
}

// multipart masks each part as a field of a form: by its name, its own media type and its patterns. Files are not shown.
func (r *run) multipart(dst, s []byte, boundary string, cut bool) []byte {
	r.root()
	mark := []byte("--" + boundary)
	for i := 0; len(s) > 0; i++ {
		end := bytes.Index(s, mark)
		part := s
		if end >= 0 {
			part = s[:end]
		}
		if i > 0 { // what comes before the first boundary is read by nobody
			dst = append(dst, mark...)
			dst = r.formPart(dst, part, cut && end < 0)
		}
		if end < 0 {
			break
		}
		if s = s[end+len(mark):]; len(bytes.TrimSpace(s)) == 0 {
			dst = append(append(dst, mark...), s...)
			break
		}
	}
	return dst
}

func (r *run) formPart(dst, part []byte, cut bool) []byte {
	head, body, found := bytes.Cut(part, []byte("\r\n\r\n"))
	if !found {
		if bytes.Equal(bytes.TrimSpace(part), []byte("--")) { // the end
			return append(dst, part...)
		}
		return append(dst, "\r\n"+hidden...)
	}
	var name, kind, file string
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		field, value, _ := strings.Cut(string(line), ":")
		switch strings.ToLower(strings.TrimSpace(field)) {
		case "content-disposition":
			_, parameters, err := mime.ParseMediaType(value)
			if name, file = parameters["name"], parameters["filename"]; err != nil {
				file = hidden // what cannot be read may be one
			}
		case "content-type":
			kind, _, _ = mime.ParseMediaType(value)
		}
	}
	shownName, changed := r.patterns(nil, []byte(name))
	if !changed {
		shownName = []byte(name)
	}
	dst = fmt.Appendf(dst, "\r\nContent-Disposition: form-data; name=%q", shownName)
	if file != "" {
		dst = append(dst, "; filename=\""+hidden+"\""...)
	}
	if kind != "" {
		dst = append(dst, "\r\nContent-Type: "+kind...)
	}
	dst = append(dst, "\r\n\r\n"...)
	body, ends := bytes.CutSuffix(body, []byte("\r\n"))
	switch {
	case file != "" || !readable(body):
		dst = fmt.Appendf(dst, "[%d bytes that are not shown]", len(body))
	default:
		at := r.child(&r.frames[0], []byte(name))
		out, masked := r.value(dst, body, &at)
		r.nodes = r.nodes[:r.frames[0].to]
		switch {
		case masked:
			dst = out
		case at.says.keep:
			dst = append(dst, body...)
		default:
			dst, _ = r.part(dst, kind, body, cut)
		}
	}
	if ends {
		dst = append(dst, "\r\n"...)
	}
	return dst
}
