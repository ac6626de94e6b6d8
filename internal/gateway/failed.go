package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/lockage/lockage/internal/guard"
)

// failed tells what an error of the client means to the caller.
func (x *exchange) failed(ctx context.Context, err error) *Refusal {
	var timeout net.Error
	switch {
	case context.Cause(ctx) == errSlow: //nolint:errorlint // the very cause
		return refuse(http.StatusGatewayTimeout, typeTimeout, "the body did not arrive in time, and the route adds to it; send it faster")
	case context.Cause(ctx) == errTimeout: //nolint:errorlint // the very cause
		return refuse(http.StatusGatewayTimeout, typeTimeout, "the upstream did not begin to answer within the route's timeout")
	case x.r.Context().Err() != nil:
		return refuse(statusClosed, typeClosed, "the caller left")
	case x.upload != nil && x.upload.failure() != nil:
		return invalid("the body could not be read to its end; send it again")
	case errors.Is(err, guard.ErrRefused):
		if ok, suppressed := x.g.destinations.pass(x.start.Unix()); ok {
			x.g.logger.Warn("destination refused", "request_id", x.requestID, "route_id", x.d.Route.ID, "error", err, "suppressed", suppressed)
		}
		return refuse(http.StatusBadGateway, typeDestination, "the route's target leads to an address the gateway may not connect to")
	case errors.As(err, &timeout) && timeout.Timeout():
		return refuse(http.StatusGatewayTimeout, typeTimeout, "the upstream could not be reached in time")
	}
	if ok, suppressed := x.g.failures.pass(x.start.Unix()); ok {
		x.g.logger.Warn("upstream unreachable", "request_id", x.requestID, "route_id", x.d.Route.ID, "cause", cause(err), "suppressed", suppressed)
	}
	if r := x.untrusted(err); r != nil {
		return r
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		return refuse(http.StatusBadGateway, typeUnreachable, "the target's name could not be resolved")
	}
	const unreachable = "the upstream could not be reached, or did not answer in HTTP"
	if x.d.Route.Certificate(x.d.staged) != nil { // an upstream may hang up before its alert is read
		return refuse(http.StatusBadGateway, typeUnreachable, unreachable+"; "+x.checkCertificate())
	}
	return refuse(http.StatusBadGateway, typeUnreachable, unreachable)
}

func (x *exchange) checkCertificate() string {
	return "check that it accepts the client certificate of environment '" + x.d.Environment.Name + "'"
}

// untrusted tells what went wrong in TLS, nil when nothing did.
func (x *exchange) untrusted(err error) *Refusal {
	var host x509.HostnameError
	var chain *tls.CertificateVerificationError
	var network *net.OpError
	alert := errors.As(err, &network) && network.Op == "remote error" // as crypto/tls words an alert of the other side
	switch {
	case errors.As(err, &host):
		return refuse(http.StatusBadGateway, typeUnreachable, "the target's certificate is for another name than the route's target has")
	case errors.As(err, &chain):
		return refuse(http.StatusBadGateway, typeUnreachable, "the target's certificate is not trusted; a certificate secret may bring the authorities to trust")
	case alert && x.d.Route.Certificate(x.d.staged) != nil:
		return refuse(http.StatusBadGateway, typeUnreachable, "the target refused the TLS connection; "+x.checkCertificate())
	case alert:
		return refuse(http.StatusBadGateway, typeUnreachable, "the target refused the TLS connection; it may ask for a client certificate, which the route does not show")
	}
	return nil
}

// cause is what of an error may be logged: that of the network and of TLS, not what quotes the upstream's bytes.
func cause(err error) string {
	var network *net.OpError
	if errors.As(err, &network) {
		return network.Error()
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return certificate.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the connection was closed"
	}
	return "no HTTP answer"
}
