package route

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const maxTarget = 2048 // bytes

var hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?$`)

func (d *decoder) targetURL(path string, v jsontext.Value) string {
	s, ok := text(v)
	if !ok {
		d.refuse(path, "must be a string with an absolute http or https URL")
		return ""
	}
	if problem := targetProblem(s); problem != "" {
		d.refuse(path, "%s", problem)
		return ""
	}
	return s
}

// targetProblem says why s is no target. What two readers of a URL could take for different hosts or paths is refused.
func targetProblem(s string) string {
	switch {
	case s == "":
		return "must not be empty; send an absolute http or https URL"
	case len(s) > maxTarget:
		return "is too long; use at most " + strconv.Itoa(maxTarget) + " bytes"
	case strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return "must not contain white space or control characters"
	case strings.Contains(s, "{{"):
		return "must not contain a placeholder; use an overlay for the target of an environment"
	case strings.Contains(s, `\`):
		return "must not contain a backslash"
	case strings.Contains(s, "?"):
		return "must not have a query; use inject_query"
	case strings.Contains(s, "#"):
		return "must not have a fragment"
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "is not a URL"
	case u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "":
		return "must be absolute and begin with http:// or https://"
	case u.User != nil:
		return "must not contain a user or password; inject an Authorization header from a secret"
	case !validHost(u):
		return "must name a host: ASCII letters, digits, hyphens and dots (punycode for others), or an IP address"
	case !validPort(u):
		return "must have a port from 1 to 65535, or none"
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return "must not have . or .. in its path"
		}
	}
	return ""
}

func validHost(u *url.URL) bool {
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is6() && a.Zone() == ""
	}
	return len(host) <= 253 && hostForm.MatchString(host)
}

func validPort(u *url.URL) bool {
	port, found := u.Port(), strings.HasSuffix(u.Host, ":")
	if port == "" {
		return !found
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}
