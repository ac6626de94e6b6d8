package control

import (
	"context"
	"strconv"

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

// SetSecretValue seals a new version of a string secret's value in an environment and makes it the one in force. It
// takes the value over.
func (c *Control) SetSecretValue(ctx context.Context, who access.Principal, ref, environmentRef string, value secret.Plaintext) (e environment.Environment, slot secret.Slot, err error) {
	defer value.Wipe()
	err = c.write(ctx, who, access.SecretValueSet, in(environmentRef), func(v *visit) error {
		s, err := v.Secret(ctx, ref)
		if err != nil {
			return err
		}
		v.target = secretTarget(s)
		if s.Type != secret.String {
			return fault.New(fault.Invalid, "this endpoint takes values of string secrets only; a secret of type %s has its own", s.Type)
		}
		if err := value.Check(); err != nil {
			return err
		}
		e = v.environment
		slot, err = c.seal(ctx, v, s, e, value)
		return err
	})
	return e, slot, err
}

// seal writes the next version of a secret's value in an environment.
func (c *Control) seal(ctx context.Context, v *visit, s secret.Secret, e environment.Environment, value secret.Plaintext) (secret.Slot, error) {
	slot, err := v.slot(ctx, s.ID, e.ID)
	if err != nil {
		return slot, err
	}
	version := slot.Last + 1
	binding := secret.Binding{Account: v.Account(), Environment: e.ID, Secret: s.ID, Version: version, Type: s.Type}
	sealed, err := c.sealer.Seal(ctx, binding, value)
	if err != nil {
		return slot, err
	}
	if slot.Active == 0 {
		slot.CreatedAt = v.Now()
	}
	slot.Active, slot.Last, slot.UpdatedAt = version, version, v.Now()
	v.detail = audit.Detail("version", strconv.FormatInt(version, 10))
	v.Serve()
	err = v.InsertValue(ctx, secret.Value{
		SecretID: s.ID, EnvironmentID: e.ID, Version: version, Type: s.Type, Sealed: sealed, CreatedAt: v.Now(), CreatedBy: v.who.Name,
		Marks: c.marker.Mark(v.Account(), value),
	})
	if err != nil {
		return slot, err
	}
	if err := v.PutSlot(ctx, slot); err != nil {
		return slot, err
	}
	return slot, v.DropValues(ctx, e.ID, s.ID, version-versionsKept)
}

// DeleteSecretValue removes a secret's value from an environment, with its earlier versions. Refused while a route that
// is switched on there refers to it.
func (c *Control) DeleteSecretValue(ctx context.Context, who access.Principal, ref, environmentRef string) error {
	return c.write(ctx, who, access.SecretValueDelete, in(environmentRef), func(v *visit) error {
		s, err := v.Secret(ctx, ref)
		if err != nil {
			return err
		}
		v.target = secretTarget(s)
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
		slot.Active, slot.UpdatedAt = 0, v.Now()
		v.Serve()
		if err := v.PutSlot(ctx, slot); err != nil {
			return err
		}
		return v.DropValues(ctx, v.environment.ID, s.ID, slot.Last)
	})
}

func errNoValue() error {
	return fault.New(fault.NotFound, "the secret has no value in this environment")
}

// DuplicateSecretValue seals the value in force in source anew for target. Refused with Conflict when target has a
// value, unless overwrite.
func (c *Control) DuplicateSecretValue(ctx context.Context, who access.Principal, ref, source, target string, overwrite bool) (e environment.Environment, slot secret.Slot, err error) {
	err = c.write(ctx, who, access.SecretValueDuplicate, in(target), func(v *visit) error {
		s, err := v.Secret(ctx, ref)
		if err != nil {
			return err
		}
		v.target = secretTarget(s)
		from, err := v.seen(source)
		if err != nil {
			return err
		}
		if err := v.allow(from); err != nil {
			return err
		}
		e = v.environment
		if from.ID == e.ID {
			return fault.Refused("target_environment", "is the environment the value would be copied from; name another")
		}
		have, err := v.slot(ctx, s.ID, from.ID)
		if err != nil {
			return err
		}
		if have.Active == 0 {
			return errNoValue()
		}
		if slot, err = v.slot(ctx, s.ID, e.ID); err != nil {
			return err
		}
		if slot.Active != 0 && !overwrite {
			return fault.New(fault.Conflict, `the secret already has a value in the target environment; send "overwrite": true to replace it`)
		}
		value, err := c.open(ctx, v, s, have)
		if err != nil {
			return err
		}
		defer value.Wipe()
		slot, err = c.seal(ctx, v, s, e, value)
		v.detail = audit.Detail("version", strconv.FormatInt(slot.Active, 10), "source", from.Name, "overwrite", strconv.FormatBool(overwrite))
		return err
	})
	return e, slot, err
}

// open unseals the value in force, for sealing it anew; the caller wipes it.
func (c *Control) open(ctx context.Context, v *visit, s secret.Secret, slot secret.Slot) (secret.Plaintext, error) {
	value, err := v.Value(ctx, slot.EnvironmentID, s.ID, slot.Active)
	if err != nil {
		return secret.Plaintext{}, err
	}
	return c.unseal(ctx, v.Account(), value)
}

func (c *Control) unseal(ctx context.Context, account string, value secret.Value) (secret.Plaintext, error) {
	binding := secret.Binding{
		Account: account, Environment: value.EnvironmentID, Secret: value.SecretID, Version: value.Version, Type: value.Type,
	}
	opener, err := c.sealer.Open(ctx, binding, value.Sealed)
	if err != nil {
		return secret.Plaintext{}, err
	}
	text, err := opener.AppendTo(make([]byte, 0, opener.Len()))
	return secret.NewPlaintext(text), err
}
