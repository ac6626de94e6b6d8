package secret

import "math"

// enough is how many bits a value must have that nobody finds by trying.
const enough = 64

// Guessable says whether a value could be found by trying, by whoever is told of each try whether it was right. It errs
// on the side of yes. What people type has words in it: a run of four letters and more of one case counts 1.5 bits a
// letter, one of digits 2 bits a digit, what stands between words 2 bits, everything else 5 bits; and the whole counts
// no more than its bytes differ (their entropy). Nothing is copied.
func Guessable(value []byte) bool {
	var bits float64
	for at := 0; at < len(value); {
		class, end := classOf(value[at]), at+1
		for end < len(value) && classOf(value[end]) == class {
			end++
		}
		switch n := float64(end - at); {
		case (class == letter || class == capital) && n >= 4:
			bits += 1.5 * n
		case class == digit && n >= 4, class == between:
			bits += 2 * n
		default:
			bits += 5 * n
		}
		at = end
	}
	return min(bits, entropy(value)) < enough
}

type class int

const (
	other class = iota
	letter
	capital
	digit
	between // words
)

func classOf(c byte) class {
	switch {
	case 'a' <= c && c <= 'z':
		return letter
	case 'A' <= c && c <= 'Z':
		return capital
	case '0' <= c && c <= '9':
		return digit
	case c == ' ', c == '_', c == '-', c == '.':
		return between
	default:
		return other
	}
}

// entropy is Shannon's, of the bytes by their frequency, in bits for the whole.
func entropy(value []byte) float64 {
	var counts [256]float64
	for _, c := range value {
		counts[c]++
	}
	n, bits := float64(len(value)), 0.0
	for _, count := range counts {
		if count > 0 {
			bits += count * math.Log2(n/count)
		}
	}
	return bits
}
