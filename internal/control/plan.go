package control

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
)

// proposal is what a plan is made of: the steps with the tree each target is to have.
type proposal struct {
	steps []proposedStep
}

type proposedStep struct {
	from, to      environment.Environment
	before, after definition.Tree
	source        string          // id of the commit promoted from
	current       definition.Tree // what from has; nil: what is not compared with it
}

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

// plan works a proposal out: what changes where, what each change refers to in its target, what stands in the way and
// what is worth a look.
func (v *visit) plan(ctx context.Context, kind string, p proposal) (definition.Plan, error) {
	s, err := v.stand(ctx)
	if err != nil {
		return definition.Plan{}, err
	}
	plan := definition.Plan{Kind: kind}
	for _, step := range p.steps {
		planned, err := v.planStep(ctx, kind, step, s)
		if err != nil {
			return plan, err
		}
		plan.Steps = append(plan.Steps, planned)
	}
	return v.shade(ctx, plan.Seal())
}

// shade takes out of a sealed plan the names of environments the reader does not see. Its hash stays: one plan has one
// hash, whoever looks at it, or nobody could approve what another sees differently.
func (v *visit) shade(ctx context.Context, plan definition.Plan) (definition.Plan, error) {
	if !slices.ContainsFunc(v.pipeline, func(e environment.Environment) bool { return !v.who.Sees(e.ID) }) {
		return plan, nil
	}
	for _, s := range plan.Steps {
		edits, err := v.edits(ctx, changesOf(s), v.outer())
		if err != nil {
			return plan, err
		}
		for i := range s.Changes {
			s.Changes[i].Edits = append([]definition.Edit{}, edits[i]...)
		}
	}
	return plan, nil
}

func (v *visit) planStep(ctx context.Context, kind string, p proposedStep, s *stand) (definition.Step, error) {
	step := definition.Step{
		From: planned(p.from), To: planned(p.to),
		Policy: definition.Policy{Protected: p.to.Protected, Approvals: p.to.Protection.Approvals},
	}
	if kind == definition.PlanPromotion && p.to.Hold != nil {
		step.Blockers = append(step.Blockers, definition.Blocker{
			Kind: definition.BlockerHold, Environment: p.to.Name, Message: holdMessage(p.to),
		})
	}
	changes := definition.Diff(p.before, p.after)
	bodies, err := v.bodies(ctx, changes)
	if err != nil {
		return step, err
	}
	warned, blocked := map[string]bool{}, map[definition.Blocker]bool{}
	for _, change := range changes {
		item := definition.PlannedChange{Change: change}
		if item.Edits, err = bodies.edits(change, v.everyName()); err != nil {
			return step, err
		}
		if change.After != "" && change.Ref.Kind == definition.KindRoute {
			r, err := bodies.route(change.After)
			if err != nil {
				return step, err
			}
			step.Blockers = append(step.Blockers, s.misled(r.Effective(p.to.ID).TargetURL, change.Ref.Key, p.to)...)
			for _, u := range r.Usages([]string{p.to.ID}) {
				target := r.Effective(p.to.ID).TargetURL
				item.References = append(item.References, s.reference(u, p.to.ID, target))
				for _, b := range s.blockers(u, change.Ref.Key, p.to, target) {
					if !blocked[b] { // several fields may need one value
						blocked[b] = true
						step.Blockers = append(step.Blockers, b)
					}
				}
				if one, ok := s.find(u.Reference); ok && !warned[one.ID] {
					warned[one.ID] = true
					step.Warnings = append(step.Warnings, s.warnings(u, change.Ref.Key, p, p.to.ID == v.pipeline.Top().ID)...)
				}
			}
		}
		if p.current != nil && p.current[change.Ref] != change.After {
			step.Warnings = append(step.Warnings, definition.Warning{
				Kind: definition.WarningOlderContent, Environment: p.to.Name, Definition: change.Ref.Key,
				Message: fmt.Sprintf("'%s' is promoted as an earlier commit had it, which is not what environment '%s' has now", change.Ref.Key, p.from.Name),
			})
		}
		step.Changes = append(step.Changes, item)
	}
	return step, nil
}

func planned(e environment.Environment) definition.PlanEnvironment {
	return definition.PlanEnvironment{ID: e.ID, Name: e.Name, Root: definition.Hash(e.RootHash), Head: e.Head}
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

// certificateField is the one field of a route that takes a certificate, and takes nothing else.
const certificateField = "client_certificate"

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

// carryOut makes the steps of a plan, each one a commit; what changes nothing makes none.
func (v *visit) carryOut(ctx context.Context, plan definition.Plan, p proposal, s step) ([]definition.Commit, error) {
	var made []definition.Commit
	for i, todo := range plan.Steps {
		if len(todo.Changes) == 0 {
			continue
		}
		var err error
		s.changes = changesOf(todo)
		if s.ids, err = v.identities(ctx, s.changes); err != nil {
			return nil, err
		}
		s.source = p.steps[i].source
		if len(made) > 0 && s.cause == definition.CausePromotion {
			s.source = made[len(made)-1].ID // what the step below has just made is what goes up
		}
		_, commit, err := v.step(ctx, p.steps[i].to, s)
		if err != nil {
			return nil, err
		}
		made = append(made, commit)
		v.Serve()
	}
	return made, nil
}

func changesOf(s definition.Step) []definition.Change {
	changes := make([]definition.Change, len(s.Changes))
	for i, c := range s.Changes {
		changes[i] = c.Change
	}
	return changes
}

// identities finds the ids of changed definitions.
func (v *visit) identities(ctx context.Context, changes []definition.Change) (map[definition.Ref]string, error) {
	keys := map[string][]string{}
	for _, c := range changes {
		keys[c.Ref.Kind] = append(keys[c.Ref.Kind], c.Ref.Key)
	}
	ids := make(map[definition.Ref]string, len(changes))
	for kind, of := range keys {
		list, err := v.IdentitiesOf(ctx, kind, of)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			ids[d.Ref] = d.ID
		}
	}
	return ids, nil
}

// checkPlan refuses a plan that is not the one its author saw: Stale, with where the target stands now.
func checkPlan(seen string, plan definition.Plan) error {
	if seen == "" || seen == plan.Hash {
		return nil
	}
	heads := ""
	for i, s := range plan.Steps {
		if i > 0 {
			heads += ", "
		}
		heads += fmt.Sprintf("'%s' is now at commit %d", s.To.Name, s.To.Head)
	}
	return &fault.Error{
		Kind: fault.Stale, Detail: plan,
		Message: "what the plan was made of has changed since (" + heads + "); make the plan again",
	}
}

// checkBlockers refuses a plan with something in its way: OnHold for a hold, else NotReady with the list.
func checkBlockers(plan definition.Plan) error {
	blockers := plan.Blockers()
	if len(blockers) == 0 {
		return nil
	}
	if i := slices.IndexFunc(blockers, func(b definition.Blocker) bool { return b.Kind == definition.BlockerHold }); i >= 0 {
		return &fault.Error{Kind: fault.OnHold, Message: blockers[i].Message, Detail: plan}
	}
	message := blockers[0].Message
	if n := len(blockers); n > 1 {
		message = fmt.Sprintf("%d things stand in the way; the first: %s", n, message)
	}
	return &fault.Error{Kind: fault.NotReady, Message: message, Detail: plan}
}

// treeIn reads the tree that is live in an environment.
func (v *visit) treeIn(ctx context.Context, e environment.Environment) (definition.Tree, error) {
	entries, err := v.Tree(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	return treeOf(entries), nil
}
