package api

import (
	"cmp"
	"context"
	"encoding/base64"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

type secretInEnvironment struct {
	ID          string `path:"id" doc:"Id or name of the secret."`
	Environment string `path:"environment" doc:"Id or name of the environment."`
}

type secretSource struct {
	ID     string `path:"id" doc:"Id or name of the secret."`
	Source string `path:"source" doc:"Id or name of the environment to copy from."`
}

func (a *API) listSecrets(ctx context.Context, c *call, in *page) ([]wire.Secret, error) {
	list, next, err := a.control.ListSecrets(ctx, c.who, pageOf(in.Limit, in.Cursor))
	c.next = next
	return convert(list, secretOf), err
}

func (a *API) getSecret(ctx context.Context, c *call, in *byID) (wire.Secret, error) {
	s, err := a.control.GetSecret(ctx, c.who, in.ID)
	return secretOf(s), err
}

func (a *API) createSecret(ctx context.Context, c *call, _ *none) (wire.Secret, error) {
	b, err := decode[wire.SecretCreate](c)
	if err != nil {
		return wire.Secret{}, err
	}
	t, err := secret.ParseType(b.Type)
	if err != nil {
		return wire.Secret{}, err
	}
	s, err := a.control.CreateSecret(ctx, c.who, b.Name, t, b.Description)
	return secretOf(s), err
}

func (a *API) updateSecret(ctx context.Context, c *call, in *byID) (wire.Secret, error) {
	b, err := decode[wire.SecretUpdate](c)
	if err != nil {
		return wire.Secret{}, err
	}
	s, err := a.control.UpdateSecret(ctx, c.who, in.ID, b.Description)
	return secretOf(s), err
}

func (a *API) deleteSecret(ctx context.Context, c *call, in *byID) (wire.Deleted, error) {
	return wire.Deleted{Deleted: true}, a.control.DeleteSecret(ctx, c.who, in.ID)
}

func (a *API) listSecretEnvironments(ctx context.Context, c *call, in *byID) ([]wire.SecretEnvironment, error) {
	_, list, _, err := a.control.SecretEnvironments(ctx, c.who, in.ID)
	return convert(list, secretEnvironmentOf), err
}

func (a *API) setSecretValue(ctx context.Context, c *call, in *secretInEnvironment) (wire.SecretEnvironment, error) {
	w, err := a.setValue(ctx, c, in.ID, in.Environment)
	return a.written(ctx, c, in.ID, w, err)
}

func (a *API) deleteSecretValue(ctx context.Context, c *call, in *secretInEnvironment) (wire.Deleted, error) {
	return wire.Deleted{Deleted: true}, a.control.DeleteSecretValue(ctx, c.who, in.ID, in.Environment)
}

func (a *API) duplicateSecretValue(ctx context.Context, c *call, in *secretSource) (wire.SecretEnvironment, error) {
	w, err := a.duplicateValue(ctx, c, in.ID, in.Source)
	return a.written(ctx, c, cmp.Or(w.Slot.SecretID, in.ID), w, err)
}

// setValue is the PUT of both surfaces.
func (a *API) setValue(ctx context.Context, c *call, ref, env string) (control.SecretWrite, error) {
	b, err := decode[wire.SecretValue](c)
	clear(c.body)
	if err != nil {
		return control.SecretWrite{}, err
	}
	value, err := plaintextOf(b.Value, b.Encoding)
	if err != nil {
		return control.SecretWrite{}, err
	}
	defer value.Wipe()
	return a.control.SetSecretValue(ctx, c.who, ref, env, termed(control.SecretValue{Value: value, Stage: b.Stage}, b.SecretTerms))
}

// plaintextOf reads a value as it was sent: the text itself, or any bytes in base64 (RFC 4648, with padding).
func plaintextOf(text, encoding string) (secret.Plaintext, error) {
	switch encoding {
	case "", "text":
		return secret.NewPlaintext([]byte(text)), secret.CheckText(text)
	case "base64":
		value, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return secret.Plaintext{}, fault.Refused("value", "is not base64 with padding, as RFC 4648 has it in section 4")
		}
		return secret.NewPlaintext(value), nil
	default:
		return secret.Plaintext{}, fault.Refused("encoding", "must be text or base64")
	}
}

// termed puts the terms that were sent into a value.
func termed(v control.SecretValue, t wire.SecretTerms) control.SecretValue {
	if at := timeOf(t.ExpiresAt); at != nil {
		v.ExpiresAt = *at
	}
	v.Strict, v.Hosts = t.Strict, t.AllowedHosts
	return v
}

// duplicateValue is the POST …/duplicate of both surfaces.
func (a *API) duplicateValue(ctx context.Context, c *call, ref, source string) (control.SecretWrite, error) {
	b, err := decode[wire.SecretDuplicate](c)
	if err != nil {
		return control.SecretWrite{}, err
	}
	return a.control.DuplicateSecretValue(ctx, c.who, ref, control.SecretDuplicate{
		Source: source, Target: b.TargetEnvironment, Secret: b.TargetSecret, Overwrite: b.Overwrite,
	})
}

// written is the state of a secret in an environment after a write. The write is done and must be answered as such, so
// what cannot be read is left out.
func (a *API) written(ctx context.Context, c *call, ref string, w control.SecretWrite, err error) (wire.SecretEnvironment, error) {
	if err != nil {
		return wire.SecretEnvironment{}, err
	}
	state := control.SecretStatus{Environment: w.Environment, Slot: w.Slot}
	_, list, _, err := a.control.SecretEnvironments(ctx, c.who, ref)
	if err != nil {
		web.Note(ctx, err)
	}
	for _, s := range list {
		if s.Environment.ID == w.Environment.ID {
			state = s
		}
	}
	out := secretEnvironmentOf(state)
	out.Warnings = w.Warnings
	return out, nil
}

func secretOf(s secret.Secret) wire.Secret {
	return wire.Secret{
		ID: s.ID, Name: s.Name, Type: string(s.Type), Description: s.Description,
		CreatedAt: wire.Time(s.CreatedAt), CreatedBy: s.CreatedBy, UpdatedAt: wire.Time(s.UpdatedAt),
	}
}

func secretEnvironmentOf(s control.SecretStatus) wire.SecretEnvironment {
	out := wire.SecretEnvironment{
		Environment: s.Environment.Name, Configured: s.Slot.Active > 0, Version: s.Slot.Active, StagedVersion: s.Slot.Staged,
		ExpiresAt: wire.Time(s.Value.ExpiresAt), Strict: s.Value.Strict, Expired: s.Expired, AllowedHosts: s.Value.Hosts,
		RouteCount: len(s.Routes), Routes: convert(s.Routes, func(r fault.Route) wire.RouteRef { return wire.RouteRef(r) }),
		LastUsedAt: wire.Time(s.LastUsedAt), Certificate: certificateOf(s.Value),
		OAuth2: oauth2Of(s), ConnectionStatus: string(s.Connection), ConnectionError: s.Token.ErrorCode,
	}
	if out.AllowedHosts == nil {
		out.AllowedHosts = []string{}
	}
	if out.Configured {
		out.CreatedAt, out.UpdatedAt = wire.Time(s.Slot.CreatedAt), wire.Time(s.Slot.UpdatedAt)
	}
	return out
}
