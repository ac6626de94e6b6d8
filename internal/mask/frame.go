package mask

// frame is what is known of a place in a document.
type frame struct {
	says     listed // by the account, of this or of what it is in
	is       class  // by the name, of this or of what it is in
	thing    bool   // a name in here is no person's
	object   bool
	key      bool // in an object: a name comes next
	from, to int  // in run.nodes: where the account's paths have come to
}

// root is the place of the whole document.
func (r *run) root() *frame {
	r.frames = append(r.frames[:0], frame{to: 1})
	r.nodes = append(r.nodes[:0], r.rules.root)
	return &r.frames[0]
}

// child is the place of a field in another. Its nodes lie on top of the stack until somebody takes them away.
func (r *run) child(parent *frame, name []byte) frame {
	m := r.meaningOf(name)
	f := frame{says: parent.says, is: m.is, thing: m.thing, from: len(r.nodes)}
	switch {
	case m.generic && !parent.thing && parent.is == none:
		f.is = person
	case m.neutral && f.is == none:
	case f.is == none:
		f.is = parent.is
	}
	if says, ok := r.rules.anywhere[string(name)]; ok {
		f.says = says
	}
	var wild, exact listed
	for i := parent.from; i < parent.to; i++ {
		n := r.nodes[i]
		if n.any != nil {
			r.nodes = append(r.nodes, n.any)
			wild = wild.or(n.any.says)
		}
		if next := n.names[string(name)]; next != nil {
			r.nodes = append(r.nodes, next)
			exact = exact.or(next.says)
		}
	}
	f.to = len(r.nodes)
	switch {
	case exact.set():
		f.says = exact
	case wild.set():
		f.says = wild
	}
	return f
}

// or joins what two paths of one length say of a field: masking wins.
func (l listed) or(other listed) listed {
	if l.is != none || !other.set() {
		return l
	}
	return other
}

// class is what a value at this place is masked as, without its pattern.
func (f *frame) class() class {
	if f.says.is != none {
		return f.says.is
	}
	return f.is
}

// value masks a text at a place, and says whether that changed it; else dst is as it was.
func (r *run) value(dst, s []byte, f *frame) (out []byte, changed bool) {
	if f.says.keep || len(s) == 0 {
		return dst, false
	}
	if c := f.class(); c != none {
		return r.apply(dst, c, s), true
	}
	return r.free(dst, s)
}
