package control

import (
	"context"
	"fmt"
	"slices"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
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
		tokens, err := v.tokensIn(ctx, v.environment)
		if err != nil {
			return err
		}
		r = Readiness{Environment: v.environment, Ready: true, Definitions: []ReadyDefinition{}}
		for _, entry := range entries {
			if entry.Ref.Kind != definition.KindRoute {
				continue
			}
			d, err := s.ready(entry.ID, entry.Ref, bodies[entry.Hash], v.environment, tokens)
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

// tokensIn are what the OAuth2 values of an environment hold, by secret and version.
func (v *visit) tokensIn(ctx context.Context, e environment.Environment) (map[tokenOf]secret.Token, error) {
	list, err := v.OAuth2Tokens(ctx)
	in := make(map[tokenOf]secret.Token, len(list))
	for _, t := range list {
		if t.EnvironmentID == e.ID {
			in[tokenOf{t.SecretID, t.Version}] = t
		}
	}
	return in, err
}

type tokenOf struct {
	secretID string
	version  int64
}

// ready looks up what a route that is live in an environment refers to there.
func (s *stand) ready(id string, ref definition.Ref, body []byte, e environment.Environment, tokens map[tokenOf]secret.Token) (ReadyDefinition, error) {
	r, err := route.FromContent(body)
	if err != nil {
		return ReadyDefinition{}, err
	}
	d := ReadyDefinition{Ref: ref, ID: id, Name: r.Name, Ready: true, References: []definition.Reference{}, Problems: []definition.Blocker{}}
	target := r.Effective(e.ID).TargetURL
	problems := s.misled(target, ref.Key, e)
	for _, u := range r.Usages([]string{e.ID}) {
		found := s.reference(u, e.ID, target)
		switch {
		case found.State != definition.ReferenceSet:
			problems = append(problems, s.blockers(u, ref.Key, e, target)...)
		case found.Type == string(secret.OAuth2):
			one, _ := s.find(u.Reference)
			if t := tokens[tokenOf{one.ID, found.Version}]; !t.Usable(s.now) {
				found.State = definition.ReferenceNoToken
				problems = append(problems, noToken(t, found.Name, ref.Key, e))
			}
		}
		d.References = append(d.References, found)
	}
	for _, b := range problems {
		if !slices.Contains(d.Problems, b) { // several fields may need one value
			d.Problems = append(d.Problems, b)
		}
	}
	d.Ready = len(d.Problems) == 0
	return d, nil
}

// noToken is why calls will fail though an OAuth2 value is there. A plan does not ask: tokens come and go.
func noToken(t secret.Token, name, key string, e environment.Environment) definition.Blocker {
	b := definition.Blocker{
		Kind: definition.BlockerNoToken, Environment: e.Name, Definition: key, Reference: name,
		Message: fmt.Sprintf("secret '%s' has no access token that serves in environment '%s', where route '%s' needs it", name, e.Name, key),
	}
	if t.ErrorCode != "" {
		b.Message += " (" + t.ErrorCode + ")"
	}
	if t.Needs {
		b.Message += "; somebody must authorize it"
	}
	return b
}
