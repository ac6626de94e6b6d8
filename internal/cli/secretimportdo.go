package cli

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/intake"
	"github.com/lockage/lockage/wire"
)

// carryOutImport shows the plan, asks, and goes through it.
func (p *program) carryOutImport(ctx context.Context, c *client.Client, plan importPlan, f importFlags) error {
	if !p.json {
		p.printImport(plan)
	}
	work := plan.Work() + len(plan.Routes)
	blocked := len(plan.Blockers) > 0
	if f.dryRun || blocked || work == 0 {
		if p.json {
			if err := encode(p.out, plan); err != nil {
				return err
			}
		}
		switch {
		case blocked:
			return &exit{code: exitBlocked, err: errors.New("nothing was done: " + strings.Join(plan.Blockers, "; "))}
		case work == 0:
			p.note("there is nothing to do")
		default:
			p.note("%s to make; nothing is done yet", count(work, "change"))
		}
		return nil
	}
	if !f.yes {
		if err := p.askWhether(ctx, "Import this?"); err != nil {
			return err
		}
	}
	err := p.applyImport(ctx, c, &plan)
	plan.Applied = err == nil
	if p.json {
		return errors.Join(err, encode(p.out, plan))
	}
	if err == nil {
		p.afterImport(plan)
	}
	return err
}

// job is one thing to do, and how it is told.
type job struct {
	what string
	do   func() ([]string, error)
}

// applyImport goes through the plan. Each step finds what it would make when it is done again, so that the same command
// goes on where this one failed.
func (p *program) applyImport(ctx context.Context, c *client.Client, plan *importPlan) error {
	var jobs []job
	for i := range plan.Steps {
		if s := plan.Steps[i]; s.Action != intake.KeepValue {
			jobs = append(jobs, job{importStep(s), func() ([]string, error) { return doImportStep(ctx, c, s) }})
		}
	}
	for _, r := range plan.Routes {
		jobs = append(jobs, job{"save the draft of route " + r.Route, func() ([]string, error) {
			_, err := c.UpdateRoute(ctx, r.Route, r.body, nil, client.IfMatch(r.etag))
			return nil, err
		}})
	}
	for i, j := range jobs {
		warnings, err := j.do()
		if err != nil {
			for _, left := range jobs[i:] {
				plan.Undone = append(plan.Undone, left.what)
			}
			p.note("%d of %d are done; left is to %s", i, len(jobs), clean(strings.Join(plan.Undone, ", to ")))
			p.note("the same command goes on from here")
			return err
		}
		p.note("[%d/%d] %s", i+1, len(jobs), clean(j.what))
		for _, w := range warnings {
			w = j.what + ": " + w
			p.note("warning: %s", clean(w))
			plan.Warnings = append(plan.Warnings, w)
		}
	}
	return nil
}

// importStep words a step.
func importStep(s intake.Step) string {
	switch s.Action {
	case intake.CreateSecret:
		return "create the secret " + s.Secret
	case intake.CopyValue:
		return "copy the value of " + s.From + " in " + s.Source + " to " + s.Secret + " in " + s.Environment
	case intake.KeepValue:
		return "keep the value of " + s.Secret + " in " + s.Environment
	default:
		return "set the value of " + s.Secret + " in " + s.Environment
	}
}

func doImportStep(ctx context.Context, c *client.Client, s intake.Step) ([]string, error) {
	switch s.Action {
	case intake.CreateSecret:
		_, err := c.CreateSecret(ctx, wire.SecretCreate{Name: s.Secret, Type: s.Type})
		return nil, err
	case intake.CopyValue:
		made, err := c.DuplicateSecretValue(ctx, s.From, s.Source,
			wire.SecretDuplicate{TargetEnvironment: s.Environment, TargetSecret: s.Secret, Overwrite: s.Version > 0})
		return made.Warnings, err
	default:
		v := wire.SecretValue{Value: s.Value.Reveal()}
		if !utf8.ValidString(v.Value) || strings.Contains(v.Value, "\x00") { // JSON cannot carry it as it is
			v.Value, v.Encoding = base64.StdEncoding.EncodeToString([]byte(v.Value)), "base64"
		}
		made, err := c.PutSecretValue(ctx, s.Secret, s.Environment, v)
		return made.Warnings, err
	}
}

// afterImport says what is left to people.
func (p *program) afterImport(plan importPlan) {
	if len(plan.Routes) > 0 {
		p.note("%s saved; \"lockage diff\" shows what changes, \"lockage commit\" makes it live where changes begin", count(len(plan.Routes), "draft"))
	}
	if len(plan.Old) > 0 {
		p.note("the old secrets stay; when everything is promoted and nothing has used them for 48 hours, delete them:")
		for _, old := range plan.Old {
			p.note("  lockage secrets delete %s", old)
		}
	}
	fmt.Fprintf(p.out, "imported %s\n", imported(plan))
}

func imported(plan importPlan) string {
	values, secrets := 0, map[string]bool{}
	for _, s := range plan.Steps {
		secrets[s.Secret] = true
		if s.Action == intake.SetValue || s.Action == intake.ReplaceValue || s.Action == intake.CopyValue {
			values++
		}
	}
	return count(values, "value") + " into " + count(len(secrets), "secret")
}
