package gateway

import (
	"net/url"
	"strings"

	"github.com/lockage/lockage/internal/snapshot"
)

// escapedPath is the path of a call as it was sent, but for the bytes that no URL may hold as they are: those it escapes.
// For one of them url.URL.EscapedPath would encode the whole path anew from what it decoded to, and so make a separator
// of every escaped slash. What pathProblem refuses stays.
func escapedPath(u *url.URL) string {
	path := u.RawPath
	if path == "" {
		return u.EscapedPath() // nothing was sent in another form than this one
	}
	odd := 0
	for i := range len(path) {
		if isOdd(path[i]) {
			odd++
		}
	}
	if odd == 0 {
		return path
	}
	b := make([]byte, 0, len(path)+2*odd)
	for i := range len(path) {
		if c := path[i]; isOdd(c) {
			b = append(b, '%', digits[c>>4], digits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

// isOdd says whether a byte may not stand in a path as it is and is not refused either.
func isOdd(c byte) bool { return c >= 0x80 || strings.IndexByte("\"#<>?^`{|}", c) >= 0 }

// upstreamURL is where a call goes: what follows the route behind the target, as it was escaped.
func upstreamURL(target *snapshot.Target, rest, query string) (*url.URL, error) {
	escaped := join(target.Path, rest)
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: target.Scheme, Host: target.Host, Path: path, RawPath: escaped, RawQuery: query}, nil
}

// address finds the route a call is for, by key or id, and what of the path goes on to the target. With the header
// Lockage-Route the whole path does, else what follows the first segment. The path stays as it was escaped.
func address(path string, header []string) (route, rest string, refusal *Refusal) {
	if len(header) > 1 {
		return "", "", invalid("Lockage-Route may be sent only once")
	}
	if problem := pathProblem(path); problem != "" {
		return "", "", invalid(problem)
	}
	if len(header) == 1 {
		if path == "/" { // what a client sends for no path at all
			path = ""
		}
		return header[0], path, nil
	}
	route, rest = path[1:], ""
	if i := strings.IndexByte(route, '/'); i >= 0 {
		route, rest = route[:i], route[i:]
	}
	return route, rest, nil
}

// pathProblem says why an escaped path is refused. What one server takes for a step up and another for a name could
// lead out of the path of the target: dot segments, also escaped or with a parameter, and backslashes.
func pathProblem(path string) string {
	const dotted = "the path must not contain . or .. as a segment, also not escaped"
	if path == "" || path[0] != '/' {
		return "the path must begin with /"
	}
	length, dots, parameter := 0, 0, false
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c <= ' ' || c == 0x7f {
			return "the path must not contain white space or control characters; escape them"
		}
		if c == '%' {
			high, low := -1, -1
			if i+2 < len(path) {
				high, low = unhex(path[i+1]), unhex(path[i+2])
			}
			if high < 0 || low < 0 {
				return "the path must have two hexadecimal digits after each %"
			}
			c = byte(high<<4 | low)
			i += 2
		}
		switch {
		case c == '\\':
			return "the path must not contain a backslash, also not escaped"
		case c == '/':
			if length == dots && (dots == 1 || dots == 2) {
				return dotted
			}
			length, dots, parameter = 0, 0, false
		case c == ';' || parameter:
			parameter = true
		case c == '.':
			length++
			dots++
		default:
			length++
		}
	}
	if length == dots && (dots == 1 || dots == 2) {
		return dotted
	}
	return ""
}

// queryProblem says why a query is refused: an HTTP/2 caller may send bytes that would end the request line of an
// HTTP/1.1 upstream.
func queryProblem(query string) string {
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c == 0x7f || c == '#' {
			return "the query must not contain white space, control characters or #; escape them"
		}
	}
	return ""
}

// unhex is the value of a hexadecimal digit, -1 for any other byte.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
}

// join puts what follows the route behind the path of the target; both are escaped.
func join(target, rest string) string {
	switch {
	case rest == "" && target == "":
		return "/"
	case rest == "":
		return target
	default:
		return strings.TrimSuffix(target, "/") + rest
	}
}
