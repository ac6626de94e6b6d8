// Package cut takes credentials out of what is to be recorded of calls: headers by their names, and fields of queries,
// forms, JSON, XML and other text by names and paths. It promises that a value that belongs to a named field does not
// stay in part, also where a text breaks off inside of it or is not well formed. It knows names only; that injected
// values are taken out wherever they stand is package echo's.
package cut

import (
	"slices"
	"strings"
)

// Mark stands where a value was cut out.
const Mark = "[redacted]"

// Fields is a list of fields, compiled: those that are always cut out, and those an environment adds. It is immutable.
type Fields struct {
	names map[string]bool
	paths []path
}

// always are the names that no environment can take from the list, in the form that fold gives.
var always = []string{
	"accesskey", "accesskeyid", "accesstoken", "apikey", "apisecret", "apitoken", "appsecret", "assertion", "auth", "authkey", "authorization", "authtoken",
	"bearer", "bearertoken", "cardnumber", "clientassertion", "clientsecret", "codeverifier", "cookie", "credential", "credentials",
	"csrf", "csrftoken", "cvc", "cvv", "cvv2", "idtoken", "jwt", "newpassword", "oldpassword", "otp", "pan", "passcode", "passphrase", "passwd", "password",
	"passwordconfirmation", "pin", "privatekey", "pwd", "refreshtoken", "secret", "secretaccesskey", "secretkey", "securitycode", "sessionid",
	"sessiontoken", "setcookie", "sig", "signature", "signingkey", "token", "totp", "webhooksecret", "xamzsecuritytoken", "xamzsignature", "xapikey",
}

// Always lists the names that are always cut out, in lower case and without separators.
func Always() []string { return slices.Clone(always) }

// New compiles what Check has accepted; what it would refuse is left out.
func New(added []string) *Fields {
	f := &Fields{names: make(map[string]bool, len(always)+len(added))}
	for _, name := range always {
		f.names[name] = true
	}
	for _, text := range added {
		if p, problem := parsePath(text); problem == "" && p != nil {
			f.paths = append(f.paths, p)
		} else if problem == "" {
			f.names[fold(text)] = true
		}
	}
	return f
}

// fold brings a name to the form in which names are compared: api_key, apiKey and API-Key are one.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// Has says whether fields of a name are cut out; of a name of several parts, such as card[cvv] or card.cvv, also those of
// its last.
func (f *Fields) Has(name string) bool {
	if f.names[fold(name)] {
		return true
	}
	last := strings.TrimRight(name, "]")
	if i := strings.LastIndexAny(last, "[."); i >= 0 {
		return f.names[fold(last[i+1:])]
	}
	return false
}

// Header says whether the values of a header are cut out: those that carry credentials, whatever the list says, and
// those whose names look as if they do.
func (f *Fields) Header(name string) bool {
	folded := fold(name)
	if f.names[folded] || strings.Contains(folded, "apikey") {
		return true
	}
	switch folded {
	case "lockagekey", "proxyauthorization", "authenticationinfo", "subscriptionkey", "ocpapimsubscriptionkey":
		return true
	}
	for _, end := range [...]string{"token", "secret", "password", "authorization", "credential", "credentials", "cookie", "cookie2", "signature", "accesskey"} {
		if strings.HasSuffix(folded, end) {
			return true
		}
	}
	return false
}
