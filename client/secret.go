package client

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"unicode/utf8"

	"github.com/lockage/lockage/wire"
)

// ListSecrets gives one page of the secrets, never their values, and the cursor of the next page.
func (c *Client) ListSecrets(ctx context.Context, p Page) ([]wire.Secret, string, error) {
	return list[wire.Secret](ctx, c, query{}, p, "v1", "secrets")
}

// Secrets walks all secrets.
func (c *Client) Secrets(ctx context.Context) iter.Seq2[wire.Secret, error] {
	return all(func(p Page) ([]wire.Secret, string, error) { return c.ListSecrets(ctx, p) })
}

// GetSecret gives one secret, by name or id.
func (c *Client) GetSecret(ctx context.Context, ref string) (wire.Secret, error) {
	return do[wire.Secret](ctx, c, request{method: http.MethodGet, path: []string{"v1", "secrets", ref}})
}

// CreateSecret makes a secret without a value in any environment.
func (c *Client) CreateSecret(ctx context.Context, s wire.SecretCreate) (wire.Secret, error) {
	return do[wire.Secret](ctx, c, request{method: http.MethodPost, path: []string{"v1", "secrets"}, body: s})
}

// UpdateSecret changes the fields that are set.
func (c *Client) UpdateSecret(ctx context.Context, ref string, s wire.SecretUpdate) (wire.Secret, error) {
	return do[wire.Secret](ctx, c, request{method: http.MethodPatch, path: []string{"v1", "secrets", ref}, body: s})
}

// DeleteSecret deletes a secret with all its values; one that a route uses is refused ("in_use", with the routes).
func (c *Client) DeleteSecret(ctx context.Context, ref string) error {
	_, err := do[wire.Deleted](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "secrets", ref}})
	return err
}

// SecretEnvironments tells for each environment the caller sees whether the secret has a value there.
func (c *Client) SecretEnvironments(ctx context.Context, ref string) ([]wire.SecretEnvironment, error) {
	return do[[]wire.SecretEnvironment](ctx, c,
		request{method: http.MethodGet, path: []string{"v1", "secrets", ref, "environments"}})
}

// SetSecretValue sets the value of a secret in one environment. It cannot be read back.
func (c *Client) SetSecretValue(ctx context.Context, ref, environment, value string) (wire.SecretEnvironment, error) {
	// JSON would silently carry another value than the one given, and nobody could ever look.
	if !utf8.ValidString(value) {
		return wire.SecretEnvironment{}, errors.New("value: must be text in UTF-8")
	}
	return c.PutSecretValue(ctx, ref, environment, wire.SecretValue{Value: value})
}

// PutSecretValue is SetSecretValue with everything that can be said of a value: its encoding, its terms, and whether it
// is staged.
func (c *Client) PutSecretValue(ctx context.Context, ref, environment string, v wire.SecretValue) (wire.SecretEnvironment, error) {
	return do[wire.SecretEnvironment](ctx, c, request{
		method: http.MethodPut, path: []string{"v1", "secrets", ref, "environments", environment}, body: v,
	})
}

// PutOAuth2 sets the client of an oauth2 secret in one environment. What of it is confidential cannot be read back.
func (c *Client) PutOAuth2(ctx context.Context, ref, environment string, v wire.SecretOAuth2) (wire.SecretEnvironment, error) {
	return do[wire.SecretEnvironment](ctx, c, request{
		method: http.MethodPut, path: []string{"v1", "secrets", ref, "environments", environment, "oauth2"}, body: v,
	})
}

// AuthorizeOAuth2 begins an authorization: somebody opens the URL in a browser.
func (c *Client) AuthorizeOAuth2(ctx context.Context, ref, environment string) (wire.SecretAuthorize, error) {
	return do[wire.SecretAuthorize](ctx, c, request{
		method: http.MethodPost, path: []string{"v1", "secrets", ref, "environments", environment, "oauth2", "authorize"},
	})
}

// PutCertificate sets the value of a certificate secret in one environment. The key cannot be read back.
func (c *Client) PutCertificate(ctx context.Context, ref, environment string, v wire.SecretCertificate) (wire.SecretEnvironment, error) {
	return do[wire.SecretEnvironment](ctx, c, request{
		method: http.MethodPut, path: []string{"v1", "secrets", ref, "environments", environment, "certificate"}, body: v,
	})
}

// DeleteSecretValue takes the value of one environment away; refused while a route that is switched on there uses it
// ("in_use", with the routes).
func (c *Client) DeleteSecretValue(ctx context.Context, ref, environment string) error {
	_, err := do[wire.Deleted](ctx, c,
		request{method: http.MethodDelete, path: []string{"v1", "secrets", ref, "environments", environment}})
	return err
}

// DuplicateSecretValue copies the value of the source environment to another one; onto a value that is there already
// only with Overwrite ("conflict").
func (c *Client) DuplicateSecretValue(
	ctx context.Context, ref, source string, d wire.SecretDuplicate,
) (wire.SecretEnvironment, error) {
	return do[wire.SecretEnvironment](ctx, c, request{
		method: http.MethodPost, path: []string{"v1", "secrets", ref, "environments", source, "duplicate"}, body: d,
	})
}
