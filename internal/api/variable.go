package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/wire"
)

type variableKey struct {
	Key string `path:"key" doc:"Key of the variable."`
}

type variableDelete struct {
	Key         string `path:"key" doc:"Key of the variable."`
	Environment string `query:"environment" doc:"Only its value in this environment: id or name. Absent: the whole variable."`
}

func (a *API) listVariables(ctx context.Context, c *call, in *page) ([]wire.Variable, error) {
	list, next, err := a.control.ListVariables(ctx, c.who, pageOf(in.Limit, in.Cursor))
	c.next = next
	return convert(list, variableOf), err
}

func (a *API) getVariable(ctx context.Context, c *call, in *variableKey) (wire.Variable, error) {
	v, err := a.control.GetVariable(ctx, c.who, in.Key)
	return variableOf(v), err
}

func (a *API) putVariable(ctx context.Context, c *call, in *variableKey) (wire.Variable, error) {
	b, err := decode[wire.VariablePut](c)
	if err != nil {
		return wire.Variable{}, err
	}
	if len(b.Values) == 0 && b.Description == nil {
		return wire.Variable{}, fault.Refused("values", "is required, unless a description is sent; name environments with what the variable holds there")
	}
	v, err := a.control.SetVariable(ctx, c.who, in.Key, b.Values, b.Description)
	return variableOf(v), err
}

func (a *API) deleteVariable(ctx context.Context, c *call, in *variableDelete) (wire.Deleted, error) {
	return wire.Deleted{Deleted: true}, a.control.DeleteVariable(ctx, c.who, in.Key, in.Environment)
}

func variableOf(v control.Variable) wire.Variable {
	return wire.Variable{
		Key: v.Key, Description: v.Description, CreatedAt: wire.Time(v.CreatedAt), CreatedBy: v.CreatedBy, UpdatedAt: wire.Time(v.UpdatedAt),
		Values: convert(v.Values, func(in control.VariableValue) wire.VariableValue {
			out := wire.VariableValue{
				Environment: in.Environment.Name, Configured: in.Set, RouteCount: len(in.Routes),
				Routes: convert(in.Routes, func(r fault.Route) wire.RouteRef { return wire.RouteRef(r) }),
			}
			if in.Set {
				out.Value, out.UpdatedAt, out.UpdatedBy = new(in.Value.Value), wire.Time(in.UpdatedAt), in.UpdatedBy
			}
			return out
		}),
	}
}
