package mail_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/testkit"
)

func sender(t *testing.T, s *testkit.MailServer) *mail.Sender {
	t.Helper()
	m, err := mail.New(mail.Config{URL: s.URL, From: "Lockage <lockage@example.com>", Roots: s.Roots})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var message = mail.Message{
	To: "owner@example.com", Subject: "Zürich: calls fail — 12 %", ID: "0190-a",
	Text: "first line\n.\n..\nFrom here\n" + strings.Repeat("ü", 2000) + "\nlast line\n",
}

// The message arrives as it was, by each way of encryption, with and without a login.
func TestAMessageArrives(t *testing.T) {
	for name, c := range map[string]testkit.MailConfig{
		"clear on this machine":           {},
		"clear with login":                {User: "lockage", Password: "canary p@ss:word/%"},
		"STARTTLS":                        {STARTTLS: true},
		"STARTTLS with login":             {STARTTLS: true, User: "lock@ge", Password: "canary p@ss:word/%"},
		"TLS from the first byte":         {Implicit: true},
		"TLS from the first, with login":  {Implicit: true, User: "lockage", Password: "canary"},
		"a password of letters and signs": {STARTTLS: true, User: "lockage", Password: "ä€\"'\\"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testkit.NewMailServer(t, c)
			m := sender(t, s)
			if c.STARTTLS || c.Implicit {
				m = m.Remote()
			}
			if err := m.Send(t.Context(), message); err != nil {
				t.Fatal(err)
			}
			got := s.Wait(t)
			if got.From != "lockage@example.com" || got.To != message.To || got.TLS != (c.STARTTLS || c.Implicit) {
				t.Errorf("got envelope %s to %s, TLS %v", got.From, got.To, got.TLS)
			}
			for header, want := range map[string]string{
				"Subject": message.Subject, "To": "<owner@example.com>", "From": `"Lockage" <lockage@example.com>`,
				"Message-ID": "<0190-a@example.com>", "Auto-Submitted": "auto-generated", "User-Agent": "", "X-Mailer": "",
			} {
				if h := got.Header(t, header); h != want {
					t.Errorf("%s: got %q, want %q", header, h, want)
				}
			}
			if text := got.Text(t); text != message.Text {
				t.Errorf("got text %q, want %q", text, message.Text)
			}
		})
	}
}

// A server elsewhere that offers no encryption, or shows a certificate of nobody known, is told nothing.
func TestNothingGoesOverTheNetworkInTheClear(t *testing.T) {
	clear := testkit.NewMailServer(t, testkit.MailConfig{User: "lockage", Password: "canary"})
	var failed *mail.Error
	if err := sender(t, clear).Remote().Send(t.Context(), message); !errors.As(err, &failed) || !failed.Retry || failed.Step != "connect" {
		t.Errorf("no STARTTLS: got %v, want a failure to connect", err)
	}
	for name, c := range map[string]testkit.MailConfig{"STARTTLS": {STARTTLS: true}, "implicit": {Implicit: true}} {
		s := testkit.NewMailServer(t, c)
		m, err := mail.New(mail.Config{URL: s.URL, From: "lockage@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Remote().Send(t.Context(), message); !errors.As(err, &failed) || failed.Step != "connect" {
			t.Errorf("%s with an unknown certificate: got %v, want a failure to connect", name, err)
		}
		if got := s.Messages(); len(got) != 0 {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestWhatTheServerRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		step  string
		code  int
		retry bool
		want  string
	}{
		"sender":               {"MAIL", 550, true, "refused the message, with 550"},
		"sender for now":       {"MAIL", 450, true, "refused the message, with 450"},
		"recipient":            {"RCPT", 550, false, "refused the recipient, with 550"},
		"recipient for now":    {"RCPT", 451, true, "refused the recipient, with 451"},
		"the message":          {"DATA", 554, false, "refused the message, with 554"},
		"the message, for now": {"DATA", 452, true, "refused the message, with 452"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testkit.NewMailServer(t, testkit.MailConfig{Refuse: func(step string) error {
				if step != c.step {
					return nil
				}
				return &smtp.SMTPError{Code: c.code, EnhancedCode: smtp.EnhancedCode{c.code / 100, 1, 1}, Message: "canary of the server"}
			}})
			err := sender(t, s).Send(t.Context(), message)
			var failed *mail.Error
			if !errors.As(err, &failed) || failed.Retry != c.retry || failed.Code != c.code || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("got %#v %v, want %d, retry %v, %q", failed, err, c.code, c.retry, c.want)
			}
			if strings.Contains(fmt.Sprintf("%v %+v", err, err), "canary") {
				t.Errorf("the server's words are repeated: %v", err)
			}
		})
	}
}

func TestALoginThatIsRefused(t *testing.T) {
	s := testkit.NewMailServer(t, testkit.MailConfig{STARTTLS: true, User: "lockage", Password: "right"})
	m, err := mail.New(mail.Config{URL: strings.Replace(s.URL, "right", "canary", 1), From: "lockage@example.com", Roots: s.Roots})
	if err != nil {
		t.Fatal(err)
	}
	var failed *mail.Error
	if err := m.Send(t.Context(), message); !errors.As(err, &failed) || failed.Code != 535 || !failed.Retry || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %#v %v, want 535, to be tried again", failed, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", m, m, m); strings.Contains(text, "canary") {
		t.Errorf("the sender prints its password: %s", text)
	}
}

// A server that takes the connection and says nothing is left at the limit, and its connection closed.
func TestASlowServer(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	gone := make(chan error, 2)
	go func() {
		for range 2 {
			c, err := l.Accept()
			if err == nil {
				_, err = c.Read(make([]byte, 1)) // answers when the other side closes
			}
			gone <- err
		}
	}()
	m, err := mail.New(mail.Config{URL: "smtp://" + l.Addr().String(), From: "lockage@example.com", Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var failed *mail.Error
	if err := m.Send(t.Context(), message); !errors.As(err, &failed) || !failed.Retry {
		t.Errorf("got %v, want a failure to be tried again", err)
	}
	if err := <-gone; err == nil {
		t.Error("the connection was not closed at the limit")
	}
	patient, err := mail.New(mail.Config{URL: "smtp://" + l.Addr().String(), From: "lockage@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan error, 1)
	go func() { sent <- patient.Send(ctx, message) }()
	cancel()
	if err := <-sent; err == nil {
		t.Error("got no error after the caller went away, want one")
	}
}

// Nothing a message is made of begins a header, a command or a second recipient.
func TestInjectionIsRefused(t *testing.T) {
	s := testkit.NewMailServer(t, testkit.MailConfig{})
	m := sender(t, s)
	for name, change := range map[string]func(*mail.Message){
		"a header in the subject":      func(m *mail.Message) { m.Subject = "x\r\nBcc: canary@example.com" },
		"a line end in the subject":    func(m *mail.Message) { m.Subject = "x\ny" },
		"NEL in the subject":           func(m *mail.Message) { m.Subject = "x\u0085y" },
		"a line separator":             func(m *mail.Message) { m.Subject = "x\u2028y" },
		"an escape in the subject":     func(m *mail.Message) { m.Subject = "x\x1b[2J" },
		"text that turns round":        func(m *mail.Message) { m.Subject = "x\u202egpj.exe" },
		"no text in the subject":       func(m *mail.Message) { m.Subject = "x\xff" },
		"no subject":                   func(m *mail.Message) { m.Subject = " " },
		"a long subject":               func(m *mail.Message) { m.Subject = strings.Repeat("x", 501) },
		"a command in the recipient":   func(m *mail.Message) { m.To = "a@example.com>\r\nDATA\r\n" },
		"two recipients":               func(m *mail.Message) { m.To = "a@example.com, b@example.com" },
		"a recipient with a name":      func(m *mail.Message) { m.To = "Canary <a@example.com>" },
		"a recipient in brackets":      func(m *mail.Message) { m.To = "<a@example.com>" },
		"a quoted recipient with ends": func(m *mail.Message) { m.To = "\"a\r\nb\"@example.com" },
		"no recipient":                 func(m *mail.Message) { m.To = "" },
		"a route":                      func(m *mail.Message) { m.To = "@a,@b:c@example.com" },
		"an id with brackets":          func(m *mail.Message) { m.ID = "x>\r\nBcc: <y" },
		"a text that is none":          func(m *mail.Message) { m.Text = "x\xff" },
	} {
		one := message
		change(&one)
		var failed *mail.Error
		if err := m.Send(t.Context(), one); !errors.As(err, &failed) || failed.Retry || failed.Step != "refused" || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
	if got := s.Messages(); len(got) != 0 {
		t.Errorf("got %v, want no message", got)
	}
}

func TestNewRefusals(t *testing.T) {
	for name, c := range map[string]mail.Config{
		"no URL":              {},
		"no scheme":           {URL: "canary.example.com:25"},
		"another scheme":      {URL: "http://canary"},
		"no host":             {URL: "smtp://:25"},
		"a path":              {URL: "smtp://canary/path"},
		"a query":             {URL: "smtp://canary?starttls=no"},
		"a fragment":          {URL: "smtp://canary#x"},
		"a port that is none": {URL: "smtp://canary:0"},
		"a large port":        {URL: "smtp://canary:70000"},
		"an escape cut short": {URL: "smtp://user:canary%4@host"},
		"a user alone":        {URL: "smtp://canary@host"},
		"a password alone":    {URL: "smtp://:canary@host"},
		"a line end":          {URL: "smtp://user:canary%0a@host"},
		"opaque":              {URL: "smtp:canary"},
		"no sender":           {URL: "smtp://host", From: ""},
		"a sender cut short":  {URL: "smtp://host", From: "canary@"},
		"two senders":         {URL: "smtp://host", From: "canary@example.com, b@example.com"},
		"a sender of lines":   {URL: "smtp://host", From: "\"canary\r\n\" <a@example.com>"},
	} {
		if c.From == "" && name != "no sender" {
			c.From = "lockage@example.com"
		}
		if _, err := mail.New(c); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want an error that repeats nothing", name, err)
		}
	}
	for _, good := range []string{"smtp://host", "smtps://host/", "smtp://[::1]:2525", "smtp://u:p@mail.example.com:587"} {
		if err := mail.CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}
