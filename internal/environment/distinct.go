package environment

// Distinct is what becomes of a secret's value that is the same as in an environment below. Production begins with a
// warning; below it equal test credentials are common, and nothing is said.
type Distinct string

// The rules.
const (
	DistinctOff   Distinct = "off"   // nothing is said
	DistinctWarn  Distinct = "warn"  // it is said
	DistinctBlock Distinct = "block" // it is refused, and stands in the way of promotions
)

func distinctProblem(d Distinct) string {
	switch d {
	case DistinctOff, DistinctWarn, DistinctBlock:
		return ""
	default:
		return "must be off, warn or block"
	}
}
