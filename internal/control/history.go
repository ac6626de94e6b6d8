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
	err = c.read(ctx, who, access.CommitRead, among(f.Environment, &q.EnvironmentIDs), func(v *visit) error {
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

// GetCommit finds a commit by id, with what it changed in each definition.
func (c *Control) GetCommit(ctx context.Context, who access.Principal, id string) (m Commit, edits [][]definition.Edit, err error) {
	err = c.read(ctx, who, access.CommitRead, ofCommit(id, &m), func(v *visit) error {
		edits, err = v.edits(ctx, m.Changes, v.outer())
		return err
	})
	if err != nil {
		return Commit{}, nil, err
	}
	return m, edits, nil
}

// ofCommit is the scope of a commit: the environment whose history it belongs to.
func ofCommit(id string, m *Commit) scope {
	return func(ctx context.Context, v *visit) error {
		found, err := v.CommitByID(ctx, id)
		if err != nil {
			return err
		}
		e, ok := v.pipeline.Find(found.EnvironmentID)
		if !ok || !v.who.Sees(e.ID) {
			return fault.New(fault.NotFound, "no such commit")
		}
		v.environment = e
		*m = Commit{Commit: found, Environment: e.Name}
		return nil
	}
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
	sides := []side{{field: "from", text: from}, {field: "to", text: to}}
	err = c.read(ctx, who, access.TreeRead, ofSides(sides), func(v *visit) error {
		if d.From, err = v.at(ctx, sides[0].environment, sides[0].at); err != nil {
			return err
		}
		if d.To, err = v.at(ctx, sides[1].environment, sides[1].at); err != nil {
			return err
		}
		d.Changes = definition.Diff(d.From.Tree, d.To.Tree)
		d.Edits, err = v.edits(ctx, d.Changes, v.outer())
		return err
	})
	return d, err
}

// side is one of the two that are compared.
type side struct {
	field, text string
	environment environment.Environment
	at          string
}

// ofSides is the scope of a comparison: both environments, each of which must be allowed.
func ofSides(sides []side) scope {
	return func(_ context.Context, v *visit) error {
		for i := range sides {
			s := &sides[i]
			name, at, marked := strings.Cut(s.text, "@")
			if name == "" || marked && at == "" {
				return fault.Refused(s.field, `must be an environment, or an environment, @ and a commit or time`)
			}
			e, err := v.seen(name)
			if err != nil {
				return err
			}
			v.environment, s.environment, s.at = e, e, at
			if err := v.allow(e); err != nil {
				return err
			}
		}
		return nil
	}
}
