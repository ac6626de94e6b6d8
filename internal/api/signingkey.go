package api

import (
	"context"
	"encoding/base64"
	"net/http"

	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

func (a *API) rotateSigningKey(ctx context.Context, c *call, _ *none) (wire.SigningKey, error) {
	id, err := a.control.RotateSigningKey(ctx, c.who)
	return wire.SigningKey{ID: id}, err
}

// verificationKey is a key of a JSON Web Key Set (RFC 7517, RFC 8037).
type verificationKey struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
}

// verificationKeys shows what verifies JWTs. A new key is shown for longer than the answer may be kept before it signs.
func (a *API) verificationKeys(w http.ResponseWriter, r *http.Request) {
	set := struct {
		Keys []verificationKey `json:"keys"`
	}{Keys: []verificationKey{}}
	for _, k := range a.control.VerificationKeys() {
		set.Keys = append(set.Keys, verificationKey{"OKP", "Ed25519", base64.RawURLEncoding.EncodeToString(k.Public), k.ID, "EdDSA", "sig"})
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	web.WriteJSON(w, r, http.StatusOK, set)
}
