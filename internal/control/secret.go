package control

import (
	"context"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

func secretTarget(s secret.Secret) audit.Target {
	return audit.Target{Kind: "secret", ID: s.ID, Name: s.Name}
}

// ListSecrets lists names and types by name.
func (c *Control) ListSecrets(ctx context.Context, who access.Principal, p Page) (list []secret.Secret, next string, err error) {
	limit, after, err := p.open()
	if err != nil {
		return nil, "", err
	}
	err = c.read(ctx, who, access.SecretList, account, func(v *visit) error {
		list, err = v.Secrets(ctx, after, limit+1)
		list, next = cut(list, limit, func(s secret.Secret) string { return s.Name })
		return err
	})
	return list, next, err
}

// GetSecret finds a secret by id or name.
func (c *Control) GetSecret(ctx context.Context, who access.Principal, ref string) (s secret.Secret, err error) {
	err = c.read(ctx, who, access.SecretRead, onSecret(ref, ""), func(v *visit) error {
		s, err = v.Secret(ctx, ref)
		return err
	})
	return s, err
}

// CreateSecret makes a secret without any value.
func (c *Control) CreateSecret(ctx context.Context, who access.Principal, name string, t secret.Type, description string) (s secret.Secret, err error) {
	err = c.write(ctx, who, access.SecretCreate, account, func(v *visit) error {
		if err := secret.CheckName(name); err != nil {
			return err
		}
		if err := secret.CheckDescription(description); err != nil {
			return err
		}
		s = secret.Secret{
			ID: newID(), Name: name, Type: t, Description: description, CreatedAt: v.Now(), CreatedBy: who.Name, UpdatedAt: v.Now(),
		}
		v.target, v.detail = secretTarget(s), audit.Detail("type", string(t))
		if _, err := v.Secret(ctx, name); err == nil {
			return fault.New(fault.Conflict, "a secret with this name already exists")
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
		v.Serve()
		return v.InsertSecret(ctx, s)
	})
	return s, err
}

// UpdateSecret changes what may change of a secret: its description. Its name is for good.
func (c *Control) UpdateSecret(ctx context.Context, who access.Principal, ref string, description *string) (s secret.Secret, err error) {
	err = c.write(ctx, who, access.SecretUpdate, onSecret(ref, ""), func(v *visit) error {
		if s, err = v.Secret(ctx, ref); err != nil {
			return err
		}
		if description != nil {
			if err := secret.CheckDescription(*description); err != nil {
				return err
			}
			s.Description = *description
		}
		s.UpdatedAt = v.Now()
		return v.Tx.UpdateSecret(ctx, s)
	})
	return s, err
}

// DeleteSecret removes a secret with all its values. Refused while a route refers to it, live anywhere or drafted.
func (c *Control) DeleteSecret(ctx context.Context, who access.Principal, ref string) error {
	return c.write(ctx, who, access.SecretDelete, onSecret(ref, ""), func(v *visit) error {
		s, err := v.Secret(ctx, ref)
		if err != nil {
			return err
		}
		routes, err := v.routesNaming(ctx, s)
		if err != nil {
			return err
		}
		if len(routes) > 0 {
			return &fault.Error{
				Kind: fault.InUse, Routes: routes,
				Message: "the secret is used by the following routes: " + names(routes) + "; remove it from those routes first",
			}
		}
		slots, err := v.Slots(ctx, s.ID)
		if err != nil {
			return err
		}
		for _, slot := range slots { // a deletion writes in each environment that has a value
			if e, ok := v.pipeline.Find(slot.EnvironmentID); ok && slot.Active != 0 {
				if err := v.thaw(ctx, e); err != nil {
					return err
				}
			}
		}
		v.Serve()
		return v.Tx.DeleteSecret(ctx, s.ID)
	})
}

// SecretStatus is a secret in one environment: whether it has a value, and which routes use it there.
type SecretStatus struct {
	Environment environment.Environment
	Slot        secret.Slot
	Value       secret.Value // the version in force, without what is sealed; zero where there is none
	Expired     bool
	LastUsedAt  time.Time               // of the version in force
	Connection  secret.ConnectionStatus // of an OAuth2 value; else ""
	Token       secret.Token            // of an OAuth2 value, without what is sealed
	Routes      []fault.Route
}

// SecretEnvironments tells of every environment whose values the principal may know of, in the pipeline's order,
// whether the secret has a value there. base is the name of the default environment, ""
// when the principal does not see it.
func (c *Control) SecretEnvironments(ctx context.Context, who access.Principal, ref string) (s secret.Secret, list []SecretStatus, base string, err error) {
	var ids []string
	err = c.read(ctx, who, access.SecretStatus, both(onSecret(ref, ""), among("", &ids)), func(v *visit) error {
		if s, err = v.Secret(ctx, ref); err != nil {
			return err
		}
		slots, err := v.Slots(ctx, s.ID)
		if err != nil {
			return err
		}
		users, err := v.Users(ctx, s.ID, s.Name)
		if err != nil {
			return err
		}
		uses, err := v.SecretUses(ctx, s.ID)
		if err != nil {
			return err
		}
		for _, e := range v.pipeline {
			if e.IsDefault && who.Sees(e.ID) {
				base = e.Name
			}
			if !slices.Contains(ids, e.ID) {
				continue
			}
			routes, err := v.routeNames(ctx, usersIn(users, e.ID))
			if err != nil {
				return err
			}
			status := SecretStatus{Environment: e, Routes: routes}
			for _, slot := range slots {
				if slot.EnvironmentID != e.ID {
					continue
				}
				if err := v.inForce(ctx, &status, slot, uses); err != nil {
					return err
				}
			}
			list = append(list, status)
		}
		return nil
	})
	return s, list, base, err
}

// inForce adds what may be told of the version in force.
func (v *visit) inForce(ctx context.Context, status *SecretStatus, slot secret.Slot, uses []secret.Use) (err error) {
	status.Slot = slot
	if slot.Active == 0 {
		return nil
	}
	if status.Value, err = v.Value(ctx, slot.EnvironmentID, slot.SecretID, slot.Active); err != nil {
		return err
	}
	if status.Value.Type == secret.OAuth2 {
		if status.Token, status.Connection, err = v.connection(ctx, status.Value); err != nil {
			return err
		}
	}
	status.Value.Sealed, status.Expired = secret.Sealed{}, status.Value.Terms.Expired(v.Now())
	for _, u := range uses {
		if u.EnvironmentID == slot.EnvironmentID && u.Version == slot.Active {
			status.LastUsedAt = u.LastUsedAt
		}
	}
	return nil
}

// connection is what may be told of an OAuth2 value's tokens.
func (v *visit) connection(ctx context.Context, value secret.Value) (t secret.Token, status secret.ConnectionStatus, err error) {
	if t, err = v.OAuth2Token(ctx, value.EnvironmentID, value.SecretID, value.Version); err != nil {
		return secret.Token{}, "", err
	}
	status = t.Status(v.Now())
	t.Access, t.Refresh = secret.Sealed{}, secret.Sealed{}
	return t, status, nil
}
