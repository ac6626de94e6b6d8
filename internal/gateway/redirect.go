package gateway

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/lockage/lockage/internal/snapshot"
)

// scrub takes the injected query parameters out of the headers of an answer that say where something is: an upstream
// that redirects with the query it was called with would hand their values to the caller. A value that cannot be read
// is dropped, and so is one that holds such a parameter where it cannot be taken out.
func scrub(h http.Header, injected []snapshot.Field) {
	if len(injected) == 0 {
		return
	}
	for _, name := range [...]string{"Location", "Content-Location", "Refresh", "Link"} {
		values, ok := h[name]
		if !ok {
			continue
		}
		kept := make([]string, 0, len(values))
		for _, v := range values {
			switch name {
			case "Refresh":
				v, ok = scrubRefresh(v, injected)
			case "Link":
				v, ok = scrubLink(v, injected)
			default:
				v, ok = scrubReference(v, injected)
			}
			if ok {
				kept = append(kept, v)
			}
		}
		if h[name] = kept; len(kept) == 0 {
			delete(h, name)
		}
	}
}

// scrubReference scrubs an absolute or relative URL. Every byte it keeps stays as it was.
func scrubReference(text string, injected []snapshot.Field) (string, bool) {
	if _, err := url.Parse(text); err != nil {
		return "", false
	}
	before, rest, _ := strings.Cut(text, "#")
	fragment := text[len(before):]
	path, query, found := strings.Cut(before, "?")
	if found {
		var kept buffer
		keepQuery(&kept, query, injected)
		query = "?" + string(kept.b)
		if query == "?" && path != "" { // with no path, nothing at all would mean the query of the call
			query = ""
		}
	}
	text = path + query
	return text + fragment, !mentions(text, injected) && !mentions("#"+rest, injected)
}

// mentions says whether an injected parameter stands anywhere in a text, also escaped, as in a URL that is itself a
// parameter.
func mentions(text string, injected []snapshot.Field) bool {
	const deepest = 8
	for range deepest {
		for rest := text; ; {
			i := strings.IndexAny(rest, "?&;#")
			if i < 0 {
				break
			}
			rest = rest[i+1:]
			name := rest
			if end := strings.IndexAny(rest, "=?&;#"); end >= 0 {
				name = rest[:end]
			}
			if isInjected(name, injected) {
				return true
			}
		}
		inner := unescaped(text)
		if inner == text {
			return false
		}
		text = inner
	}
	return true // nobody escapes that often without a purpose
}

// unescaped takes one layer of escapes off. One that is none stays.
func unescaped(text string) string {
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '%' && i+2 < len(text) {
			if high, low := unhex(text[i+1]), unhex(text[i+2]); high >= 0 && low >= 0 {
				c = byte(high<<4 | low)
				i += 2
			}
		}
		b = append(b, c)
	}
	return string(b)
}

const (
	blank  = " \t"
	amount = "0123456789."
)

// scrubRefresh scrubs a Refresh: seconds, and behind a semicolon or a comma, with or without "url=" and quotes, a URL.
func scrubRefresh(text string, injected []snapshot.Field) (string, bool) {
	at := strings.IndexAny(text, ";,")
	if at < 0 {
		return text, strings.Trim(text, amount+blank) == ""
	}
	if strings.Trim(text[:at], amount+blank) != "" {
		return "", false
	}
	target := strings.TrimLeft(text[at+1:], blank)
	if len(target) > 3 && strings.EqualFold(target[:3], "url") {
		if value, ok := strings.CutPrefix(strings.TrimLeft(target[3:], blank), "="); ok {
			target = strings.TrimLeft(value, blank)
		}
	}
	head, quote := text[:len(text)-len(target)], ""
	if target = strings.TrimRight(target, blank); target != "" && (target[0] == '"' || target[0] == '\'') {
		quote = target[:1]
		inner, ok := strings.CutSuffix(target[1:], quote)
		if !ok {
			return "", false
		}
		target = inner
	}
	target, ok := scrubReference(target, injected)
	return head + quote + target + quote, ok
}

// scrubLink scrubs a Link: URLs in angle brackets, each with parameters, of which one may hold a URL again.
func scrubLink(text string, injected []snapshot.Field) (string, bool) {
	if !strings.HasPrefix(strings.TrimLeft(text, blank), "<") {
		return "", false
	}
	var out strings.Builder
	for text != "" {
		i := strings.IndexAny(text, "<\"?%") // the latter two are of a URL, which must stand in brackets or quotes
		if i < 0 {
			out.WriteString(text)
			break
		}
		out.WriteString(text[:i+1])
		kind := text[i]
		text = text[i+1:]
		switch kind {
		case '<':
			target, rest, found := strings.Cut(text, ">")
			target, ok := scrubReference(target, injected)
			if !found || !ok {
				return "", false
			}
			out.WriteString(target + ">")
			text = rest
		case '"':
			end := quoteEnd(text)
			if end < 0 || mentions(text[:end], injected) {
				return "", false
			}
			out.WriteString(text[:end+1])
			text = text[end+1:]
		default:
			return "", false
		}
	}
	return out.String(), true
}

// quoteEnd is where a quoted text ends, -1 for nowhere.
func quoteEnd(text string) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}
