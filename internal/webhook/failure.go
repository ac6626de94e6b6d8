package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/guard"
)

// The classes of failure beside http_STATUS.
const (
	CodeTarget      = "invalid_target"      // the message cannot be sent as it is
	CodeDestination = "destination_refused" // the receiver is at an address this server may not connect to
	CodeTLS         = "tls"                 // the receiver's certificate is not accepted, or it speaks no TLS
	CodeTimeout     = "timeout"             // the time limit was over first
	CodeUnreachable = "unreachable"         // every other way not to reach it
)

// longestAfter is the longest wait that a receiver may ask for.
const longestAfter = time.Hour

// Error is a delivery that failed.
type Error struct {
	Retry  bool          // another attempt may do better
	After  time.Duration // the receiver asks to wait so long; 0: it does not say
	Status int           // what the receiver answered; 0: nothing
	Code   string        // the class of the failure, which may be shown
}

func (e *Error) Error() string {
	switch e.Code {
	case CodeTarget:
		return "the message cannot be sent: its URL, its id or its key is not valid"
	case CodeDestination:
		return "the receiver is at an address this server may not connect to; the operator can allow it with --allow-upstreams"
	case CodeTLS:
		return "the receiver's certificate is not accepted, or it speaks no TLS"
	case CodeTimeout:
		return "the receiver did not answer in time"
	case CodeUnreachable:
		return "the receiver cannot be reached"
	}
	if e.Status >= 300 && e.Status < 400 {
		return "the receiver answered with the status " + strconv.Itoa(e.Status) + ", and redirects are not followed"
	}
	return "the receiver answered with the status " + strconv.Itoa(e.Status)
}

// unreached classes an attempt that brought no answer.
func unreached(err error, handshake bool) *Error {
	var network net.Error
	switch {
	case errors.Is(err, guard.ErrRefused):
		return &Error{Code: CodeDestination}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return &Error{Retry: true, Code: CodeTimeout}
	case handshake:
		return &Error{Retry: true, Code: CodeTLS}
	default:
		return &Error{Retry: true, Code: CodeUnreachable}
	}
}

// judge says what an answer means.
func (s *Sender) judge(answer *http.Response) error {
	status := answer.StatusCode
	if status >= 200 && status <= 299 {
		return nil
	}
	e := &Error{Status: status, Code: "http_" + strconv.Itoa(status), After: s.after(answer.Header.Get("Retry-After"))}
	switch {
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		e.Retry = true
	}
	return e
}

// after reads Retry-After: seconds, or a time.
func (s *Sender) after(value string) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 63); err == nil {
		return time.Duration(min(seconds, uint64(longestAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(s.now()), 0), longestAfter)
	}
	return 0
}
