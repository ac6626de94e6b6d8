package secret

import (
	"strconv"
	"strings"
	"time"
)

// Value is one version of a secret's value in one environment, as a row holds it.
type Value struct {
	SecretID      string
	EnvironmentID string
	Version       int64
	Type          Type
	Format        int // FormatPlace or FormatFacts
	Sealed        Sealed
	CreatedAt     time.Time
	CreatedBy     string
	Terms
	Detail string // what may be told of the value, as JSON; "": nothing but that it is there
	Marks
}

// The formats of a value's binding.
const (
	FormatPlace = 1 // the place alone is bound; as values were sealed before FormatFacts
	FormatFacts = 2 // everything else in the row is bound too
)

// Binding is what the value was sealed for in an account. In FormatFacts that is the whole row: none of its fields can be
// changed, or exchanged with another row's, without the value not opening any more.
func (v Value) Binding(account string) Binding {
	b := Binding{Account: account, Environment: v.EnvironmentID, Secret: v.SecretID, Version: v.Version, Type: v.Type}
	if v.Format == FormatFacts {
		b.Facts = Facts(
			milliseconds(v.CreatedAt), v.CreatedBy, v.Fingerprint, strconv.FormatBool(v.Sandbox), strconv.FormatBool(v.Guessable),
			milliseconds(v.ExpiresAt), strconv.FormatBool(v.Strict), strings.Join(v.Hosts, ","), v.Detail,
		)
	}
	return b
}

// milliseconds is an instant as rows hold it; 0 is never.
func milliseconds(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// Use is when a version of a value was last injected into a call, and how often in all.
type Use struct {
	EnvironmentID string
	Version       int64
	LastUsedAt    time.Time
	Count         int64
}
