package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/testkit"
)

func TestTLSSpeaksHTTP2(t *testing.T) {
	t.Parallel()
	certificate, key, roots := makeCertificate(t)
	w := &world{
		person: newPerson(t, "LOCKAGE_BOOTSTRAP_TOKEN="+ownerToken), data: filepath.Join(t.TempDir(), "data"),
		client: newClient(t, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}),
	}
	w.flags = []string{"--dev", "--tls-cert", w.file(t, "cert.pem", certificate), "--tls-key", w.file(t, "key.pem", key)}
	w.serve(t)
	upstream := testkit.NewUpstream(t)
	a := w.call(t, w.open(t, upstream.URL).Key, "/open/path")
	if a.StatusCode != http.StatusOK || a.ProtoMajor != 2 || a.TLS == nil || a.TLS.NegotiatedProtocol != "h2" {
		t.Errorf("a call over TLS: status %d, %s, want 200 over HTTP/2: %s", a.StatusCode, a.Proto, a.body)
	}
	w.stop(t)
}

func TestClearTextSpeaksHTTP2(t *testing.T) {
	t.Parallel()
	w, upstream := newWorld(t, "--dev"), testkit.NewUpstream(t)
	key := w.open(t, upstream.URL)
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	w.client = newClient(t, transport)
	if a := w.call(t, key.Key, "/open"); a.StatusCode != http.StatusOK || a.ProtoMajor != 2 {
		t.Errorf("a call in clear text: status %d, %s, want 200 over HTTP/2: %s", a.StatusCode, a.Proto, a.body)
	}
}

// makeCertificate makes a certificate of 127.0.0.1, in PEM, and the roots that trust it.
func makeCertificate(t *testing.T) (certificate, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "lockage"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	if !roots.AppendCertsFromPEM([]byte(certificate)) {
		t.Fatal("the certificate cannot be read back")
	}
	return certificate, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), roots
}
