package control

import (
	"context"
	"sync"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// SecretComparison is what may be told of two values without opening either.
type SecretComparison string

// The answers.
const (
	Same    SecretComparison = "same"
	Differs SecretComparison = "differs"
	Lacks   SecretComparison = "missing" // one of the environments has no value, or both
)

// The limits on comparisons of one principal: so many at once, then one in so much time.
const (
	comparisonsAtOnce = 20
	comparisonEvery   = 15 * time.Second
)

// comparisons limits how often somebody may compare. It is safe for concurrent use.
type comparisons struct {
	mu  sync.Mutex
	who map[string]*tries
}

// allow counts a comparison; when it is one too many it answers how long to wait.
func (c *comparisons) allow(account, id string, now time.Time) (wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.who == nil {
		c.who = map[string]*tries{}
	}
	t := find(c.who, account+"/"+id, comparisonsAtOnce, comparisonEvery, now)
	if have := t.limiter.TokensAt(now); have < 1 {
		return time.Duration((1 - have) * float64(comparisonEvery))
	}
	t.limiter.AllowN(now, 1)
	return 0
}

// CompareSecretValues says whether a secret has the same value in two environments, by the values' keyed fingerprints.
// Each question is audited and counted; values that could be guessed are not compared, or the answers would tell them.
func (c *Control) CompareSecretValues(ctx context.Context, who access.Principal, ref, from, to string) (answer SecretComparison, err error) {
	err = c.write(ctx, who, access.SecretValueCompare, onSecret(ref, from), func(v *visit) error {
		other, err := v.seen(to)
		if err != nil {
			return err
		}
		if err := v.allow(other); err != nil {
			return err
		}
		if other.ID == v.environment.ID {
			return fault.Refused("to", "is the environment to compare with; name another")
		}
		if wait := c.comparisons.allow(who.Account, who.ID, v.Now()); wait > 0 {
			return &fault.Error{Kind: fault.Limited, RetryAfter: wait, Message: "too many comparisons of values; wait before the next"}
		}
		s, err := v.Secret(ctx, ref)
		if err != nil {
			return err
		}
		answer, err = v.compare(ctx, s, v.environment, other)
		v.detail = audit.Detail("source", other.Name)
		return err
	})
	return answer, err
}

func (v *visit) compare(ctx context.Context, s secret.Secret, a, b environment.Environment) (SecretComparison, error) {
	one, ok, err := v.marks(ctx, s, a)
	if err != nil || !ok {
		return Lacks, err
	}
	other, ok, err := v.marks(ctx, s, b)
	switch {
	case err != nil || !ok:
		return Lacks, err
	case one.Guessable || other.Guessable:
		return "", fault.New(fault.Conflict, "one of the values is so short or plain that comparing would help to guess it; it is not compared")
	case one.Fingerprint == other.Fingerprint:
		return Same, nil
	default:
		return Differs, nil
	}
}

// marks are those of the value in force in an environment; false where there is none.
func (v *visit) marks(ctx context.Context, s secret.Secret, e environment.Environment) (secret.Marks, bool, error) {
	slot, err := v.slot(ctx, s.ID, e.ID)
	if err != nil || slot.Active == 0 {
		return secret.Marks{}, false, err
	}
	value, err := v.Value(ctx, e.ID, s.ID, slot.Active)
	return value.Marks, err == nil, err
}

// distinct asks the environments' rules about a value on its way into one of them: that of the environment itself about
// those below, and those of the environments above, whose values it may repeat. What would tell a value that could be
// guessed is not told.
func (v *visit) distinct(ctx context.Context, s secret.Secret, e environment.Environment, m secret.Marks) (warnings []string, err error) {
	for _, other := range v.pipeline {
		rule := e.DistinctValues
		if other.Level > e.Level {
			rule = other.DistinctValues
		}
		if other.ID == e.ID || rule == environment.DistinctOff || !v.who.Sees(other.ID) {
			continue
		}
		held, ok, err := v.marks(ctx, s, other)
		if err != nil {
			return nil, err
		}
		if !ok || held.Fingerprint != m.Fingerprint || other.Level > e.Level && held.Guessable {
			continue
		}
		message := "secret '" + s.Name + "' has the same value in '" + other.Name + "'"
		if rule == environment.DistinctBlock {
			return nil, fault.New(fault.Conflict, "%s, which the rule distinct_values refuses; send another value", message)
		}
		warnings = append(warnings, message)
	}
	return warnings, nil
}
