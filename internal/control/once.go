package control

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"time"

	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// A text that is good once, for a purpose and whoever it was made for, until a time. It proves itself, so that nothing is
// stored for those who ask for one; only what was used is, until it would have expired:
//
//	16 random bytes, when it expires in milliseconds (8 bytes, big-endian), a keyed digest of both, the purpose and the holder
const (
	onceRandom = 16
	onceHead   = onceRandom + 8
	onceLength = onceHead + 32
)

// once makes such a text.
func (c *Control) once(purpose, holder string, life time.Duration) (text []byte, expires time.Time) {
	expires = c.now().UTC().Add(life).Truncate(time.Millisecond)
	text = make([]byte, onceRandom, onceLength)
	_, _ = rand.Read(text)                                                  // never fails: crypto/rand ends the program instead
	text = binary.BigEndian.AppendUint64(text, uint64(expires.UnixMilli())) //nolint:gosec // no time of ours is before 1970
	return append(text, c.onceProof(purpose, holder, text)...), expires
}

func (c *Control) onceProof(purpose, holder string, head []byte) []byte {
	proof := c.digester.Sum(secret.Facts("lockage once", purpose, holder, string(head)))
	return proof[:]
}

// spend says whether a text is good for a purpose and a holder, and uses it up: of many who come with it at the same
// moment, one is told that it is.
func (c *Control) spend(ctx context.Context, purpose, holder string, text []byte) (good bool, err error) {
	if len(text) != onceLength || subtle.ConstantTimeCompare(text[onceHead:], c.onceProof(purpose, holder, text[:onceHead])) != 1 {
		return false, nil
	}
	expires := time.UnixMilli(int64(binary.BigEndian.Uint64(text[onceRandom:onceHead]))) //nolint:gosec // it is ours: its proof is right
	if !c.now().Before(expires) {
		return false, nil
	}
	err = c.store.Batch(ctx, func(tx *store.Tx) error {
		if err := tx.ForgetSpent(ctx); err != nil {
			return err
		}
		good, err = tx.Spend(ctx, c.digester.Sum(secret.Facts("lockage spent", string(text))), expires)
		return err
	})
	return good, err
}
