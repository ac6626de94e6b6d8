package testkit

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// MailConfig says how a mail server behaves; the zero value takes everything, in the clear.
type MailConfig struct {
	STARTTLS bool               // offers it, and takes no login before
	Implicit bool               // TLS from the first byte
	User     string             // without whose login, and Password, it takes no message; "": anyone's
	Password string             //
	Refuse   func(string) error // asked at the steps "MAIL", "RCPT" and "DATA"; nil: none
}

// Mail is a message as a server was handed it.
type Mail struct {
	From, To string // of the envelope
	TLS      bool   // it came encrypted
	Raw      string
}

// MailServer is a real SMTP server that keeps what it is handed.
type MailServer struct {
	URL   string         // for the setting, with user and password
	Roots *x509.CertPool // whom its certificate is of

	config  MailConfig
	arrived chan struct{} // one for each message
	mu      sync.Mutex
	kept    []Mail
}

// NewMailServer starts a mail server on loopback that ends with the test.
func NewMailServer(t testing.TB, c MailConfig) *MailServer {
	t.Helper()
	m := &MailServer{config: c, arrived: make(chan struct{}, 1024), Roots: x509.NewCertPool()}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &mailSession{server: m, conn: c, open: m.config.User == ""}, nil
	}))
	s.Domain, s.AllowInsecureAuth = "mail.test", !c.STARTTLS
	s.ReadTimeout, s.WriteTimeout = time.Minute, time.Minute
	s.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableSMTPUTF8 = true
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &url.URL{Scheme: "smtp", Host: l.Addr().String()}
	if c.User != "" {
		u.User = url.UserPassword(c.User, c.Password)
	}
	if c.STARTTLS || c.Implicit {
		certificate := m.certificate(t)
		if c.STARTTLS {
			s.TLSConfig = certificate
		} else {
			u.Scheme, l = "smtps", tls.NewListener(l, certificate)
		}
	}
	m.URL = u.String()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = l.Close() // the server may not have come to know it yet
		_ = s.Close()
		if err := <-served; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("the mail server: %v", err)
		}
	})
	return m
}

// certificate borrows that of the standard library's test server, which is of 127.0.0.1, ::1 and example.com.
func (m *MailServer) certificate(t testing.TB) *tls.Config {
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	m.Roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}
}

// Messages answers what was handed over so far, in order of arrival.
func (m *MailServer) Messages() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.kept)
}

// Wait waits for the next message that no Wait answered yet.
func (m *MailServer) Wait(t testing.TB) Mail {
	t.Helper()
	select {
	case <-m.arrived:
	case <-time.After(time.Minute):
		t.Fatal("no mail arrived")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept[len(m.kept)-1-len(m.arrived)]
}

// Header is a decoded header of the message.
func (m Mail) Header(t testing.TB, name string) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(m.parse(t).Header.Get(name))
	if err != nil {
		t.Fatalf("the header %s: %v", name, err)
	}
	return text
}

// Text is the decoded text of the message.
func (m Mail) Text(t testing.TB) string {
	t.Helper()
	message := m.parse(t)
	body := message.Body
	if message.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
}

func (m Mail) parse(t testing.TB) *mail.Message {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader([]byte(m.Raw)))
	if err != nil {
		t.Fatalf("%v in\n%s", err, m.Raw)
	}
	return message
}

// mailSession is a client's connection.
type mailSession struct {
	server *MailServer
	conn   *smtp.Conn
	open   bool // messages are taken
	mail   Mail
}

func (s *mailSession) AuthMechanisms() []string {
	if s.server.config.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.config.User || password != s.server.config.Password {
			return smtp.ErrAuthFailed
		}
		s.open = true
		return nil
	}), nil
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if !s.open {
		return smtp.ErrAuthRequired
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.mail = Mail{From: from, TLS: encrypted}
	return s.refuse("MAIL")
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.To = to
	return s.refuse("RCPT")
}

func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.refuse("DATA"); err != nil {
		return err
	}
	s.mail.Raw = string(raw)
	s.server.mu.Lock()
	s.server.kept = append(s.server.kept, s.mail)
	s.server.mu.Unlock()
	s.server.arrived <- struct{}{}
	return nil
}

func (s *mailSession) refuse(step string) error {
	if s.server.config.Refuse == nil {
		return nil
	}
	return s.server.config.Refuse(step)
}

func (s *mailSession) Reset()        { s.mail = Mail{} }
func (s *mailSession) Logout() error { return nil }
