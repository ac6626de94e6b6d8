package api

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/wire"
)

// rollbackCreate is wire.RollbackCreate, whose commit may be written as a number too.
type rollbackCreate struct {
	To      commitRef `json:"to"`
	Message string    `json:"message,omitempty"`
	Plan    string    `json:"plan,omitempty"`
	Force   bool      `json:"force,omitempty"`
}

// commitRef names a commit of an environment by its number or its id.
type commitRef string

// UnmarshalJSON reads a string, or a whole number.
func (c *commitRef) UnmarshalJSON(b []byte) error {
	var number uint64
	if json.Unmarshal(b, &number) == nil {
		*c = commitRef(b)
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		// The library's error carries no type for a method of ours; this one lets the refusal say what was wanted.
		return &json.UnmarshalTypeError{Type: reflect.TypeFor[string]()}
	}
	*c = commitRef(text)
	return nil
}

// Schema implements huma.SchemaProvider.
func (commitRef) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		OneOf:       []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeInteger, Minimum: number(0.0)}},
		Description: "The commit to go back to: its number in the environment, or its id. 0 is before the first.",
	}
}

func (a *API) planRollback(ctx context.Context, c *call, in *byID) (wire.Plan, error) {
	r, err := rollbackRequest(c)
	if err != nil {
		return wire.Plan{}, err
	}
	p, err := a.control.PlanRollback(ctx, c.who, in.ID, r)
	return planOf(p), err
}

func (a *API) createRollback(ctx context.Context, c *call, in *byID) (wire.Commit, error) {
	r, err := rollbackRequest(c)
	if err != nil {
		return wire.Commit{}, err
	}
	done, err := a.control.Rollback(ctx, c.who, in.ID, r)
	return commitOf(done), err
}

func rollbackRequest(c *call) (control.RollbackRequest, error) {
	b, err := decode[rollbackCreate](c)
	return control.RollbackRequest{To: string(b.To), Message: b.Message, Plan: b.Plan, Force: b.Force}, err
}

func (a *API) liftHold(ctx context.Context, c *call, in *byID) (wire.Lifted, error) {
	_, err := a.control.LiftHold(ctx, c.who, in.ID)
	return wire.Lifted{Lifted: true}, err
}
