package dashboard

import (
	"context"
	"encoding/base64"
	"net/netip"
	"net/url"

	"github.com/lockage/lockage/internal/fault"
)

// commandLinePath is the one path at which a command line takes what the browser brings it.
const commandLinePath = "/lockage"

// checkLength is how much of the challenge people compare with what their terminal shows.
const checkLength = 6

// commandLineAsk is what a command line asks for: where it listens, what it knows its own answer by, and what proves that
// the answer reached nobody else.
type commandLineAsk struct{ To, State, Challenge string }

// commandLinePage asks somebody whether a command line may act as them.
type commandLinePage struct {
	Ask     commandLineAsk
	Check   string
	Person  string
	Account string
	Onward  string // where their answer goes, once they have given it
}

// asked reads what a command line asks for. A code goes to this machine's own addresses only, by number, since a name may
// lead elsewhere, and to one path: so it reaches the person's own programs and nobody else.
func asked(get func(string) string) (a commandLineAsk, err error) {
	a = commandLineAsk{To: get("to"), State: get("state"), Challenge: get("challenge")}
	to, bad := netip.ParseAddrPort(a.To)
	known := bad == nil && (to.Addr() == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || to.Addr() == netip.IPv6Loopback())
	if !known || to.Port() < 1024 || a.To != to.String() || !random(a.State) || !random(a.Challenge) {
		return a, fault.New(fault.Invalid, "no command line made this address; run lockage login --web there again")
	}
	return a, nil
}

// random says whether a text is one of 256 bits in base64url, as our command line makes them.
func random(text string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(raw) == 32
}

func (v *visit) commandLinePage(a commandLineAsk) commandLinePage {
	return commandLinePage{Ask: a, Check: a.Challenge[:checkLength], Person: v.who.Name, Account: v.accountName(v.who.Account)}
}

func (d *Dashboard) commandLine(_ context.Context, v *visit) (answer, error) {
	a, err := asked(v.r.URL.Query().Get)
	if err != nil {
		return answer{}, err
	}
	return answer{title: "Command line", body: commandLineBody(v.commandLinePage(a))}, nil
}

// lend gives the command line a code. The browser carries it there from a page and not by being sent on, which the policy
// on forms would keep it from.
func (d *Dashboard) lend(ctx context.Context, v *visit) (answer, error) {
	sent, err := v.form("to", "state", "challenge")
	if err != nil {
		return answer{}, err
	}
	a, err := asked(func(name string) string { return sent[name] })
	if err != nil {
		return answer{}, err
	}
	code, err := d.control.LendSession(ctx, v.who, a.Challenge)
	if err != nil {
		return answer{}, err
	}
	p := v.commandLinePage(a)
	p.Onward = "http://" + a.To + commandLinePath + "?" + url.Values{"code": {code}, "state": {a.State}}.Encode()
	return answer{title: "Command line", onward: p.Onward, body: commandLineBody(p)}, nil
}
