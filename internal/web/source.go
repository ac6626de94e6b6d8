package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the ranges of the proxies in front of this server that are believed when they say whom they speak for.
// None is believed by the zero value.
//
// They say so in X-Forwarded-For alone, to which each proxy on the way adds the address it was asked from. The header
// Forwarded (RFC 7239) is not read: a proxy that does not know it passes on what a caller wrote there.
type Proxies []netip.Prefix

const forwardedFor = "X-Forwarded-For"

// Source is the address that a request comes from: the peer's of its connection, or, where that is a trusted proxy, the
// last one in X-Forwarded-For that is not. What a caller wrote into the header itself stands further to the left and is
// never reached. Where the header ends too early, or with something that is no address, the last trusted proxy is the
// source. The address has no port and no zone.
func (p Proxies) Source(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	source := bare(peer)
	for lines := r.Header[forwardedFor]; p.trusts(source) && len(lines) > 0; lines = lines[:len(lines)-1] {
		for rest, more := lines[len(lines)-1], true; more && p.trusts(source); {
			last := rest
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, last = rest[:comma], rest[comma+1:]
			} else {
				more = false
			}
			before, ok := forwarded(last)
			if !ok {
				return source.String()
			}
			source = before
		}
	}
	if source == peer {
		return host // as it is, without making it anew for each call
	}
	return source.String()
}

func (p Proxies) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(r netip.Prefix) bool { return r.Contains(a) })
}

// forwarded reads one entry of X-Forwarded-For: an address, with or without a port.
func forwarded(text string) (netip.Addr, bool) {
	text = strings.Trim(text, " \t")
	if a, err := netip.ParseAddr(text); err == nil {
		return bare(a), true
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return bare(a.Addr()), true
	}
	if inner, ok := strings.CutPrefix(text, "["); ok { // in brackets, without a port
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			if a, err := netip.ParseAddr(inner); err == nil && a.Is6() {
				return bare(a), true
			}
		}
	}
	return netip.Addr{}, false
}

// bare is the address as ranges know it: IPv4 as such, and without a zone, which means nothing elsewhere.
func bare(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
