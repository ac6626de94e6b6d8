package control_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

// level is what the model knows of an environment.
type level struct {
	id, name string
	tree     definition.Tree
	off      map[string]bool // keys of routes that are switched off

	past      []definition.Tree // by number of commit; 0 is the empty tree
	held      bool
	approvals int
}

// grow adds what is live now to the level's past.
func (l *level) grow() { l.past = append(l.past, maps.Clone(l.tree)) }

// model is what an account should be: levels from the first to production, and drafts ("" deletes).
type model struct {
	*fixture
	t      *testing.T
	levels []*level
	drafts map[string]definition.Hash
	names  int
	open   *proposal // the newest one that waits
}

func ref(key string) definition.Ref { return definition.Ref{Kind: definition.KindRoute, Key: key} }

// newModel makes an account of its own for one run.
func newModel(t *testing.T, x *fixture) *model {
	own := *x
	m := &model{fixture: &own, t: t, drafts: map[string]definition.Hash{}}
	own.account = uuid.Must(uuid.NewV7()).String()
	own.owner.Account = own.account
	first, top := own.makeAccount(t, own.account, nil)
	for name, id := range map[string]string{"development": first, "production": top} {
		m.levels = append(m.levels, &level{id: id, name: name, tree: definition.Tree{}, off: map[string]bool{}, past: []definition.Tree{{}}})
	}
	slices.SortFunc(m.levels, func(a, b *level) int { return cmp.Compare(a.name, b.name) })
	return m
}

func (m *model) top() *level { return m.levels[len(m.levels)-1] }

// exists says whether readers see the key.
func (m *model) exists(key string) bool {
	if hash, drafted := m.drafts[key]; drafted && hash != "" {
		return true
	}
	return slices.ContainsFunc(m.levels, func(l *level) bool { return l.tree[ref(key)] != "" })
}

// leaving says whether the deletion of the key is drafted.
func (m *model) leaving(key string) bool {
	hash, drafted := m.drafts[key]
	return drafted && hash == ""
}

// begins says whether the key is live where changes begin.
func (m *model) begins(key string) bool { return m.levels[0].tree[ref(key)] != "" }

func (m *model) draft(key string, hash definition.Hash) {
	if m.drafts[key] = hash; m.levels[0].tree[ref(key)] == hash {
		delete(m.drafts, key)
	}
}

// want compares an outcome with the model's: "" is success.
func want(t *rapid.T, what string, err error, kind fault.Kind) {
	if got := fault.KindOf(err); got != kind {
		t.Fatalf("%s: got %q (%v), want %q", what, got, err, kind)
	}
}

func (m *model) key(t *rapid.T) string {
	return rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
}

func (m *model) level(t *rapid.T) (int, *level) {
	i := rapid.IntRange(0, len(m.levels)-1).Draw(t, "level")
	return i, m.levels[i]
}

// content is one of few, so that a save may come back to what is live.
func (m *model) content(t *rapid.T) string {
	return fmt.Sprintf("%ds", rapid.IntRange(1, 2).Draw(t, "content"))
}

func (m *model) create(t *rapid.T) {
	key := m.key(t)
	body := fmt.Sprintf(`{"key":%q,"target_url":"https://example.com","timeout":%q}`, key, m.content(t))
	r, err := m.CreateRoute(m.t.Context(), m.owner, []byte(body), nil)
	if _, drafted := m.drafts[key]; (drafted || m.begins(key)) && !m.leaving(key) {
		want(t, "create", err, fault.Conflict)
		return
	}
	want(t, "create", err, "")
	m.draft(key, r.Hash)
}

func (m *model) update(t *rapid.T) {
	key := m.key(t)
	r, err := m.UpdateRoute(m.t.Context(), m.owner, key, fmt.Appendf(nil, `{"timeout":%q}`, m.content(t)), nil, "")
	switch {
	case !m.exists(key):
		want(t, "update", err, fault.NotFound)
	case m.leaving(key):
		want(t, "update", err, fault.Conflict)
	default:
		want(t, "update", err, "")
		m.draft(key, r.Hash)
	}
}

func (m *model) remove(t *rapid.T) {
	key := m.key(t)
	err := m.DeleteRoute(m.t.Context(), m.owner, key, nil, "")
	if !m.exists(key) {
		want(t, "delete", err, fault.NotFound)
		return
	}
	if _, drafted := m.drafts[key]; !drafted && !m.begins(key) {
		want(t, "delete", err, fault.Conflict) // it lives on above only
		return
	}
	want(t, "delete", err, "")
	m.draft(key, "")
}

func (m *model) commitSome(t *rapid.T) {
	var refs []definition.Ref
	picked := slices.Sorted(maps.Keys(m.drafts))
	if rapid.Bool().Draw(t, "some") {
		picked = slices.DeleteFunc(picked, func(string) bool { return rapid.Bool().Draw(t, "leave out") })
		refs = []definition.Ref{}
		for _, key := range picked {
			refs = append(refs, ref(key))
		}
	}
	_, err := m.Commit(m.t.Context(), m.owner, "", refs)
	if len(picked) == 0 {
		want(t, "commit", err, fault.Conflict)
		return
	}
	want(t, "commit", err, "")
	for _, key := range picked {
		if m.levels[0].tree[ref(key)] = m.drafts[key]; m.drafts[key] == "" {
			delete(m.levels[0].tree, ref(key))
		}
		delete(m.drafts, key)
	}
	m.levels[0].grow()
}

func (m *model) promoteOne(t *rapid.T) {
	i, l := m.level(t)
	p, err := m.Promote(m.t.Context(), m.owner, control.PromotionRequest{To: l.name})
	if i == 0 {
		want(t, "promote", err, fault.Invalid)
		return
	}
	if l.held {
		want(t, "promote", err, fault.OnHold)
		return
	}
	want(t, "promote", err, "")
	below := m.levels[i-1]
	if l.approvals > 0 && len(definition.Diff(l.tree, below.tree)) > 0 {
		m.opened(t, p, m.levels[i-1:i+1], nil)
		return
	}
	if changes := len(definition.Diff(l.tree, below.tree)); changes == 0 != (len(p.Commits) == 0) || changes > 0 && len(p.Commits[0].Changes) != changes {
		t.Fatalf("promote: got commits %+v, want %d changes", p.Commits, changes)
	}
	if len(definition.Diff(l.tree, below.tree)) > 0 {
		defer l.grow()
	}
	if l.tree = maps.Clone(below.tree); p.To.RootHash != string(l.tree.Root()) {
		t.Fatalf("promote: got root %s, want that of the level below, %s", p.To.RootHash, l.tree.Root())
	}
}

func (m *model) insert(t *rapid.T) {
	if len(m.levels) == 5 {
		t.Skip("enough levels")
	}
	m.names++
	l := &level{name: fmt.Sprintf("level-%d", m.names), tree: maps.Clone(m.top().tree), off: map[string]bool{}, past: []definition.Tree{{}}}
	for r := range l.tree {
		l.off[r.Key] = true
	}
	e, err := m.CreateEnvironment(m.t.Context(), m.owner, environment.Fields{Name: &l.name})
	want(t, "create environment", err, "")
	if l.id = e.ID; len(l.tree) > 0 {
		l.grow()
	}
	m.levels = slices.Insert(m.levels, len(m.levels)-1, l)
}

func (m *model) drop(t *rapid.T) {
	i, l := m.level(t)
	err := m.DeleteEnvironment(m.t.Context(), m.owner, l.id)
	on := slices.ContainsFunc(slices.Collect(maps.Keys(l.tree)), func(r definition.Ref) bool { return !l.off[r.Key] })
	switch {
	case i == 0 || i == len(m.levels)-1:
		want(t, "delete environment", err, fault.Invalid)
	case on:
		want(t, "delete environment", err, fault.InUse)
	default:
		want(t, "delete environment", err, "")
		m.levels = slices.Delete(m.levels, i, i+1)
	}
}

func (m *model) rename(t *rapid.T) {
	_, l := m.level(t)
	m.names++
	l.name = fmt.Sprintf("renamed-%d", m.names)
	_, err := m.UpdateEnvironment(m.t.Context(), m.owner, l.id, environment.Fields{Name: &l.name})
	want(t, "rename", err, "")
}

func (m *model) flip(t *rapid.T) {
	_, l := m.level(t)
	key, active := m.key(t), rapid.Bool().Draw(t, "active")
	_, err := m.SwitchRoute(m.t.Context(), m.owner, key, l.name, active)
	if !m.exists(key) {
		want(t, "switch", err, fault.NotFound)
		return
	}
	want(t, "switch", err, "")
	l.off[key] = !active
}

// check compares everything with the model.
func (m *model) check(t *rapid.T) {
	pipeline := environment.NewPipeline(m.environments(m.t))
	if len(pipeline) != len(m.levels) {
		t.Fatalf("got %d environments, want %d", len(pipeline), len(m.levels))
	}
	for i, l := range m.levels {
		e := pipeline[i]
		if e.ID != l.id || e.Name != l.name || e.Level != i || e.RootHash != string(l.tree.Root()) {
			t.Fatalf("level %d: got %+v, want %s with root %s", i, e, l.name, l.tree.Root())
		}
		if e.Head != int64(len(l.past)-1) || (e.Hold != nil) != l.held {
			t.Fatalf("%s: got head %d, hold %+v, want %d, %v", l.name, e.Head, e.Hold, len(l.past)-1, l.held)
		}
		m.replay(m.t, e.ID)
	}
	m.checkLaws(t)
	list, _, err := m.ListRoutes(m.t.Context(), m.owner, all)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, r := range list {
		key := r.Ref.Key
		shown[key] = true
		hash, drafted := m.drafts[key]
		if r.Draft != drafted || r.Leaving != (drafted && hash == "") || hash != "" && r.Hash != hash {
			t.Fatalf("%s: got %+v, want drafted %v as %q", key, r, drafted, hash)
		}
		for i, s := range r.Status {
			l := m.levels[i]
			if s.Hash != l.tree[ref(key)] || s.Committed != (s.Hash != "") || s.Committed && s.Active == l.off[key] {
				t.Fatalf("%s in %s: got %+v, want %q, off %v", key, l.name, s, l.tree[ref(key)], l.off[key])
			}
		}
	}
	for _, key := range []string{"a", "b", "c"} {
		if shown[key] != m.exists(key) {
			t.Fatalf("%s: got listed %v, want %v", key, shown[key], m.exists(key))
		}
	}
}

// Whatever people do with environments, routes, commits and promotions: each history replays to its head, a promotion
// makes two levels equal, and nothing else changes production, nor what a new environment began with.
func TestTheModelHolds(t *testing.T) {
	for name, value := range map[string]string{"rapid.checks": "12", "rapid.steps": "40"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() == f.DefValue { // a run may ask for more
			if err := flag.Set(name, value); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = flag.Set(name, f.DefValue) }()
		}
	}
	onBoth(t, func(t *testing.T, x *fixture) {
		rapid.Check(t, func(rt *rapid.T) {
			m := newModel(t, x)
			rt.Repeat(map[string]func(*rapid.T){
				"create": m.create, "update": m.update, "delete": m.remove, "commit": m.commitSome, "commit again": m.commitSome,
				"promote": m.promoteOne, "promote again": m.promoteOne, "promote more": m.promoteOne,
				"roll back": m.rollbackOne, "lift": m.lift, "promote through": m.promoteThrough, "ask for approvals": m.askFor, "approve": m.approveOne,
				"discard": m.discard, "insert": m.insert, "drop": m.drop, "rename": m.rename, "switch": m.flip, "": m.check,
			})
			m.verify(t, m.owner)
		})
	})
}
