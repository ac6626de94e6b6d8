package dashboard

import (
	"net/url"
	"strings"
)

// originOf is the part of a URL that browsers know a server by; "" of what is none.
func originOf(where string) string {
	u, err := url.Parse(where)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// localPath is a path of this server that somebody may be sent to after a login, "/" for anything else: an address of
// another site, in whatever way browsers read one, and what is no page to go back to.
func localPath(next string) string {
	odd := func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f }
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || len(next) > 2048 || strings.ContainsFunc(next, odd) {
		return "/"
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Fragment != "" || strings.HasPrefix(u.Path, "//") || strings.ContainsFunc(u.Path, odd) {
		return "/"
	}
	if u.Path == "/login" || strings.HasPrefix(u.Path, "/login/") || u.Path == "/logout" {
		return "/"
	}
	return u.RequestURI()
}
