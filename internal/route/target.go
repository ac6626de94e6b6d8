package route

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockage/lockage/internal/secret"
)

const maxTarget = 2048 // bytes

var hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?$`)

func (d *decoder) targetURL(path string, v jsontext.Value) string {
	s, ok := text(v)
	if !ok {
		d.refuse(path, "must be a string with an absolute http or https URL")
		return ""
	}
	if problem := templateProblem(s); problem != "" {
		d.refuse(path, "%s", problem)
		return ""
	}
	return s
}

// templateProblem says why s is no template of a target: text and variables, which make a target when each variable is
// like any other name, and, where it stands in front, like a target itself. What they really hold is checked where they
// are known: see CheckTarget.
func templateProblem(s string) string {
	if !strings.Contains(s, "{{") {
		return targetProblem(s)
	}
	if len(s) > maxTarget {
		return targetProblem(s)
	}
	t, err := secret.ParseTemplate(s)
	if err != nil {
		return err.Error()
	}
	var like strings.Builder
	for i, p := range t.Parts() {
		switch {
		case p.Kind == secret.Literal:
			like.WriteString(p.Text)
		case p.Kind != secret.Variable:
			return "may have variables as placeholders and nothing else; a secret in it would end in logs"
		case i == 0:
			like.WriteString("https://x")
		default:
			like.WriteString("1") // fits in a name, in a path and as a port
		}
	}
	return targetProblem(like.String())
}

// CheckTarget says why a target whose variables were filled in is none, "" when it is one. It does not repeat it.
func CheckTarget(s string) string { return targetProblem(s) }

// certificate reads a placeholder that names a secret and is all there is.
func (d *decoder) certificate(path string, v jsontext.Value) string {
	s, _ := text(v)
	t, err := secret.ParseTemplate(s)
	if parts := t.Parts(); err != nil || len(parts) != 1 || parts[0].Kind != secret.SecretName && parts[0].Kind != secret.SecretID || len(parts[0].Filters) > 0 {
		d.refuse(path, "must be {{secret:NAME}} or {{secret_id:UUID}} of a certificate secret, and nothing else")
		return ""
	}
	return t.String()
}

// checkWhole refuses what fits only by itself: a certificate is shown in TLS.
func (d *decoder) checkWhole(r Route) {
	if r.ClientCertificate != "" && strings.HasPrefix(strings.ToLower(r.TargetURL), "http:") {
		d.refuse("client_certificate", "needs a target that begins with https://; a certificate is shown in TLS")
	}
	for id, o := range r.Environments {
		e := r.Effective(id)
		if e.ClientCertificate != "" && strings.HasPrefix(strings.ToLower(e.TargetURL), "http:") && (o.ClientCertificate.State == Override || o.TargetURL.State == Override) {
			d.refuse(join("environments", d.names.Name(id))+".client_certificate", "needs a target that begins with https://; a certificate is shown in TLS")
		}
	}
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
		return "must not contain a placeholder"
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
