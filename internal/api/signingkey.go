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

// verificationKeys shows what verifies JWTs. A new key is shown for longer than the answer may be kept before it signs.
func (a *API) verificationKeys(w http.ResponseWriter, r *http.Request) {
	set := struct {
		Keys []wire.VerificationKey `json:"keys"`
	}{Keys: []wire.VerificationKey{}}
	for _, k := range a.control.VerificationKeys() {
		set.Keys = append(set.Keys, wire.VerificationKey{
			Type: "OKP", Curve: "Ed25519", X: base64.RawURLEncoding.EncodeToString(k.Public), ID: k.ID, Algorithm: "EdDSA", Use: "sig",
		})
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	web.WriteJSON(w, r, http.StatusOK, set)
}
