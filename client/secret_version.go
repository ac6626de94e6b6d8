package client

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/lockage/lockage/wire"
)

// UpdateSecretTerms changes under which terms the value in force may be used; a zero ExpiresAt takes the expiry away.
func (c *Client) UpdateSecretTerms(ctx context.Context, ref, environment string, t wire.SecretTermsUpdate) (wire.SecretEnvironment, error) {
	return do[wire.SecretEnvironment](ctx, c, request{
		method: http.MethodPatch, path: []string{"v1", "secrets", ref, "environments", environment}, body: t,
	})
}

// SecretVersions lists the versions of a value that are kept, newest first.
func (c *Client) SecretVersions(ctx context.Context, ref, environment string) ([]wire.SecretVersion, error) {
	return do[[]wire.SecretVersion](ctx, c,
		request{method: http.MethodGet, path: []string{"v1", "secrets", ref, "environments", environment, "versions"}})
}

// ActivateSecretVersion makes a kept or staged version the one in force. Nobody needs to read it for that.
func (c *Client) ActivateSecretVersion(ctx context.Context, ref, environment string, version int64) (wire.SecretEnvironment, error) {
	return do[wire.SecretEnvironment](ctx, c, request{
		method: http.MethodPost,
		path:   []string{"v1", "secrets", ref, "environments", environment, "versions", strconv.FormatInt(version, 10), "activate"},
	})
}

// RetireSecretVersion removes a version that is not in force, for good. One that was injected into a call within the quiet
// time is refused ("conflict"), unless force is set.
func (c *Client) RetireSecretVersion(ctx context.Context, ref, environment string, version int64, quiet time.Duration, force bool) (wire.SecretVersion, error) {
	q := query{"quiet": quiet.String()}
	if force {
		q["force"] = "true"
	}
	return do[wire.SecretVersion](ctx, c, request{
		method: http.MethodDelete, query: q.values(),
		path: []string{"v1", "secrets", ref, "environments", environment, "versions", strconv.FormatInt(version, 10)},
	})
}

// ExpiringSecrets lists values in force that have expired or will within a time, soonest first; environment narrows to
// one, "" does not.
func (c *Client) ExpiringSecrets(ctx context.Context, environment string, within time.Duration) ([]wire.ExpiringSecret, error) {
	return do[[]wire.ExpiringSecret](ctx, c, request{
		method: http.MethodGet, path: []string{"v1", "secrets", "expiring"},
		query: query{"environment": environment, "within": within.String()}.values(),
	})
}

// CompareSecretValues says whether a secret has the same value in two environments, without telling either.
func (c *Client) CompareSecretValues(ctx context.Context, ref, from, to string) (wire.SecretComparison, error) {
	return do[wire.SecretComparison](ctx, c, request{
		method: http.MethodGet, path: []string{"v1", "secrets", ref, "compare"}, query: query{"from": from, "to": to}.values(),
	})
}
