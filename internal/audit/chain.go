package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// format begins what is hashed, so that no other hash of ours can be taken for an entry's.
const format = "lockage-audit-1"

// Sum is the entry's hash: SHA-256, in lower-case hex, of
//
//	format, sequence, time, actor kind, actor id, actor name, action, outcome, environment id, environment,
//	target kind, target id, target name, number of details, key, value, … (sorted by key), request id, address, prev
//
// in which a text is its length in bytes and then its bytes, and a length or number is 8 bytes, big-endian; the time is
// in milliseconds since 1970. Account and Hash are left out.
func (e Entry) Sum() string {
	b := make([]byte, 0, 512)
	b = text(b, format)
	b = number(b, e.Sequence)
	b = number(b, e.Time.UnixMilli())
	for _, s := range []string{
		e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Action, string(e.Outcome), e.EnvironmentID, e.Environment,
		e.Target.Kind, e.Target.ID, e.Target.Name,
	} {
		b = text(b, s)
	}
	b = number(b, int64(len(e.Detail)))
	for _, key := range slices.Sorted(maps.Keys(e.Detail)) {
		b = text(text(b, key), e.Detail[key])
	}
	b = text(b, e.RequestID)
	b = text(b, e.Address)
	b = text(b, e.Prev)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func text(b []byte, s string) []byte { return append(number(b, int64(len(s))), s...) }

func number(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // the bits of the number are meant, also of a negative one
}

// BadEntry is the first entry of a log that does not fit.
type BadEntry struct {
	Sequence int64  // as the entry itself says
	Reason   string // what does not fit, for people
	Place    bool   // its number is not the one that was expected
}

func (e *BadEntry) Error() string { return fmt.Sprintf("audit entry %d: %s", e.Sequence, e.Reason) }

// Verifier checks a log, entry by entry, oldest first. Its zero value is ready and expects the first entry of an
// account; From makes one for a log that begins later. What it cannot see is that the newest entries are missing: compare Head with a hash kept elsewhere.
type Verifier struct {
	sequence int64
	hash     string
	bad      *BadEntry
}

// Next checks the entry that follows the ones before. It answers a *BadEntry for the first entry that does not fit, and
// the same again for all that come after it.
func (v *Verifier) Next(e Entry) error {
	if v.bad == nil {
		if reason := v.reason(e); reason != "" {
			v.bad = &BadEntry{Sequence: e.Sequence, Reason: reason, Place: e.Sequence != v.sequence+1}
		}
	}
	if v.bad != nil {
		return v.bad
	}
	v.sequence, v.hash = e.Sequence, e.Hash
	return nil
}

// Head is the sequence and hash of the last entry that fitted; 0 and "" before the first.
func (v *Verifier) Head() (sequence int64, hash string) { return v.sequence, v.hash }

func (v *Verifier) reason(e Entry) string {
	switch {
	case e.Sequence > v.sequence+1:
		return fmt.Sprintf("entries are missing before it: number %d was expected", v.sequence+1)
	case e.Sequence < v.sequence+1:
		return fmt.Sprintf("it is out of order: number %d was expected", v.sequence+1)
	case e.Prev != v.hash:
		return "it does not follow from the entry before: one of the two was changed"
	case e.Hash != e.Sum():
		return "its content does not match its hash: it was changed"
	default:
		return ""
	}
}
