package gateway

import (
	"net/http"
	"net/textproto"
	"strings"
)

// isHop says whether a header, by its canonical name, is about one connection only and goes no further.
func isHop(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer",
		"Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// isOurs says whether a header is the gateway's: callers' end here, and no upstream may forge one.
func isOurs(name string) bool { return strings.HasPrefix(name, "Lockage-") }

// copyEnd copies the headers that go from end to end: neither hop-by-hop, nor named by Connection, nor ours.
func copyEnd(to, from http.Header) {
	for name, values := range from {
		if !isHop(name) && !isOurs(name) {
			to[name] = values
		}
	}
	for _, line := range from["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			delete(to, textproto.CanonicalMIMEHeaderKey(textproto.TrimString(name)))
		}
	}
}

// hasToken says whether a comma separated header holds a token, in any case.
func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(textproto.TrimString(part), token) {
				return true
			}
		}
	}
	return false
}

// requestHeader is what of a call's headers goes to the upstream, with what is injected. Injecting comes last, so that
// nothing the caller sends can take it away.
func requestHeader(r *http.Request, d *Decision) http.Header {
	h := make(http.Header, len(r.Header)+len(d.Plan.Headers)+1)
	copyEnd(h, r.Header)
	if d.found&inAuthorization != 0 {
		delete(h, "Authorization")
	}
	if d.found&inAPIKey != 0 {
		delete(h, "X-Api-Key")
	}
	if hasToken(r.Header["Te"], "trailers") {
		h["Te"] = []string{"trailers"}
	}
	if _, shortest := d.guarded(); shortest > 0 && len(h["Accept-Encoding"]) > 0 {
		h["Accept-Encoding"] = []string{"identity"} // what is compressed cannot be looked through
	}
	if _, ok := h["User-Agent"]; !ok {
		h["User-Agent"] = nil // or the client would put its own
	}
	for i := range d.Plan.Headers {
		if d.Plan.Signs && d.Plan.Headers[i].Template.Signs() {
			delete(h, d.Plan.Headers[i].Name) // the caller's; what is signed comes when all else is known
			continue
		}
		// The client keeps headers as strings, for longer than the call where it speaks HTTP/2: these cannot be wiped.
		h[d.Plan.Headers[i].Name] = []string{string(d.Header(i))}
	}
	return h
}

// mayTrail says whether a trailer of the caller's is forwarded: not what frames or routes a message, not a credential,
// and nothing that the route injects.
func mayTrail(name string, d *Decision) bool {
	switch name {
	case "Content-Length", "Host", "Authorization", "X-Api-Key", "Cookie", "Content-Type", "Content-Encoding", "Content-Range", "Expect":
		return false
	}
	if isHop(name) || isOurs(name) {
		return false
	}
	for i := range d.Plan.Headers {
		if d.Plan.Headers[i].Name == name {
			return false
		}
	}
	return true
}
