package kek

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// What a key of a service can fail with besides secret.ErrSeal, which says that what was to be unwrapped was not wrapped
// by this key for this place.
var (
	// ErrUnreachable says that the service gave no answer that counts: none in time, a failure of its own, too many
	// requests, or something that only stood in its way. What was unwrapped before stays true.
	ErrUnreachable = secret.ErrUnreachable
	// ErrRefused says that the service refuses this server the key: a right is missing, or the key is disabled or gone.
	ErrRefused = errors.New("the key-encryption key is refused")
)

// unreachable and refused make the error that callers see. Its text is written here: nothing of what a service answered
// stands in it, for that may repeat what it was sent.
func unreachable(service, format string, args ...any) error {
	return failed(ErrUnreachable, "cannot be reached", service, format, args...)
}

func refused(service, format string, args ...any) error {
	return failed(ErrRefused, "is refused", service, format, args...)
}

func failed(sentinel error, state, service, format string, args ...any) error {
	return &fault.Error{
		Kind:    fault.Unavailable,
		Message: fmt.Sprintf("the key-encryption key %s: %s %s", state, service, fmt.Sprintf(format, args...)),
		Err:     sentinel,
	}
}

// notSealed is the error for what does not unwrap.
func notSealed(service string) error {
	return fmt.Errorf("%s does not unwrap it: %w", service, secret.ErrSeal)
}

// ofTransport is the error for a call that got no answer. One that the caller itself ended is the caller's.
func ofTransport(ctx context.Context, service string, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%s: %w", service, context.Canceled)
	}
	return unreachable(service, "%s", reason(err))
}

// reason says why there was no answer, in words of this package and of the network alone: the text of other errors may
// quote what was received.
func reason(err error) string {
	var (
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		operation   *net.OpError
		system      syscall.Errno
		timeout     net.Error
	)
	switch {
	case errors.As(err, &name):
		return "has a host name that cannot be found"
	case errors.As(err, &certificate):
		return "shows a certificate that is not trusted; give its authority with SSL_CERT_FILE (for Vault also VAULT_CACERT)"
	case errors.As(err, &record):
		return "does not speak TLS"
	case errors.As(err, &alert):
		return "ends the TLS handshake"
	case errors.Is(err, errLarge):
		return "answered more than a wrapped key can be; does its address lead somewhere else?"
	case errors.Is(err, errClear):
		return "has an address without TLS"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "did not answer in time"
	case errors.As(err, &operation) && errors.As(err, &system):
		return "cannot be connected to: " + system.Error()
	case errors.As(err, &operation):
		return "cannot be connected to (" + operation.Op + ")"
	}
	return "broke off or answered something that cannot be read"
}

// ofStatus is the error for a status that means the same everywhere; nil for the others.
func ofStatus(service string, status int) error {
	switch {
	case status == http.StatusTooManyRequests:
		return unreachable(service, "answers that there are too many requests (status 429)")
	case status == http.StatusRequestTimeout, status >= 500:
		return unreachable(service, "fails with status %d", status)
	case status >= 300 && status < 400:
		return refused(service, "sends elsewhere (status %d); give the address that answers by itself", status)
	}
	return nil
}

// errGarbage is the error for an answer that is none of the service's.
func errGarbage(service string) error {
	return unreachable(service, "answered something that is no answer of it; does its address lead somewhere else?")
}

// errDamaged is the error for what a checksum does not fit.
func errDamaged(service string) error {
	return unreachable(service, "answered something else than it sent, or got something else: a checksum does not fit")
}
