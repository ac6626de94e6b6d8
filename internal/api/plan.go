package api

import (
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/wire"
)

// A plan is shown in the form its hash is over. With a refusal it comes as fault.Error.Detail and is written as it is.

func planOf(p definition.Plan) wire.Plan {
	return wire.Plan{Kind: p.Kind, Steps: convert(p.Steps, stepOf), Hash: p.Hash}
}

func stepOf(s definition.Step) wire.Step {
	return wire.Step{
		From: planEnvironmentOf(s.From), To: planEnvironmentOf(s.To), Changes: convert(s.Changes, plannedChangeOf),
		Blockers: convert(s.Blockers, func(b definition.Blocker) wire.Finding { return wire.Finding(b) }),
		Warnings: convert(s.Warnings, func(w definition.Warning) wire.Finding { return wire.Finding(w) }),
		Policy:   wire.PlanPolicy(s.Policy),
	}
}

func planEnvironmentOf(e definition.PlanEnvironment) wire.PlanEnvironment {
	return wire.PlanEnvironment{ID: e.ID, Name: e.Name, RootHash: string(e.Root), Head: e.Head}
}

func plannedChangeOf(c definition.PlannedChange) wire.PlannedChange {
	return wire.PlannedChange{
		Kind: c.Ref.Kind, Key: c.Ref.Key, Before: string(c.Before), After: string(c.After), Edits: editsOf(c.Edits),
		References: convert(c.References, planReferenceOf),
	}
}

func planReferenceOf(r definition.Reference) wire.PlanReference {
	return wire.PlanReference{Kind: r.Kind, Name: r.Name, Type: r.Type, Field: r.Field, State: string(r.State), Version: r.Version}
}
