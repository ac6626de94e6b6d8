package api

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/wire"
)

// secretTermsUpdate is wire.SecretTermsUpdate, whose expiry may be null.
type secretTermsUpdate struct {
	ExpiresAt    clearable `json:"expires_at,omitzero"`
	Strict       *bool     `json:"strict,omitempty"`
	AllowedHosts *[]string `json:"allowed_hosts,omitempty"`
}

type secretVersion struct {
	ID          string `path:"id" doc:"Id or name of the secret."`
	Environment string `path:"environment" doc:"Id or name of the environment."`
	Version     int64  `path:"version" minimum:"1" doc:"Number of the version."`
}

type secretRetire struct {
	ID          string `path:"id" doc:"Id or name of the secret."`
	Environment string `path:"environment" doc:"Id or name of the environment."`
	Version     int64  `path:"version" minimum:"1" doc:"Number of the version."`
	Quiet       string `query:"quiet" default:"24h" doc:"For how long the version must not have been injected, a Go duration."`
	Force       bool   `query:"force" doc:"Also when it was injected since."`
}

type expiring struct {
	Environment string `query:"environment" doc:"Only the values of this environment: its id or name."`
	Within      string `query:"within" default:"720h" doc:"How far to look ahead, a Go duration."`
}

type compared struct {
	ID   string `path:"id" doc:"Id or name of the secret."`
	From string `query:"from" required:"true" doc:"Id or name of one environment."`
	To   string `query:"to" required:"true" doc:"Id or name of the other."`
}

func (a *API) updateSecretTerms(ctx context.Context, c *call, in *secretInEnvironment) (wire.SecretEnvironment, error) {
	b, err := decode[secretTermsUpdate](c)
	if err != nil {
		return wire.SecretEnvironment{}, err
	}
	w, err := a.control.UpdateSecretTerms(ctx, c.who, in.ID, in.Environment, control.SecretTerms{
		ExpiresAt: b.ExpiresAt.time(), Strict: b.Strict, Hosts: b.AllowedHosts,
	})
	return a.written(ctx, c, in.ID, w, err)
}

func (a *API) listSecretVersions(ctx context.Context, c *call, in *secretInEnvironment) ([]wire.SecretVersion, error) {
	list, err := a.control.SecretVersions(ctx, c.who, in.ID, in.Environment)
	return convert(list, secretVersionOf), err
}

func (a *API) activateSecretVersion(ctx context.Context, c *call, in *secretVersion) (wire.SecretEnvironment, error) {
	w, err := a.control.ActivateSecretVersion(ctx, c.who, in.ID, in.Environment, in.Version)
	return a.written(ctx, c, in.ID, w, err)
}

func (a *API) retireSecretVersion(ctx context.Context, c *call, in *secretRetire) (wire.SecretVersion, error) {
	quiet, err := duration("quiet", in.Quiet)
	if err != nil {
		return wire.SecretVersion{}, err
	}
	retired, err := a.control.RetireSecretVersion(ctx, c.who, in.ID, in.Environment, in.Version, quiet, in.Force)
	return secretVersionOf(retired), err
}

func (a *API) listExpiringSecrets(ctx context.Context, c *call, in *expiring) ([]wire.ExpiringSecret, error) {
	within, err := duration("within", in.Within)
	if err != nil {
		return nil, err
	}
	list, err := a.control.ExpiringSecrets(ctx, c.who, in.Environment, within)
	return convert(list, func(e control.ExpiringSecret) wire.ExpiringSecret {
		return wire.ExpiringSecret{
			SecretID: e.Secret.ID, SecretName: e.Secret.Name, SecretType: string(e.Secret.Type), Environment: e.Environment.Name,
			Version: e.Value.Version, ExpiresAt: wire.Time(e.Value.ExpiresAt), Strict: e.Value.Strict, Expired: e.Expired,
			Routes: convert(e.Routes, func(r fault.Route) wire.RouteRef { return wire.RouteRef(r) }),
		}
	}), err
}

func (a *API) compareSecretValues(ctx context.Context, c *call, in *compared) (wire.SecretComparison, error) {
	result, err := a.control.CompareSecretValues(ctx, c.who, in.ID, in.From, in.To)
	return wire.SecretComparison{From: in.From, To: in.To, Result: string(result)}, err
}

// duration reads a parameter that is a Go duration.
func duration(name, text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fault.Refused(name, `must be a duration such as "24h" or "30m"`)
	}
	return d, nil
}

func secretVersionOf(v control.SecretVersion) wire.SecretVersion {
	out := wire.SecretVersion{
		Version: v.Version, State: string(v.State), CreatedAt: wire.Time(v.CreatedAt), CreatedBy: v.CreatedBy,
		ExpiresAt: wire.Time(v.ExpiresAt), Strict: v.Strict, AllowedHosts: v.Hosts, LastUsedAt: wire.Time(v.LastUsedAt), Uses: v.Uses,
		ConnectionStatus: string(v.Connection), ConnectionError: v.Token.ErrorCode, TokenObtainedAt: wire.Time(v.Token.ObtainedAt),
	}
	if out.AllowedHosts == nil {
		out.AllowedHosts = []string{}
	}
	return out
}
