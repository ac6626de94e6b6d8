package definition

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// Hash is a SHA-256 in lower-case hex. It addresses canonical content or a tree; "" stands for nothing.
type Hash string

// The two things that are hashed begin differently, so that no content can be taken for a tree.
const (
	contentDomain = "lockage-definition-1"
	treeDomain    = "lockage-tree-1"
)

// HashOf is the hash of canonical content of a kind:
//
//	SHA-256( text("lockage-definition-1") text(kind) text(canonical) )
//
// where text is the length in bytes, as eight bytes big-endian, and the bytes.
func HashOf(kind string, canonical []byte) Hash {
	h := sha256.New()
	write(h, contentDomain)
	write(h, kind)
	write(h, string(canonical))
	return sum(h)
}

func write(h hash.Hash, text string) {
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
	h.Write([]byte(text))
}

func sum(h hash.Hash) Hash { return Hash(hex.EncodeToString(h.Sum(nil))) }
