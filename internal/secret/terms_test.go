package secret_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/secret"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestCheckTerms(t *testing.T) {
	for name, tt := range map[string]struct {
		in, want secret.Terms
		field    string // refused; "": not
	}{
		"nothing": {},
		"expiry": {
			in:   secret.Terms{ExpiresAt: noon.Add(time.Hour + 1500*time.Microsecond).In(time.FixedZone("far", 5*3600)), Strict: true},
			want: secret.Terms{ExpiresAt: noon.Add(time.Hour + time.Millisecond), Strict: true},
		},
		"expiry now":            {in: secret.Terms{ExpiresAt: noon}, field: "expires_at"},
		"strict without expiry": {in: secret.Terms{Strict: true}, field: "strict"},
		"hosts": {
			in: secret.Terms{Hosts: []string{
				"API.example.com", "*.example.com", "bücher.example", "api.example.com.", "10.0.0.1:8080", "[::1]:443", "0:0::1", "localhost:80",
			}},
			want: secret.Terms{Hosts: []string{
				"*.example.com", "10.0.0.1:8080", "::1", "[::1]:443", "api.example.com", "localhost:80", "xn--bcher-kva.example",
			}},
		},
		"no host":             {in: secret.Terms{Hosts: []string{""}}, field: "allowed_hosts"},
		"a URL":               {in: secret.Terms{Hosts: []string{"https://api.example.com"}}, field: "allowed_hosts"},
		"a path":              {in: secret.Terms{Hosts: []string{"api.example.com/v1"}}, field: "allowed_hosts"},
		"a star alone":        {in: secret.Terms{Hosts: []string{"*"}}, field: "allowed_hosts"},
		"a star in a label":   {in: secret.Terms{Hosts: []string{"api*.example.com"}}, field: "allowed_hosts"},
		"a star further back": {in: secret.Terms{Hosts: []string{"api.*.com"}}, field: "allowed_hosts"},
		"two stars":           {in: secret.Terms{Hosts: []string{"*.*.example.com"}}, field: "allowed_hosts"},
		"star and address":    {in: secret.Terms{Hosts: []string{"*.10.0.0.1"}}, field: "allowed_hosts"},
		"no port":             {in: secret.Terms{Hosts: []string{"api.example.com:"}}, field: "allowed_hosts"},
		"port 0":              {in: secret.Terms{Hosts: []string{"api.example.com:0"}}, field: "allowed_hosts"},
		"port too large":      {in: secret.Terms{Hosts: []string{"api.example.com:65536"}}, field: "allowed_hosts"},
		"user":                {in: secret.Terms{Hosts: []string{"me@api.example.com"}}, field: "allowed_hosts"},
		"comma":               {in: secret.Terms{Hosts: []string{"a.example,b.example"}}, field: "allowed_hosts"},
		"zone":                {in: secret.Terms{Hosts: []string{"fe80::1%eth0"}}, field: "allowed_hosts"},
		"too many":            {in: secret.Terms{Hosts: make([]string, 33)}, field: "allowed_hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := secret.CheckTerms(tt.in, noon)
			if tt.field != "" {
				if err == nil || !strings.Contains(err.Error(), tt.field) {
					t.Fatalf("got %v, want a refusal of %s", err, tt.field)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			again, err := secret.CheckTerms(got, noon)
			if diff := cmp.Diff(got, again); diff != "" || err != nil {
				t.Errorf("checked twice: %v (-once +twice):\n%s", err, diff)
			}
		})
	}
}

func TestMayGo(t *testing.T) {
	for name, tt := range map[string]struct {
		allowed, scheme, host string
		want                  bool
	}{
		"the host":              {"api.example.com", "https", "api.example.com", true},
		"in capitals":           {"api.example.com", "https", "API.Example.com", true},
		"with a dot":            {"api.example.com", "https", "api.example.com.", true},
		"on any port":           {"api.example.com", "https", "api.example.com:8443", true},
		"another host":          {"api.example.com", "https", "api.example.org", false},
		"a longer host":         {"api.example.com", "https", "api.example.com.evil.example", false},
		"a host that ends so":   {"example.com", "https", "evilexample.com", false},
		"a subdomain":           {"example.com", "https", "api.example.com", false},
		"one label":             {"*.example.com", "https", "api.example.com", true},
		"no label":              {"*.example.com", "https", "example.com", false},
		"an empty label":        {"*.example.com", "https", ".example.com", false},
		"two labels":            {"*.example.com", "https", "a.b.example.com", false},
		"the port":              {"api.example.com:8443", "https", "api.example.com:8443", true},
		"another port":          {"api.example.com:8443", "https", "api.example.com", false},
		"the port of https":     {"api.example.com:443", "https", "api.example.com", true},
		"the port of http":      {"api.example.com:443", "http", "api.example.com", false},
		"a label and the port":  {"*.example.com:443", "https", "api.example.com", true},
		"an address":            {"10.0.0.1", "https", "10.0.0.1", true},
		"an IPv6 address":       {"::1", "https", "[::1]:8443", true},
		"it, long":              {"::1", "https", "[0:0:0:0:0:0:0:1]", true},
		"it, on a port":         {"[::1]:8443", "https", "[::1]:8443", true},
		"it, on another":        {"[::1]:8443", "https", "[::1]", false},
		"a name with an umlaut": {"bücher.example", "https", "xn--bcher-kva.example", true},
		"as it is written":      {"bücher.example", "https", "bücher.example", true},
	} {
		t.Run(name, func(t *testing.T) {
			terms, err := secret.CheckTerms(secret.Terms{Hosts: []string{tt.allowed}}, noon)
			if err != nil {
				t.Fatal(err)
			}
			if got := terms.MayGo(tt.scheme, tt.host); got != tt.want {
				t.Errorf("%s to %s: got %v, want %v", tt.allowed, tt.host, got, tt.want)
			}
		})
	}
	if !(secret.Terms{}).MayGo("http", "anywhere.example") {
		t.Error("without a list: got false, want true")
	}
}
