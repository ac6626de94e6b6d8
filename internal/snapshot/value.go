package snapshot

import (
	"context"

	"github.com/lockage/lockage/internal/secret"
)

// Value is what a secret holds in one environment, or the fact that it holds nothing.
type Value struct {
	Name string // of the secret; where there is no such secret, the reference as the template says it

	opener *secret.Opener // nil: not configured, or unreadable
	broken bool
}

// State is whether a value can be injected.
type State int

// The states of a value.
const (
	Ready      State = iota
	Missing          // not configured in the environment
	Unreadable       // it is there and does not open
)

// State says whether the value can be injected.
func (v *Value) State() State {
	switch {
	case v.broken:
		return Unreadable
	case v.opener == nil:
		return Missing
	default:
		return Ready
	}
}

// Len is the length of a ready value in bytes.
func (v *Value) Len() int { return v.opener.Len() }

// AppendTo decrypts a ready value and appends it to dst. Whoever calls it wipes what was appended after use. It answers
// secret.ErrSeal for a value that was changed in memory.
func (v *Value) AppendTo(dst []byte) ([]byte, error) { return v.opener.AppendTo(dst) }

type slot struct{ secret, environment string }

// opened keeps the data key of a value unwrapped from one state of the account to the next.
type opened struct {
	version int64
	value   *Value
}

// open makes the values of the input ready. A value that was ready in the state before is not unwrapped again.
func (b *builder) open(ctx context.Context) error {
	b.names = make(map[string]string, len(b.in.Secrets))
	b.ids = make(map[string]string, len(b.in.Secrets))
	for _, s := range b.in.Secrets {
		b.names[s.ID], b.ids[s.Name] = s.Name, s.ID
	}
	b.account.values = make(map[slot]opened, len(b.in.Values))
	for _, v := range b.in.Values {
		name, known := b.names[v.SecretID]
		if !known {
			continue
		}
		at := slot{v.SecretID, v.EnvironmentID}
		if held, ok := b.held.values[at]; ok && held.version == v.Version && !held.value.broken && held.value.Name == name {
			b.account.values[at] = held
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		opener, err := b.sealer.Open(ctx, secret.Binding{
			Account: b.in.Account, Environment: v.EnvironmentID, Secret: v.SecretID, Version: v.Version, Type: v.Type,
		}, v.Sealed)
		if err != nil {
			b.problem("secret value", v.EnvironmentID, v.SecretID, err)
		}
		b.account.values[at] = opened{v.Version, &Value{Name: name, opener: opener, broken: err != nil}}
	}
	return nil
}

// value finds what a reference stands for in an environment.
func (b *builder) value(ref secret.Reference, environment string) *Value {
	id, name := ref.Name, ref.Name
	if ref.Kind == secret.SecretName {
		id = b.ids[ref.Name]
	} else if known, ok := b.names[ref.Name]; ok {
		name = known
	}
	if v, ok := b.account.values[slot{id, environment}]; ok {
		return v.value
	}
	return &Value{Name: name}
}
