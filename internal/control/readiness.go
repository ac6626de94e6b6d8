package control

import (
	"context"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// Readiness is what an environment has, and lacks, of what its definitions refer to.
type Readiness struct {
	Environment environment.Environment
	Ready       bool // nothing that is switched on lacks anything
	Definitions []ReadyDefinition
}

// ReadyDefinition is a definition that is live in the environment, with the state of everything it refers to there.
type ReadyDefinition struct {
	Ref        definition.Ref
	ID         string
	Name       string
	Active     bool // switched on
	Ready      bool
	References []definition.Reference
	Problems   []definition.Blocker
}

// Readiness tells, before anybody calls, what every reference of every definition finds in an environment.
func (c *Control) Readiness(ctx context.Context, who access.Principal, environmentRef string) (r Readiness, err error) {
	if environmentRef == "" {
		return r, fault.Refused("environment", "is required; name an environment")
	}
	err = c.read(ctx, who, access.ReadinessRead, in(environmentRef), func(v *visit) error {
		s, err := v.stand(ctx)
		if err != nil {
			return err
		}
		entries, err := v.Tree(ctx, v.environment.ID)
		if err != nil {
			return err
		}
		bodies, err := v.Contents(ctx, definition.KindRoute)
		if err != nil {
			return err
		}
		r = Readiness{Environment: v.environment, Ready: true, Definitions: []ReadyDefinition{}}
		for _, entry := range entries {
			if entry.Ref.Kind != definition.KindRoute {
				continue
			}
			d, err := s.ready(entry.ID, entry.Ref, bodies[entry.Hash], v.environment)
			if err != nil {
				return err
			}
			d.Active = entry.Active
			r.Ready = r.Ready && (d.Ready || !d.Active)
			r.Definitions = append(r.Definitions, d)
		}
		return nil
	})
	return r, err
}

// ready looks up what a route that is live in an environment refers to there.
func (s *stand) ready(id string, ref definition.Ref, body []byte, e environment.Environment) (ReadyDefinition, error) {
	r, err := route.FromContent(body)
	if err != nil {
		return ReadyDefinition{}, err
	}
	d := ReadyDefinition{Ref: ref, ID: id, Name: r.Name, Ready: true, References: []definition.Reference{}, Problems: []definition.Blocker{}}
	target := r.Effective(e.ID).TargetURL
	for _, u := range r.Usages([]string{e.ID}) {
		found := s.reference(u, e.ID, target)
		d.References = append(d.References, found)
		if found.State != definition.ReferenceSet {
			d.Ready = false
			d.Problems = append(d.Problems, s.blockers(u, ref.Key, e, target)...)
		}
	}
	return d, nil
}
