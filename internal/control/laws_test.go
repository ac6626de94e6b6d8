package control_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

// proposal is what the model knows of a promotion that waits: its way by ids, what it takes, and who approved what.
type proposal struct {
	id   string
	way  []string // ids of environments, the source first; the target by what is below it at the time
	keys []string // nil: everything
	by   map[string]string
}

// opened notes a proposal.
func (m *model) opened(t *rapid.T, p control.Promotion, path []*level, keys []string) {
	if p.State != control.PromotionOpen || len(p.Commits) != 0 {
		t.Fatalf("got %+v, want a proposal", p)
	}
	m.open = &proposal{id: p.ID, keys: keys, by: map[string]string{}}
	for _, l := range path[1:] {
		m.open.way = append(m.open.way, l.id)
	}
}

// path is the levels a proposal goes by now; nil when one it named is gone.
func (m *model) path(p *proposal) []*level {
	at := func(id string) int {
		return slices.IndexFunc(m.levels, func(l *level) bool { return l.id == id })
	}
	lowest, to := at(p.way[0]), at(p.way[len(p.way)-1])
	if lowest < 1 || to < lowest {
		return nil
	}
	return m.levels[lowest-1 : to+1]
}

// facts are all that a plan is of: an approval counts while they are the same, and not longer.
func facts(path []*level, after []definition.Tree) string {
	text := ""
	for i, l := range path {
		text += fmt.Sprintf("%s %s %d %s", l.id, l.name, len(l.past), l.tree.Root())
		if i > 0 {
			text += fmt.Sprintf(" %v %d to %s", l.held, l.approvals, after[i-1].Root())
		}
		text += "\n"
	}
	return text
}

// carried is what each level above the first of a path would have; false when what is named is in none of them.
func carried(path []*level, keys []string) (after []definition.Tree, ok bool) {
	source, found := path[0].tree, map[string]bool{}
	for _, l := range path[1:] {
		tree := maps.Clone(source)
		if keys != nil {
			tree = maps.Clone(l.tree)
			for _, key := range keys {
				if source[ref(key)] != "" || l.tree[ref(key)] != "" {
					found[key] = true
				}
				if tree[ref(key)] = source[ref(key)]; tree[ref(key)] == "" {
					delete(tree, ref(key))
				}
			}
		}
		after, source = append(after, tree), tree
	}
	return after, len(found) == len(keys)
}

// needed is how many approvals a promotion asks for, and whether it changes anything.
func needed(path []*level, after []definition.Tree) (n int, changes bool) {
	for i, l := range path[1:] {
		if l.tree.Root() != after[i].Root() {
			n, changes = max(n, l.approvals), true
		}
	}
	return n, changes
}

func land(path []*level, after []definition.Tree) {
	for i, l := range path[1:] {
		if l.tree.Root() != after[i].Root() {
			l.tree = maps.Clone(after[i])
			l.grow()
		}
	}
}

func held(path []*level) bool {
	return slices.ContainsFunc(path[1:], func(l *level) bool { return l.held })
}

func (m *model) promoteThrough(t *rapid.T) {
	i := rapid.IntRange(1, len(m.levels)-1).Draw(t, "through")
	j := rapid.IntRange(i, len(m.levels)-1).Draw(t, "to")
	path := m.levels[i-1 : j+1]
	r := control.PromotionRequest{To: m.levels[j].id, Through: m.levels[i].name}
	var keys []string
	if rapid.Bool().Draw(t, "some") {
		keys = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 2, rapid.ID).Draw(t, "keys")
		r.Definitions = refs(keys...)
	}
	after, ok := carried(path, keys)
	plan, err := m.PlanPromotion(m.t.Context(), m.owner, r)
	if !ok {
		want(t, "plan", err, fault.NotFound)
		return
	}
	want(t, "plan", err, "")
	for k, s := range plan.Steps {
		var changes []definition.Change
		for _, c := range s.Changes {
			changes = append(changes, c.Change)
		}
		if tree, err := path[k+1].tree.Apply(changes); err != nil || tree.Root() != after[k].Root() {
			t.Fatalf("plan of %s: got %+v and %v, want what makes it the tree below", s.To.Name, changes, err)
		}
	}
	if rapid.Bool().Draw(t, "planned") {
		r.Plan = plan.Hash
	}
	p, err := m.Promote(m.t.Context(), m.owner, r)
	if held(path) {
		want(t, "promote", err, fault.OnHold)
		return
	}
	want(t, "promote", err, "")
	n, changes := needed(path, after)
	switch {
	case !changes:
		if p.State != control.PromotionUnchanged {
			t.Fatalf("nothing to promote: got %+v", p)
		}
	case n > 0:
		m.opened(t, p, path, keys)
	default:
		land(path, after)
		again, err := m.Promote(m.t.Context(), m.owner, control.PromotionRequest{To: r.To, Through: r.Through, Definitions: r.Definitions})
		if err == nil && again.State != control.PromotionUnchanged || err != nil && !fault.Is(err, fault.NotFound) { // what was deleted is nowhere now
			t.Fatalf("twice: got %+v and %v, want nothing", again, err)
		}
	}
}

func (m *model) rollbackOne(t *rapid.T) {
	i, l := m.level(t)
	to := rapid.IntRange(0, len(l.past)-1).Draw(t, "number")
	_, err := m.Rollback(m.t.Context(), m.owner, l.name, control.RollbackRequest{To: strconv.Itoa(to)})
	if l.past[to].Root() == l.tree.Root() {
		want(t, "roll back", err, fault.Conflict)
		return
	}
	want(t, "roll back", err, "")
	l.tree, l.held = maps.Clone(l.past[to]), true
	l.grow()
	if i == 0 {
		maps.DeleteFunc(m.drafts, func(key string, hash definition.Hash) bool { return l.tree[ref(key)] == hash })
	}
}

func (m *model) lift(t *rapid.T) {
	_, l := m.level(t)
	_, err := m.LiftHold(m.t.Context(), m.owner, l.name)
	if !l.held {
		want(t, "lift", err, fault.NotFound)
		return
	}
	want(t, "lift", err, "")
	l.held = false
}

func (m *model) discard(t *rapid.T) {
	key := m.key(t)
	err := m.DiscardChange(m.t.Context(), m.owner, ref(key))
	if _, drafted := m.drafts[key]; !drafted {
		want(t, "discard", err, fault.NotFound)
		return
	}
	want(t, "discard", err, "")
	delete(m.drafts, key)
}

func (m *model) askFor(t *rapid.T) {
	i, l := m.level(t)
	n := rapid.IntRange(0, 2).Draw(t, "approvals")
	_, err := m.UpdateEnvironment(m.t.Context(), m.owner, l.id, environment.Fields{Protection: &environment.Protection{Approvals: n}})
	if i == 0 && n > 0 {
		want(t, "ask for approvals where changes begin", err, fault.Invalid)
		return
	}
	want(t, "ask for approvals", err, "")
	l.approvals = n
}

func (m *model) approveOne(t *rapid.T) {
	if m.open == nil {
		t.Skip("nothing is open")
	}
	who := m.owner
	who.ID = rapid.SampledFrom([]string{who.ID, "x", "y"}).Draw(t, "who")
	who.Name = who.ID
	p, err := m.ApprovePromotion(m.t.Context(), who, m.open.id, "")
	if who.ID == m.owner.ID {
		want(t, "approve one's own", err, fault.Forbidden)
		return
	}
	path := m.path(m.open)
	if path == nil {
		want(t, "approve what has no way", err, fault.NotFound)
		return
	}
	after, ok := carried(path, m.open.keys)
	if !ok {
		want(t, "approve what is nowhere", err, fault.NotFound)
		return
	}
	n, _ := needed(path, after)
	count, now := 1, facts(path, after)
	for by, of := range m.open.by {
		if by != who.ID && of == now {
			count++
		}
	}
	if count >= n && held(path) {
		want(t, "approve", err, fault.OnHold)
		return
	}
	want(t, "approve", err, "")
	m.open.by[who.ID] = now
	if count < n {
		return
	}
	if p.State != control.PromotionDone {
		t.Fatalf("the last approval: got %+v, want it done", p)
	}
	land(path, after)
	m.open = nil
}

// checkLaws looks at approvals, and at what made production what it is.
func (m *model) checkLaws(t *rapid.T) {
	for _, l := range m.levels[1:] {
		list, _, err := m.ListCommits(m.t.Context(), m.owner, control.CommitFilter{Environment: l.id, Cause: "commit"})
		if err != nil || len(list) != 0 {
			t.Fatalf("%s: got %+v and %v, want it changed by promotion and rollback only", l.name, list, err)
		}
	}
	if m.open == nil {
		return
	}
	got, err := m.GetPromotion(m.t.Context(), m.owner, m.open.id)
	if fault.Is(err, fault.NotFound) && !slices.ContainsFunc(m.levels, func(l *level) bool { return l.id == m.open.way[len(m.open.way)-1] }) {
		m.open = nil // its target is gone, and it with it
		return
	}
	want(t, "the open promotion", err, "")
	now := ""
	if path := m.path(m.open); path != nil {
		if after, ok := carried(path, m.open.keys); ok {
			now = facts(path, after)
		}
	}
	for _, a := range got.Approvals {
		if counts := now != "" && m.open.by[a.ApproverID] == now; counts != (a.Void == "") {
			t.Fatalf("approval by %s: got void %q, want it to count: %v\nof\n%snow\n%s", a.ApproverID, a.Void, counts, m.open.by[a.ApproverID], now)
		}
	}
}

// Whatever many do at once, every history replays, nothing but promotion and rollback changes the levels above the
// first, and in the end everything can be brought up to one tree.
func TestTheLawsHoldAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createEnvironment(t, "staging")
		for _, key := range []string{"a", "b", "c"} {
			x.createRoute(t, `{"key":"`+key+`","target_url":"https://example.com"}`)
		}
		x.commit(t)
		var wait sync.WaitGroup
		for n := range 4 {
			who := x.with(fmt.Sprint("actor-", n), x.owner.Grants...)
			dice := rand.New(rand.NewPCG(uint64(n), 1))
			wait.Go(func() {
				for i := range 20 {
					if err := x.act(t, who, dice, i); err != nil && (fault.KindOf(err) == fault.Internal || fault.KindOf(err) == fault.Unavailable) {
						t.Errorf("%s: %v", who.Name, err)
					}
				}
			})
		}
		wait.Wait()
		list, _, err := x.ListCommits(t.Context(), x.owner, control.CommitFilter{Cause: "commit", Page: all})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if m.EnvironmentID != x.development {
				t.Errorf("got commit %+v above the first environment", m)
			}
		}
		pipeline := environment.NewPipeline(x.environments(t))
		for _, e := range pipeline {
			x.replay(t, e.ID)
			if e.Hold != nil {
				if _, err := x.LiftHold(t.Context(), x.owner, e.ID); err != nil {
					t.Error(err)
				}
			}
		}
		r := control.PromotionRequest{To: "production", Through: pipeline[1].Name}
		x.ask(t, r)
		for _, e := range x.environments(t) {
			if e.RootHash != string(x.root(t, "development")) {
				t.Errorf("%s: got root %s, want that of development", e.Name, e.RootHash)
			}
			x.replay(t, e.ID)
		}
		if p := x.ask(t, r); p.State != control.PromotionUnchanged {
			t.Errorf("twice: got %+v, want nothing", p)
		}
	})
}

// act does something.
func (x *fixture) act(t *testing.T, who access.Principal, dice *rand.Rand, i int) error {
	t.Helper()
	ctx, key := t.Context(), string(rune('a'+dice.IntN(3)))
	above := []string{"staging", "production"}[dice.IntN(2)]
	switch dice.IntN(9) {
	case 0, 1:
		r, err := x.GetRoute(ctx, who, key)
		if err == nil {
			_, err = x.UpdateRoute(ctx, who, key, fmt.Appendf(nil, `{"timeout":"%ds"}`, 1+dice.IntN(3)), nil, r.Tag)
		}
		return err
	case 2, 3:
		_, err := x.Commit(ctx, who, "", nil)
		return err
	case 4:
		_, err := x.Promote(ctx, who, control.PromotionRequest{To: above})
		return err
	case 5:
		r := control.PromotionRequest{To: "production", Through: "staging"}
		plan, err := x.PlanPromotion(ctx, who, r)
		if r.Plan = plan.Hash; err == nil {
			_, err = x.Promote(ctx, who, r)
		}
		return err
	case 6:
		_, err := x.Rollback(ctx, who, above, control.RollbackRequest{To: strconv.Itoa(dice.IntN(3))})
		return err
	case 7:
		if i == 7 {
			_, err := x.CreateEnvironment(ctx, who, environment.Fields{Name: ptr(who.Name)})
			return err
		}
		_, err := x.ListChanges(ctx, who)
		return err
	default:
		_, err := x.LiftHold(ctx, who, above)
		return err
	}
}
