package intake

import (
	"fmt"
	"slices"

	"github.com/lockage/lockage/internal/secret"
)

// Options say how names are understood.
type Options struct {
	Environment string            // everything goes there, under the name it has; "": by the convention
	Names       map[string]string // by the name that something would get, the one it gets
	Only        []string          // the names that are taken, by either; none: all
	Existing    bool              // the names are those of secrets: what stands alone is no family and stays as it is
}

// Family is a secret that is to be, with what becomes its values.
type Family struct {
	Name    string
	Members []Member
}

// Member is what becomes a value of a family in an environment.
type Member struct {
	Old         string
	Environment string
	Value       Value // of a file

	alias bool
}

// Left is what stays out, and why.
type Left struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Families are what names come to.
type Families struct {
	List     []Family // in the order of the first of each
	Left     []Left
	Blockers []string
}

// Mentioned are the names of secrets that matter to the families: theirs, and those they had.
func (f Families) Mentioned() (names []string) {
	for _, family := range f.List {
		names = append(names, family.Name)
		for _, m := range family.Members {
			names = append(names, m.Old)
			if normal, ok := Normal(m.Old); ok {
				names = append(names, normal)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Gather brings entries together by the convention. It refuses options that fit nothing.
func Gather(entries []Entry, c Convention, o Options) (Families, error) {
	g := gathering{convention: c, options: o, used: map[string]bool{}}
	for _, e := range entries {
		g.add(e)
	}
	for old := range o.Names {
		if !g.used[old] {
			return Families{}, fmt.Errorf("--name: nothing would be called %s", old)
		}
	}
	for _, name := range o.Only {
		if !g.used[name] {
			return Families{}, fmt.Errorf("--only: nothing would be called %s", name)
		}
	}
	g.settle()
	return g.out, nil
}

type gathering struct {
	convention Convention
	options    Options
	out        Families
	used       map[string]bool // the names that options have and something fits
}

func (g *gathering) leave(name, why string) {
	g.out.Left = append(g.out.Left, Left{shortened(name), why})
}

func (g *gathering) block(format string, args ...any) {
	g.out.Blockers = append(g.out.Blockers, fmt.Sprintf(format, args...))
}

func (g *gathering) add(e Entry) {
	read, ok := g.place(e)
	if !ok {
		return
	}
	name, fit := read.Rest, true
	if !g.options.Existing {
		name, fit = Normal(read.Rest)
	}
	chosen, renamed := g.options.Names[name]
	if renamed {
		g.used[name] = true
	} else {
		chosen = name
	}
	if len(g.options.Only) > 0 {
		taken := false
		for _, n := range []string{name, chosen} {
			if slices.Contains(g.options.Only, n) {
				g.used[n], taken = true, true
			}
		}
		if !taken {
			return
		}
	}
	switch {
	case !fit && !renamed:
		g.leave(e.Name, "cannot be the name of a secret, which has letters, digits, _ and -")
	case secret.CheckName(chosen) != nil:
		g.block("--name: %s", secret.CheckName(chosen))
	case !g.options.Existing && e.Value.Reveal() == "":
		g.leave(e.Name, "has no value")
	case !g.options.Existing && secret.CheckValue(len(e.Value.Reveal())) != nil:
		g.block("%s is longer than 64 KiB", shortened(e.Name))
	default:
		g.join(chosen, Member{Old: e.Name, Environment: read.Environment, Value: e.Value, alias: read.Alias})
	}
}

// place is where an entry goes, by whatever says it.
func (g *gathering) place(e Entry) (Reading, bool) {
	switch {
	case g.options.Environment != "" && e.Environment != "":
		g.block("%s says its environments itself: leave --environment out", shortened(e.Name))
		return Reading{}, false
	case g.options.Environment != "":
		return Reading{Environment: g.options.Environment, Rest: e.Name}, true
	case e.Environment != "":
		for _, v := range g.convention.words {
			if v.environment == e.Environment || v.alias && v.words[0] == e.Environment {
				return Reading{Environment: v.environment, Rest: e.Name}, true
			}
		}
		g.block("%s has a value for an environment that is not there: %s", shortened(e.Name), shortened(e.Environment))
		return Reading{}, false
	}
	read := g.convention.Read(e.Name)
	switch {
	case read.Ambiguous:
		g.leave(e.Name, "names several environments")
	case read.Environment == "" && !g.options.Existing:
		g.leave(e.Name, "names no environment; --environment says where it goes")
	}
	return read, read.Environment != ""
}

func (g *gathering) join(name string, m Member) {
	i := slices.IndexFunc(g.out.List, func(f Family) bool { return f.Name == name })
	if i < 0 {
		g.out.List = append(g.out.List, Family{Name: name, Members: []Member{m}})
		return
	}
	f := &g.out.List[i]
	if at := slices.IndexFunc(f.Members, func(o Member) bool { return o.Environment == m.Environment }); at >= 0 {
		g.block("%s and %s would both be %s in %s; --name gives another name, --only takes a part",
			shortened(f.Members[at].Old), shortened(m.Old), name, m.Environment)
		return
	}
	f.Members = append(f.Members, m)
}

// settle leaves out what is no family: one name alone that says its environment by another word for it (live_chat_key may
// have nothing to do with production), and one secret alone that nobody asked for.
func (g *gathering) settle() {
	g.out.List = slices.DeleteFunc(g.out.List, func(f Family) bool {
		if len(f.Members) > 1 || g.asked(f.Name) {
			return false
		}
		m := f.Members[0]
		if m.alias && !g.options.Existing {
			g.leave(m.Old, "may belong to "+m.Environment+", but has no siblings that would prove it; --name or --only takes it")
		}
		return m.alias || g.options.Existing
	})
}

// asked says whether an option names the family.
func (g *gathering) asked(name string) bool {
	for _, chosen := range g.options.Names {
		if chosen == name {
			return true
		}
	}
	return len(g.options.Only) > 0
}
