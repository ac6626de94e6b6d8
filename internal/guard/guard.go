// Package guard decides whether a connection to an address may be made, at the moment it is made: after every name was
// resolved, so that no answer of a name server can differ between the check and the connection. Whatever Lockage sends
// to a destination that people chose goes through it: calls to upstreams, and requests to token endpoints.
package guard

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"code.dny.dev/ssrf"
)

// ErrRefused is why a connection is not made; the error around it tells the address and the reason, for the log.
var ErrRefused = errors.New("the destination is refused")

// Guard decides on the address a connection is about to be made to.
type Guard struct {
	policy *ssrf.Guardian
	own    func() []netip.AddrPort
	local  func() ([]net.Addr, error)
}

// New makes a Guard. It lets public addresses pass, and of all others those in allow; own tells where this process
// itself listens, which is refused whatever allow says (nil: nowhere).
func New(allow []netip.Prefix, own func() []netip.AddrPort) *Guard {
	var v4, v6 []netip.Prefix
	for _, p := range allow {
		if p = unmapPrefix(p); p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return &Guard{
		policy: ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...)),
		own:    own,
		local:  net.InterfaceAddrs,
	}
}

// unmapPrefix gives an IPv4 prefix written as IPv6 its own form.
func unmapPrefix(p netip.Prefix) netip.Prefix {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(a.Unmap(), p.Bits()-96).Masked()
	}
	return p.Masked()
}

// Control is for the Control of a net.Dialer: it answers an error that is ErrRefused where no connection may be made.
func (g *Guard) Control(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: not TCP", ErrRefused)
	}
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: not an address", ErrRefused)
	}
	return g.check(a)
}

// check refuses, in this order: what no operator can allow, this process itself, and what the operator did not allow.
// An address that embeds an IPv4 address must pass as both.
func (g *Guard) check(a netip.AddrPort) error {
	outer := a.Addr().WithZone("") // prefixes never contain an address with a zone
	addresses := []netip.Addr{outer.Unmap()}
	if inner, ok := embedded(outer); ok {
		addresses = append(addresses, inner)
	}
	for _, address := range addresses {
		if address.IsUnspecified() || address.IsMulticast() || isMetadata(address) {
			return fmt.Errorf("%w: %s is link-local, of a cloud's metadata service or no host", ErrRefused, address)
		}
		if g.isOwn(netip.AddrPortFrom(address, a.Port())) {
			return fmt.Errorf("%w: %s is this server", ErrRefused, address)
		}
		if err := g.policy.SafeAddr(address); err != nil {
			return fmt.Errorf("%w: %s is not a public address, and not one the operator allows", ErrRefused, address)
		}
	}
	return nil
}

// isMetadata says whether an address is link-local, or one where a cloud hands out credentials to whoever asks.
func isMetadata(a netip.Addr) bool {
	if a.IsLinkLocalUnicast() {
		return true
	}
	switch a {
	case netip.AddrFrom4([4]byte{100, 100, 100, 200}), // Alibaba
		netip.AddrFrom4([4]byte{168, 63, 129, 16}),                             // Azure
		netip.AddrFrom4([4]byte{192, 0, 0, 192}),                               // Oracle
		netip.AddrFrom16([16]byte{0xfd, 0x00, 0x0e, 0xc2, 14: 0x02, 15: 0x54}), // Amazon
		netip.AddrFrom16([16]byte{0xfd, 0x20, 0x00, 0xce, 14: 0x02, 15: 0x54}): // Google
		return true
	}
	return false
}

// embedded is the IPv4 address inside an IPv6 address of one of the forms that a translator on the way would take out.
func embedded(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() || a.Is4In6() {
		return netip.Addr{}, false // mapped addresses are unmapped before
	}
	b := a.As16()
	at := func(i int) (netip.Addr, bool) { return netip.AddrFrom4([4]byte(b[i : i+4])), true }
	zero := func(from, to int) bool { return !slices.ContainsFunc(b[from:to], func(c byte) bool { return c != 0 }) }
	switch {
	case zero(0, 12) && !zero(12, 15): // compatible, ::a.b.c.d, which :: and ::1 are not
		return at(12)
	case b[0] == 0x00 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b: // NAT64, 64:ff9b::/96 and 64:ff9b:1::/48
		return at(12)
	case b[0] == 0x20 && b[1] == 0x02: // 6to4, 2002::/16
		return at(2)
	case b[0] == 0x20 && b[1] == 0x01 && zero(2, 4): // Teredo, 2001::/32: the client, inverted
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}), true
	case b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // ISATAP
		return at(12)
	}
	return netip.Addr{}, false
}

// isOwn says whether an address is one this process listens on. A listener on the unspecified address listens on every
// address of this host.
func (g *Guard) isOwn(a netip.AddrPort) bool {
	if g.own == nil {
		return false
	}
	for _, own := range g.own() {
		if own.Port() != a.Port() {
			continue
		}
		address := own.Addr().Unmap().WithZone("")
		if address == a.Addr() || address.IsUnspecified() && g.isLocal(a.Addr()) {
			return true
		}
	}
	return false
}

func (g *Guard) isLocal(a netip.Addr) bool {
	if a.IsLoopback() {
		return true
	}
	list, err := g.local()
	if err != nil {
		return true // unknown: better refused than in a circle
	}
	return slices.ContainsFunc(list, func(l net.Addr) bool {
		n, ok := l.(*net.IPNet)
		if !ok {
			return false
		}
		address, ok := netip.AddrFromSlice(n.IP)
		return ok && address.Unmap() == a
	})
}
