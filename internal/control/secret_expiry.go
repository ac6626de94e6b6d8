package control

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// ExpiringSecret is a value in force that has expired or soon will.
type ExpiringSecret struct {
	Secret      secret.Secret
	Environment environment.Environment
	Value       secret.Value // without what is sealed
	Expired     bool
	Routes      []fault.Route // that use it there and are switched on
}

// The bounds of how far ahead one may look.
const (
	DefaultWithin = 30 * 24 * time.Hour
	maxWithin     = 10 * 366 * 24 * time.Hour
)

// ExpiringSecrets lists the values in force that expire within a time, soonest first, in the environments whose values the
// principal may know of; environmentRef narrows to one.
func (c *Control) ExpiringSecrets(ctx context.Context, who access.Principal, environmentRef string, within time.Duration) (list []ExpiringSecret, err error) {
	if within < 0 || within > maxWithin {
		return nil, fault.Refused("within", `must be a duration from 0s to 10 years, such as "720h"`)
	}
	var ids []string
	err = c.read(ctx, who, access.SecretStatus, among(environmentRef, &ids), func(v *visit) error {
		values, err := v.ExpiringValues(ctx, ids, v.Now().Add(within))
		if err != nil {
			return err
		}
		slices.SortFunc(values, func(a, b secret.Value) int {
			return cmp.Or(a.ExpiresAt.Compare(b.ExpiresAt), cmp.Compare(a.SecretID, b.SecretID), cmp.Compare(a.EnvironmentID, b.EnvironmentID))
		})
		list = make([]ExpiringSecret, len(values))
		for i, value := range values {
			s, err := v.Secret(ctx, value.SecretID)
			if err != nil {
				return err
			}
			users, err := v.Users(ctx, s.ID, s.Name)
			if err != nil {
				return err
			}
			routes, err := v.routeNames(ctx, usersIn(users, value.EnvironmentID))
			if err != nil {
				return err
			}
			e, _ := v.pipeline.Find(value.EnvironmentID)
			value.Sealed = secret.Sealed{}
			list[i] = ExpiringSecret{Secret: s, Environment: e, Value: value, Expired: value.Terms.Expired(v.Now()), Routes: routes}
		}
		return nil
	})
	return list, err
}
