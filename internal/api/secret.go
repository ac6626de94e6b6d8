package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
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
	e, slot, err := a.setValue(ctx, c, in.ID, in.Environment)
	if err != nil {
		return wire.SecretEnvironment{}, err
	}
	return a.slotOf(ctx, c, in.ID, e, slot), nil
}

func (a *API) deleteSecretValue(ctx context.Context, c *call, in *secretInEnvironment) (wire.Deleted, error) {
	return wire.Deleted{Deleted: true}, a.control.DeleteSecretValue(ctx, c.who, in.ID, in.Environment)
}

func (a *API) duplicateSecretValue(ctx context.Context, c *call, in *secretSource) (wire.SecretEnvironment, error) {
	e, slot, err := a.duplicateValue(ctx, c, in.ID, in.Source)
	if err != nil {
		return wire.SecretEnvironment{}, err
	}
	return a.slotOf(ctx, c, in.ID, e, slot), nil
}

// setValue is the PUT of both surfaces.
func (a *API) setValue(ctx context.Context, c *call, ref, env string) (environment.Environment, secret.Slot, error) {
	b, err := decode[wire.SecretValue](c)
	clear(c.body)
	if err != nil {
		return environment.Environment{}, secret.Slot{}, err
	}
	value := secret.NewPlaintext([]byte(b.Value))
	defer value.Wipe()
	return a.control.SetSecretValue(ctx, c.who, ref, env, value)
}

// duplicateValue is the POST …/duplicate of both surfaces.
func (a *API) duplicateValue(ctx context.Context, c *call, ref, source string) (environment.Environment, secret.Slot, error) {
	b, err := decode[wire.SecretDuplicate](c)
	if err != nil {
		return environment.Environment{}, secret.Slot{}, err
	}
	return a.control.DuplicateSecretValue(ctx, c.who, ref, source, b.TargetEnvironment, b.Overwrite)
}

// slotOf is the state of a secret in an environment after a write, with the routes that use it there. The write is done
// and must be answered as such, so routes that cannot be read are left out.
func (a *API) slotOf(ctx context.Context, c *call, ref string, e environment.Environment, slot secret.Slot) wire.SecretEnvironment {
	state := control.SecretStatus{Environment: e, Slot: slot}
	_, list, _, err := a.control.SecretEnvironments(ctx, c.who, ref)
	if err != nil {
		web.Note(ctx, err)
	}
	for _, s := range list {
		if s.Environment.ID == e.ID {
			state.Routes = s.Routes
		}
	}
	return secretEnvironmentOf(state)
}

func secretOf(s secret.Secret) wire.Secret {
	return wire.Secret{
		ID: s.ID, Name: s.Name, Type: string(s.Type), Description: s.Description,
		CreatedAt: wire.Time(s.CreatedAt), CreatedBy: s.CreatedBy, UpdatedAt: wire.Time(s.UpdatedAt),
	}
}

func secretEnvironmentOf(s control.SecretStatus) wire.SecretEnvironment {
	out := wire.SecretEnvironment{
		Environment: s.Environment.Name, Configured: s.Slot.Active > 0, Version: s.Slot.Active,
		Routes: convert(s.Routes, func(r fault.Route) wire.RouteRef { return wire.RouteRef(r) }),
	}
	if out.Configured {
		out.CreatedAt, out.UpdatedAt = wire.Time(s.Slot.CreatedAt), wire.Time(s.Slot.UpdatedAt)
	}
	return out
}
