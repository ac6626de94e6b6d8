package gateway_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// issuer is an authority of a test.
type issuer struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	i := &issuer{t: t}
	i.cert, i.key = i.make("authority", func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	})
	return i
}

func (i *issuer) make(name string, edit func(*x509.Certificate)) (*x509.Certificate, *ecdsa.PrivateKey) {
	i.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	if edit != nil {
		edit(template)
	}
	parent, signer := i.cert, i.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		i.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		i.t.Fatal(err)
	}
	return cert, key
}

func (i *issuer) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(i.cert)
	return pool
}

// input is a client certificate of the issuer, as people send it, that trusts an authority.
func (i *issuer) input(name string, trusts *issuer) secret.CertificateInput {
	i.t.Helper()
	cert, key := i.make(name, nil)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		i.t.Fatal(err)
	}
	in := secret.CertificateInput{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
	if trusts != nil {
		in.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusts.cert.Raw})
	}
	return in
}

// bank is a server that demands client certificates of its authority, and answers whose it saw.
func (i *issuer) bank() *httptest.Server {
	i.t.Helper()
	cert, key := i.make("bank", nil)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n%s\n", r.TLS.PeerCertificates[0].Subject.CommonName)
			_ = rw.Flush()
			return
		}
		fmt.Fprint(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: i.pool(),
	}
	s.StartTLS()
	i.t.Cleanup(s.Close)
	return s
}

// addCertificate sets the value of a certificate secret, as a version.
func (w *world) addCertificate(name, environment string, version int64, in secret.CertificateInput) {
	w.t.Helper()
	payload, _, err := secret.ParseCertificate(in, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	v := secret.Value{SecretID: "id-" + name, EnvironmentID: environment, Version: version, Type: secret.Certificate, Format: secret.FormatFacts}
	if v.Sealed, err = w.sealer.Seal(w.t.Context(), v.Binding(account), payload); err != nil {
		w.t.Fatal(err)
	}
	for i := range w.in.Values {
		if old := w.in.Values[i]; old.SecretID == v.SecretID && old.EnvironmentID == environment {
			w.in.Values[i] = v
			return
		}
	}
	w.in.Values = append(w.in.Values, v)
}

func TestClientCertificates(t *testing.T) {
	trusted, stranger := newIssuer(t), newIssuer(t)
	up := trusted.bank()
	plain := echo(t)
	w := newWorld(t, map[string]string{
		"bank":  `{"target_url":"` + up.URL + `","client_certificate":"{{secret:bank}}"}`,
		"none":  `{"target_url":"` + up.URL + `"}`,
		"wrong": `{"target_url":"` + up.URL + `","client_certificate":"{{secret:stripe_api_key}}"}`,
		"clear": `{"target_url":"{{var:plain}}","client_certificate":"{{secret:bank}}"}`,
	}, func(w *world) {
		w.in.Secrets = append(w.in.Secrets, snapshot.Secret{ID: "id-bank", Name: "bank", Type: secret.Certificate})
		w.addCertificate("bank", development, 1, trusted.input("of development", trusted))
		w.addCertificate("bank", production, 1, stranger.input("of a stranger", trusted))
		w.in.Variables = []snapshot.VariableValue{{Key: "plain", EnvironmentID: development, Value: plain.URL}}
	}).serve()
	for what, tt := range map[string]struct {
		route, key string
		status     int
		kind, says string
	}{
		"the right one":         {"bank", w.dev, 200, "", "of development"},
		"a stranger's":          {"bank", w.prod, 502, "upstream_unreachable", "check that it accepts the client certificate of environment 'production'"},
		"not configured":        {"bank", w.stage, 500, "secret_not_configured", "Secret 'bank' not configured for environment 'staging'"},
		"none where one is due": {"none", w.dev, 502, "upstream_unreachable", "is not trusted"}, // the system does not know the bank
		"a text as certificate": {"wrong", w.dev, 500, "invalid_credential", "stripe_api_key"},
		"without TLS":           {"clear", w.dev, 500, "invalid_credential", "needs a target of https"},
	} {
		answer, body := w.call(http.MethodGet, "/"+tt.route, tt.key, nil)
		if answer.StatusCode != tt.status || answer.Header.Get("Lockage-Error") != tt.kind || !strings.Contains(body, tt.says) {
			t.Errorf("%s: got %d %s, want %d and %q", what, answer.StatusCode, body, tt.status, tt.says)
		}
	}
	// a connection that switches protocols shows it too
	c := w.dial()
	c.send("GET /bank HTTP/1.1\r\nHost: x\r\nLockage-Key: %s\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n", w.dev)
	if head := c.mustHead(); !strings.HasPrefix(head, "HTTP/1.1 101") {
		t.Fatalf("upgrade: got %q", head)
	}
	if line, err := c.r.ReadString('\n'); line != "of development\n" {
		t.Errorf("upgrade: got %q, %v", line, err)
	}
}

// Whatever runs beside it, each call shows the certificate of its environment, and after a change the new one.
func TestConnectionsOfCertificatesAreNeverShared(t *testing.T) {
	bank := newIssuer(t)
	up := bank.bank()
	w := newWorld(t, map[string]string{"bank": `{"target_url":"` + up.URL + `","client_certificate":"{{secret:bank}}"}`}, func(w *world) {
		w.in.Secrets = append(w.in.Secrets, snapshot.Secret{ID: "id-bank", Name: "bank", Type: secret.Certificate})
		for _, e := range []string{development, staging, production} {
			w.addCertificate("bank", e, 1, bank.input("first of "+e, bank))
		}
	}).serve()
	round := func(prefix string) {
		var group sync.WaitGroup
		for environment, key := range map[string]string{development: w.dev, staging: w.stage, production: w.prod} {
			for range 4 {
				group.Go(func() {
					for range 5 {
						answer, body := w.call(http.MethodGet, "/bank", key, nil)
						if want := prefix + environment; answer.StatusCode != 200 || body != want {
							t.Errorf("%s: got %d %q, want %q", environment, answer.StatusCode, body, want)
						}
					}
				})
			}
		}
		group.Wait()
	}
	round("first of ")
	for _, e := range []string{development, staging, production} {
		w.addCertificate("bank", e, 2, bank.input("second of "+e, bank))
	}
	w.refresh()
	round("second of ")
	if strings.Contains(w.logs.String(), "PRIVATE KEY") {
		t.Error("the log holds a key")
	}
}
