package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/route"
)

// upgrade is the protocol a call asks to switch to, "" for none. Other versions of HTTP and TLS are none: through such a
// connection a caller could send further calls past the gateway. Nor is one asked for with a body.
func upgrade(r *http.Request) string {
	if r.ProtoMajor != 1 || r.ProtoMinor < 1 || r.ContentLength != 0 || !hasToken(r.Header["Connection"], "Upgrade") {
		return ""
	}
	lines := r.Header["Upgrade"]
	if len(lines) == 0 {
		return ""
	}
	for _, line := range lines {
		for protocol := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(textproto.TrimString(protocol), "/")
			switch strings.ToLower(name) {
			case "", "h2c", "h2", "http", "tls":
				return ""
			}
		}
	}
	return strings.Join(lines, ", ")
}

// tunnel carries a call that switches protocols over a connection of its own. When the upstream does not switch, its
// answer is one like any other.
func (x *exchange) tunnel(ctx context.Context, clock *deadline, out *http.Request, protocol string) *Refusal {
	out.Header["Connection"] = []string{"Upgrade"}
	out.Header["Upgrade"] = []string{protocol}
	upstream, err := x.dial(ctx)
	if err != nil {
		return x.failed(ctx, err)
	}
	defer upstream.Close() //nolint:errcheck // nothing is left to lose
	// Until the answer, the call's end breaks off what the connection waits for.
	release := context.AfterFunc(ctx, func() { _ = upstream.SetDeadline(time.Unix(1, 0)) })
	if err := out.Write(upstream); err != nil {
		return x.failed(ctx, err)
	}
	head := &io.LimitedReader{R: upstream, N: maxHeader}
	from := bufio.NewReader(head)
	answer, err := x.switched(from, out)
	head.N = math.MaxInt64
	if !release() && err == nil {
		err = errNoAnswer
	}
	clock.stop()
	if err != nil {
		return x.failed(ctx, err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		release = context.AfterFunc(ctx, func() { _ = upstream.SetDeadline(time.Unix(1, 0)) })
		defer release()
		defer answer.Body.Close() //nolint:errcheck // it was read, or is not wanted
		return x.relay(answer)
	}
	if !hasToken(out.Header["Upgrade"], answer.Header.Get("Upgrade")) {
		return x.failed(ctx, errNoAnswer)
	}
	return x.splice(answer, upstream, from)
}

// switched reads the upstream's answer, forwarding provisional ones.
func (x *exchange) switched(from *bufio.Reader, out *http.Request) (*http.Response, error) {
	for range 8 {
		answer, err := http.ReadResponse(from, out)
		if err != nil {
			return nil, err
		}
		if answer.StatusCode >= http.StatusOK || answer.StatusCode == http.StatusSwitchingProtocols {
			return answer, nil
		}
		if err := x.provisional(answer.StatusCode, textproto.MIMEHeader(answer.Header)); err != nil {
			return nil, err
		}
	}
	return nil, errNoAnswer
}

// dial connects to the route's target, through the guard.
func (x *exchange) dial(ctx context.Context) (net.Conn, error) {
	target := x.d.Route.Target()
	address := target.Host
	secure := target.Scheme == "https"
	if strings.LastIndexByte(address, ':') <= strings.LastIndexByte(address, ']') { // no port
		port := "80"
		if secure {
			port = "443"
		}
		address = net.JoinHostPort(strings.Trim(address, "[]"), port)
	}
	conn, err := x.g.dialer.DialContext(ctx, "tcp", address)
	if err != nil || !secure {
		return conn, err
	}
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	wrapped, err := x.handshake(ctx, conn, name)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return wrapped, nil
}

// farewell is how long one side of a tunnel may still send when the other has finished.
const farewell = 5 * time.Second

// splice answers 101 and joins the two connections. What either side sent together with its part of the handshake lies
// in the readers and goes first. The two directions end together: when one side has finished, the other has a moment to
// say what it has to.
func (x *exchange) splice(answer *http.Response, upstream net.Conn, from *bufio.Reader) *Refusal {
	x.g.tunnels.Add(1)
	defer x.g.tunnels.Done()
	caller, rw, err := x.control.Hijack()
	if err != nil {
		return refuse(http.StatusInternalServerError, typeInternal, "internal error")
	}
	defer caller.Close() //nolint:errcheck // nothing is left to lose
	_ = caller.SetDeadline(time.Time{})
	x.status = http.StatusSwitchingProtocols
	open := &tunnel{digest: x.d.digest, environment: x.d.Environment.ID, route: x.d.Route.ID, method: x.r.Method, source: x.address, close: func() {
		_ = caller.Close()
		_ = upstream.Close()
	}}
	release := context.AfterFunc(x.g.tunnelling, open.close)
	defer release()
	x.g.open.Store(open, struct{}{})
	defer func() {
		x.g.open.Delete(open)
		if r := open.ended.Load(); r != nil {
			x.errorType = r.Type
		}
	}()
	if err := x.switchCaller(rw.Writer, answer); err != nil {
		x.errorType = typeClosed
		return nil
	}
	up := make(chan int64, 1)
	go func() { up <- carry(upstream, caller, rw.Reader) }()
	x.bytesOut = carry(caller, upstream, from)
	x.bytesIn = <-up
	return nil
}

// switchCaller writes the answer 101 to the caller.
func (x *exchange) switchCaller(w *bufio.Writer, answer *http.Response) error {
	h := http.Header{}
	copyEnd(h, answer.Header)
	scrub(h, x.d.Plan.Query)
	if x.redactHeader(h) != nil {
		return errStopped
	}
	if _, shortest := x.d.guarded(); shortest > 0 {
		x.g.counters.unscanned.Add(1) // what the two say to each other from now on
	}
	delete(h, "Content-Length")
	x.sign(h)
	h["Connection"] = []string{"Upgrade"}
	h["Upgrade"] = answer.Header["Upgrade"]
	x.answers(h)
	if x.capture != nil { // in another protocol a credential may look like anything
		x.capture.request.skip(route.OmittedUpgraded)
		x.capture.response.skip(route.OmittedUpgraded)
	}
	_, err := w.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	if err == nil {
		err = h.Write(w)
	}
	if err == nil {
		_, err = w.WriteString("\r\n")
	}
	return errors.Join(err, w.Flush())
}

// carry sends what is buffered of one side, and then everything it sends, to the other, and counts it.
func carry(to, from net.Conn, buffered *bufio.Reader) int64 {
	early, _ := buffered.Peek(buffered.Buffered())
	n, err := to.Write(early)
	sent := int64(n)
	if err == nil {
		var more int64
		more, err = io.Copy(to, from)
		sent += more
	}
	half, ok := to.(interface{ CloseWrite() error })
	if err != nil || !ok || half.CloseWrite() != nil {
		_ = to.Close()
		_ = from.Close()
		return sent
	}
	end := time.Now().Add(farewell) //nolint:forbidigo // of a socket, which knows the real clock only
	_ = to.SetReadDeadline(end)
	_ = from.SetWriteDeadline(end)
	return sent
}
