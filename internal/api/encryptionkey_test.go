package api_test

import (
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

func TestEncryptionKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.do("POST", "/v1/secrets", `{"name":"s"}`).data(201, nil)
	r.do("PUT", "/v1/secrets/s/environments/production", `{"value":"sk_live_1234567890"}`).data(200, nil)
	for method, path := range map[string]string{"GET": "/v1/encryption-keys", "POST": "/v1/encryption-keys/rotate"} {
		var k wire.EncryptionKeys
		r.do(method, path, nil).data(200, &k)
		if len(k.Keys) != 1 || k.Keys[0].ID != k.Current || !k.Keys[0].Current || !k.Keys[0].Held || k.Server != k.Current {
			t.Errorf("%s: got %+v, want the one key that there is", method, k)
		}
		if k.Rotation.State != "none" || k.Rotation.Left != 0 || k.Rotation.Done < 1 {
			t.Errorf("%s: got %+v, want no rotation, and everything done", method, k.Rotation)
		}
		var values int64
		for _, w := range k.Keys[0].Wraps {
			if w.Source == "secret_values" {
				values = w.Count
			}
		}
		if values != 1 {
			t.Errorf("%s: got %d wraps of values, want 1: %+v", method, values, k.Keys[0].Wraps)
		}
		for _, role := range []access.Role{access.Admin, access.Developer, access.Viewer} {
			r.as(everywhere(role)).do(method, path, nil).problem(403, "forbidden")
		}
	}
}
