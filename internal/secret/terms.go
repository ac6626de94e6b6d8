package secret

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/lockage/lockage/internal/fault"
)

// Terms are the conditions under which a value may be used.
type Terms struct {
	ExpiresAt time.Time // zero: never
	Strict    bool      // an expired value is not used any more; else its expiry is only told
	Hosts     []string  // the hosts it may be sent to, in the form CheckTerms answers; nil: wherever the route leads
}

// Expired says whether the value is past its expiry.
func (t Terms) Expired(now time.Time) bool { return !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt) }

// Until is the instant from which the value is not used any more; zero: never.
func (t Terms) Until() time.Time {
	if !t.Strict {
		return time.Time{}
	}
	return t.ExpiresAt
}

const maxHosts = 32

// CheckTerms answers the terms with times in milliseconds and hosts in one form: lower case, ASCII (RFC 5891), each once,
// sorted. It refuses an expiry that is past, strictness without an expiry, and hosts that are none.
func CheckTerms(t Terms, now time.Time) (Terms, error) {
	t.ExpiresAt = t.ExpiresAt.UTC().Truncate(time.Millisecond)
	if t.Expired(now) {
		return t, fault.Refused("expires_at", "is in the past; send the time at which the value ends, or leave it out")
	}
	if t.Strict && t.ExpiresAt.IsZero() {
		return t, fault.Refused("strict", "needs an expiry; send expires_at too")
	}
	hosts, err := checkHosts(t.Hosts)
	t.Hosts = hosts
	return t, err
}

func checkHosts(list []string) ([]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if len(list) > maxHosts {
		return nil, fault.Refused("allowed_hosts", "has too many hosts; send at most %d", maxHosts)
	}
	hosts := make([]string, 0, len(list))
	for i, h := range list {
		host, ok := checkHost(h)
		if !ok {
			return nil, fault.Refused("allowed_hosts", "host %d is none; send a name such as api.example.com or *.example.com (* is one label), or an address, with a port where it is not every port", i+1)
		}
		hosts = append(hosts, host)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts), nil
}

// checkHost reads a host of a list: a name, whose first label may be *, or an address (IPv6 in brackets when a port
// follows), with or without a port.
func checkHost(h string) (string, bool) {
	host, port := split(h)
	if port == "" && strings.HasSuffix(h, ":") || port != "" && !isPort(port) {
		return "", false
	}
	wild := strings.HasPrefix(host, "*.")
	host, ok := normal(strings.TrimPrefix(host, "*."))
	switch _, err := netip.ParseAddr(host); {
	case !ok, wild && err == nil:
		return "", false
	case wild:
		host = "*." + host
	}
	return join(host, port), true
}

// split takes host and port of "host:port", "[address]:port" or an address apart; "" for a port that is not there.
func split(h string) (host, port string) {
	if _, err := netip.ParseAddr(h); err == nil {
		return h, ""
	}
	u := url.URL{Host: h}
	return u.Hostname(), u.Port()
}

func join(host, port string) string {
	switch {
	case port == "":
		return host
	case strings.Contains(host, ":"):
		return "[" + host + "]:" + port
	default:
		return host + ":" + port
	}
}

// normal is the one form of a name or an address, or false for what is neither.
func normal(host string) (string, bool) {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.String(), a.Zone() == ""
	}
	name, err := idna.Lookup.ToASCII(strings.TrimSuffix(strings.ToLower(host), "."))
	return name, err == nil && name != "" && len(name) <= 253 && !strings.ContainsAny(name, "*:/@ ")
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '0'
}

// MayGo says whether a value may be sent to a host, "name" or "name:port" as a URL has it; scheme tells the port that is
// not written. A host of the list without a port means every port; its * stands for exactly one label.
func (t Terms) MayGo(scheme, host string) bool {
	if t.Hosts == nil {
		return true
	}
	name, port := split(host)
	if port == "" {
		if port = "443"; scheme == "http" {
			port = "80"
		}
	}
	name, ok := normal(name)
	return ok && slices.ContainsFunc(t.Hosts, func(allowed string) bool {
		listed, only := split(allowed)
		return (only == "" || only == port) && (listed == name || wildcard(listed, name))
	})
}

// wildcard says whether name is one label and then what follows the * of allowed.
func wildcard(allowed, name string) bool {
	rest, wild := strings.CutPrefix(allowed, "*")
	label, ok := strings.CutSuffix(name, rest)
	return wild && ok && label != "" && !strings.Contains(label, ".")
}
