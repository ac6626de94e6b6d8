package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// ListVariables gives one page of the variables with their values, and the cursor of the next page.
func (c *Client) ListVariables(ctx context.Context, p Page) ([]wire.Variable, string, error) {
	return list[wire.Variable](ctx, c, query{}, p, "v1", "variables")
}

// Variables walks all variables.
func (c *Client) Variables(ctx context.Context) iter.Seq2[wire.Variable, error] {
	return all(func(p Page) ([]wire.Variable, string, error) { return c.ListVariables(ctx, p) })
}

// GetVariable gives one variable with its values.
func (c *Client) GetVariable(ctx context.Context, key string) (wire.Variable, error) {
	return do[wire.Variable](ctx, c, request{method: http.MethodGet, path: []string{"v1", "variables", key}})
}

// PutVariable sets what a variable holds in the environments that are named, and makes it where there is none.
func (c *Client) PutVariable(ctx context.Context, key string, v wire.VariablePut) (wire.Variable, error) {
	return do[wire.Variable](ctx, c, request{method: http.MethodPut, path: []string{"v1", "variables", key}, body: v})
}

// DeleteVariable deletes a variable's value in an environment, or with "" the whole variable. It is refused ("in_use",
// with the routes) while a route needs it.
func (c *Client) DeleteVariable(ctx context.Context, key, environment string) error {
	_, err := do[wire.Deleted](ctx, c, request{
		method: http.MethodDelete, path: []string{"v1", "variables", key}, query: query{"environment": environment}.values(),
	})
	return err
}
