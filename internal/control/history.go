package control

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// CommitFilter narrows a reading of the history; zero fields do not narrow.
type CommitFilter struct {
	Environment string // id or name
	Definition  string // "kind/key"
	Author      string // id or name
	Cause       string // "commit", "promotion" or "rollback"
	Page
}

// ListCommits reads the history of the environments the principal may see it of, newest first.
func (c *Control) ListCommits(ctx context.Context, who access.Principal, f CommitFilter) (list []Commit, next string, err error) {
	limit, after, err := f.open()
	if err != nil {
		return nil, "", err
	}
	q := store.CommitFilter{Author: f.Author, Cause: definition.Cause(f.Cause), Before: after, Limit: limit + 1}
	switch q.Cause {
	case "", definition.CauseCommit, definition.CausePromotion, definition.CauseRollback:
	default:
		return nil, "", fault.Refused("cause", `must be "commit", "promotion" or "rollback"`)
	}
	if f.Definition != "" {
		kind, key, ok := strings.Cut(f.Definition, "/")
		if !ok || kind == "" || key == "" {
			return nil, "", fault.Refused("definition", `must be a kind and a key, for instance "route/payments"`)
		}
		q.Definition = definition.Ref{Kind: kind, Key: key}
	}
	err = c.read(ctx, who, access.EnvironmentList, account, func(v *visit) error {
		v.action = access.CommitRead
		if q.EnvironmentIDs, err = v.readable(f.Environment, access.CommitRead); err != nil {
			return err
		}
		commits, err := v.Commits(ctx, q)
		if err != nil {
			return err
		}
		commits, next = cut(commits, limit, func(m definition.Commit) string { return m.ID })
		list = make([]Commit, len(commits))
		for i, m := range commits {
			list[i] = Commit{Commit: m, Environment: v.pipeline.NameOf(m.EnvironmentID)}
		}
		return nil
	})
	return list, next, err
}

// readable is allowedIn, refused to those whose roles let them read from no environment.
func (v *visit) readable(ref string, action access.Action) ([]string, error) {
	ids, err := v.allowedIn(ref, action)
	if err != nil || len(ids) > 0 {
		return ids, err
	}
	for _, e := range v.pipeline {
		if v.who.Sees(e.ID) {
			return nil, v.allow(e)
		}
	}
	return ids, nil
}

// GetCommit finds a commit by id, with what it changed in each definition.
func (c *Control) GetCommit(ctx context.Context, who access.Principal, id string) (m Commit, edits [][]definition.Edit, err error) {
	err = c.read(ctx, who, access.EnvironmentList, account, func(v *visit) error {
		v.action = access.CommitRead
		found, err := v.CommitByID(ctx, id)
		if err != nil {
			return err
		}
		e, ok := v.pipeline.Find(found.EnvironmentID)
		if !ok || !who.Sees(e.ID) {
			return fault.New(fault.NotFound, "no such commit")
		}
		v.environment = e
		if err := v.allow(e); err != nil {
			return err
		}
		m = Commit{Commit: found, Environment: e.Name}
		edits, err = v.edits(ctx, found.Changes, v.outer())
		return err
	})
	return m, edits, err
}

// moment finds the number of the commit that was the head of an environment: now (""), at an instant (RFC 3339, or a
// date, which is its beginning in UTC), or after a commit named by number or id.
func (v *visit) moment(ctx context.Context, e environment.Environment, at string) (int64, error) {
	if at == "" {
		return e.Head, nil
	}
	if number, err := strconv.ParseInt(at, 10, 64); err == nil {
		if number < 0 || number > e.Head {
			return 0, fault.New(fault.NotFound, "no such commit in environment '%s'; its newest is %d", e.Name, e.Head)
		}
		return number, nil
	}
	for _, form := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(form, at); err == nil {
			m, err := v.CommitAt(ctx, e.ID, t)
			if fault.Is(err, fault.NotFound) {
				return 0, nil // before the first commit the tree was empty
			}
			return m.Number, err
		}
	}
	m, err := v.CommitByID(ctx, at)
	if err == nil && m.EnvironmentID != e.ID {
		err = fault.New(fault.NotFound, "no such commit")
	}
	return m.Number, err
}

// Moment is an environment's tree at a moment of its history.
type Moment struct {
	Environment environment.Environment
	Number      int64 // of the commit; 0 before the first
	Tree        definition.Tree
}

// TreeAt answers what was live in an environment: now, at a time, or after a commit.
func (c *Control) TreeAt(ctx context.Context, who access.Principal, environmentRef, at string) (m Moment, err error) {
	err = c.read(ctx, who, access.TreeRead, in(environmentRef), func(v *visit) error {
		m, err = v.at(ctx, v.environment, at)
		return err
	})
	return m, err
}

func (v *visit) at(ctx context.Context, e environment.Environment, at string) (m Moment, err error) {
	m.Environment = e
	if m.Number, err = v.moment(ctx, e, at); err != nil {
		return m, err
	}
	m.Tree, err = v.Tx.TreeAt(ctx, e.ID, m.Number)
	return m, err
}

// Comparison is what differs between two moments, of one environment or two.
type Comparison struct {
	From, To Moment
	Changes  []definition.Change
	Edits    [][]definition.Edit
}

// Compare compares two moments, each written "environment" or "environment@moment".
func (c *Control) Compare(ctx context.Context, who access.Principal, from, to string) (d Comparison, err error) {
	err = c.read(ctx, who, access.EnvironmentList, account, func(v *visit) error {
		v.action = access.TreeRead
		for _, side := range []struct {
			field, text string
			into        *Moment
		}{{"from", from, &d.From}, {"to", to, &d.To}} {
			name, at, marked := strings.Cut(side.text, "@")
			if name == "" || marked && at == "" {
				return fault.Refused(side.field, `must be an environment, or an environment, @ and a commit or time`)
			}
			e, err := v.seen(name)
			if err != nil {
				return err
			}
			v.environment = e
			if err := v.allow(e); err != nil {
				return err
			}
			if *side.into, err = v.at(ctx, e, at); err != nil {
				return err
			}
		}
		d.Changes = definition.Diff(d.From.Tree, d.To.Tree)
		d.Edits, err = v.edits(ctx, d.Changes, v.outer())
		return err
	})
	return d, err
}
