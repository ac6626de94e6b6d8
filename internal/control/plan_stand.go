package control

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
)

// stand is what the references of an environment resolve to: its values in force, by secret.
type stand struct {
	now      time.Time
	pipeline environment.Pipeline
	secrets  map[string]secret.Secret // by name and by id
	values   map[string]map[string]secret.Value
	// variables are the targets of definitions resolved with, by environment and key.
	variables map[string]map[string]string
}

// stand reads all secrets and the values in force once; a plan asks for thousands.
func (v *visit) stand(ctx context.Context) (*stand, error) {
	list, err := v.AllSecrets(ctx)
	if err != nil {
		return nil, err
	}
	values, err := v.ActiveValues(ctx)
	if err != nil {
		return nil, err
	}
	s := &stand{now: v.Now(), pipeline: v.pipeline, secrets: make(map[string]secret.Secret, 2*len(list)), values: map[string]map[string]secret.Value{}}
	variables, err := v.AllVariableValues(ctx)
	if err != nil {
		return nil, err
	}
	s.variables = map[string]map[string]string{}
	for _, value := range variables {
		if s.variables[value.EnvironmentID] == nil {
			s.variables[value.EnvironmentID] = map[string]string{}
		}
		s.variables[value.EnvironmentID][value.Key] = value.Value
	}
	for _, one := range list {
		s.secrets[one.Name] = one
		s.secrets[one.ID] = one
	}
	for _, value := range values {
		if s.values[value.EnvironmentID] == nil {
			s.values[value.EnvironmentID] = map[string]secret.Value{}
		}
		s.values[value.EnvironmentID][value.SecretID] = value
	}
	return s, nil
}

// find resolves a reference by name or id.
func (s *stand) find(r secret.Reference) (secret.Secret, bool) {
	one, ok := s.secrets[r.Name]
	return one, ok && r.Kind != secret.Variable && (r.Kind == secret.SecretID) == (one.ID == r.Name)
}

// reference tells the state of what a definition that leads to a target refers to in an environment.
func (s *stand) reference(u route.Usage, environmentID, target string) definition.Reference {
	if u.Reference.Kind == secret.Variable {
		r := definition.Reference{Kind: definition.ReferenceVariable, Name: u.Reference.Name, Field: u.Field, State: definition.ReferenceUnset}
		if _, ok := s.variables[environmentID][u.Reference.Name]; ok {
			r.State = definition.ReferenceSet
		}
		return r
	}
	r := definition.Reference{Kind: definition.ReferenceSecret, Name: u.Reference.Name, Field: u.Field, State: definition.ReferenceMissing}
	one, ok := s.find(u.Reference)
	if !ok {
		return r
	}
	r.Name, r.Type, r.State = one.Name, string(one.Type), definition.ReferenceUnset
	value, ok := s.values[environmentID][one.ID]
	if !ok {
		return r
	}
	r.State, r.Version = definition.ReferenceSet, value.Version
	switch to, err := url.Parse(s.fill(target, environmentID)); {
	case (one.Type == secret.Certificate) != (u.Field == certificateField):
		r.State = definition.ReferenceType
	case value.Strict && value.Terms.Expired(s.now):
		r.State = definition.ReferenceExpired
	case err == nil && target != "" && !value.MayGo(to.Scheme, to.Host):
		r.State = definition.ReferenceRefused
	}
	return r
}

func (s *stand) blockers(u route.Usage, key string, to environment.Environment, target string) []definition.Blocker {
	r := s.reference(u, to.ID, target)
	b := definition.Blocker{Environment: to.Name, Definition: key, Reference: r.Name}
	switch {
	case r.Kind == definition.ReferenceVariable && r.State == definition.ReferenceSet:
		return nil
	case r.Kind == definition.ReferenceVariable:
		b.Kind = definition.BlockerVariableUnset
		b.Message = fmt.Sprintf("variable '%s' has no value in environment '%s', where route '%s' needs it; set it", r.Name, to.Name, key)
		return []definition.Blocker{b}
	}
	switch r.State {
	case definition.ReferenceType:
		b.Kind = definition.BlockerSecretType
		b.Message = fmt.Sprintf("secret '%s' is of type %s and cannot stand in %s of route '%s'; a certificate is for client_certificate, and nothing else is", r.Name, r.Type, u.Field, key)
	case definition.ReferenceMissing:
		b.Kind = definition.BlockerSecretMissing
		b.Message = fmt.Sprintf("route '%s' refers to secret '%s' in %s, which does not exist; create it", key, r.Name, u.Field)
	case definition.ReferenceUnset:
		b.Kind = definition.BlockerSecretUnset
		b.Message = fmt.Sprintf("secret '%s' has no value in environment '%s', where route '%s' needs it; set it", r.Name, to.Name, key)
	case definition.ReferenceExpired:
		b.Kind = definition.BlockerSecretExpired
		b.Message = fmt.Sprintf("the value of secret '%s' in environment '%s', where route '%s' needs it, has expired; set a new one", r.Name, to.Name, key)
	case definition.ReferenceRefused:
		b.Kind = definition.BlockerHostRefused
		b.Message = fmt.Sprintf("the value of secret '%s' in environment '%s' may not be sent where route '%s' leads; add the host to its allowed hosts", r.Name, to.Name, key)
	default:
		below, same := s.sameBelow(u, to)
		if !same || to.DistinctValues != environment.DistinctBlock {
			return nil
		}
		b.Kind = definition.BlockerSameValue
		b.Message = fmt.Sprintf("secret '%s' has the same value in '%s' and '%s', which the rule distinct_values of '%s' refuses; set another", r.Name, below, to.Name, to.Name)
	}
	return []definition.Blocker{b}
}

// fill puts an environment's variables into a target, as far as they are set.
func (s *stand) fill(target, environmentID string) string {
	t, err := secret.ParseTemplate(target)
	if err != nil {
		return target
	}
	var b strings.Builder
	for _, p := range t.Parts() {
		if p.Kind == secret.Variable {
			b.WriteString(s.variables[environmentID][p.Text])
			continue
		}
		b.WriteString(p.String())
	}
	return b.String()
}

// misled is what is wrong with a target whose variables are all set, and still make no URL of it.
func (s *stand) misled(target, key string, e environment.Environment) []definition.Blocker {
	t, err := secret.ParseTemplate(target)
	if _, literal := t.Literal(); err != nil || literal {
		return nil
	}
	for _, r := range t.References() {
		if _, ok := s.variables[e.ID][r.Name]; !ok {
			return nil // that is told of the variable
		}
	}
	if route.CheckTarget(s.fill(target, e.ID)) == "" {
		return nil
	}
	return []definition.Blocker{{
		Kind: definition.BlockerTarget, Environment: e.Name, Definition: key,
		Message: fmt.Sprintf("the target of route '%s' is not a URL in environment '%s'; check its variables", key, e.Name),
	}}
}

// sameBelow names an environment below that has the same value as the target. It does not tell of values that could be
// guessed: whoever may set values below and plan could find them by trying.
func (s *stand) sameBelow(u route.Usage, to environment.Environment) (name string, same bool) {
	one, ok := s.find(u.Reference)
	value, set := s.values[to.ID][one.ID]
	if !ok || !set || value.Guessable || value.Fingerprint == "" {
		return "", false
	}
	for _, e := range s.pipeline {
		if below, set := s.values[e.ID][one.ID]; set && e.Level < to.Level && below.Fingerprint == value.Fingerprint {
			return e.Name, true
		}
	}
	return "", false
}

// warnings compares the value in the target with that of the environment below, by fingerprints, and looks for test
// credentials on their way into production.
func (s *stand) warnings(u route.Usage, key string, p proposedStep, top bool) []definition.Warning {
	one, ok := s.find(u.Reference)
	if !ok {
		return nil
	}
	target, set := s.values[p.to.ID][one.ID]
	if !set {
		return nil
	}
	var list []definition.Warning
	w := definition.Warning{Environment: p.to.Name, Definition: key, Reference: one.Name}
	if below, same := s.sameBelow(u, p.to); same && p.to.DistinctValues == environment.DistinctWarn {
		w.Kind = definition.WarningSameValue
		w.Message = fmt.Sprintf("secret '%s' has the same value in '%s' and '%s'", one.Name, below, p.to.Name)
		list = append(list, w)
	}
	if top && target.Sandbox {
		w.Kind = definition.WarningSandboxValue
		w.Message = fmt.Sprintf("the value of secret '%s' in '%s' looks like one of a test mode", one.Name, p.to.Name)
		list = append(list, w)
	}
	return list
}
