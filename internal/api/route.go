package api

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/wire"
)

type byKey struct {
	Key string `path:"key" doc:"Key or id of the route."`
}

// The message is read from the query itself (call.commit): an empty one commits, and huma takes it for an absent one.
type routeCommit struct {
	Commit string `query:"commit" doc:"Commit at once, with this message; an empty one is allowed. Absent: save a draft."`
}

// If-Match is read by the guard (call.match), which refuses what is not one ETag.
type routeSave struct {
	Key     string `path:"key" doc:"Key or id of the route."`
	Commit  string `query:"commit" doc:"Commit at once, with this message; an empty one is allowed. Absent: save a draft."`
	IfMatch string `header:"If-Match" doc:"ETag of the draft that was seen; another one is a conflict. Needed to save over the draft of somebody else."`
}

type routeEffective struct {
	Key         string `path:"key" doc:"Key or id of the route."`
	Environment string `query:"environment" required:"true" doc:"Id or name of the environment."`
}

type routeInEnvironment struct {
	Key         string `path:"key" doc:"Key or id of the route."`
	Environment string `path:"environment" doc:"Id or name of the environment."`
}

func (a *API) listRoutes(ctx context.Context, c *call, in *page) ([]wire.Route, error) {
	list, next, err := a.control.ListRoutes(ctx, c.who, pageOf(in.Limit, in.Cursor))
	c.next = next
	return convert(list, routeOf), err
}

func (a *API) getRoute(ctx context.Context, c *call, in *byKey) (wire.Route, error) {
	r, err := a.control.GetRoute(ctx, c.who, in.Key)
	return c.route(r, err)
}

func (a *API) createRoute(ctx context.Context, c *call, _ *routeCommit) (wire.Route, error) {
	r, err := a.control.CreateRoute(ctx, c.who, c.body, c.commit())
	return c.route(r, err)
}

func (a *API) updateRoute(ctx context.Context, c *call, in *routeSave) (wire.Route, error) {
	r, err := a.control.UpdateRoute(ctx, c.who, in.Key, c.body, c.commit(), c.match)
	return c.route(r, err)
}

func (a *API) deleteRoute(ctx context.Context, c *call, in *routeSave) (wire.Deleted, error) {
	return wire.Deleted{Deleted: true}, a.control.DeleteRoute(ctx, c.who, in.Key, c.commit(), c.match)
}

func (a *API) effectiveRoute(ctx context.Context, c *call, in *routeEffective) (wire.RouteEffective, error) {
	r, err := a.control.EffectiveRoute(ctx, c.who, in.Key, in.Environment)
	if err != nil {
		return wire.RouteEffective{}, err
	}
	e := r.Effective
	out := wire.RouteEffective{
		Route: r.Key, Environment: r.Environment.Name, Source: r.Source, Methods: e.Methods,
		InjectHeaders: filled(e.InjectHeaders), InjectQuery: filled(e.InjectQuery), InjectBody: e.InjectBody,
		RateLimit: rateLimitOf(e.RateLimit), Timeout: durationOf(e.Timeout), Public: e.Public,
		ClientCertificate: e.ClientCertificate, EchoGuard: e.EchoGuard, Origin: filled(e.Origin),
	}
	if e.HasTarget {
		out.TargetURL = &e.TargetURL
	}
	return out, nil
}

func (a *API) switchRoute(ctx context.Context, c *call, in *routeInEnvironment) (wire.RouteStatus, error) {
	b, err := decode[wire.RouteSwitch](c)
	if err != nil {
		return wire.RouteStatus{}, err
	}
	status, err := a.control.SwitchRoute(ctx, c.who, in.Key, in.Environment, b.Active)
	return routeStatusOf(status), err
}

func (a *API) recordRoute(ctx context.Context, c *call, in *routeInEnvironment) (wire.RouteStatus, error) {
	b, err := decode[wire.RouteRecord](c)
	if err != nil {
		return wire.RouteStatus{}, err
	}
	status, err := a.control.RecordRoute(ctx, c.who, in.Key, in.Environment, b.Record)
	return routeStatusOf(status), err
}

// route is routeOf with the ETag, unless there is no route: without one there are no names to show it by.
func (c *call) route(r control.Route, err error) (wire.Route, error) {
	if err != nil {
		return wire.Route{}, err
	}
	c.tag = r.Tag
	return routeOf(r), nil
}

func routeOf(r control.Route) wire.Route {
	d := r.Definition
	names := route.Names{ID: r.Environments.IDOf, Name: r.Environments.NameOf}
	active := names.Name(d.ActiveEnvironment)
	if active == "" {
		active = r.Environments.Top().Name
	}
	return wire.Route{
		ID: r.ID, Key: r.Ref.Key, Name: d.Name, Description: d.Description, TargetURL: d.TargetURL, Methods: d.Methods,
		InjectHeaders: filled(d.InjectHeaders), InjectQuery: filled(d.InjectQuery), InjectBody: d.InjectBody,
		RateLimit: rateLimitOf(d.RateLimit), Timeout: durationOf(d.Timeout), Public: d.Public,
		ClientCertificate: d.ClientCertificate, EchoGuard: d.EchoGuard,
		ActiveEnvironment: active, Environments: filled(d.Overlays(names)),
		Draft: r.Draft, DeletionPending: r.Leaving, ETag: r.Tag, Hash: string(r.Hash), Status: convert(r.Status, routeStatusOf),
		CreatedAt: wire.Time(r.CreatedAt), UpdatedAt: wire.Time(r.UpdatedAt),
	}
}

func routeStatusOf(s control.RouteStatus) wire.RouteStatus {
	return wire.RouteStatus{Environment: s.Environment.Name, Committed: s.Committed, Active: s.Active, Hash: string(s.Hash), Record: s.Record}
}

func rateLimitOf(l *route.RateLimit) *wire.RateLimit {
	if l == nil {
		return nil
	}
	return &wire.RateLimit{Requests: l.Requests, Window: l.Window.String(), Burst: l.Burst}
}

// durationOf is a time limit as it is shown; none is null.
func durationOf(d time.Duration) *string {
	if d == 0 {
		return nil
	}
	s := d.String()
	return &s
}

// filled is m, or an empty map for none, which is {} and not null.
func filled[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}
