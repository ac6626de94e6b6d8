package intake

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lockage/lockage/internal/secret"
)

// Held is a secret that is there.
type Held struct {
	ID       string
	Type     string
	Versions map[string]int64 // by environment, the version in force; 0 and absent: no value
}

// Stand is what is there.
type Stand struct {
	Environments []string        // in the pipeline's order; the last is production
	Secrets      map[string]Held // by name, those that matter
	Overwrite    bool            // copies go over values that are there
}

// Action is what a step does.
type Action string

// The actions.
const (
	CreateSecret Action = "create_secret"
	SetValue     Action = "set_value"
	ReplaceValue Action = "replace_value"
	CopyValue    Action = "copy_value"
	KeepValue    Action = "keep_value" // there is one already, which stays
)

// Step is one thing to do. Each can be done again: it then finds what it would make.
type Step struct {
	Action      Action `json:"action"`
	Secret      string `json:"secret"`
	Type        string `json:"type,omitempty"` // of a secret that is created
	Environment string `json:"environment,omitempty"`
	From        string `json:"from,omitempty"`             // the name it had
	Source      string `json:"from_environment,omitempty"` // of a copy
	Version     int64  `json:"replaces_version,omitempty"` // that is in force now

	Value Value `json:"-"`
}

// Plan is what there is to do.
type Plan struct {
	Steps    []Step   `json:"steps"`
	Left     []Left   `json:"left_out"`
	Warnings []string `json:"warnings"`
	Blockers []string `json:"blockers"`
	Old      []string `json:"old_secrets"` // that are there and stay

	renames map[secret.Reference]string
}

// Make works out what it takes to have the families.
func Make(f Families, s Stand) Plan {
	p := Plan{
		Steps: []Step{}, Left: append([]Left{}, f.Left...), Blockers: append([]string{}, f.Blockers...),
		Warnings: []string{}, Old: []string{}, renames: map[secret.Reference]string{},
	}
	for _, family := range f.List {
		p.family(family, s)
	}
	return p
}

// Renames are the references to what the families replace.
func (p Plan) Renames() map[secret.Reference]string { return p.renames }

// Work is how many steps change something.
func (p Plan) Work() (n int) {
	for _, s := range p.Steps {
		if s.Action != KeepValue {
			n++
		}
	}
	return n
}

// Holds says whether the secret will have a value in an environment.
func (p Plan) Holds(s Stand, name, environment string) bool {
	return s.Secrets[name].Versions[environment] > 0 || slices.ContainsFunc(p.Steps, func(step Step) bool {
		return step.Secret == name && step.Environment == environment && step.Action != CreateSecret
	})
}

func (p *Plan) family(f Family, s Stand) {
	kind := string(secret.String)
	if old, copied := s.Secrets[f.Members[0].Old]; copied && f.Members[0].Value.text == nil {
		kind = old.Type
	}
	target, there := s.Secrets[f.Name]
	if there && target.Type != kind {
		p.Blockers = append(p.Blockers, fmt.Sprintf("%s is there with the type %s and cannot hold values of type %s; --name gives another name", f.Name, target.Type, kind))
		return
	}
	var values []Step
	for _, e := range s.Environments {
		for _, m := range f.Members {
			if m.Environment != e {
				continue
			}
			step, ok := p.value(f.Name, m, s, kind)
			if !ok {
				continue
			}
			values = append(values, step)
			p.replaces(m, f.Name, s)
		}
	}
	if len(values) == 0 {
		return
	}
	if !there {
		p.Steps = append(p.Steps, Step{Action: CreateSecret, Secret: f.Name, Type: kind})
	}
	p.Steps = append(p.Steps, values...)
	p.warn(values, s)
}

// value is the step that gives the family its value in an environment.
func (p *Plan) value(name string, m Member, s Stand, kind string) (Step, bool) {
	step := Step{Action: SetValue, Secret: name, Environment: m.Environment, From: m.Old, Version: s.Secrets[name].Versions[m.Environment], Value: m.Value}
	if m.Value.text != nil {
		if step.Version > 0 {
			step.Action = ReplaceValue
		}
		return step, true
	}
	old := s.Secrets[m.Old]
	step.Action = CopyValue
	var configured []string
	for _, e := range s.Environments {
		if old.Versions[e] > 0 {
			configured = append(configured, e)
		}
	}
	switch {
	case old.Type != kind:
		p.Blockers = append(p.Blockers, fmt.Sprintf("%s is of type %s and its siblings of type %s; --only takes a part", m.Old, old.Type, kind))
		return step, false
	case old.Versions[m.Environment] > 0:
		step.Source = m.Environment
	case len(configured) == 0:
		p.Left = append(p.Left, Left{m.Old, "has no value"})
		return step, false
	case len(configured) > 1:
		p.Left = append(p.Left, Left{m.Old, "has no value in " + m.Environment + ", and several elsewhere: " + strings.Join(configured, ", ")})
		return step, false
	default:
		step.Source = configured[0]
	}
	if step.Version > 0 && !s.Overwrite {
		step.Action, step.Source = KeepValue, ""
	}
	return step, true
}

// replaces notes what mentions of an old secret become.
func (p *Plan) replaces(m Member, name string, s Stand) {
	names := []string{m.Old}
	if normal, ok := Normal(m.Old); ok && m.Value.text != nil {
		names = append(names, normal)
	}
	for _, old := range names {
		if old == name || p.renames[secret.Reference{Kind: secret.SecretName, Name: old}] != "" {
			continue
		}
		p.renames[secret.Reference{Kind: secret.SecretName, Name: old}] = name
		if held, there := s.Secrets[old]; there {
			p.renames[secret.Reference{Kind: secret.SecretID, Name: held.ID}] = name
			p.Old = append(p.Old, old)
		}
	}
}

// warn tells what of a family's values deserves a second look, and nothing of the values.
func (p *Plan) warn(steps []Step, s Stand) {
	say := func(format string, args ...any) { p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...)) }
	top := s.Environments[len(s.Environments)-1]
	for i, step := range steps {
		if step.Source == top && step.Environment != top {
			say("%s: the value of production '%s' will be in '%s' too; whoever reaches that environment can use it", step.Secret, top, step.Environment)
		} else if step.Source != "" && step.Source != step.Environment {
			say("%s: the value for '%s' is taken from '%s', the only environment where %s has one", step.Secret, step.Environment, step.Source, step.From)
		}
		if step.Value.text == nil {
			continue
		}
		value := step.Value.Reveal()
		for _, lower := range steps[:i] {
			if lower.Value.Reveal() == value {
				say("%s has the same value in '%s' and '%s'", step.Secret, lower.Environment, step.Environment)
			}
		}
		if secret.Guessable([]byte(value)) {
			say("%s in '%s' is so short or plain that it could be guessed", step.Secret, step.Environment)
		}
		if strings.Contains(value, "${") {
			say("%s in '%s' has a ${…} in it, which is taken as it stands: nothing is filled in", step.Secret, step.Environment)
		}
	}
}
