package api

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/wire"
)

// apiKeyUpdate is the body of PATCH /v1/api-keys/{id}; absent fields stay as they are, and a null expires_at takes the
// expiry away.
type apiKeyUpdate struct {
	Description *string   `json:"description,omitempty"`
	ExpiresAt   clearable `json:"expires_at,omitzero"`
}

type apiKeyList struct {
	Environment string `query:"environment" doc:"Only the keys of this environment: its id or name."`
	Limit       int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor      string `query:"cursor" doc:"Where to go on: meta.next_cursor of the answer before."`
}

func (a *API) listAPIKeys(ctx context.Context, c *call, in *apiKeyList) ([]wire.APIKey, error) {
	list, next, err := a.control.ListAPIKeys(ctx, c.who, in.Environment, pageOf(in.Limit, in.Cursor))
	c.next = next
	return convert(list, apiKeyOf), err
}

func (a *API) getAPIKey(ctx context.Context, c *call, in *byID) (wire.APIKey, error) {
	k, err := a.control.GetAPIKey(ctx, c.who, in.ID)
	return apiKeyOf(k), err
}

func (a *API) createAPIKey(ctx context.Context, c *call, _ *none) (wire.APIKey, error) {
	b, err := decode[wire.APIKeyCreate](c)
	if err != nil {
		return wire.APIKey{}, err
	}
	kind, err := apikey.ParseKind(b.Type)
	if err != nil {
		return wire.APIKey{}, err
	}
	k, credential, err := a.control.CreateAPIKey(ctx, c.who, b.Environment, kind, apikey.Fields{
		Description: &b.Description, ExpiresAt: timeOf(b.ExpiresAt),
	})
	return shown(k, credential), err
}

func (a *API) updateAPIKey(ctx context.Context, c *call, in *byID) (wire.APIKey, error) {
	b, err := decode[apiKeyUpdate](c)
	if err != nil {
		return wire.APIKey{}, err
	}
	k, err := a.control.UpdateAPIKey(ctx, c.who, in.ID, apikey.Fields{Description: b.Description, ExpiresAt: b.ExpiresAt.time()})
	return apiKeyOf(k), err
}

func (a *API) revokeAPIKey(ctx context.Context, c *call, in *byID) (wire.Revoked, error) {
	return wire.Revoked{Revoked: true}, a.control.RevokeAPIKey(ctx, c.who, in.ID)
}

func (a *API) rotateAPIKey(ctx context.Context, c *call, in *byID) (wire.APIKey, error) {
	b, err := decode[wire.APIKeyRotate](c)
	if err != nil {
		return wire.APIKey{}, err
	}
	grace, err := apikey.CheckGrace(b.Grace)
	if err != nil {
		return wire.APIKey{}, err
	}
	k, credential, err := a.control.RotateAPIKey(ctx, c.who, in.ID, grace)
	return shown(k, credential), err
}

func apiKeyOf(k control.APIKey) wire.APIKey {
	return wire.APIKey{
		ID: k.ID, Environment: k.Environment, Type: string(k.Kind), Description: k.Description,
		Prefix: k.Prefix, LastFour: k.LastFour, CreatedAt: wire.Time(k.CreatedAt), CreatedBy: k.CreatedBy,
		LastUsedAt: wire.Time(k.LastUsedAt), Uses: k.Uses, ExpiresAt: wire.Time(k.ExpiresAt),
		RevokedAt: wire.Time(k.RevokedAt), ReplacedBy: k.ReplacedBy,
	}
}

// shown is the one answer that carries the key itself.
func shown(k control.APIKey, credential apikey.Credential) wire.APIKey {
	out := apiKeyOf(k)
	out.Key = credential.Reveal()
	return out
}

// clearable is an instant that a body sets, takes away with null, or leaves as it is by its absence.
type clearable struct {
	sent  bool
	value *wire.Time
}

// UnmarshalJSON reads an instant or null; it is not called for an absent field.
func (c *clearable) UnmarshalJSON(b []byte) error {
	c.sent = true
	if string(b) == "null" {
		return nil
	}
	c.value = new(wire.Time)
	return c.value.UnmarshalJSON(b)
}

// time is the instant as the fields of a key want it: nil leaves, zero takes away.
func (c clearable) time() *time.Time {
	switch {
	case !c.sent:
		return nil
	case c.value == nil:
		return new(time.Time)
	}
	return timeOf(c.value)
}
