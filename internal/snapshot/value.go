package snapshot

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockage/lockage/internal/secret"
)

// Value is what a secret holds in one environment, or the fact that it holds nothing.
type Value struct {
	Name     string // of the secret; where there is no such secret, the reference as the template says it
	SecretID string // "": not configured
	Version  int64
	Type     secret.Type

	opener *secret.Opener // nil: not configured, or unreadable
	broken bool
	terms  secret.Terms
	token  *secret.Token // of an OAuth2 value, whose opener opens the access token; else nil
	// misplaced: a certificate where a text goes, or a text where a certificate does
	misplaced bool
	until     time.Time // of the terms
}

// State is whether a value can be injected.
type State int

// The states of a value.
const (
	Ready        State = iota
	Missing            // not configured in the environment
	Unreadable         // it is there and does not open
	Expired            // it is there, and its terms say that it is not used any more
	Stale              // an OAuth2 value without an access token that serves now: it can be renewed
	Unauthorized       // an OAuth2 value that nobody authorized, or whose authorization ended
	Misplaced          // it is there, and of a type that cannot stand where it is asked for
)

// State says whether the value can be injected at a time.
func (v *Value) State(now time.Time) State {
	switch {
	case v.misplaced:
		return Misplaced
	case v.broken:
		return Unreadable
	case v.missing():
		return Missing
	case v.token != nil && !v.token.Usable(now):
		if v.token.Needs {
			return Unauthorized
		}
		return Stale
	case !v.until.IsZero() && !now.Before(v.until):
		return Expired
	default:
		return Ready
	}
}

func (v *Value) missing() bool { return v.opener == nil && !v.broken && !v.misplaced && v.token == nil }

// Serial is that of the access token of an OAuth2 value; false for values of other types.
func (v *Value) Serial() (int64, bool) {
	if v.token == nil {
		return 0, false
	}
	return v.token.Serial, true
}

// ErrorCode is the provider's code of why the last attempt to renew was in vain; "": it was not.
func (v *Value) ErrorCode() string {
	if v.token == nil {
		return ""
	}
	return v.token.ErrorCode
}

// placed answers the value for where it is asked for: as the certificate that is shown, or in a text.
func (v *Value) placed(shown bool) *Value {
	if v.SecretID == "" || (v.Type == secret.Certificate) == shown {
		return v
	}
	return &Value{Name: v.Name, misplaced: true}
}

// MayGo says whether the value may be sent to a host; see secret.Terms.
func (v *Value) MayGo(scheme, host string) bool { return v.terms.MayGo(scheme, host) }

// Len is the length of a ready value in bytes.
func (v *Value) Len() int { return v.opener.Len() }

// AppendTo decrypts a ready value and appends it to dst. Whoever calls it wipes what was appended after use. It answers
// secret.ErrSeal for a value that was changed in memory.
func (v *Value) AppendTo(dst []byte) ([]byte, error) { return v.opener.AppendTo(dst) }

type slot struct{ secret, environment string }

// opened keeps the data key of a value unwrapped from one state of the account to the next.
type opened struct {
	version int64
	facts   string // what else the row said; a row that says something else must open again
	value   *Value
}

// open makes the values of the input ready.
func (b *builder) open(ctx context.Context) (err error) {
	b.names = make(map[string]string, len(b.in.Secrets))
	b.ids = make(map[string]string, len(b.in.Secrets))
	for _, s := range b.in.Secrets {
		b.names[s.ID], b.ids[s.Name] = s.Name, s.ID
	}
	if b.account.values, err = b.openAll(ctx, b.in.Values, b.held.values); err != nil {
		return err
	}
	b.account.staged, err = b.openAll(ctx, b.in.Staged, b.held.staged)
	return err
}

// openAll opens values. One that was ready in the state before is not unwrapped again.
func (b *builder) openAll(ctx context.Context, list []secret.Value, before map[slot]opened) (map[slot]opened, error) {
	values := make(map[slot]opened, len(list))
	var closed []opening
	for _, v := range list {
		name, known := b.names[v.SecretID]
		if !known {
			continue
		}
		at, binding := slot{v.SecretID, v.EnvironmentID}, v.Binding(b.in.Account)
		facts, token := binding.Facts, b.token(v)
		if token != nil {
			facts += secret.Facts(strconv.FormatInt(token.Serial, 10), strconv.FormatBool(token.Needs), token.ErrorCode)
		}
		if held, ok := before[at]; ok && held.version == v.Version && held.facts == facts && !held.value.broken && held.value.Name == name {
			values[at] = held
			continue
		}
		closed = append(closed, opening{at: at, name: name, facts: facts, binding: binding, value: v, token: token})
	}
	b.unwrap(ctx, closed)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, o := range closed {
		v := o.value
		if o.err != nil {
			b.problem("secret value", v.EnvironmentID, v.SecretID, o.err)
		}
		values[o.at] = opened{v.Version, o.facts, &Value{
			Name: o.name, SecretID: v.SecretID, Version: v.Version, Type: v.Type, token: o.token,
			opener: o.opener, broken: o.err != nil, terms: v.Terms, until: v.Until(),
		}}
	}
	return values, nil
}

// opening is a value that is to be opened, and what came of it.
type opening struct {
	at          slot
	name, facts string
	binding     secret.Binding
	value       secret.Value
	token       *secret.Token

	opener *secret.Opener
	err    error
}

// Values are unwrapped several at once, because their key may stay in a service that takes its time. When the service
// does not answer for as many, no more are asked for: the rest would each wait as long.
const unwrapAtOnce = 16

// unwrap opens values; what it did not come to when ctx ends stays as it is.
func (b *builder) unwrap(ctx context.Context, list []opening) {
	var next, lost atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(len(list)) && ctx.Err() == nil; i = next.Add(1) - 1 {
			o := &list[i]
			if lost.Load() >= unwrapAtOnce {
				o.err = secret.ErrUnreachable
				continue
			}
			if o.opener, o.err = b.opener(ctx, o.binding, o.value, o.token); errors.Is(o.err, secret.ErrUnreachable) {
				lost.Add(1)
			}
		}
	}
	var workers sync.WaitGroup
	for range min(unwrapAtOnce, len(list)) - 1 {
		workers.Go(work)
	}
	work()
	workers.Wait()
}

// opener opens what is injected of a value: of an OAuth2 value the access token, nil while there is none. Its
// configuration, which the gateway has no use for, is not opened, but must be what its row was sealed with.
func (b *builder) opener(ctx context.Context, binding secret.Binding, v secret.Value, token *secret.Token) (*secret.Opener, error) {
	config, err := b.sealer.Open(ctx, binding, v.Sealed)
	if err != nil || token == nil {
		return config, err
	}
	if !token.Has() {
		return nil, nil
	}
	return b.sealer.Open(ctx, token.AccessBinding(b.in.Account), token.Access)
}

// token is what an OAuth2 value holds of tokens; nil for values of other types.
func (b *builder) token(v secret.Value) *secret.Token {
	if v.Type != secret.OAuth2 {
		return nil
	}
	if t, ok := b.tokens[tokenKey{v.SecretID, v.EnvironmentID, v.Version}]; ok {
		return t
	}
	return &secret.Token{SecretID: v.SecretID, EnvironmentID: v.EnvironmentID, Version: v.Version}
}

type tokenKey struct {
	secret, environment string
	version             int64
}

// value finds what a reference stands for in an environment; with staged, what test calls may try comes first.
func (b *builder) value(ref secret.Reference, environment string, staged bool) *Value {
	id, name := ref.Name, ref.Name
	if ref.Kind == secret.SecretName {
		id = b.ids[ref.Name]
	} else if known, ok := b.names[ref.Name]; ok {
		name = known
	}
	if staged {
		if v, ok := b.account.staged[slot{id, environment}]; ok {
			return v.value
		}
	}
	if v, ok := b.account.values[slot{id, environment}]; ok {
		return v.value
	}
	return &Value{Name: name}
}
