package route

import (
	"net/textproto"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockage/lockage/internal/secret"
)

const (
	maxInjected = 64   // headers, or query parameters
	maxText     = 8192 // bytes of an injected header or query parameter
	maxParam    = 256  // bytes of its name
)

// ownHeaders may not be injected: they belong to the connection, to the body, or to the target.
var ownHeaders = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
	"Content-Length": true, "Host": true, "Expect": true,
}

// headers reads headers by canonical name; nil is a null, which removes the name.
func (d *decoder) headers(path string, v jsontext.Value) map[string]*string {
	return d.injected(path, v, func(at, value string) {
		t, err := secret.ParseTemplate(value)
		if err != nil {
			d.refuse(at, "%s", err.Error())
			return
		}
		for _, p := range t.Parts() {
			if p.Kind == secret.Literal && strings.ContainsFunc(p.Text, controlButTab) {
				d.refuse(at, "must not contain control characters")
			}
		}
	}, func(name string) (string, string) {
		switch {
		case name == "" || len(name) > maxParam:
			return "", "must be 1 to 256 bytes"
		case strings.ContainsFunc(name, func(c rune) bool { return !tokenCharacter(c) }):
			return "", "is not a header name; use letters, digits and hyphens"
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if ownHeaders[name] || strings.HasPrefix(name, "Proxy-") || strings.HasPrefix(name, "Lockage-") {
			return name, "cannot be injected; it belongs to the connection or to the gateway"
		}
		return name, ""
	})
}

// query reads query parameters by name; nil is a null, which removes the name.
func (d *decoder) query(path string, v jsontext.Value) map[string]*string {
	return d.injected(path, v, func(at, value string) {
		d.template(at, value)
	}, func(name string) (string, string) {
		switch {
		case name == "" || len(name) > maxParam:
			return "", "must be 1 to 256 bytes"
		case strings.ContainsFunc(name, controlButTab):
			return "", "must not contain control characters"
		case strings.Contains(name, "{{"):
			return "", "must not contain a placeholder; only values can"
		}
		return name, ""
	})
}

// injected reads an object of templates. checkName returns a name in the form it is kept in and what is wrong with it;
// a name of no form at all is told by its place, because it may be a value that slipped.
func (d *decoder) injected(path string, v jsontext.Value, checkValue func(at, value string), checkName func(string) (string, string)) map[string]*string {
	if v.Kind() != '{' {
		d.refuse(path, "must be an object of strings")
		return nil
	}
	list := members(v)
	if len(list) > maxInjected {
		d.refuse(path, "has too many names; use at most %d", maxInjected)
		return nil
	}
	set := map[string]*string{}
	for i, m := range list {
		name, problem := checkName(m.name)
		at := join(path, name)
		switch _, twice := set[name]; {
		case problem != "" && name == "":
			d.refuse(path, "name %d %s", i+1, problem)
			continue
		case problem != "":
			d.refuse(at, "%s", problem)
			continue
		case twice:
			d.refuse(at, "stands twice; capitals do not make another header")
			continue
		}
		set[name] = nil
		if m.value.Kind() == 'n' {
			continue
		}
		value, ok := text(m.value)
		switch {
		case !ok:
			d.refuse(at, "must be a string")
		case len(value) > maxText:
			d.refuse(at, "is too long; use at most %d bytes", maxText)
		default:
			checkValue(at, value)
		}
		set[name] = &value
	}
	return set
}

// template refuses a text with a broken or an unknown placeholder, telling the position, and one that signs: what is
// signed may hold the query and the body themselves.
func (d *decoder) template(path, value string) (secret.Template, bool) {
	t, err := secret.ParseTemplate(value)
	if err != nil {
		d.refuse(path, "%s", err.Error())
		return t, false
	}
	for _, p := range t.Parts() {
		if p.Kind == secret.HMAC {
			d.refuse(path, "cannot hold a signature; only inject_headers can")
			return t, false
		}
	}
	return t, true
}

func controlButTab(c rune) bool { return unicode.IsControl(c) && c != '\t' }

// tokenCharacter is tchar of RFC 9110.
func tokenCharacter(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}
