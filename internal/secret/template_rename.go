package secret

import (
	"strings"
)

// Rename answers a template that mentions other secrets by name where it mentions those of the map, and is the same byte
// for byte everywhere else: filters, signatures and spaces stay as they were written. What was mentioned by its id is
// mentioned by its new name.
func Rename(s string, names map[Reference]string) (string, error) {
	if _, err := ParseTemplate(s); err != nil {
		return "", err
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "{{")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		inside, after, _ := strings.Cut(rest, "}}") // it ends, or it would not have parsed
		b.WriteString("{{" + renamed(inside, names) + "}}")
		s = after
	}
}

// renamed is what stands between the braces, with another name where the map has one.
func renamed(s string, names map[Reference]string) string {
	p, _ := parsePlaceholder(s)
	mentioned, ok := p.Reference()
	name, wanted := names[mentioned]
	if !ok || !wanted {
		return s
	}
	word, argument, _ := strings.Cut(s, ":")
	bare := strings.TrimLeft(argument, " \t")
	space, tail := argument[:len(argument)-len(bare)], bare[len(mentioned.Name):]
	if mentioned.Kind == SecretID {
		word = strings.Replace(word, "secret_id", "secret", 1)
	}
	return word + ":" + space + name + tail
}
