package secret

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"

	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/lockage/lockage/internal/fault"
)

// read reads chain and key from what was sent.
func (in CertificateInput) read() ([]*x509.Certificate, crypto.Signer, error) {
	for field, sent := range map[string][]byte{"cert": in.Cert, "key": in.Key, "pkcs12": in.PKCS12, "ca": in.CA} {
		if len(sent) > maxSent {
			return nil, nil, fault.Refused(field, "is larger than %d KiB", maxSent>>10)
		}
	}
	switch {
	case len(in.PKCS12) > 0 && len(in.Cert)+len(in.Key) > 0:
		return nil, nil, fault.Refused("pkcs12", "holds both already; send either it, or cert and key")
	case len(in.PKCS12) > 0:
		return readPKCS12(in.PKCS12, in.Passphrase)
	case len(in.Cert) == 0:
		return nil, nil, fault.Refused("cert", "is required: the certificate in PEM, or send pkcs12")
	case len(in.Key) == 0:
		return nil, nil, fault.Refused("key", "is required: the private key in PEM, or send pkcs12")
	}
	chain, err := readCertificates("cert", in.Cert, maxChain)
	if err != nil {
		return nil, nil, err
	}
	key, err := readKey(in.Key, in.Passphrase)
	return chain, key, err
}

func readPKCS12(der, passphrase []byte) ([]*x509.Certificate, crypto.Signer, error) {
	if !boundedWork(der) {
		return nil, nil, errWork("pkcs12")
	}
	key, leaf, more, err := pkcs12.DecodeChain(der, string(passphrase))
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, nil, fault.Refused("passphrase", "does not open the PKCS#12 file")
	case err != nil:
		return nil, nil, fault.Refused("pkcs12", "is not a PKCS#12 file with one key and its certificate, or it uses an algorithm that is not supported")
	case 1+len(more) > maxChain:
		return nil, nil, fault.Refused("pkcs12", "holds more than %d certificates", maxChain)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, nil, fault.Refused("pkcs12", "holds a key of a kind that is not supported; use RSA, ECDSA or Ed25519")
	}
	return append([]*x509.Certificate{leaf}, more...), signer, nil
}

// readCertificates reads the certificates of a PEM file, which holds nothing else.
func readCertificates(field string, text []byte, most int) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for {
		var block *pem.Block
		block, text = pem.Decode(text)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fault.Refused(field, "holds something else than certificates; send those only, in PEM")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fault.Refused(field, "holds a certificate that cannot be read, the one at place %d", len(list)+1)
		}
		if list = append(list, c); len(list) > most {
			return nil, fault.Refused(field, "holds more than %d certificates", most)
		}
	}
	if len(list) == 0 || len(bytes.TrimSpace(text)) > 0 {
		return nil, fault.Refused(field, "is not PEM: it must have -----BEGIN CERTIFICATE----- and nothing behind the last -----END CERTIFICATE-----")
	}
	return list, nil
}

func readAuthorities(text []byte) ([]*x509.Certificate, error) {
	if len(text) == 0 {
		return nil, nil
	}
	return readCertificates("ca", text, maxCAs)
}

// readKey reads a private key in PEM. Parameters of an elliptic curve may stand in front of it.
func readKey(text, passphrase []byte) (crypto.Signer, error) {
	block, rest := pem.Decode(text)
	if block != nil && block.Type == "EC PARAMETERS" {
		block, rest = pem.Decode(rest)
	}
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fault.Refused("key", "is not one private key in PEM")
	}
	defer clear(block.Bytes)
	der := block.Bytes
	//lint:ignore SA1019 weak as it is, this is the form that many keys of banks still come in
	if x509.IsEncryptedPEMBlock(block) {
		if len(passphrase) == 0 {
			return nil, errNoPassphrase()
		}
		//lint:ignore SA1019 see above; the plaintext goes to a parser that says the same of every wrong guess
		plain, err := x509.DecryptPEMBlock(block, passphrase)
		if err != nil {
			return nil, errPassphrase()
		}
		defer clear(plain)
		der = plain
	}
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(der)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(der)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(der)
	case "ENCRYPTED PRIVATE KEY":
		if len(passphrase) == 0 {
			return nil, errNoPassphrase()
		}
		if !boundedWork(der) {
			return nil, errWork("key")
		}
		if key, err = pkcs8.ParsePKCS8PrivateKey(der, passphrase); err != nil {
			return nil, errPassphrase()
		}
	default:
		return nil, fault.Refused("key", "is not a private key; the PEM must begin with BEGIN PRIVATE KEY, ENCRYPTED PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY")
	}
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, fault.Refused("key", "cannot be read; is it complete, and RSA, ECDSA or Ed25519?")
	}
	return signer, nil
}

func errNoPassphrase() error {
	return fault.Refused("passphrase", "is required: the key is encrypted")
}

func errPassphrase() error {
	return fault.Refused("passphrase", "does not open the key, or the key uses an algorithm that is not supported")
}

func errWork(field string) error {
	return fault.Refused(field, "asks for more than %d rounds to derive its key; make it anew with fewer", maxRounds)
}

// The bounds on what a file may ask for to derive its key.
const (
	maxRounds = 1_000_000
	maxMemory = 2 << 20 // blocks of 128 bytes, of scrypt, in all its passes
	maxDepth  = 32
	maxNodes  = 20_000
)

// boundedWork says whether what a file asks for to derive its key is bearable: wherever a salt is followed by numbers
// (rounds in RFC 8018 and RFC 7292; cost, block size and parallelism in RFC 7914), these must be. It looks into octet
// strings, where PKCS#12 keeps more of the same.
func boundedWork(der []byte) bool {
	nodes := 0
	return bounded(der, 0, &nodes)
}

func bounded(der []byte, depth int, nodes *int) bool {
	salted := false
	var numbers []*big.Int // behind a salt
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			break // whoever reads it says so
		}
		if *nodes++; *nodes > maxNodes || depth > maxDepth {
			return false
		}
		octets := v.Tag == asn1.TagOctetString
		switch {
		case v.Class == asn1.ClassUniversal && v.Tag == asn1.TagInteger && salted:
			numbers = append(numbers, new(big.Int).SetBytes(v.Bytes))
		case v.IsCompound || octets:
			if !bounded(v.Bytes, depth+1, nodes) {
				return false
			}
		}
		salted, der = salted || octets, rest
	}
	return bearable(numbers)
}

func bearable(numbers []*big.Int) bool {
	if len(numbers) > 0 && numbers[0].Cmp(big.NewInt(maxRounds)) > 0 {
		return false
	}
	if len(numbers) < 3 {
		return true
	}
	work := new(big.Int).Mul(numbers[0], numbers[1])
	return work.Mul(work, numbers[2]).Cmp(big.NewInt(maxMemory)) <= 0
}
