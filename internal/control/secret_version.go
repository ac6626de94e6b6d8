package control

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// SecretVersion is one version of a value that is kept, without what is sealed, with its use.
type SecretVersion struct {
	secret.Value
	State      VersionState
	LastUsedAt time.Time // when it was last injected into a call; zero: never
	Uses       int64
	Connection secret.ConnectionStatus // of an OAuth2 value; else ""
	Token      secret.Token            // of an OAuth2 value, without what is sealed
}

// VersionState is what a version is to its environment.
type VersionState string

// The states of a version.
const (
	VersionActive VersionState = "active" // in force
	VersionStaged VersionState = "staged" // test calls may try it
	VersionKept   VersionState = "kept"   // for a way back
)

// SecretVersions lists the versions of a value that are kept, newest first.
func (c *Control) SecretVersions(ctx context.Context, who access.Principal, ref, environmentRef string) (list []SecretVersion, err error) {
	err = c.read(ctx, who, access.SecretStatus, onSecret(ref, environmentRef), func(v *visit) error {
		s, err := v.Secret(ctx, ref)
		if err != nil {
			return err
		}
		slot, err := v.slot(ctx, s.ID, v.environment.ID)
		if err != nil {
			return err
		}
		values, err := v.Values(ctx, v.environment.ID, s.ID)
		if err != nil {
			return err
		}
		uses, err := v.SecretUses(ctx, s.ID)
		if err != nil {
			return err
		}
		list = make([]SecretVersion, len(values))
		for i, value := range values {
			value.Sealed = secret.Sealed{}
			list[i] = SecretVersion{Value: value, State: stateOf(value.Version, slot)}
			if value.Type == secret.OAuth2 {
				if list[i].Token, list[i].Connection, err = v.connection(ctx, value); err != nil {
					return err
				}
			}
			for _, u := range uses {
				if u.EnvironmentID == v.environment.ID && u.Version == value.Version {
					list[i].LastUsedAt, list[i].Uses = u.LastUsedAt, u.Count
				}
			}
		}
		return nil
	})
	return list, err
}

func stateOf(version int64, slot secret.Slot) VersionState {
	switch version {
	case slot.Active:
		return VersionActive
	case slot.Staged:
		return VersionStaged
	default:
		return VersionKept
	}
}

// ActivateSecretVersion makes a version that is kept the one in force: a staged one, or an earlier one as a way back.
// Nothing is opened for it.
func (c *Control) ActivateSecretVersion(ctx context.Context, who access.Principal, ref, environmentRef string, version int64) (w SecretWrite, err error) {
	err = c.write(ctx, who, access.SecretValueActivate, onSecret(ref, environmentRef), func(v *visit) error {
		s, slot, value, err := v.version(ctx, ref, version)
		if err != nil {
			return err
		}
		if version == slot.Active {
			return fault.New(fault.Conflict, "version %d is in force already", version)
		}
		if value.Strict && value.Terms.Expired(v.Now()) {
			return fault.New(fault.Conflict, "version %d has expired and its terms are strict, so every call would fail; set a new value", version)
		}
		w = SecretWrite{Environment: v.environment, Version: version}
		if w.Warnings, err = v.distinct(ctx, s, v.environment, value.Marks); err != nil {
			return err
		}
		v.detail = audit.Detail("version", strconv.FormatInt(version, 10), "source", strconv.FormatInt(slot.Active, 10))
		if slot.Active == 0 {
			slot.CreatedAt = v.Now()
		}
		if slot.Active, slot.UpdatedAt = version, v.Now(); slot.Staged == version {
			slot.Staged = 0
		}
		w.Slot = slot
		v.Serve()
		return v.PutSlot(ctx, slot)
	})
	return w, err
}

// version finds a kept version of a value in the environment acted in.
func (v *visit) version(ctx context.Context, ref string, version int64) (s secret.Secret, slot secret.Slot, value secret.Value, err error) {
	if s, err = v.Secret(ctx, ref); err != nil {
		return s, slot, value, err
	}
	if slot, err = v.slot(ctx, s.ID, v.environment.ID); err != nil {
		return s, slot, value, err
	}
	value, err = v.Value(ctx, v.environment.ID, s.ID, version)
	return s, slot, value, err
}

// RetireSecretVersion removes a version for good: one that is kept or staged, never the one in force. A version that was
// injected within the quiet time is refused unless force: calls of a moment ago may not have been the last.
func (c *Control) RetireSecretVersion(ctx context.Context, who access.Principal, ref, environmentRef string, version int64, quiet time.Duration, force bool) (retired SecretVersion, err error) {
	err = c.write(ctx, who, access.SecretValueRetire, onSecret(ref, environmentRef), func(v *visit) error {
		s, slot, value, err := v.version(ctx, ref, version)
		if err != nil {
			return err
		}
		v.detail = audit.Detail("version", strconv.FormatInt(version, 10), "force", strconv.FormatBool(force))
		if version == slot.Active {
			return fault.New(fault.Conflict, "version %d is in force; activate another version first, or delete the value", version)
		}
		value.Sealed = secret.Sealed{}
		retired = SecretVersion{Value: value, State: stateOf(version, slot)}
		uses, err := v.SecretUses(ctx, s.ID)
		if err != nil {
			return err
		}
		for _, u := range uses {
			if u.EnvironmentID == v.environment.ID && u.Version == version {
				retired.LastUsedAt, retired.Uses = u.LastUsedAt, u.Count
			}
		}
		if since := v.Now().Sub(retired.LastUsedAt); retired.Uses > 0 && since < quiet && !force {
			return fault.New(fault.Conflict, "version %d was last injected into a call at %s, less than %s ago; wait, or force it",
				version, retired.LastUsedAt.UTC().Format(time.RFC3339), quiet)
		}
		if slot.Staged == version {
			slot.Staged = 0
			v.Serve()
		}
		if err := v.PutSlot(ctx, slot); err != nil {
			return err
		}
		return v.DropValue(ctx, v.environment.ID, s.ID, version)
	})
	return retired, err
}

// SecretTerms is a change of the terms of the value in force; nil leaves a term as it is.
type SecretTerms struct {
	ExpiresAt *time.Time // zero: never
	Strict    *bool
	Hosts     *[]string
}

// UpdateSecretTerms changes under which terms the value in force may be used. The value, and its version, stay.
func (c *Control) UpdateSecretTerms(ctx context.Context, who access.Principal, ref, environmentRef string, to SecretTerms) (w SecretWrite, err error) {
	err = c.write(ctx, who, access.SecretValueUpdate, onSecret(ref, environmentRef), func(v *visit) error {
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
		held, err := v.Value(ctx, v.environment.ID, s.ID, slot.Active)
		if err != nil {
			return err
		}
		changed := held
		if changed.Terms, err = to.apply(held.Terms, v.Now()); err != nil {
			return err
		}
		changed.Format = secret.FormatFacts
		if changed.Sealed, err = c.sealer.Rebind(ctx, held.Binding(v.Account()), changed.Binding(v.Account()), held.Sealed); err != nil {
			return err
		}
		v.detail = termsDetail(changed)
		slot.UpdatedAt = v.Now()
		w = SecretWrite{Environment: v.environment, Slot: slot, Version: slot.Active}
		if err := v.PutSlot(ctx, slot); err != nil {
			return err
		}
		v.Serve()
		return v.RebindValue(ctx, changed)
	})
	return w, err
}

// apply changes terms. An expiry that stays may be past; one that is sent may not.
func (to SecretTerms) apply(t secret.Terms, now time.Time) (secret.Terms, error) {
	if to.ExpiresAt == nil {
		now = time.Time{}
	} else if t.ExpiresAt = *to.ExpiresAt; t.ExpiresAt.IsZero() && to.Strict == nil {
		t.Strict = false // there is nothing left to be strict about
	}
	if to.Strict != nil {
		t.Strict = *to.Strict
	}
	if to.Hosts != nil {
		t.Hosts = *to.Hosts
	}
	return secret.CheckTerms(t, now)
}

// termsDetail tells the audit log under which terms a value may be used from now on.
func termsDetail(value secret.Value) map[string]string {
	expires := "never"
	if !value.ExpiresAt.IsZero() {
		expires = value.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return audit.Detail("version", strconv.FormatInt(value.Version, 10), "expires_at", expires,
		"strict", strconv.FormatBool(value.Strict), "hosts", strings.Join(value.Hosts, " "))
}
