// Package mail hands messages to one SMTP server. It sends plain text to one recipient at a time, each message over a
// connection of its own, with a limit of time.
//
// It promises that neither password nor message goes over a network in the clear: STARTTLS is demanded, and the server's
// certificate checked, unless the server is this machine itself. It refuses line ends and other control characters in
// what becomes a header. Its errors never repeat what the server said, nor the password.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

const (
	limit         = 30 * time.Second // for a message, from the connection to the server's receipt
	submission    = 587              // smtp
	submissionTLS = 465              // smtps
	maxSubject    = 500              // characters of a subject
)

// Config says which server messages are handed to, and whom they are from.
type Config struct {
	URL     string         // smtp[s]://user:password@host:port; smtps speaks TLS from the first byte
	From    string         // an address, or Name <address>
	Roots   *x509.CertPool // whom the server's certificate must be of; nil: the system's authorities
	Timeout time.Duration  // for one message; 0: 30 seconds
}

// Message is a plain text for one recipient.
type Message struct {
	To      string // an address alone, without a name
	Subject string
	Text    string
	ID      string // letters, digits and dashes, the same whenever the same message is sent again; "": a fresh one
}

// Sender hands messages to the server. It is safe for concurrent use.
type Sender struct {
	to      server
	from    *netmail.Address
	timeout time.Duration
}

// server is where messages are handed to. The password is a function, which package fmt prints as an address.
type server struct {
	host     string
	port     int
	implicit bool // TLS from the first byte
	loopback bool // this machine: nobody can listen in
	user     string
	password func() string
	roots    *x509.CertPool
}

// New checks the configuration; an error names neither the URL nor a part of it.
func New(c Config) (*Sender, error) {
	to, err := parse(c.URL)
	if err != nil {
		return nil, err
	}
	from, err := CheckFrom(c.From)
	if err != nil {
		return nil, err
	}
	if c.Timeout <= 0 {
		c.Timeout = limit
	}
	to.roots = c.Roots
	return &Sender{to: to, from: from, timeout: c.Timeout}, nil
}

const form = "must be a URL in the form smtp://USER:PASSWORD@HOST:PORT, or smtps:// where the server speaks TLS from the first byte; write what is special in user and password as %40 and the like"

// CheckURL says what is wrong with the URL of a server, without a part of it.
func CheckURL(text string) error {
	_, err := parse(text)
	return err
}

func parse(text string) (s server, err error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || u.Opaque != "",
		u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return s, errors.New(form) // url's own error repeats the text
	}
	s = server{host: u.Hostname(), port: submission, implicit: u.Scheme == "smtps", user: u.User.Username()}
	if s.implicit {
		s.port = submissionTLS
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil || s.port < 1 || s.port > 65535 {
			return s, errors.New(form)
		}
	}
	password, _ := u.User.Password()
	if (s.user == "") != (password == "") {
		return s, errors.New("has a user without a password, or a password without a user; give both or neither")
	}
	if control(s.host + s.user + password) {
		return s, errors.New("has a control character in it; " + form)
	}
	s.password = func() string { return password }
	address, err := netip.ParseAddr(s.host)
	s.loopback = s.host == "localhost" || err == nil && address.IsLoopback()
	return s, nil
}

// CheckFrom reads the sender of all messages: an address, or Name <address>.
func CheckFrom(text string) (*netmail.Address, error) {
	from, err := netmail.ParseAddress(text)
	if err != nil || control(text) {
		return nil, errors.New("must be an address, for example lockage@example.com or Lockage <lockage@example.com>")
	}
	return from, nil
}

// control says whether a text has a character that is not printed, or is not text.
func control(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) })
}

var errRecipient = errors.New("the recipient must be an address alone")

// check refuses a message that could be more than one, or is none.
func (m Message) check() error {
	to, err := netmail.ParseAddress(m.To)
	switch {
	case err != nil || to.Name != "" || to.Address != m.To || control(m.To):
		return errRecipient
	case strings.TrimSpace(m.Subject) == "" || control(m.Subject) || utf8.RuneCountInString(m.Subject) > maxSubject:
		return fmt.Errorf("the subject must have 1 to %d characters, and no line end", maxSubject)
	case !utf8.ValidString(m.Text):
		return errors.New("the message must be text")
	case strings.ContainsFunc(m.ID, func(c rune) bool {
		return c != '-' && (c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c))
	}):
		return errors.New("the id must be made of letters, digits and dashes")
	}
	return nil
}

// id is the message's Message-ID, in the sender's domain, so that it tells nothing of this machine.
func (s *Sender) id(m Message) string {
	if m.ID == "" {
		m.ID = uuid.NewString()
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	return m.ID + "@" + domain
}

// dial connects to the server; the connection is closed when ctx ends, whatever it is waiting for.
func (s server) dial(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{}
	if s.loopback { // a name must not lead elsewhere, in the clear
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			if to, err := netip.ParseAddrPort(address); err != nil || !to.Addr().Unmap().IsLoopback() {
				return errors.New("the name does not lead to this machine")
			}
			return nil
		}
	}
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort(s.host, strconv.Itoa(s.port)))
}

// tls is how the server proves who it is. On this machine it need not: it could be asked in the clear.
func (s server) tls() *tls.Config {
	return &tls.Config{
		ServerName: s.host, MinVersion: tls.VersionTLS12, RootCAs: s.roots,
		InsecureSkipVerify: s.loopback && !s.implicit,
	}
}
