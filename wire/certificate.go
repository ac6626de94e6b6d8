package wire

// SecretCertificate is the body of PUT …/environments/{environment}/certificate: cert and key in PEM, or pkcs12 in base64.
type SecretCertificate struct {
	Cert       string `json:"cert,omitempty"`
	Key        string `json:"key,omitempty"`
	PKCS12     string `json:"pkcs12,omitempty"`
	Passphrase string `json:"passphrase,omitempty"`
	CA         string `json:"ca,omitempty"` // PEM; whom to trust as the upstream instead of the system's authorities
	SecretTerms
	Stage bool `json:"stage,omitempty"`
}

// Certificate is what may be told of a client certificate.
type Certificate struct {
	Subject   string `json:"subject"`
	Issuer    string `json:"issuer"`
	Serial    string `json:"serial"` // hex
	SHA256    string `json:"sha256"` // hex
	NotBefore Time   `json:"not_before"`
	NotAfter  Time   `json:"not_after"`
	Algorithm string `json:"algorithm"`
	Chain     int    `json:"chain"` // how many certificates are shown
	CAs       int    `json:"cas"`   // how many authorities are trusted; 0: the system's
}
