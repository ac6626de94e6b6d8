package control

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
)

// APIKey is an API key with the name of its environment.
type APIKey struct {
	apikey.APIKey
	Environment string
}

func apiKeyTarget(k apikey.APIKey) audit.Target {
	return audit.Target{Kind: "api_key", ID: k.ID, Name: k.Prefix + "…" + k.LastFour}
}

// ofAPIKey is the scope of a key's environment. A key of an environment the principal does not see is no key.
func ofAPIKey(id string, k *apikey.APIKey) scope {
	return func(ctx context.Context, v *visit) error {
		found, err := v.APIKey(ctx, id)
		if err != nil {
			return err
		}
		e, ok := v.pipeline.Find(found.EnvironmentID)
		if !ok || !v.who.Sees(e.ID) {
			return fault.New(fault.NotFound, "no such API key")
		}
		*k, v.environment, v.target = found, e, apiKeyTarget(found)
		return nil
	}
}

// ListAPIKeys lists keys in order of creation, of one environment or ("") of all where the principal may see keys.
func (c *Control) ListAPIKeys(ctx context.Context, who access.Principal, environmentRef string, p Page) (list []APIKey, next string, err error) {
	limit, after, err := p.open()
	if err != nil {
		return nil, "", err
	}
	var ids []string
	err = c.read(ctx, who, access.APIKeyList, among(environmentRef, &ids), func(v *visit) error {
		keys, err := v.APIKeys(ctx, ids, after, limit+1)
		if err != nil {
			return err
		}
		keys, next = cut(keys, limit, func(k apikey.APIKey) string { return k.ID })
		list = make([]APIKey, len(keys))
		for i, k := range keys {
			list[i] = APIKey{APIKey: k, Environment: v.pipeline.NameOf(k.EnvironmentID)}
		}
		return nil
	})
	return list, next, err
}

// GetAPIKey finds a key by id; it never yields the key itself.
func (c *Control) GetAPIKey(ctx context.Context, who access.Principal, id string) (k APIKey, err error) {
	err = c.read(ctx, who, access.APIKeyRead, ofAPIKey(id, &k.APIKey), func(v *visit) error {
		k.Environment = v.environment.Name
		return nil
	})
	return k, err
}

// CreateAPIKey makes a key of an environment. The credential is answered here and never again.
func (c *Control) CreateAPIKey(ctx context.Context, who access.Principal, environmentRef string, kind apikey.Kind, f apikey.Fields) (k APIKey, shown apikey.Credential, err error) {
	err = c.write(ctx, who, access.APIKeyCreate, in(environmentRef), func(v *visit) error {
		if _, err := apikey.ParseKind(string(kind)); err != nil {
			return err
		}
		fresh, err := apikey.APIKey{EnvironmentID: v.environment.ID, Kind: kind}.Apply(f, v.Now())
		if err != nil {
			return err
		}
		k.Environment = v.environment.Name
		k.APIKey, shown, err = c.mint(ctx, v, fresh)
		v.target, v.detail = apiKeyTarget(k.APIKey), audit.Detail("type", string(kind))
		return err
	})
	return k, shown, err
}

// mint gives a key its credential, id and times, and stores it by digest.
func (c *Control) mint(ctx context.Context, v *visit, k apikey.APIKey) (apikey.APIKey, apikey.Credential, error) {
	shown := apikey.Generate(k.Kind)
	k.ID, k.Prefix, k.LastFour, k.Digest = newID(), shown.Prefix(), shown.LastFour(), c.digester.Sum(shown.Reveal())
	k.CreatedAt, k.CreatedBy = v.Now(), v.who.Name
	v.Serve()
	return k, shown, v.InsertAPIKey(ctx, k)
}

// UpdateAPIKey changes a key's description or expiry. A revoked key stays as it was.
func (c *Control) UpdateAPIKey(ctx context.Context, who access.Principal, id string, f apikey.Fields) (k APIKey, err error) {
	err = c.write(ctx, who, access.APIKeyUpdate, ofAPIKey(id, &k.APIKey), func(v *visit) error {
		if !k.RevokedAt.IsZero() {
			return errRevoked()
		}
		changed, err := k.Apply(f, v.Now())
		if err != nil {
			return err
		}
		if k.ReplacedBy != "" && (changed.ExpiresAt.IsZero() || changed.ExpiresAt.After(k.ExpiresAt)) {
			return fault.New(fault.Conflict, "the API key was rotated: its grace may be cut short, not prolonged; use its successor")
		}
		if longer := changed.ExpiresAt.IsZero() || changed.ExpiresAt.After(k.ExpiresAt); longer && !k.ExpiresAt.IsZero() {
			if err := v.thawAlways(ctx, v.environment); err != nil { // a key that comes back is one more
				return err
			}
		}
		k = APIKey{APIKey: changed, Environment: v.environment.Name}
		v.Serve()
		return v.Tx.UpdateAPIKey(ctx, changed)
	})
	return k, err
}

func errRevoked() error {
	return fault.New(fault.Conflict, "the API key is revoked, which cannot be undone; create another")
}

// RevokeAPIKey ends a key for good; the gateway refuses it from this answer on. Revoking twice is no error.
func (c *Control) RevokeAPIKey(ctx context.Context, who access.Principal, id string) error {
	var k apikey.APIKey
	return c.write(ctx, who, access.APIKeyRevoke, ofAPIKey(id, &k), func(v *visit) error {
		if k.RevokedAt.IsZero() {
			k.RevokedAt = v.Now()
		}
		v.Serve()
		return v.Tx.UpdateAPIKey(ctx, k)
	})
}

// RotateAPIKey makes a successor with the same properties and ends the old key after grace; 0 is at once. Grace never
// outlives the old key's own expiry.
func (c *Control) RotateAPIKey(ctx context.Context, who access.Principal, id string, grace time.Duration) (k APIKey, shown apikey.Credential, err error) {
	var old apikey.APIKey
	err = c.write(ctx, who, access.APIKeyRotate, ofAPIKey(id, &old), func(v *visit) error {
		switch {
		case !old.RevokedAt.IsZero():
			return errRevoked()
		case !old.Live(v.Now()):
			return fault.New(fault.Conflict, "the API key has expired; create another")
		case old.ReplacedBy != "":
			return fault.New(fault.Conflict, "the API key was rotated before; rotate its successor")
		}
		k.Environment = v.environment.Name
		fresh := apikey.APIKey{EnvironmentID: old.EnvironmentID, Kind: old.Kind, Description: old.Description, ExpiresAt: old.ExpiresAt}
		if k.APIKey, shown, err = c.mint(ctx, v, fresh); err != nil {
			return err
		}
		old.ReplacedBy = k.ID
		if end := v.Now().Add(grace); grace == 0 {
			old.RevokedAt = v.Now()
		} else if old.ExpiresAt.IsZero() || end.Before(old.ExpiresAt) {
			old.ExpiresAt = end
		}
		v.detail = audit.Detail("grace", grace.String())
		return v.Tx.UpdateAPIKey(ctx, old)
	})
	return k, shown, err
}
