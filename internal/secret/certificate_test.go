package secret_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// issued is a certificate with its key, and who issued it.
type issued struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func issue(t testing.TB, key crypto.Signer, by *issued, edit func(*x509.Certificate)) issued {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0xbeef), Subject: pkix.Name{CommonName: "the shop", Organization: []string{"Acme"}},
		NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if edit != nil {
		edit(template)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return issued{cert, key}
}

func authority(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
	c.Subject.CommonName = "the bank's authority"
}

func certPEM(list ...issued) []byte {
	var out []byte
	for _, c := range list {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw})...)
	}
	return out
}

func keyPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkcs8Of(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestCertificatesInEveryForm(t *testing.T) {
	ec := ecKey(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := issue(t, ecKey(t), nil, authority)
	leaf, rsaLeaf, edLeaf := issue(t, ec, &root, nil), issue(t, rsaKey, &root, nil), issue(t, ed, &root, nil)
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := pkcs8.MarshalPrivateKey(ec, []byte("open sesame"), nil)
	if err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1019 the form is read, so it is tested
	legacy, err := x509.EncryptPEMBlock(rand.Reader, "EC PRIVATE KEY", sec1, []byte("open sesame"), x509.PEMCipherAES256)
	if err != nil {
		t.Fatal(err)
	}
	file, err := pkcs12.Modern.Encode(ec, leaf.cert, []*x509.Certificate{root.cert}, "open sesame")
	if err != nil {
		t.Fatal(err)
	}
	old, err := pkcs12.LegacyDES.Encode(ec, leaf.cert, nil, "open sesame")
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]secret.CertificateInput{
		"PKCS#8":              {Cert: certPEM(leaf), Key: keyPEM("PRIVATE KEY", pkcs8Of(t, ec))},
		"SEC1":                {Cert: certPEM(leaf, root), Key: keyPEM("EC PRIVATE KEY", sec1)},
		"SEC1, parameters":    {Cert: certPEM(leaf), Key: append(keyPEM("EC PARAMETERS", []byte{6, 1, 0}), keyPEM("EC PRIVATE KEY", sec1)...)},
		"PKCS#1":              {Cert: certPEM(rsaLeaf), Key: keyPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey))},
		"Ed25519":             {Cert: certPEM(edLeaf), Key: keyPEM("PRIVATE KEY", pkcs8Of(t, ed))},
		"encrypted PKCS#8":    {Cert: certPEM(leaf), Key: keyPEM("ENCRYPTED PRIVATE KEY", encrypted), Passphrase: []byte("open sesame")},
		"encrypted PEM":       {Cert: certPEM(leaf), Key: pem.EncodeToMemory(legacy), Passphrase: []byte("open sesame")},
		"PKCS#12":             {PKCS12: file, Passphrase: []byte("open sesame")},
		"PKCS#12, old":        {PKCS12: old, Passphrase: []byte("open sesame")},
		"chain, wrong way":    {Cert: certPEM(root, leaf), Key: keyPEM("PRIVATE KEY", pkcs8Of(t, ec))},
		"authorities":         {Cert: certPEM(leaf), Key: keyPEM("PRIVATE KEY", pkcs8Of(t, ec)), CA: certPEM(root)},
		"passphrase for none": {Cert: certPEM(leaf), Key: keyPEM("PRIVATE KEY", pkcs8Of(t, ec)), Passphrase: []byte("x")},
	} {
		t.Run(name, func(t *testing.T) {
			payload, d, err := secret.ParseCertificate(in, noon)
			if err != nil {
				t.Fatalf("got %v", err)
			}
			if d.Subject != "CN=the shop,O=Acme" || d.Issuer != "CN=the bank's authority,O=Acme" || d.Serial != "beef" || len(d.SHA256) != 64 ||
				!d.NotAfter.Equal(noon.Add(24*time.Hour)) || d.Algorithm == "" {
				t.Errorf("got %+v", d)
			}
			s := newSealer(t)
			b := home
			b.Type = secret.Certificate
			sealed, err := s.Seal(t.Context(), b, payload)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := opens(t.Context(), s, b, sealed)
			if err != nil {
				t.Fatal(err)
			}
			shown, pool, err := secret.OpenCertificate([]byte(plain))
			if err != nil || len(shown.Certificate) != d.Chain || (pool != nil) != (d.CAs > 0) {
				t.Fatalf("got %d certificates, %v and %v, want %+v", len(shown.Certificate), pool, err, d)
			}
			first, err := x509.ParseCertificate(shown.Certificate[0])
			if err != nil || first.Subject.CommonName != "the shop" {
				t.Errorf("the first: got %v, %v", first.Subject, err)
			}
			if public, ok := first.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(shown.PrivateKey.(crypto.Signer).Public()) {
				t.Error("the key does not belong to the first certificate")
			}
		})
	}
}

func TestCertificatesAreRefused(t *testing.T) {
	ec := ecKey(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // it is to be refused
	if err != nil {
		t.Skipf("no key of 1024 bits can be made here: %v", err)
	}
	root, leaf := issue(t, ecKey(t), nil, authority), issue(t, ec, nil, nil)
	key := keyPEM("PRIVATE KEY", pkcs8Of(t, ec))
	encrypted, err := pkcs8.MarshalPrivateKey(ec, []byte("open sesame"), nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := pkcs12.Modern.Encode(ec, leaf.cert, nil, "open sesame")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		in    secret.CertificateInput
		field string
	}{
		"nothing":                {secret.CertificateInput{}, "cert"},
		"no key":                 {secret.CertificateInput{Cert: certPEM(leaf)}, "key"},
		"both forms":             {secret.CertificateInput{Cert: certPEM(leaf), Key: key, PKCS12: file}, "pkcs12"},
		"not PEM":                {secret.CertificateInput{Cert: []byte("canary"), Key: key}, "cert"},
		"more behind":            {secret.CertificateInput{Cert: append(certPEM(leaf), "canary"...), Key: key}, "cert"},
		"a key as cert":          {secret.CertificateInput{Cert: key, Key: key}, "cert"},
		"broken DER":             {secret.CertificateInput{Cert: keyPEM("CERTIFICATE", []byte("canary")), Key: key}, "cert"},
		"another's key":          {secret.CertificateInput{Cert: certPEM(leaf), Key: keyPEM("PRIVATE KEY", pkcs8Of(t, ecKey(t)))}, "key"},
		"a certificate as key":   {secret.CertificateInput{Cert: certPEM(leaf), Key: certPEM(leaf)}, "key"},
		"two keys":               {secret.CertificateInput{Cert: certPEM(leaf), Key: append(bytes.Clone(key), key...)}, "key"},
		"broken key":             {secret.CertificateInput{Cert: certPEM(leaf), Key: keyPEM("PRIVATE KEY", []byte("canary"))}, "key"},
		"strangers in the chain": {secret.CertificateInput{Cert: certPEM(leaf, root), Key: key}, "cert"},
		"too many":               {secret.CertificateInput{Cert: bytes.Repeat(certPEM(leaf), 11), Key: key}, "cert"},
		"expired":                {secret.CertificateInput{Cert: certPEM(issue(t, ec, nil, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Minute) })), Key: key}, "cert"},
		"for servers": {secret.CertificateInput{Cert: certPEM(issue(t, ec, nil, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		})), Key: key}, "cert"},
		"for something unknown": {secret.CertificateInput{Cert: certPEM(issue(t, ec, nil, func(c *x509.Certificate) {
			c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, []asn1.ObjectIdentifier{{1, 2, 3}}
		})), Key: key}, "cert"},
		"not for signatures":   {secret.CertificateInput{Cert: certPEM(issue(t, ec, nil, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement })), Key: key}, "cert"},
		"a weak key":           {secret.CertificateInput{Cert: certPEM(issue(t, weak, nil, nil)), Key: keyPEM("PRIVATE KEY", pkcs8Of(t, weak))}, "key"},
		"no passphrase":        {secret.CertificateInput{Cert: certPEM(leaf), Key: keyPEM("ENCRYPTED PRIVATE KEY", encrypted)}, "passphrase"},
		"wrong passphrase":     {secret.CertificateInput{Cert: certPEM(leaf), Key: keyPEM("ENCRYPTED PRIVATE KEY", encrypted), Passphrase: []byte("canary")}, "passphrase"},
		"PKCS#12, wrong":       {secret.CertificateInput{PKCS12: file, Passphrase: []byte("canary")}, "passphrase"},
		"PKCS#12, broken":      {secret.CertificateInput{PKCS12: []byte("canary"), Passphrase: []byte("canary")}, "pkcs12"},
		"authorities, not PEM": {secret.CertificateInput{Cert: certPEM(leaf), Key: key, CA: []byte("canary")}, "ca"},
		"large":                {secret.CertificateInput{Cert: certPEM(leaf), Key: bytes.Repeat([]byte("canary"), 100_000)}, "key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := secret.ParseCertificate(tt.in, noon)
			var refused *fault.Error
			if !errors.As(err, &refused) || len(refused.Fields) != 1 || refused.Fields[0].Field != tt.field || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v, want a refusal of %s that repeats nothing", err, tt.field)
			}
		})
	}
}

// What a file asks for to derive its key is bounded before anything is derived.
func TestKeyDerivationIsBounded(t *testing.T) {
	params := func(numbers ...int) []byte {
		var seq []asn1.RawValue
		add := func(v any) {
			der, err := asn1.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			seq = append(seq, asn1.RawValue{FullBytes: der})
		}
		add([]byte("the salt"))
		for _, n := range numbers {
			add(n)
		}
		der, err := asn1.Marshal(seq)
		if err != nil {
			t.Fatal(err)
		}
		outer, err := asn1.Marshal([][]byte{der}) // in an octet string, as PKCS#12 has it
		if err != nil {
			t.Fatal(err)
		}
		return outer
	}
	for name, tt := range map[string]struct {
		der []byte
		ok  bool
	}{
		"few rounds": {params(2048), true}, "many": {params(1_000_000, 32), true}, "too many": {params(1_000_001), false},
		"scrypt": {params(1<<17, 8, 1), true}, "scrypt, greedy": {params(1<<17, 1<<10, 1), false}, "scrypt, again and again": {params(1<<17, 8, 1000), false},
		"salt of another class": {bytes.Replace(params(1_000_001), []byte("\x04\x08the"), []byte("\x84\x08the"), 1), false},
		"not DER":               {[]byte("canary"), true},
	} {
		if got := secret.BoundedWork(tt.der); got != tt.ok {
			t.Errorf("%s: got %v, want %v", name, got, tt.ok)
		}
	}
	leaf := issue(t, ecKey(t), nil, nil)
	_, _, err := secret.ParseCertificate(secret.CertificateInput{
		Cert: certPEM(leaf), Key: keyPEM("ENCRYPTED PRIVATE KEY", params(1_000_000_000)), Passphrase: []byte("x"),
	}, noon)
	if err == nil || !strings.Contains(err.Error(), "rounds") {
		t.Errorf("got %v, want a refusal of the rounds", err)
	}
}

func FuzzParseCertificate(f *testing.F) {
	ec := ecKey(f)
	leaf := issue(f, ec, nil, nil)
	file, err := pkcs12.Modern.Encode(ec, leaf.cert, nil, "x")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(certPEM(leaf), keyPEM("PRIVATE KEY", pkcs8Of(f, ec)), []byte(nil), certPEM(leaf))
	f.Add([]byte(nil), []byte(nil), file, []byte(nil))
	f.Fuzz(func(t *testing.T, cert, key, file, ca []byte) {
		in := secret.CertificateInput{Cert: cert, Key: key, PKCS12: file, CA: ca, Passphrase: []byte("x")}
		payload, d, err := secret.ParseCertificate(in, noon)
		if err != nil {
			return
		}
		s := newSealer(t)
		sealed, err := s.Seal(t.Context(), home, payload)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := opens(t.Context(), s, home, sealed)
		if err != nil {
			t.Fatal(err)
		}
		shown, _, err := secret.OpenCertificate([]byte(plain))
		if err != nil || len(shown.Certificate) != d.Chain {
			t.Fatalf("what was taken does not open: %v", err)
		}
	})
}

func FuzzOpenCertificate(f *testing.F) {
	f.Add([]byte(`{"chain":["AA=="],"key":"AA=="}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		shown, _, err := secret.OpenCertificate(payload)
		if err == nil && (shown.PrivateKey == nil || len(shown.Certificate) == 0) {
			t.Error("opened without a key or a certificate")
		}
	})
}
