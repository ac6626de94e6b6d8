package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"strconv"

	gomail "github.com/wneessen/go-mail"
)

// Error is why a message was not handed over. It repeats nothing of what the server said: that may hold what was sent.
type Error struct {
	Step  string // "connect", "message", "recipient", "receipt" or "refused"
	Code  int    // the server's reply, such as 550; 0: there was none
	Retry bool   // the same message may be taken later
	cause error
}

func (e *Error) Error() string {
	switch {
	case e.Step == stepConnect && e.Code == 0:
		return "the mail server could not be reached, or not by TLS"
	case e.Step == stepConnect:
		return "the mail server refused the connection or the login, with " + strconv.Itoa(e.Code)
	case e.Step == stepRefused:
		return "the message cannot be sent: " + e.cause.Error()
	case e.Code == 0:
		return "the mail server did not say that it took the message"
	case e.Step == stepRecipient:
		return "the mail server refused the recipient, with " + strconv.Itoa(e.Code)
	default:
		return "the mail server refused the message, with " + strconv.Itoa(e.Code)
	}
}

// The steps of handing a message over.
const (
	stepRefused   = "refused"   // by ourselves
	stepConnect   = "connect"   // connection, TLS and login
	stepMessage   = "message"   // sender and text
	stepRecipient = "recipient" // RCPT TO
	stepReceipt   = "receipt"   // the answer to the whole
)

// Send hands one message to the server. It fails with an *Error. A message whose receipt was lost may arrive twice, with
// the same Message-ID.
func (s *Sender) Send(ctx context.Context, m Message) error {
	message, err := s.message(m)
	if err != nil {
		return &Error{Step: stepRefused, cause: err}
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	// the library leaves a connection open that it could not log in on, and does not look at ctx once it is connected
	var opened net.Conn
	defer func() {
		if opened != nil {
			_ = opened.Close()
		}
	}()
	client, err := s.client(func(dialing context.Context, _, _ string) (_ net.Conn, err error) {
		if opened, err = s.to.dial(dialing); err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = opened.Close() })
		if !s.to.implicit {
			return opened, nil
		}
		encrypted := tls.Client(opened, s.to.tls())
		return encrypted, encrypted.HandshakeContext(dialing)
	})
	if err != nil {
		return &Error{Step: stepConnect, Retry: true, cause: err}
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return failure(stepConnect, err)
	}
	if err := client.SendWithSMTPClient(session, message); err != nil && !message.IsDelivered() {
		return failure(stepMessage, err)
	}
	_ = client.CloseWithSMTPClient(session) // the message is the server's already
	return nil
}

func (s *Sender) message(m Message) (*gomail.Msg, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(s.from)
	if err := message.To(m.To); err != nil {
		return nil, errRecipient
	}
	message.Subject(m.Subject)
	message.SetMessageIDWithValue(s.id(m))
	message.SetDate()
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence answers it
	message.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	return message, nil
}

// client makes the library's client: a fresh one for each message, as it changes with what it finds out of the server.
func (s *Sender) client(dial gomail.DialContextFunc) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.to.port), gomail.WithTimeout(s.timeout), gomail.WithDialContextFunc(dial),
		gomail.WithTLSConfig(s.to.tls()), gomail.WithTLSPolicy(gomail.TLSMandatory),
	}
	switch {
	case s.to.implicit:
		options = append(options, gomail.WithSSL()) // or it would ask for STARTTLS as well
	case s.to.loopback:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	if s.to.user != "" {
		// where the server takes none of them, the library looks for others it knows
		options = append(options, gomail.WithUsername(s.to.user), gomail.WithPassword(s.to.password()),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5))
	}
	return gomail.NewClient(s.to.host, options...)
}

// failure is an error of the library without what the server said.
func failure(step string, err error) error {
	e := &Error{Step: step, Retry: true, cause: err}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		e.Code = reply.Code
	}
	var sent *gomail.SendError
	if !errors.As(err, &sent) {
		return e
	}
	e.Code = sent.ErrorCode()
	switch sent.Reason {
	case gomail.ErrSMTPRcptTo:
		e.Step = stepRecipient
	case gomail.ErrSMTPDataClose:
		e.Step = stepReceipt
	default:
	}
	// what is refused for good is refused for the recipient's or the message's sake; all else is about the server
	e.Retry = e.Code < 500 || e.Step != stepRecipient && e.Step != stepReceipt
	return e
}
