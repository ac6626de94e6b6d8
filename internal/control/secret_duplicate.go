package control

import (
	"cmp"
	"context"
	"errors"
	"strconv"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// SecretDuplicate says where a value is copied from and to. Environments and secrets are named by id or name.
type SecretDuplicate struct {
	Source    string // environment
	Target    string // environment
	Secret    string // the secret that gets the value, of the same type; "": the one it is of
	Overwrite bool   // also over a value that is there
}

// DuplicateSecretValue seals the value in force in an environment anew for another, or for another secret, under the
// terms it has there. Nobody sees it on the way. Of an OAuth2 value the configuration goes along, never a token: two
// holders of one refresh token would end each other's. Refused with Conflict when there is a value already, unless
// Overwrite.
func (c *Control) DuplicateSecretValue(ctx context.Context, who access.Principal, ref string, d SecretDuplicate) (w SecretWrite, err error) {
	var copied audit.Entry
	fetch := false
	err = c.write(ctx, who, access.SecretValueDuplicate, onSecret(ref, d.Target), func(v *visit) error {
		s, err := v.Secret(ctx, ref)
		if err != nil {
			return err
		}
		from, err := v.seen(d.Source)
		if err != nil {
			return err
		}
		if err := v.allow(from); err != nil {
			return err
		}
		into, err := v.receiver(ctx, s, from, cmp.Or(d.Secret, s.ID))
		if err != nil {
			return err
		}
		held, err := v.forCopying(ctx, s, from, into, d.Overwrite)
		if err != nil {
			return err
		}
		value, err := c.unseal(ctx, v.Account(), held)
		if err != nil {
			return err
		}
		defer value.Wipe()
		w, err = c.seal(ctx, v, into, v.environment, SecretValue{
			Value: value, Detail: held.Detail, ExpiresAt: held.ExpiresAt, Strict: held.Strict, Hosts: &held.Hosts,
		})
		if err != nil {
			return err
		}
		w.Warnings = append(w.Warnings, v.copyWarnings(into, from, held)...)
		fetch = s.Type == secret.OAuth2 && grantOf(held, secret.ClientCredentials)
		v.detail = audit.Detail("version", formatInt(w.Version), "source", from.Name, "overwrite", strconv.FormatBool(d.Overwrite))
		if into.ID != s.ID {
			copied = v.entry(audit.Allowed)
			copied.EnvironmentID, copied.Environment = from.ID, from.Name
			copied.Detail = audit.Detail("version", formatInt(held.Version), "target", v.environment.Name, "name", into.Name)
			v.detail["name"] = s.Name
			v.target = secretTarget(into)
		}
		return nil
	})
	if err != nil && !saved(err) {
		return w, err
	}
	if copied.Action != "" { // a transaction has one entry, and it stands with what was changed; this one tells the source's log
		if failed := c.record(context.WithoutCancel(ctx), who.Account, copied); failed != nil {
			c.logger.ErrorContext(ctx, "a copy could not be recorded with its source", "secret", copied.Target.ID, "error", failed)
		}
	}
	if fetch {
		c.fetchFirst(ctx, who.Account, w)
	}
	return w, err
}

// receiver is the secret that gets a value. Another one than the value is of gets a value it never had, which is more
// than duplicating: it takes what setting it would.
func (v *visit) receiver(ctx context.Context, s secret.Secret, from environment.Environment, ref string) (secret.Secret, error) {
	into, err := v.Secret(ctx, ref)
	switch {
	case fault.Is(err, fault.NotFound):
		return into, fault.New(fault.NotFound, "there is no such secret to copy the value to; create it first")
	case err != nil:
		return into, err
	case into.ID == s.ID && from.ID == v.environment.ID:
		return into, fault.Refused("target_environment", "is the environment the value would be copied from; name another")
	case into.ID == s.ID:
		return into, nil
	case into.Type != s.Type:
		return into, fault.Refused("target_secret", "is of type %s and cannot hold a value of type %s", into.Type, s.Type)
	}
	return into, access.Allow(v.who, access.SecretValueSet, access.Environment{ID: v.environment.ID, Protected: v.environment.Protected})
}

// forCopying is the value in force that is copied, when there is one and nothing stands where it goes.
func (v *visit) forCopying(ctx context.Context, s secret.Secret, from environment.Environment, into secret.Secret, overwrite bool) (secret.Value, error) {
	have, err := v.slot(ctx, s.ID, from.ID)
	if err != nil {
		return secret.Value{}, err
	}
	if have.Active == 0 {
		return secret.Value{}, errNoValue()
	}
	slot, err := v.slot(ctx, into.ID, v.environment.ID)
	if err != nil {
		return secret.Value{}, err
	}
	if slot.Active != 0 && !overwrite {
		return secret.Value{}, fault.New(fault.Conflict, `the secret already has a value in the target environment; replace it with "overwrite": true, or --overwrite`)
	}
	held, err := v.Value(ctx, from.ID, s.ID, have.Active)
	if err == nil && held.Terms.Expired(v.Now()) {
		err = fault.New(fault.Conflict, "the value has expired in '%s' and is not copied; set one that has not", from.Name)
	}
	return held, err
}

// saved says whether a change was made though it failed to reach the gateway.
func saved(err error) bool {
	var told *fault.Error
	return errors.As(err, &told) && told.Saved
}

// copyWarnings tell what a copy brings about.
func (v *visit) copyWarnings(into secret.Secret, from environment.Environment, held secret.Value) (list []string) {
	to := v.environment
	if top := v.pipeline.Top().ID; from.ID == top && to.ID != top {
		list = append(list, "the value of '"+from.Name+"' is now in '"+to.Name+"' too; whoever reaches that environment can use it")
	}
	switch {
	case held.Type != secret.OAuth2 || grantOf(held, secret.ClientCredentials):
	case grantOf(held, secret.RefreshToken):
		list = append(list, "tokens are not copied: '"+into.Name+"' has none in '"+to.Name+"' before it is set there with a refresh token of its own")
	default:
		list = append(list, "tokens are not copied: '"+into.Name+"' has none in '"+to.Name+"' before somebody authorizes it there")
	}
	return list
}
