package control

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mask"
	"github.com/lockage/lockage/internal/store"
)

// Account is what an account sets for itself.
type Account = store.Account

// GetAccount answers what the account sets for itself.
func (c *Control) GetAccount(ctx context.Context, who access.Principal) (a Account, err error) {
	err = c.read(ctx, who, access.AccountRead, account, func(v *visit) error {
		a, err = v.AccountSettings(ctx)
		a.OIDC = v.namedGroups(a.OIDC)
		return err
	})
	return a, err
}

// AccountFields is what may be changed of an account; nil leaves it.
type AccountFields struct {
	CommitMessageRequired *bool                 // of commits, promotions and rollbacks
	SecondFactor          *bool                 // whoever acts in the account must have shown one
	Groups                *[]access.GroupGrants // all that groups at the login provider give; environments by name
	ProviderOnly          *bool                 // members log in at the provider only
	ObfuscationFields     *[]mask.Field         // all of them
	ObfuscationKeep       *[]string             // all of them
	StepUp                *StepUpFields
	AuditRetention        *string // "never", "400d"
}

// StepUpFields are what is to change of what a fresh proof is demanded for; nil leaves one as it is.
type StepUpFields struct {
	Values, Promotions, Grants, Tokens *bool
	MaxAge                             *string // a duration, like 10m
}

// UpdateAccount changes what the account sets for itself. Where a fresh proof is demanded for anything, changing what it
// is demanded for needs one too: else whoever found an open session would turn it off first. For how long the audit log is
// kept only owners say.
func (c *Control) UpdateAccount(ctx context.Context, who access.Principal, f AccountFields) (a Account, err error) {
	err = c.write(ctx, who, access.AccountUpdate, account, func(v *visit) error {
		if a, err = v.AccountSettings(ctx); err != nil {
			return err
		}
		v.target, v.detail = accountTarget(a), map[string]string{}
		if f.CommitMessageRequired != nil {
			a.CommitMessageRequired = *f.CommitMessageRequired
		}
		if f.SecondFactor != nil && a.SecondFactor != *f.SecondFactor {
			if err := c.changes(ctx, v); err != nil { // else whoever found an open session would turn it off first
				return err
			}
			a.SecondFactor = *f.SecondFactor
			maps.Copy(v.detail, audit.Detail("second_factor", secondFactorWord(a.SecondFactor)))
		}
		if f.Groups != nil || f.ProviderOnly != nil {
			if err := c.changeGroupLogin(ctx, v, f, &a); err != nil {
				return err
			}
		}
		if f.ObfuscationFields != nil {
			a.Obfuscation.Fields = *f.ObfuscationFields
		}
		if f.ObfuscationKeep != nil {
			a.Obfuscation.Keep = *f.ObfuscationKeep
		}
		if f.ObfuscationFields != nil || f.ObfuscationKeep != nil {
			if err := a.Obfuscation.Check("obfuscation."); err != nil {
				return err
			}
			maps.Copy(v.detail, audit.Detail("obfuscation", fmt.Sprintf("%d fields, %d kept", len(a.Obfuscation.Fields), len(a.Obfuscation.Keep))))
		}
		if f.StepUp != nil {
			if err := a.StepUp.DemandChange(v.who, v.Now()); err != nil {
				return err
			}
			if a.StepUp, err = f.StepUp.apply(a.StepUp); err != nil {
				return err
			}
			maps.Copy(v.detail, audit.Detail("step_up", a.StepUp.String()))
		}
		if f.AuditRetention != nil {
			if err := access.Allow(who, access.AuditRetain, access.Environment{}); err != nil {
				return err
			}
			kept, ok := audit.ParseRetention(*f.AuditRetention)
			if !ok {
				return fault.Refused("audit.retention", `must be whole days from 90d to 3650d, like "400d", or "never" for a log that is never pruned`)
			}
			a.AuditRetention = kept
			maps.Copy(v.detail, audit.Detail("retention", audit.FormatRetention(kept)))
		}
		err := v.Tx.UpdateAccount(ctx, a)
		a.OIDC = v.namedGroups(a.OIDC)
		return err
	})
	return a, err
}

// changeGroupLogin changes what the account makes of the login provider. Nobody has a group give more than they hold.
func (c *Control) changeGroupLogin(ctx context.Context, v *visit, f AccountFields, a *Account) error {
	if err := c.changes(ctx, v); err != nil {
		return err
	}
	// it is giving grants, by another door
	if err := a.StepUp.Demand(v.who, access.MemberUpdate, access.Environment{}, v.Now()); err != nil {
		return err
	}
	l, before := &a.OIDC, a.OIDC
	if f.Groups != nil {
		groups, err := v.parseGroups(*f.Groups)
		if err != nil {
			return err
		}
		l.Groups = groups
	}
	if f.ProviderOnly != nil {
		l.Only = *f.ProviderOnly
	}
	switch {
	case l.Only && !before.Only && c.provider == nil:
		return fault.Refused("oidc.only", "would keep everybody but owners out: no login provider is set up here; an operator names one with --oidc-issuer")
	case before.Only != l.Only:
		maps.Copy(v.detail, audit.Detail("oidc", onlyWord(l.Only)))
	}
	if err := l.Check("oidc.groups"); err != nil {
		return err
	}
	if f.Groups != nil {
		maps.Copy(v.detail, audit.Detail("groups", fmt.Sprintf("%d groups", len(l.Groups))))
	}
	return access.CheckMapping(v.who, before, *l)
}

func onlyWord(only bool) string {
	if only {
		return "only"
	}
	return "also"
}

func secondFactorWord(required bool) string {
	if required {
		return "required"
	}
	return "off"
}

func (f StepUpFields) apply(s access.StepUp) (access.StepUp, error) {
	for _, each := range []struct {
		to   *bool
		from *bool
	}{{&s.Values, f.Values}, {&s.Promotions, f.Promotions}, {&s.Grants, f.Grants}, {&s.Tokens, f.Tokens}} {
		if each.from != nil {
			*each.to = *each.from
		}
	}
	if f.MaxAge != nil {
		age, err := time.ParseDuration(*f.MaxAge)
		if err != nil || age < access.StepUpLeast || age > access.StepUpMost {
			return s, fault.Refused("step_up.max_age", "must be a duration from %s to %s, for example 10m", access.StepUpLeast, access.StepUpMost)
		}
		s.MaxAge = age
	}
	return s, nil
}

// checkMessage checks a message against the account's setting.
func (v *visit) checkMessage(ctx context.Context, message string) error {
	if err := definition.CheckMessage(message); err != nil {
		return err
	}
	if message != "" {
		return nil
	}
	a, err := v.AccountSettings(ctx)
	if err == nil && a.CommitMessageRequired {
		err = fault.Refused("message", "is required: the account asks for one")
	}
	return err
}
