package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/wire"
)

type readinessOf struct {
	Environment string `query:"environment" required:"true" doc:"Id or name of the environment."`
}

func (a *API) getReadiness(ctx context.Context, c *call, in *readinessOf) (wire.Readiness, error) {
	r, err := a.control.Readiness(ctx, c.who, in.Environment)
	return wire.Readiness{
		Environment: r.Environment.Name, Ready: r.Ready,
		Definitions: convert(r.Definitions, func(d control.ReadyDefinition) wire.ReadyDefinition {
			return wire.ReadyDefinition{
				Kind: d.Ref.Kind, Key: d.Ref.Key, ID: d.ID, Name: d.Name, Active: d.Active, Ready: d.Ready,
				References: convert(d.References, planReferenceOf),
				Problems:   convert(d.Problems, func(b definition.Blocker) wire.Finding { return wire.Finding(b) }),
			}
		}),
	}, err
}
