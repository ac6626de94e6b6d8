package kek_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/kek"
)

// standin stands for a service: it has the service's host names and certificates for them, and speaks as it does until a
// test tells it to fail.
type standin struct {
	*httptest.Server
	authority *x509.CertPool
	pem       []byte

	mu     sync.Mutex
	faults []string // what the next answers are; the last one stays
	calls  int
}

func newStandin(t *testing.T, handler http.Handler, hosts ...string) *standin {
	t.Helper()
	s := &standin{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.fail(w, r) {
			handler.ServeHTTP(w, r)
		}
	}))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "stand-in"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: hosts, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s.authority = x509.NewCertPool()
	s.authority.AddCert(leaf)
	s.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of hands that are not shaken on purpose
	s.StartTLS()
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// transport leads every host name to the stand-in, whose certificate is checked as any other.
func (s *standin) transport() *http.Transport {
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.authority, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
		},
	}
}

func (s *standin) options() kek.Options { return kek.Eager(kek.Options{Transport: s.transport()}) }

// then says what the next answers are: a status, slow, garbage, large, broken, elsewhere, or "" for a good one. The last
// one stays.
func (s *standin) then(faults ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.calls = faults, 0
}

func (s *standin) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *standin) next() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if len(s.faults) == 0 {
		return ""
	}
	f := s.faults[0]
	if len(s.faults) > 1 {
		s.faults = s.faults[1:]
	}
	return f
}

func (s *standin) fail(w http.ResponseWriter, r *http.Request) bool {
	switch f := s.next(); f {
	case "":
		return false
	case "slow":
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the caller has gone
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
	case "garbage":
		_, _ = io.WriteString(w, "<html>canary</html>")
	case "empty":
		_, _ = io.WriteString(w, "{}")
	case "large":
		_, _ = io.WriteString(w, `{"canary":"`+strings.Repeat("canary", 1<<15)+`"}`)
	case "broken":
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 canary\r\nContent-Length: 100\r\n\r\n{")
			_ = conn.Close()
		}
	case "elsewhere":
		http.Redirect(w, r, "https://canary.example.com/", http.StatusTemporaryRedirect)
	case "429":
		http.Error(w, `{"message":"canary","errors":["canary"],"error":{"message":"canary"}}`, http.StatusTooManyRequests)
	case "500":
		http.Error(w, `{"message":"canary","errors":["canary"],"error":{"message":"canary"}}`, http.StatusInternalServerError)
	case "503":
		http.Error(w, "canary", http.StatusServiceUnavailable)
	default:
		panic("no such fault: " + f)
	}
	return true
}

// authorityFile writes the stand-in's certificate for those who read it from a file.
func (s *standin) authorityFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(path, s.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newAEAD is a key that a service holds.
func newAEAD() cipher.AEAD {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}
