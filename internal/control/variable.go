package control

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/variable"
)

// Variable is a variable with what it holds in the environments whose variables the principal may see.
type Variable struct {
	variable.Variable
	Values []VariableValue // in the order of the pipeline
}

// VariableValue is a variable in one environment.
type VariableValue struct {
	Environment environment.Environment
	Set         bool
	variable.Value
	Routes []fault.Route // that use it there and are switched on
}

func variableTarget(key string) audit.Target {
	return audit.Target{Kind: "variable", ID: key, Name: key}
}

// onVariable is the scope of a variable, which concerns each environment it is changed in.
func onVariable(key string) scope {
	return func(_ context.Context, v *visit) error {
		v.target = variableTarget(key)
		v.exempt = true // from the freeze of the one that stands here for all; that of each is asked for by itself
		// the first environment whose variables the principal may touch stands for the decision; each that is touched is asked
		// for by itself
		var refusal error = fault.New(fault.Forbidden, "none of your roles may do this; ask an owner or admin")
		for _, e := range v.pipeline {
			switch err := v.allow(e); {
			case err == nil:
				v.environment = e
				return nil
			case fault.Is(err, fault.Forbidden):
				refusal = err
			}
		}
		return refusal
	}
}

// ListVariables lists variables by key.
func (c *Control) ListVariables(ctx context.Context, who access.Principal, p Page) (list []Variable, next string, err error) {
	limit, after, err := p.open()
	if err != nil {
		return nil, "", err
	}
	err = c.read(ctx, who, access.VariableRead, onVariable(""), func(v *visit) error {
		found, err := v.Variables(ctx, after, limit+1)
		if err != nil {
			return err
		}
		found, next = cut(found, limit, func(x variable.Variable) string { return x.Key })
		list = make([]Variable, len(found))
		for i, one := range found {
			if list[i], err = v.variable(ctx, one); err != nil {
				return err
			}
		}
		return nil
	})
	return list, next, err
}

// GetVariable finds a variable by its key.
func (c *Control) GetVariable(ctx context.Context, who access.Principal, key string) (found Variable, err error) {
	err = c.read(ctx, who, access.VariableRead, onVariable(key), func(v *visit) error {
		one, err := v.Variable(ctx, key)
		if err != nil {
			return err
		}
		found, err = v.variable(ctx, one)
		return err
	})
	return found, err
}

// variable adds what a variable holds where the principal may see it.
func (v *visit) variable(ctx context.Context, one variable.Variable) (Variable, error) {
	out := Variable{Variable: one, Values: []VariableValue{}}
	values, err := v.VariableValues(ctx, one.Key)
	if err != nil {
		return out, err
	}
	users, err := v.VariableUsers(ctx, one.Key)
	if err != nil {
		return out, err
	}
	for _, e := range v.pipeline {
		if access.Allow(v.who, access.VariableRead, access.Environment{ID: e.ID, Protected: e.Protected}) != nil {
			continue
		}
		in := VariableValue{Environment: e}
		if in.Routes, err = v.routeNames(ctx, usersIn(users, e.ID)); err != nil {
			return out, err
		}
		for _, value := range values {
			if value.EnvironmentID == e.ID {
				in.Set, in.Value = true, value
			}
		}
		out.Values = append(out.Values, in)
	}
	return out, nil
}

// SetVariable sets what a variable holds in the environments that are named, by id or name, and makes the variable where
// there is none; a nil value takes it away there, which is refused while a route that is switched on there needs it.
// Everything is done or nothing. A nil description stays.
func (c *Control) SetVariable(ctx context.Context, who access.Principal, key string, values map[string]*string, description *string) (set Variable, err error) {
	err = c.write(ctx, who, access.VariableSet, onVariable(key), func(v *visit) error {
		v.environment = environment.Environment{} // the entry is about all that are named, unless that is one
		if err := variable.CheckKey(key); err != nil {
			return err
		}
		one, err := v.Variable(ctx, key)
		if fault.Is(err, fault.NotFound) {
			one, err = variable.Variable{Key: key, CreatedAt: v.Now(), CreatedBy: who.Name}, nil
		}
		if err != nil {
			return err
		}
		if description != nil {
			if err := secret.CheckDescription(*description); err != nil {
				return err
			}
			one.Description = *description
		}
		one.UpdatedAt = v.Now()
		if err := v.PutVariable(ctx, one); err != nil {
			return err
		}
		for _, ref := range slices.Sorted(maps.Keys(values)) {
			e, err := v.seen(ref)
			if err != nil {
				return err
			}
			if len(values) == 1 {
				v.environment = e
			}
			if err := v.setVariableIn(ctx, key, e, values[ref]); err != nil {
				return err
			}
		}
		v.detail = audit.Detail("name", strings.Join(slices.Sorted(maps.Keys(values)), " "))
		v.Serve()
		set, err = v.variable(ctx, one)
		return err
	})
	return set, err
}

func (v *visit) setVariableIn(ctx context.Context, key string, e environment.Environment, value *string) error {
	if err := v.allow(e); err != nil {
		return err
	}
	if err := v.thawAlways(ctx, e); err != nil {
		return err
	}
	if value == nil {
		return v.dropVariableIn(ctx, key, e)
	}
	if err := variable.CheckValue("values."+e.Name, *value); err != nil {
		return err
	}
	return v.PutVariableValue(ctx, variable.Value{Key: key, EnvironmentID: e.ID, Value: *value, UpdatedAt: v.Now(), UpdatedBy: v.who.Name})
}

// dropVariableIn takes a variable's value in an environment away, unless a route that is switched on there needs it.
func (v *visit) dropVariableIn(ctx context.Context, key string, e environment.Environment) error {
	users, err := v.VariableUsers(ctx, key)
	if err != nil {
		return err
	}
	routes, err := v.routeNames(ctx, usersIn(users, e.ID))
	if err != nil {
		return err
	}
	if len(routes) > 0 {
		return &fault.Error{
			Kind: fault.InUse, Routes: routes,
			Message: "Cannot remove environment '" + e.Name + "' from this variable. It is used by the following routes in that environment: " +
				names(routes) + ". Remove the variable from those routes first.",
		}
	}
	return v.DropVariableValue(ctx, e.ID, key)
}

// DeleteVariable removes a variable's value in an environment, or with "" the whole variable, which is refused while a
// route refers to it, live anywhere or drafted.
func (c *Control) DeleteVariable(ctx context.Context, who access.Principal, key, environmentRef string) error {
	where := onVariable(key)
	if environmentRef != "" {
		where = func(ctx context.Context, v *visit) error {
			v.target = variableTarget(key)
			return in(environmentRef)(ctx, v)
		}
	}
	return c.write(ctx, who, access.VariableDelete, where, func(v *visit) error {
		if _, err := v.Variable(ctx, key); err != nil {
			return err
		}
		values, err := v.VariableValues(ctx, key)
		if err != nil {
			return err
		}
		v.Serve()
		if environmentRef == "" {
			v.environment = environment.Environment{}
		}
		if environmentRef != "" {
			if !slices.ContainsFunc(values, func(x variable.Value) bool { return x.EnvironmentID == v.environment.ID }) {
				return fault.New(fault.NotFound, "the variable has no value in this environment")
			}
			return v.dropVariableIn(ctx, key, v.environment)
		}
		for _, value := range values { // a deletion writes in each environment that has a value
			e, ok := v.pipeline.Find(value.EnvironmentID)
			if !ok {
				continue
			}
			if v.allow(e) != nil {
				return fault.New(fault.Forbidden, "the variable has values in environments where you may not delete it; take your own away with their environment")
			}
			if err := v.thawAlways(ctx, e); err != nil {
				return err
			}
		}
		routes, err := v.routesReferring(ctx, func(r secret.Reference) bool {
			return r == secret.Reference{Kind: secret.Variable, Name: key}
		})
		if err != nil {
			return err
		}
		if len(routes) > 0 {
			return &fault.Error{
				Kind: fault.InUse, Routes: routes,
				Message: "the variable is used by the following routes: " + names(routes) + "; remove it from those routes first",
			}
		}
		return v.Tx.DeleteVariable(ctx, key)
	})
}
