package echo

// Forms are the texts that the guard looks for, each with its owner.
func (g *Guard) Forms() (texts []string, owners []int) {
	for i := range g.forms {
		texts = append(texts, string(g.text(i)))
		owners = append(owners, g.forms[i].owner)
	}
	return texts, owners
}

// Plain is the memory that held the values.
func (g *Guard) Plain() (arena, table []byte) { return g.arena[:cap(g.arena)], g.table }
