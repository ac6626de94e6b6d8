package matrix_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"testing"
)

// breach stands between the store and PostgreSQL and takes the first wall out of every statement on its way: what was asked
// of one account is asked of all. The program is the one that is built; only the second wall is left.
type breach struct {
	statements atomic.Int64 // that named an account
	listener   net.Listener
	server     string // the socket of the real one
	t          *testing.T
}

// through answers the URL of the database behind the breach.
func through(t *testing.T, database string) (*breach, string) {
	t.Helper()
	u, err := url.Parse(database)
	must(t, err)
	query := u.Query()
	b := &breach{t: t, server: filepath.Join(query.Get("host"), ".s.PGSQL."+query.Get("port"))}
	network := "unix"
	if query.Get("host") == "" { // a shared server, over TCP
		b.server, network = u.Host, "tcp"
	}
	b.listener, err = net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with the test
	must(t, err)
	t.Cleanup(func() { _ = b.listener.Close() })
	go b.serve(network)
	query.Del("host")
	query.Del("port")
	u.Host, u.RawQuery = b.listener.Addr().String(), query.Encode()
	return b, u.String()
}

func (b *breach) serve(network string) {
	for {
		client, err := b.listener.Accept()
		if err != nil {
			return // the test is over
		}
		server, err := net.Dial(network, b.server) //nolint:noctx // it ends with the client's
		if err != nil {
			_ = client.Close()
			continue
		}
		go func() {
			_, _ = io.Copy(client, server)
			_ = client.Close()
		}()
		go func() {
			defer server.Close()
			if err := b.pass(client, server); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				b.t.Logf("the breach: %v", err)
			}
		}()
	}
}

// pass hands on what the client says: a first message without a type, then messages of a type and a length.
func (b *breach) pass(client io.Reader, server io.Writer) error {
	for begun := false; ; begun = true {
		head := make([]byte, 4)
		if begun {
			head = make([]byte, 5)
		}
		if _, err := io.ReadFull(client, head); err != nil {
			return err
		}
		size := binary.BigEndian.Uint32(head[len(head)-4:])
		body := make([]byte, size-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return err
		}
		if begun && head[0] == 'P' { // Parse: a name, the statement, the types of its parameters
			name, rest, _ := bytes.Cut(body, []byte{0})
			statement, types, _ := bytes.Cut(rest, []byte{0})
			if ofAccount.Match(statement) {
				b.statements.Add(1)
				statement = ofAccount.ReplaceAll(statement, []byte("($1 = $2 OR TRUE)"))
			}
			body = bytes.Join([][]byte{name, statement, types}, []byte{0})
			binary.BigEndian.PutUint32(head[1:], uint32(len(body)+4)) //nolint:gosec // a statement is short
		}
		if _, err := server.Write(append(head, body...)); err != nil {
			return err
		}
	}
}

// ofAccount is how statements keep to an account.
var ofAccount = regexp.MustCompile(`\b((?:\w+\.)?account_id) = (\$\d+)`)
