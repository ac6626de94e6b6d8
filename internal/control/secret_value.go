package control

import (
	"context"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// versionsKept is how many versions of a value stay for a way back.
const versionsKept = 10

// slot finds a secret's state in an environment; the zero Slot where it never had a value.
func (v *visit) slot(ctx context.Context, secretID, environmentID string) (secret.Slot, error) {
	slots, err := v.Slots(ctx, secretID)
	if err != nil {
		return secret.Slot{}, err
	}
	for _, s := range slots {
		if s.EnvironmentID == environmentID {
			return s, nil
		}
	}
	return secret.Slot{SecretID: secretID, EnvironmentID: environmentID}, nil
}

// SecretValue is a value on its way into an environment.
type SecretValue struct {
	Value     secret.Plaintext
	Detail    string    // what may be told of it, as JSON; "": nothing
	ExpiresAt time.Time // zero: never
	Strict    bool      // see secret.Terms
	Hosts     *[]string // nil: as the value in force has them
	Stage     bool      // test calls may try it; what is in force stays

	refresh secret.Plaintext // of an OAuth2 value: the refresh token it begins with
}

// SecretWrite is what came of a write: the secret's state in the environment, the version that was made or made the one
// in force, and what deserves a second look.
type SecretWrite struct {
	Environment environment.Environment
	Slot        secret.Slot
	Version     int64
	Warnings    []string
}

// SetSecretValue seals a new version of a string secret's value in an environment and makes it the one in force, or
// stages it. It takes the value over.
func (c *Control) SetSecretValue(ctx context.Context, who access.Principal, ref, environmentRef string, in SecretValue) (SecretWrite, error) {
	if err := in.Value.Check(); err != nil {
		in.Value.Wipe()
		return c.setValue(ctx, who, ref, environmentRef, secret.String, in, err)
	}
	return c.setValue(ctx, who, ref, environmentRef, secret.String, in, nil)
}

// setValue seals a value of a type; refused is what is wrong with it already, which the audit log is told too.
func (c *Control) setValue(ctx context.Context, who access.Principal, ref, environmentRef string, t secret.Type, in SecretValue, refused error) (w SecretWrite, err error) {
	defer in.Value.Wipe()
	err = c.write(ctx, who, access.SecretValueSet, onSecret(ref, environmentRef), func(v *visit) error {
		s, err := v.Secret(ctx, ref)
		if err != nil {
			return err
		}
		if s.Type != t {
			return errOtherType(t, s.Type)
		}
		if refused != nil {
			return refused
		}
		w, err = c.seal(ctx, v, s, v.environment, in)
		return err
	})
	return w, err
}

func errOtherType(takes, is secret.Type) error {
	return fault.New(fault.Invalid, "this endpoint takes values of %s secrets only; a secret of type %s has its own%s", takes, is, ends(is))
}

// ends tells the end of the path of a type's endpoint.
func ends(t secret.Type) string {
	if t == secret.String {
		return ""
	}
	return ", …/" + string(t)
}

// seal writes the next version of a secret's value in an environment.
func (c *Control) seal(ctx context.Context, v *visit, s secret.Secret, e environment.Environment, in SecretValue) (w SecretWrite, err error) {
	slot, err := v.slot(ctx, s.ID, e.ID)
	if err != nil {
		return w, err
	}
	value := secret.Value{
		SecretID: s.ID, EnvironmentID: e.ID, Version: slot.Last + 1, Type: s.Type, Format: secret.FormatFacts,
		CreatedAt: v.Now(), CreatedBy: v.who.Name, Detail: in.Detail, Marks: c.marker.Mark(v.Account(), in.Value),
	}
	if value.Terms, err = v.terms(ctx, slot, in); err != nil {
		return w, err
	}
	if value.Sealed, err = c.sealer.Seal(ctx, value.Binding(v.Account()), in.Value); err != nil {
		return w, err
	}
	if w.Warnings, err = v.distinct(ctx, s, e, value.Marks); err != nil {
		return w, err
	}
	slot.Last, slot.UpdatedAt = value.Version, v.Now()
	if in.Stage {
		slot.Staged = value.Version
	} else {
		if slot.Active == 0 {
			slot.CreatedAt = v.Now()
		}
		slot.Active = value.Version
	}
	if err := v.InsertValue(ctx, value); err != nil {
		return w, err
	}
	if s.Type == secret.OAuth2 {
		if err := c.connect(ctx, v, value, in.refresh); err != nil {
			return w, err
		}
	}
	if err := v.PutSlot(ctx, slot); err != nil {
		return w, err
	}
	if err := v.prune(ctx, slot); err != nil {
		return w, err
	}
	v.detail = audit.Detail("version", strconv.FormatInt(value.Version, 10))
	if in.Stage {
		v.detail["staged"] = "true"
	}
	v.Serve()
	w.Environment, w.Slot, w.Version = e, slot, value.Version
	return w, nil
}

// terms are the checked terms of a new value. An expiry belongs to one value; the hosts stay those of the value in force
// unless others are sent.
func (v *visit) terms(ctx context.Context, slot secret.Slot, in SecretValue) (secret.Terms, error) {
	t := secret.Terms{ExpiresAt: in.ExpiresAt, Strict: in.Strict}
	switch {
	case in.Hosts != nil:
		t.Hosts = *in.Hosts
	case slot.Active > 0:
		held, err := v.Value(ctx, slot.EnvironmentID, slot.SecretID, slot.Active)
		if err != nil {
			return t, err
		}
		t.Hosts = held.Hosts
	}
	return secret.CheckTerms(t, v.Now())
}

// prune removes the oldest versions beyond versionsKept, never the one in force nor the one that is staged.
func (v *visit) prune(ctx context.Context, slot secret.Slot) error {
	kept, err := v.Values(ctx, slot.EnvironmentID, slot.SecretID)
	if err != nil || len(kept) <= versionsKept {
		return err
	}
	for _, old := range kept[versionsKept:] {
		if old.Version == slot.Active || old.Version == slot.Staged {
			continue
		}
		if err := v.DropValue(ctx, slot.EnvironmentID, slot.SecretID, old.Version); err != nil {
			return err
		}
	}
	return nil
}

// DeleteSecretValue removes a secret's value from an environment, with its earlier versions. Refused while a route that
// is switched on there refers to it.
func (c *Control) DeleteSecretValue(ctx context.Context, who access.Principal, ref, environmentRef string) error {
	return c.write(ctx, who, access.SecretValueDelete, onSecret(ref, environmentRef), func(v *visit) error {
		s, err := v.Secret(ctx, ref)
		if err != nil {
			return err
		}
		slot, err := v.slot(ctx, s.ID, v.environment.ID)
		if err != nil {
			return err
		}
		if slot.Active == 0 {
			return errNoValue()
		}
		users, err := v.Users(ctx, s.ID, s.Name)
		if err != nil {
			return err
		}
		routes, err := v.routeNames(ctx, usersIn(users, v.environment.ID))
		if err != nil {
			return err
		}
		if len(routes) > 0 {
			return &fault.Error{
				Kind: fault.InUse, Routes: routes,
				Message: "Cannot remove environment '" + v.environment.Name + "' from this secret. It is used by the following routes in that environment: " +
					names(routes) + ". Remove the secret from those routes first.",
			}
		}
		v.detail = audit.Detail("version", strconv.FormatInt(slot.Active, 10))
		slot.Active, slot.Staged, slot.UpdatedAt = 0, 0, v.Now()
		v.Serve()
		if err := v.PutSlot(ctx, slot); err != nil {
			return err
		}
		return v.DropValues(ctx, v.environment.ID, s.ID)
	})
}

func errNoValue() error {
	return fault.New(fault.NotFound, "the secret has no value in this environment")
}

// unseal opens a value, for sealing it anew; the caller wipes it.
func (c *Control) unseal(ctx context.Context, account string, value secret.Value) (secret.Plaintext, error) {
	opener, err := c.sealer.Open(ctx, value.Binding(account), value.Sealed)
	if err != nil {
		return secret.Plaintext{}, err
	}
	text, err := opener.AppendTo(make([]byte, 0, opener.Len()))
	return secret.NewPlaintext(text), err
}
