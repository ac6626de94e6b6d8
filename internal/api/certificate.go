package api

import (
	"context"
	"encoding/base64"
	"encoding/json"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/wire"
)

func (a *API) setCertificateValue(ctx context.Context, c *call, in *secretInEnvironment) (wire.SecretEnvironment, error) {
	w, err := a.setCertificate(ctx, c, in.ID, in.Environment)
	return a.written(ctx, c, in.ID, w, err)
}

func (a *API) adminSetCertificate(ctx context.Context, c *call, in *adminValue) (wire.AdminDone, error) {
	w, err := a.setCertificate(ctx, c, in.SecretID, in.EnvironmentName)
	return wire.AdminDone{OK: true, Environment: w.Environment.Name, Warnings: w.Warnings}, err
}

// setCertificate is the PUT …/certificate of both surfaces.
func (a *API) setCertificate(ctx context.Context, c *call, ref, env string) (control.SecretWrite, error) {
	b, err := decode[wire.SecretCertificate](c)
	clear(c.body)
	if err != nil {
		return control.SecretWrite{}, err
	}
	in := secret.CertificateInput{Cert: []byte(b.Cert), Key: []byte(b.Key), Passphrase: []byte(b.Passphrase), CA: []byte(b.CA)}
	if b.PKCS12 != "" {
		if in.PKCS12, err = base64.StdEncoding.DecodeString(b.PKCS12); err != nil {
			in.Wipe()
			return control.SecretWrite{}, fault.Refused("pkcs12", "is not base64 with padding, as RFC 4648 has it in section 4")
		}
	}
	return a.control.SetCertificateValue(ctx, c.who, ref, env, in, termed(control.SecretValue{Stage: b.Stage}, b.SecretTerms))
}

// certificateOf is what may be told of a certificate; nil for values that are none.
func certificateOf(v secret.Value) *wire.Certificate {
	var d secret.CertificateDetail
	if v.Type != secret.Certificate || json.Unmarshal([]byte(v.Detail), &d) != nil {
		return nil
	}
	return &wire.Certificate{
		Subject: d.Subject, Issuer: d.Issuer, Serial: d.Serial, SHA256: d.SHA256, NotBefore: wire.Time(d.NotBefore), NotAfter: wire.Time(d.NotAfter),
		Algorithm: d.Algorithm, Chain: d.Chain, CAs: d.CAs,
	}
}
