package guard_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/lockage/lockage/internal/guard"
)

func prefixes(list ...string) []netip.Prefix {
	var parsed []netip.Prefix
	for _, s := range list {
		parsed = append(parsed, netip.MustParsePrefix(s))
	}
	return parsed
}

func TestGuard(t *testing.T) {
	everything := prefixes("0.0.0.0/0", "::/0")
	for name, test := range map[string]struct {
		address string
		allow   []netip.Prefix
		own     string
		refused bool
	}{
		"public":                {address: "93.184.216.34:443"},
		"public, any port":      {address: "93.184.216.34:8080"},
		"public IPv6":           {address: "[2606:4700::1111]:443"},
		"private":               {address: "10.1.2.3:80", refused: true},
		"loopback":              {address: "127.0.0.1:80", refused: true},
		"shared":                {address: "100.64.0.1:80", refused: true},
		"unique local":          {address: "[fd12::1]:80", refused: true},
		"loopback IPv6":         {address: "[::1]:80", refused: true},
		"private, allowed":      {address: "10.1.2.3:80", allow: prefixes("10.0.0.0/8")},
		"loopback, allowed":     {address: "127.0.0.1:80", allow: prefixes("127.0.0.0/8")},
		"allowed, written long": {address: "10.1.2.3:80", allow: prefixes("::ffff:10.0.0.0/104")},
		"mapped, allowed":       {address: "[::ffff:10.1.2.3]:80", allow: prefixes("10.0.0.0/8")},
		"other range allowed":   {address: "10.1.2.3:80", allow: prefixes("192.168.0.0/16"), refused: true},
		"unique local, allowed": {address: "[fd12::1]:80", allow: prefixes("fd00::/8")},

		"link-local":               {address: "169.254.1.1:80", allow: everything, refused: true},
		"metadata":                 {address: "169.254.169.254:80", allow: everything, refused: true},
		"metadata, Alibaba":        {address: "100.100.100.200:80", allow: everything, refused: true},
		"metadata, Azure":          {address: "168.63.129.16:80", allow: everything, refused: true},
		"metadata, Oracle":         {address: "192.0.0.192:80", allow: everything, refused: true},
		"metadata, Amazon IPv6":    {address: "[fd00:ec2::254]:80", allow: everything, refused: true},
		"metadata, Google IPv6":    {address: "[fd20:ce::254]:80", allow: everything, refused: true},
		"link-local IPv6":          {address: "[fe80::1]:80", allow: everything, refused: true},
		"link-local IPv6, zone":    {address: "[fe80::1%eth0]:80", allow: everything, refused: true},
		"metadata, mapped":         {address: "[::ffff:169.254.169.254]:80", allow: everything, refused: true},
		"metadata, compatible":     {address: "[::169.254.169.254]:80", allow: everything, refused: true},
		"metadata, NAT64":          {address: "[64:ff9b::a9fe:a9fe]:80", allow: everything, refused: true},
		"metadata, local NAT64":    {address: "[64:ff9b:1::a9fe:a9fe]:80", allow: everything, refused: true},
		"metadata, 6to4":           {address: "[2002:a9fe:a9fe::1]:80", allow: everything, refused: true},
		"metadata, Teredo":         {address: "[2001::5601:5601]:80", allow: everything, refused: true},
		"metadata, ISATAP":         {address: "[2606:4700::5efe:a9fe:a9fe]:80", allow: everything, refused: true},
		"private, NAT64, allowed":  {address: "[64:ff9b::a01:203]:80", allow: prefixes("64:ff9b::/96"), refused: true},
		"public, NAT64, allowed":   {address: "[64:ff9b::5db8:d822]:80", allow: prefixes("64:ff9b::/96")},
		"public, NAT64":            {address: "[64:ff9b::5db8:d822]:80", refused: true},
		"unspecified":              {address: "0.0.0.0:80", allow: everything, refused: true},
		"unspecified IPv6":         {address: "[::]:80", allow: everything, refused: true},
		"multicast":                {address: "224.0.0.1:80", allow: everything, refused: true},
		"own":                      {address: "127.0.0.1:7071", allow: everything, own: "127.0.0.1:7071", refused: true},
		"own, mapped":              {address: "[::ffff:127.0.0.1]:7071", allow: everything, own: "127.0.0.1:7071", refused: true},
		"own, on every address":    {address: "127.0.0.5:7071", allow: everything, own: "[::]:7071", refused: true},
		"other port than own":      {address: "127.0.0.1:7072", allow: everything, own: "[::]:7071"},
		"other host, port of ours": {address: "93.184.216.34:7071", own: "0.0.0.0:7071"},
		"no address":               {address: "example.com:80", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			var own []netip.AddrPort
			if test.own != "" {
				own = append(own, netip.MustParseAddrPort(test.own))
			}
			g := guard.New(test.allow, func() []netip.AddrPort { return own })
			err := g.Control("tcp6", test.address, nil)
			if (err != nil) != test.refused || err != nil && !errors.Is(err, guard.ErrRefused) {
				t.Errorf("%s: got %v, want refused %v", test.address, err, test.refused)
			}
		})
	}
}
