package api

import (
	"context"
	"fmt"

	"github.com/lockage/lockage/wire"
)

// The admin surface is kept for programs written against its bare bodies; the operations are those of /v1.

type adminSecret struct {
	SecretID string `path:"secret_id" doc:"Id or name of the secret."`
}

type adminValue struct {
	SecretID        string `path:"secret_id" doc:"Id or name of the secret."`
	EnvironmentName string `path:"environment_name" doc:"Name or id of the environment."`
}

type adminSource struct {
	SecretID  string `path:"secret_id" doc:"Id or name of the secret."`
	SourceEnv string `path:"source_env" doc:"Name or id of the environment to copy from."`
}

// adminListValues lists configured environments only, where /v1 lists all.
func (a *API) adminListValues(ctx context.Context, c *call, in *adminSecret) (wire.SecretEnvironments, error) {
	s, list, base, err := a.control.SecretEnvironments(ctx, c.who, in.SecretID)
	if err != nil {
		return wire.SecretEnvironments{}, err
	}
	out := wire.SecretEnvironments{
		SecretID: s.ID, SecretName: s.Name, SecretType: string(s.Type), BaseEnvironment: base,
		Environments: []wire.AdminSecretEnvironment{},
	}
	for _, state := range list {
		if state.Slot.Active > 0 {
			out.Environments = append(out.Environments, wire.AdminSecretEnvironment{
				EnvironmentName: state.Environment.Name,
				CreatedAt:       wire.Time(state.Slot.CreatedAt), UpdatedAt: wire.Time(state.Slot.UpdatedAt),
			})
		}
	}
	return out, nil
}

func (a *API) adminSetValue(ctx context.Context, c *call, in *adminValue) (wire.AdminDone, error) {
	w, err := a.setValue(ctx, c, in.SecretID, in.EnvironmentName)
	return wire.AdminDone{OK: true, Environment: w.Environment.Name, Warnings: w.Warnings}, err
}

func (a *API) adminDeleteValue(ctx context.Context, c *call, in *adminValue) (wire.AdminDone, error) {
	return wire.AdminDone{OK: true}, a.control.DeleteSecretValue(ctx, c.who, in.SecretID, in.EnvironmentName)
}

func (a *API) adminDuplicateValue(ctx context.Context, c *call, in *adminSource) (wire.AdminDone, error) {
	// The message names the source, which may have been addressed by its id.
	source, err := a.control.GetEnvironment(ctx, c.who, in.SourceEnv)
	if err != nil {
		return wire.AdminDone{}, err
	}
	w, err := a.duplicateValue(ctx, c, in.SecretID, source.ID)
	return wire.AdminDone{
		OK: true, Environment: w.Environment.Name, Warnings: w.Warnings,
		Message: fmt.Sprintf("Successfully created environment '%s' from '%s'", w.Environment.Name, source.Name),
	}, err
}
