package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"

	"github.com/lockage/lockage/wire"
)

// ListRoutes gives one page of the routes and the cursor of the next page.
func (c *Client) ListRoutes(ctx context.Context, p Page) ([]wire.Route, string, error) {
	return list[wire.Route](ctx, c, query{}, p, "v1", "routes")
}

// Routes walks all routes.
func (c *Client) Routes(ctx context.Context) iter.Seq2[wire.Route, error] {
	return all(func(p Page) ([]wire.Route, string, error) { return c.ListRoutes(ctx, p) })
}

// GetRoute gives one route, by key or id: its draft where there is one.
func (c *Client) GetRoute(ctx context.Context, ref string) (wire.Route, error) {
	return do[wire.Route](ctx, c, request{method: http.MethodGet, path: []string{"v1", "routes", ref}})
}

// CreateRoute saves a new route as a draft, or with a message commits it at once. The body is JSON as the API takes
// it; it is not a struct, because in an overlay an absent field, a value and null mean three things.
func (c *Client) CreateRoute(ctx context.Context, body json.RawMessage, commit *string) (wire.Route, error) {
	return do[wire.Route](ctx, c, request{
		method: http.MethodPost, path: []string{"v1", "routes"}, query: committing(commit), body: body,
	})
}

// Option is a condition that a change of a route is made under.
type Option func(*request)

// IfMatch makes the change only when the route's draft is still the one with this ETag (wire.Route.ETag); another one is
// refused ("conflict"). Without it, a draft that somebody else saved is not saved over. "" is no condition.
func IfMatch(etag string) Option {
	return func(r *request) { r.ifMatch = etag }
}

// UpdateRoute changes the fields that the body has, in the draft, or with a message commits the route at once.
func (c *Client) UpdateRoute(
	ctx context.Context, ref string, body json.RawMessage, commit *string, options ...Option,
) (wire.Route, error) {
	r := request{method: http.MethodPatch, path: []string{"v1", "routes", ref}, query: committing(commit), body: body}
	return do[wire.Route](ctx, c, r.with(options))
}

// DeleteRoute saves the deletion as a draft, or with a message commits it at once.
func (c *Client) DeleteRoute(ctx context.Context, ref string, commit *string, options ...Option) error {
	r := request{method: http.MethodDelete, path: []string{"v1", "routes", ref}, query: committing(commit)}
	_, err := do[wire.Deleted](ctx, c, r.with(options))
	return err
}

// EffectiveRoute gives a route as it is in one environment, with the origin of each field.
func (c *Client) EffectiveRoute(ctx context.Context, ref, environment string) (wire.RouteEffective, error) {
	return do[wire.RouteEffective](ctx, c, request{
		method: http.MethodGet, path: []string{"v1", "routes", ref, "effective"},
		query: url.Values{"environment": {environment}},
	})
}

// SwitchRoute switches a route on or off in one environment, at once and without a commit.
func (c *Client) SwitchRoute(ctx context.Context, ref, environment string, active bool) (wire.RouteStatus, error) {
	return do[wire.RouteStatus](ctx, c, request{
		method: http.MethodPut, path: []string{"v1", "routes", ref, "environments", environment, "status"},
		body: wire.RouteSwitch{Active: active},
	})
}

// RecordRoute says whether the content of a route's calls is recorded in one environment; nil is as the environment says.
func (c *Client) RecordRoute(ctx context.Context, ref, environment string, record *bool) (wire.RouteStatus, error) {
	return do[wire.RouteStatus](ctx, c, request{
		method: http.MethodPut, path: []string{"v1", "routes", ref, "environments", environment, "recording"},
		body: wire.RouteRecord{Record: record},
	})
}

func committing(message *string) url.Values {
	if message == nil {
		return nil
	}
	return url.Values{"commit": {*message}}
}
