package intake

import (
	"slices"
	"strings"
)

// Convention reads environments out of the names of secrets: stripe_production_key belongs to production, and what is
// left of it, stripe_key, is the name it shares with its siblings.
type Convention struct {
	words []vocabulary
}

// vocabulary is a way to say an environment.
type vocabulary struct {
	words       []string
	environment string
	alias       bool
}

// NewConvention knows the environments by their names, and by the usual other words where these are not said of two.
func NewConvention(environments []string) Convention {
	var c Convention
	for _, e := range environments {
		c.words = append(c.words, vocabulary{split(e), e, false})
	}
	for _, family := range [][]string{{"production", "prod", "live"}, {"staging", "stage"}, {"development", "dev", "test"}} {
		var named []string
		for _, word := range family {
			if slices.Contains(environments, word) {
				named = append(named, word)
			}
		}
		if len(named) != 1 {
			continue
		}
		for _, word := range family {
			if word == named[0] || word == "test" && (slices.Contains(environments, "testing") || slices.Contains(environments, "qa")) {
				continue
			}
			c.words = append(c.words, vocabulary{[]string{word}, named[0], true})
		}
	}
	return c
}

// Reading is what a name tells.
type Reading struct {
	Environment string // "": none
	Rest        string // the name without the environment's word
	Alias       bool   // by another word than its name
	Ambiguous   bool   // it names several
}

// Read finds the one environment that a name says, as a word of its own between _, - or .
func (c Convention) Read(name string) Reading {
	words := split(strings.ToLower(name))
	var found []hit
	for at := range words {
		for _, v := range c.words {
			if end := at + len(v.words); end <= len(words) && slices.Equal(words[at:end], v.words) {
				found = append(found, hit{at, end, v})
			}
		}
	}
	found = widest(found)
	if slices.ContainsFunc(found, func(h hit) bool { return !h.alias }) { // its own name goes before another word for it
		found = slices.DeleteFunc(found, func(h hit) bool { return h.alias })
	}
	switch {
	case len(found) == 0:
		return Reading{Rest: name}
	case len(found) > 1:
		return Reading{Rest: name, Ambiguous: true}
	}
	rest := without(name, found[0].at, found[0].end)
	if rest == "" { // nothing but the environment
		return Reading{Rest: name}
	}
	return Reading{Environment: found[0].environment, Rest: rest, Alias: found[0].alias}
}

// hit is a vocabulary's place among the words of a name.
type hit struct {
	at, end int
	vocabulary
}

// widest leaves those out that lie within another: production in eu_production.
func widest(list []hit) []hit {
	return slices.DeleteFunc(slices.Clone(list), func(h hit) bool {
		return slices.ContainsFunc(list, func(o hit) bool { return o.at <= h.at && h.end <= o.end && o.end-o.at > h.end-h.at })
	})
}

func separator(r rune) bool { return r == '_' || r == '-' || r == '.' }

func split(name string) []string {
	var words []string
	from := 0
	for i, r := range name {
		if separator(r) {
			words, from = append(words, name[from:i]), i+1
		}
	}
	return append(words, name[from:])
}

// without leaves words out of a name, with one separator.
func without(name string, at, end int) string {
	starts := []int{0}
	for i, r := range name {
		if separator(r) {
			starts = append(starts, i+1)
		}
	}
	starts = append(starts, len(name)+1)
	if end == len(starts)-1 { // at the end
		return name[:max(starts[at]-1, 0)]
	}
	return name[:starts[at]] + name[starts[end]:]
}
