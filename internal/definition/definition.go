// Package definition holds the rules of what is committed and promoted: the canonical form of a definition and its
// hash, the tree of an environment and its root hash, the difference of two trees, and commits. It promises that equal
// content has equal hashes, that equal trees and only they have equal roots, and that a tree plus the difference to
// another is that other one.
package definition

import "time"

// KindRoute is the kind of the definitions that package route describes.
const KindRoute = "route"

// Ref names a definition within an account: its kind and its key.
type Ref struct{ Kind, Key string }

// Identity is a definition apart from its content: what keeps its id while its content changes.
type Identity struct {
	ID        string
	Ref       Ref
	CreatedAt time.Time
	CreatedBy string
}

// Draft is saved and uncommitted content of a definition in the first environment.
type Draft struct {
	ID        string // of the identity
	Ref       Ref
	Base      Hash // what was committed when the draft was begun; "": nothing
	Hash      Hash // of the saved content; "": the definition is to be deleted
	SavedBy   string
	SavedByID string
	SavedAt   time.Time
	Version   int64 // grows with every save
}
