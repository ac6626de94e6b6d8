package control

import (
	"context"
	"encoding/json"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/secret"
)

// SetCertificateValue checks a client certificate and seals it as a new version of a certificate secret's value. It takes
// the input over. in brings terms; without an expiry the value's is the certificate's.
func (c *Control) SetCertificateValue(ctx context.Context, who access.Principal, ref, environmentRef string, certificate secret.CertificateInput, in SecretValue) (SecretWrite, error) {
	defer certificate.Wipe()
	payload, detail, refused := secret.ParseCertificate(certificate, c.now())
	in.Value = payload
	if refused == nil {
		text, err := json.Marshal(detail)
		if err != nil {
			payload.Wipe()
			return SecretWrite{}, err
		}
		in.Detail = string(text)
		if in.ExpiresAt.IsZero() {
			in.ExpiresAt = detail.NotAfter
		}
	}
	w, err := c.setValue(ctx, who, ref, environmentRef, secret.Certificate, in, refused)
	if err == nil && detail.NotBefore.After(c.now()) {
		w.Warnings = append(w.Warnings, "the certificate is not valid before "+detail.NotBefore.Format("2006-01-02T15:04:05Z"))
	}
	return w, err
}
