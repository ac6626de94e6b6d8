package secret

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/fault"
)

// CertificateInput is a client certificate as people send it: PEM, or PKCS#12 in bytes.
type CertificateInput struct {
	Cert       []byte // PEM, the chain in any order
	Key        []byte // PEM: PKCS#1, PKCS#8 or SEC1, also encrypted
	PKCS12     []byte // instead of both
	Passphrase []byte // of the key or the PKCS#12
	CA         []byte // PEM; whom to trust as the upstream instead of the system's authorities; may be empty
}

// Wipe overwrites what is confidential of it.
func (in CertificateInput) Wipe() {
	clear(in.Key)
	clear(in.PKCS12)
	clear(in.Passphrase)
}

// CertificateDetail is what may be told of a certificate.
type CertificateDetail struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Serial    string    `json:"serial"` // hex
	SHA256    string    `json:"sha256"` // of the leaf, in hex
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Algorithm string    `json:"algorithm"` // of the key
	Chain     int       `json:"chain"`     // how many certificates are shown
	CAs       int       `json:"cas"`       // how many authorities are trusted; 0: the system's
}

// sealedCertificate is what is sealed of a certificate: DER, in one form whatever was sent.
type sealedCertificate struct {
	Chain [][]byte `json:"chain"` // leaf first
	Key   []byte   `json:"key"`   // PKCS#8
	CAs   [][]byte `json:"cas,omitempty"`
}

// The limits of a certificate.
const (
	maxChain = 10
	maxCAs   = 100
	minRSA   = 2048
	maxSent  = 256 << 10 // bytes of each file
)

// ParseCertificate reads a client certificate, checks that it can be used at a time, and answers what is to be sealed.
// It refuses a key of another certificate, one that is expired or not for client authentication, and what is too weak
// or too much; no refusal repeats what was sent.
func ParseCertificate(in CertificateInput, now time.Time) (Plaintext, CertificateDetail, error) {
	var d CertificateDetail
	chain, key, err := in.read()
	if err != nil {
		return Plaintext{}, d, err
	}
	cas, err := readAuthorities(in.CA)
	if err != nil {
		return Plaintext{}, d, err
	}
	if chain, err = order(chain, key); err != nil {
		return Plaintext{}, d, err
	}
	leaf := chain[0]
	algorithm, err := checkLeaf(leaf, key, now)
	if err != nil {
		return Plaintext{}, d, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Plaintext{}, d, fault.Refused("key", "is of a kind that is not supported; use RSA, ECDSA or Ed25519")
	}
	defer clear(der)
	sum := sha256.Sum256(leaf.Raw)
	d = CertificateDetail{
		Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), Serial: leaf.SerialNumber.Text(16), SHA256: hex.EncodeToString(sum[:]),
		NotBefore: leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(), Algorithm: algorithm, Chain: len(chain), CAs: len(cas),
	}
	payload, err := json.Marshal(sealedCertificate{Chain: raw(chain), Key: der, CAs: raw(cas)})
	if err != nil {
		return Plaintext{}, d, err
	}
	if len(payload) > maxValue {
		clear(payload)
		return Plaintext{}, d, fault.Refused("cert", "is too large together with its key and authorities; leave out what the upstream does not need")
	}
	return NewPlaintext(payload), d, nil
}

func raw(list []*x509.Certificate) [][]byte {
	var out [][]byte
	for _, c := range list {
		out = append(out, c.Raw)
	}
	return out
}

// order puts the certificate that the key belongs to first, and behind each its issuer as far as it was sent.
func order(chain []*x509.Certificate, key crypto.Signer) ([]*x509.Certificate, error) {
	at := slices.IndexFunc(chain, func(c *x509.Certificate) bool { return belongs(c, key) })
	if at < 0 {
		return nil, fault.Refused("key", "does not belong to the certificate; send the key the certificate was issued for")
	}
	ordered, rest := []*x509.Certificate{chain[at]}, slices.Delete(slices.Clone(chain), at, at+1)
	for {
		last := ordered[len(ordered)-1]
		i := slices.IndexFunc(rest, func(c *x509.Certificate) bool {
			return string(c.RawSubject) == string(last.RawIssuer) && last.CheckSignatureFrom(c) == nil
		})
		if i < 0 {
			break
		}
		ordered, rest = append(ordered, rest[i]), slices.Delete(rest, i, i+1)
	}
	if len(rest) > 0 {
		return nil, fault.Refused("cert", "holds %d certificates that are not of the chain; leave them out", len(rest))
	}
	return ordered, nil
}

func belongs(c *x509.Certificate, key crypto.Signer) bool {
	public, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(key.Public())
}

// checkLeaf says whether a certificate can be shown to an upstream, and the algorithm of its key.
func checkLeaf(leaf *x509.Certificate, key crypto.Signer, now time.Time) (string, error) {
	switch {
	case now.After(leaf.NotAfter):
		return "", fault.Refused("cert", "expired at %s; send one that is valid", leaf.NotAfter.UTC().Format(time.RFC3339))
	case !forClients(leaf):
		return "", fault.Refused("cert", "is not for client authentication; its extended key usage does not name it")
	case leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return "", fault.Refused("cert", "is not for digital signatures, which client authentication needs; its key usage does not name them")
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < minRSA {
			return "", fault.Refused("key", "is an RSA key of less than %d bits; use a longer one", minRSA)
		}
		return "RSA", nil
	case *ecdsa.PrivateKey:
		return "ECDSA", nil
	case ed25519.PrivateKey:
		return "Ed25519", nil
	default:
		return "", fault.Refused("key", "is of a kind that is not supported; use RSA, ECDSA or Ed25519")
	}
}

func forClients(c *x509.Certificate) bool {
	if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// OpenCertificate reads what ParseCertificate made: the certificate to show, and whom to trust, nil for the system's
// authorities. The payload is not kept; the caller wipes it.
func OpenCertificate(payload []byte) (*tls.Certificate, *x509.CertPool, error) {
	var sealed sealedCertificate
	if err := json.Unmarshal(payload, &sealed); err != nil || len(sealed.Chain) == 0 {
		return nil, nil, ErrSeal
	}
	defer clear(sealed.Key)
	key, err := x509.ParsePKCS8PrivateKey(sealed.Key)
	if err != nil {
		return nil, nil, ErrSeal
	}
	var pool *x509.CertPool
	for _, der := range sealed.CAs {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, nil, ErrSeal
		}
		if pool == nil {
			pool = x509.NewCertPool()
		}
		pool.AddCert(c)
	}
	return &tls.Certificate{Certificate: sealed.Chain, PrivateKey: key}, pool, nil
}
