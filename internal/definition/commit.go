package definition

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/fault"
)

// Cause is what made a commit.
type Cause string

// The causes of a commit.
const (
	CauseCommit    Cause = "commit"    // drafts became live in the first environment
	CausePromotion Cause = "promotion" // the environment below was carried up
	CauseRollback  Cause = "rollback"  // an earlier tree of the environment came back
)

// Author is who made a commit: a kind of actor, its id, and its name at the time.
type Author struct{ Kind, ID, Name string }

// Commit is one immutable step of an environment's history: the tree before, the tree after, and what differs.
type Commit struct {
	ID            string
	EnvironmentID string
	Number        int64 // counts the environment's commits from 1
	Cause         Cause
	Message       string
	Author        Author
	Before, After Hash   // roots of the trees
	Source        string // with a promotion: id of the commit that was carried up; "" otherwise
	CreatedAt     time.Time
	Changes       []Change
}

// MaxMessage is the limit of a commit's message, in characters.
const MaxMessage = 2000

// CheckMessage refuses a commit message that is longer than MaxMessage characters, is not UTF-8, or has control
// characters other than new lines and tabs. It may be empty.
func CheckMessage(message string) error {
	if !utf8.ValidString(message) {
		return fault.Refused("message", "is not valid UTF-8")
	}
	if utf8.RuneCountInString(message) > MaxMessage {
		return fault.Refused("message", "is too long; use at most %d characters", MaxMessage)
	}
	control := func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }
	if strings.ContainsFunc(message, control) {
		return fault.Refused("message", "must not contain control characters")
	}
	return nil
}
