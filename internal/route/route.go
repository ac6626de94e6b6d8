// Package route holds the rules of a route: what its definition may say, how an environment's overlay changes it, what
// is in force in one environment, and which secrets it refers to. It promises that a Route it has decoded is fit to be
// called: names, targets, methods, limits and templates were checked, and equal meaning has equal content. It refuses
// unknown members, wrong types and everything a gateway could misread, naming the field and never its value.
package route

import (
	"encoding/json"
	"regexp"
	"time"

	"github.com/lockage/lockage/internal/fault"
)

// Route is the content of a route's definition. Its key is not part of the content: the tree holds it.
type Route struct {
	Name              string
	Description       string
	TargetURL         string             // a template of text and variables
	Methods           []string           // upper case and sorted; nil: every method
	InjectHeaders     map[string]string  // canonical name to template; nil: none
	InjectQuery       map[string]string  // name to template; nil: none
	InjectBody        json.RawMessage    // an object in canonical form whose strings are templates; nil: none
	RateLimit         *RateLimit         // nil: unlimited
	Timeout           time.Duration      // 0: no time limit
	ClientCertificate string             // "{{secret:NAME}}" of a certificate secret, shown to the target; "": none
	EchoGuard         bool               // whether injected values are taken out of answers that are text
	Public            bool               // whether public keys may call it
	ActiveEnvironment string             // id of the environment of callers that belong to none; "": production
	Environments      map[string]Overlay // by environment id; nil: none
}

// RateLimit is a token bucket per environment and key: Requests are refilled over Window, at most Burst at once.
type RateLimit struct {
	Requests int
	Window   time.Duration
	Burst    int // 0: as many as Requests
}

// Names turns the environment names of the outer form into ids and back.
type Names struct {
	ID   func(name string) (string, bool) // false: no such environment
	Name func(id string) string           // "": no such environment
}

// DefaultTimeout is the time limit of a route that sets none.
const DefaultTimeout = 30 * time.Second

var keyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// CheckKey refuses a key that is not 1 to 63 of a-z, 0-9, "_" and "-", the first a letter or digit.
func CheckKey(key string) error {
	if !keyForm.MatchString(key) {
		return fault.Refused("key", "%s", keyRule)
	}
	return nil
}

const keyRule = "must be 1 to 63 of a-z, 0-9, _ and -, and begin with a letter or a digit"
