// Package client calls the management API of a Lockage server: one method per operation, in the structs of package
// wire. It follows no redirect, never logs, and keeps the token out of everything it prints.
//
// A call without an answer within thirty seconds fails. A call that loses its connection is sent once more when that
// cannot do its work twice: reading is repeated as it is, creating carries an Idempotency-Key that the server knows
// again. What the server refused comes back as an *Error.
package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/wire"
)

// Config says where the server is and who calls.
type Config struct {
	Address    string       // of the management API, like "http://127.0.0.1:7070"; a path is kept as a prefix
	Token      string       // a management token (tk_…) or a member's JWT
	HTTPClient *http.Client // nil: one of its own; its redirect policy is replaced, for none is followed

	// OverrideFreeze is why an owner goes on in spite of a freeze, 1 to 500 printable characters; it is sent with every
	// call, takes effect where a freeze is in the way, and stays listed there until somebody acknowledges it. "" overrides
	// nothing.
	OverrideFreeze string

	// Prove asks the person for a fresh proof of who they are, where the server demands one, and is told why. The call is
	// then made once more. nil: such a call fails with an *Error that has StepUp.
	Prove func(ctx context.Context, why string) (wire.Prove, error)
}

// Client is safe for concurrent use.
type Client struct {
	address string // without a slash at the end
	token   string
	http    http.Client

	overrideFreeze string
	prove          func(ctx context.Context, why string) (wire.Prove, error)
}

// userAgent tells the server what calls it: it stands in the list of a person's sessions and in the audit log.
const userAgent = "lockage-client (" + runtime.GOOS + ")"

// timeLimit is what one operation may take, its repetition included.
const timeLimit = 30 * time.Second

// New checks the configuration and calls nobody. Its errors contain nothing of the configuration.
func New(c Config) (*Client, error) {
	address, err := CheckAddress(c.Address)
	if err != nil {
		return nil, err
	}
	if c.Token == "" {
		return nil, errors.New("token: missing")
	}
	if strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("token: must be one word of plain ASCII, without spaces or line breaks")
	}
	if strings.ContainsFunc(c.OverrideFreeze, unicode.IsControl) || !utf8.ValidString(c.OverrideFreeze) {
		return nil, errors.New("reason of the override: must be one line of text in UTF-8")
	}
	cl := &Client{address: address, token: c.Token, overrideFreeze: c.OverrideFreeze, prove: c.Prove}
	if c.HTTPClient != nil {
		cl.http = *c.HTTPClient
	}
	// A redirect could carry the token, or a secret's value in a body, to a place nobody chose.
	cl.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return cl, nil
}

// CheckAddress gives a server's address without a slash at its end. It refuses what is not an absolute http or https
// URL, and one with a user, a query or a fragment; the error does not repeat it.
func CheckAddress(s string) (string, error) {
	refused := errors.New("address: must be an http or https URL like http://127.0.0.1:7070")
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", refused
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", fmt.Errorf("%w, without a user, a query or a fragment", refused)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// Address is where the client calls, without a slash at the end.
func (c *Client) Address() string { return c.address }

// Format prints the address and never the token, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "client of %s", c.address) }

// LogValue logs the address and never the token.
func (c *Client) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Format prints the address and never the token, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "client config for %s", c.Address) }

// LogValue logs the address and never the token.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }
