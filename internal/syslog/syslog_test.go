package syslog_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/syslog"
)

// parsed is a message as a collector reads it.
type parsed struct {
	Priority                               int
	Time, Host, App, Process, ID, Text, SD string
	Data                                   map[string]string
}

// parse reads a message by the grammar of RFC 5424, section 6, and nothing that does not fit it.
func parse(raw []byte) (p parsed, err error) {
	rest := string(raw)
	if !utf8.ValidString(rest) {
		return p, errors.New("not UTF-8")
	}
	take := func(until string) (field string) {
		var ok bool
		if field, rest, ok = strings.Cut(rest, until); !ok {
			err = fmt.Errorf("no %q behind %q", until, field)
		}
		return field
	}
	if take("<") != "" {
		return p, errors.New("something before the priority")
	}
	if p.Priority, err = strconv.Atoi(take(">")); err != nil || p.Priority > 191 {
		return p, fmt.Errorf("priority: %w", err)
	}
	if v := take(" "); v != "1" {
		return p, fmt.Errorf("version %q", v)
	}
	p.Time, p.Host, p.App, p.Process, p.ID = take(" "), take(" "), take(" "), take(" "), take(" ")
	for _, word := range []string{p.Host, p.App, p.Process, p.ID} {
		if word == "" || strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return p, fmt.Errorf("a field of the header is %q", word)
		}
	}
	if len(p.ID) > 32 || len(p.Host) > 255 {
		return p, errors.New("a field is too long")
	}
	if take("[") != "" {
		return p, errors.New("no structured data")
	}
	p.SD, p.Data = take(" "), map[string]string{}
	for err == nil {
		name := take(`="`)
		var value strings.Builder
		for {
			if rest == "" {
				return p, errors.New("a value does not end")
			}
			c := rest[0]
			rest = rest[1:]
			if c == '\\' {
				value.WriteByte(rest[0])
				rest = rest[1:]
				continue
			}
			if c == '"' {
				break
			}
			if c == ']' {
				return p, errors.New("a bracket in a value is not escaped")
			}
			value.WriteByte(c)
		}
		p.Data[name] = value.String()
		if strings.HasPrefix(rest, "]") {
			rest = rest[1:]
			break
		}
		if take(" ") != "" {
			return p, errors.New("something behind a value")
		}
	}
	p.Text = strings.TrimPrefix(rest, " ")
	return p, err
}

// frames reads what came to its end: lengths, and as much of a message (RFC 6587, 3.4.1).
func frames(r io.Reader) (list [][]byte, err error) {
	b := bufio.NewReader(r)
	for {
		length, err := b.ReadString(' ')
		if errors.Is(err, io.EOF) && length == "" {
			return list, nil
		}
		n, bad := strconv.Atoi(strings.TrimSuffix(length, " "))
		if err != nil || bad != nil || n < 1 || n > 64<<10 {
			return list, fmt.Errorf("a frame begins with %q: %w", length, errors.Join(err, bad))
		}
		raw := make([]byte, n)
		if _, err := io.ReadFull(b, raw); err != nil {
			return list, err
		}
		list = append(list, raw)
	}
}

// collector is a real one. Each connection is handed to serve.
func collector(t *testing.T, config *tls.Config, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	scheme := "tcp://"
	if config != nil {
		l, scheme = tls.NewListener(l, config), "tls://"
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn)
		}
	}()
	return scheme + l.Addr().String()
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func sender(t *testing.T, c syslog.Config) *syslog.Sender {
	t.Helper()
	c.Host = "gate way\nx"
	s, err := syslog.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// identity is a certificate for 127.0.0.1 and itself as its authority, in PEM.
func identity(t *testing.T) (*tls.Config, string) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12},
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

func messages() []syslog.Message {
	at := time.Date(2026, 11, 21, 3, 4, 5, 6_000_000, time.FixedZone("", 3600))
	return []syslog.Message{
		{
			Facility: 13, Severity: syslog.Notice, Time: at, ID: "secret.create",
			Data: []syslog.Param{{Name: "target_name", Value: "a\"b\\c]d=é\n<34>1 - - - - - evil\x1b[2J\u202e"}, {Name: "empty"}, {Name: `b"a]d =n`, Value: "x"}},
			Text: syslog.ASCII([]byte(`{"name":"é😀<&>"}`)),
		},
		{Facility: 23, Severity: syslog.Warning, Time: at, ID: "an id with spaces that has more than 32 characters", Text: "two\nlines", Data: []syslog.Param{{Name: "a", Value: "\xff"}}},
	}
}

func TestSendIsRFC5424(t *testing.T) {
	secured, ca := identity(t)
	for name, config := range map[string]*tls.Config{"TCP": nil, "TLS": secured} {
		got := make(chan [][]byte, 1)
		to := syslog.Target{Address: collector(t, config, func(c net.Conn) {
			list, err := frames(c)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			got <- list
			_ = c.Close()
		})}
		if config != nil {
			to.CA = ca
		}
		if err := to.Check(); err != nil {
			t.Fatal(err)
		}
		if err := sender(t, syslog.Config{Allow: loopback}).Send(t.Context(), to, messages()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var read []parsed
		for _, raw := range <-got {
			p, err := parse(raw)
			if err != nil {
				t.Errorf("%s: %v in %q", name, err, raw)
			}
			read = append(read, p)
		}
		want := []parsed{
			{
				Priority: 13*8 + 5, Time: "2026-11-21T02:04:05.006Z", Host: "gate?way?x", App: "lockage", Process: "-", ID: "secret.create", SD: "lockage@32473",
				Data: map[string]string{"target_name": "a\"b\\c]d=é\ufffd<34>1 - - - - - evil\ufffd[2J\ufffd", "b?a?d??n": "x"},
				Text: `{"name":"\u00e9\ud83d\ude00<&>"}`,
			},
			{
				Priority: 23*8 + 4, Time: "2026-11-21T02:04:05.006Z", Host: "gate?way?x", App: "lockage", Process: "-", ID: "an?id?with?spaces?that?has?more?", SD: "lockage@32473",
				Data: map[string]string{"a": "\ufffd"}, Text: "two?lines",
			},
		}
		if diff := cmp.Diff(want, read); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		var back struct{ Name string }
		if err := json.Unmarshal([]byte(read[0].Text), &back); err != nil || back.Name != "é😀<&>" {
			t.Errorf("%s: the text says %q, %v", name, back.Name, err)
		}
	}
}

func TestSendSaysWhatFailed(t *testing.T) {
	secured, ca := identity(t)
	reads := func(c net.Conn) { _, _ = io.Copy(io.Discard, c); _ = c.Close() }
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		config syslog.Config
		to     syslog.Target
		ctx    context.Context
		want   string
	}{
		"nobody":                 {syslog.Config{Allow: loopback}, syslog.Target{Address: "tcp://" + closed.Addr().String()}, t.Context(), syslog.CodeUnreachable},
		"an address not allowed": {syslog.Config{}, syslog.Target{Address: collector(t, nil, reads)}, t.Context(), syslog.CodeDestination},
		"an unknown authority":   {syslog.Config{Allow: loopback}, syslog.Target{Address: collector(t, secured, reads)}, t.Context(), syslog.CodeTLS},
		"no TLS": {syslog.Config{Allow: loopback}, syslog.Target{Address: "tls" + strings.TrimPrefix(collector(t, nil, func(c net.Conn) {
			_, _ = io.WriteString(c, "what?\r\n\r\n\r\n")
			reads(c)
		}), "tcp"), CA: ca}, t.Context(), syslog.CodeTLS},
		"one that does not end": {syslog.Config{Allow: loopback, Limit: 50 * time.Millisecond}, syslog.Target{Address: collector(t, nil, func(c net.Conn) {
			t.Cleanup(func() { _ = c.Close() })
		})}, t.Context(), syslog.CodeTimeout},
		"one that breaks off": {syslog.Config{Allow: loopback}, syslog.Target{Address: collector(t, nil, func(c net.Conn) {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_, _ = io.ReadFull(c, make([]byte, 3))
			_ = c.Close()
		})}, t.Context(), syslog.CodeBroken},
		"one that answers": {syslog.Config{Allow: loopback}, syslog.Target{Address: collector(t, nil, func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			reads(c)
		})}, t.Context(), syslog.CodeBroken},
		"a context that ended": {syslog.Config{Allow: loopback}, syslog.Target{Address: collector(t, nil, reads)}, ended, syslog.CodeTimeout},
		"no address":           {syslog.Config{Allow: loopback}, syslog.Target{Address: "udp://127.0.0.1:1"}, t.Context(), syslog.CodeTarget},
		"no certificates":      {syslog.Config{Allow: loopback}, syslog.Target{Address: "tls://127.0.0.1:1", CA: "canary"}, t.Context(), syslog.CodeTarget},
	} {
		var got *syslog.Error
		err := sender(t, tt.config).Send(tt.ctx, tt.to, messages())
		if !errors.As(err, &got) || got.Code != tt.want {
			t.Errorf("%s: got %v, want the class %s", name, err, tt.want)
		}
		if err != nil && (strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "127.0.0.1")) {
			t.Errorf("%s: the error repeats the target: %v", name, err)
		}
	}
}

func TestTargetsAreChecked(t *testing.T) {
	_, ca := identity(t)
	for _, tt := range []struct {
		to   syslog.Target
		good bool
	}{
		{syslog.Target{Address: "tcp://logs.example.com:514"}, true},
		{syslog.Target{Address: "tls://[2001:db8::1]:6514", CA: ca + ca}, true},
		{syslog.Target{Address: "tcp://logs.example.com:514", CA: ca}, false},
		{syslog.Target{Address: "tls://logs.example.com:6514", CA: ca + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}, false},
		{syslog.Target{Address: "tcp://logs.example.com"}, false},
		{syslog.Target{Address: "tcp://logs.example.com:0"}, false},
		{syslog.Target{Address: "tcp://logs.example.com:70000"}, false},
		{syslog.Target{Address: "tcp://canary@logs.example.com:514"}, false},
		{syslog.Target{Address: "tcp://logs.example.com:514/canary"}, false},
		{syslog.Target{Address: "tcp://logs.example.com:514?canary"}, false},
		{syslog.Target{Address: "https://logs.example.com:514"}, false},
		{syslog.Target{Address: "tcp://:514"}, false},
		{syslog.Target{Address: strings.Repeat("canary", 200)}, false},
		{syslog.Target{}, false},
	} {
		err := tt.to.Check()
		if (err == nil) != tt.good {
			t.Errorf("%.60s: got %v, want it accepted: %v", tt.to.Address, err, tt.good)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("the error repeats the target: %v", err)
		}
	}
	if _, err := syslog.New(syslog.Config{Limit: -1}); err == nil {
		t.Error("a negative limit was taken")
	}
}
