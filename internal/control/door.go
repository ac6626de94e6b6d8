package control

import (
	"context"
	"errors"
	"maps"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mask"
	"github.com/lockage/lockage/internal/store"
)

// visit is one passage through a door: the transaction, who came, and what the audit entry will tell.
type visit struct {
	*store.Tx
	who         access.Principal
	action      access.Action
	pipeline    environment.Pipeline
	environment environment.Environment // the one acted in; zero for what concerns the account
	target      audit.Target
	detail      map[string]string
	exempt      bool            // from freezes: the kill switch
	override    string          // why a freeze was overridden, where one was
	overruled   map[string]bool // the environments whose freeze was, by id
	contents    bodies          // what was read so far
	recorded    recordingMap    // likewise; nil: not yet
	givers      []string        // who gave a token what it holds, as holdsStill found
	lost        bool            // what was asked for is not there for the principal
	masker      func(account, environmentID string, rules mask.Rules) *mask.Masker
	decided     bool // by the scope, of several environments
}

// scope finds, inside the transaction and before the decision, the environment an operation acts in. What the
// principal does not see answers exactly as what never existed.
type scope func(context.Context, *visit) error

// account is the scope of what concerns no single environment.
func account(context.Context, *visit) error { return nil }

// in is the scope of an environment named by id or name.
func in(ref string) scope {
	return func(_ context.Context, v *visit) error {
		e, err := v.seen(ref)
		v.environment = e
		return err
	}
}

// among is the scope of a look at several environments: at the one that is named, which must be allowed, or ("") at all
// those that are. ids gets theirs.
func among(ref string, ids *[]string) scope {
	return func(ctx context.Context, v *visit) error {
		if ref != "" {
			err := in(ref)(ctx, v)
			*ids = []string{v.environment.ID}
			return err
		}
		v.decided = true
		*ids = v.allowed(v.action)
		list := make([]access.Environment, len(v.pipeline))
		for i, e := range v.pipeline {
			list[i] = access.Environment{ID: e.ID, Protected: e.Protected}
		}
		return access.AllowAmong(v.who, v.action, list)
	}
}

// both is the scope of what needs two.
func both(first, second scope) scope {
	return func(ctx context.Context, v *visit) error {
		if err := first(ctx, v); err != nil {
			return err
		}
		return second(ctx, v)
	}
}

// allowed answers the ids of the environments where the principal may do an action.
func (v *visit) allowed(action access.Action) []string {
	ids := []string{}
	for _, e := range v.pipeline {
		if v.who.Sees(e.ID) && access.Allow(v.who, action, access.Environment{ID: e.ID, Protected: e.Protected}) == nil {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// onSecret is the scope of a secret in an environment. What the audit entry tells is known before the decision, so that
// the attempts that are refused stand in the secret's own log too.
func onSecret(ref, environmentRef string) scope {
	return func(ctx context.Context, v *visit) error {
		switch s, err := v.Secret(ctx, ref); {
		case err == nil:
			v.target = secretTarget(s)
		case !fault.Is(err, fault.NotFound): // the operation itself says that there is none, to who may know
			return err
		}
		if environmentRef == "" {
			return nil
		}
		return in(environmentRef)(ctx, v)
	}
}

// first is the scope of the environment where changes begin.
func first(_ context.Context, v *visit) error {
	v.environment = v.pipeline.First()
	return nil
}

// seen finds an environment the principal sees by id or name.
func (v *visit) seen(ref string) (environment.Environment, error) {
	e, ok := v.pipeline.Find(ref)
	if !ok || !v.who.Sees(e.ID) {
		v.lost = true
		return environment.Environment{}, fault.New(fault.NotFound, "no such environment")
	}
	return e, nil
}

// allow asks for the decision; an operation that touches a second environment asks for that one too.
func (v *visit) allow(e environment.Environment) error {
	return access.Allow(v.who, v.action, access.Environment{ID: e.ID, Protected: e.Protected})
}

// demand asks for a fresh proof of who acts, where the account demands one for the action in the environment. An
// operation that changes a second environment asks for that one too.
func (v *visit) demand(ctx context.Context, e environment.Environment) error {
	if !v.action.MayNeedProof() || v.who.Kind == access.SystemActor {
		return nil
	}
	a, err := v.AccountSettings(ctx)
	if err != nil {
		return err
	}
	return a.StepUp.Demand(v.who, v.action, access.Environment{ID: e.ID, Protected: e.Protected, Default: e.IsDefault}, v.Now())
}

func (v *visit) enter(ctx context.Context, where scope) error {
	list, err := v.Environments(ctx)
	if err != nil {
		return err
	}
	v.pipeline = environment.NewPipeline(list)
	if err := access.Complete(v.who, v.action); err != nil {
		return err // before anything is looked up
	}
	if err := where(ctx, v); err != nil {
		v.lost = fault.Is(err, fault.NotFound)
		return err
	}
	if !v.decided {
		if err := v.allow(v.environment); err != nil {
			return err
		}
	}
	if err := v.demand(ctx, v.environment); err != nil {
		return err
	}
	return v.thaw(ctx, v.environment)
}

func (v *visit) entry(outcome audit.Outcome) audit.Entry {
	if v.override != "" && v.detail["reason"] == "" {
		v.detail = maps.Clone(v.detail)
		if v.detail == nil {
			v.detail = map[string]string{}
		}
		maps.Copy(v.detail, audit.Detail("reason", v.override))
	}
	return audit.Entry{
		Actor:  audit.Actor{Kind: string(v.who.Kind), ID: v.who.ID, Name: v.who.Name},
		Action: string(v.action), Outcome: outcome,
		EnvironmentID: v.environment.ID, Environment: v.environment.Name,
		Target: v.target, Detail: v.detail,
		RequestID: v.who.Request.ID, Address: v.who.Request.Address,
	}
}

// write is the door of every change. In one transaction it finds what is acted on, asks access.Allow, runs fn, and
// appends the audit entry; afterwards the gateway learns of it before the caller does. A refusal changes nothing and is
// recorded in a transaction of its own.
func (c *Control) write(ctx context.Context, who access.Principal, action access.Action, where scope, fn func(*visit) error) (err error) {
	defer fault.Wrap(&err, "control: %s", action)
	var v *visit
	err = c.wrapping(func() error {
		v = &visit{who: who, action: action, masker: c.masker}
		return c.store.Write(ctx, who.Account, func(tx *store.Tx) error {
			v.Tx = tx
			if err := v.enter(ctx, where); err != nil {
				return err
			}
			if err := fn(v); err != nil {
				return err
			}
			return tx.AppendAudit(ctx, v.entry(audit.Allowed))
		})
	})
	if err != nil {
		c.recordRefusal(ctx, v, err)
		return err
	}
	return c.serve(ctx, v.Tx)
}

// serve makes the gateway know a change before it is acknowledged: a revoked key is refused from the answer on.
func (c *Control) serve(ctx context.Context, tx *store.Tx) error {
	if c.holder == nil || !tx.Served() {
		return nil
	}
	// the change is committed: the caller going away must not keep it from the gateway
	if err := c.holder.Refresh(context.WithoutCancel(ctx), tx.Account()); err != nil {
		c.logger.ErrorContext(ctx, "gateway could not take a change", "account", tx.Account(), "version", tx.Version(), "error", err)
		return &fault.Error{
			Kind: fault.Unavailable, Saved: true, Err: err,
			Message: "the change is saved, but the gateway could not take it yet and goes on with the state before; it keeps trying",
		}
	}
	return nil
}

// read is the door of everything that only looks. A forbidden look is recorded, and so is one at an environment, or a
// thing of one, that is not there for the principal, whether it exists or not: that is how a probe shows.
func (c *Control) read(ctx context.Context, who access.Principal, action access.Action, where scope, fn func(*visit) error) (err error) {
	defer fault.Wrap(&err, "control: %s", action)
	v := &visit{who: who, action: action, masker: c.masker}
	err = c.store.Read(ctx, who.Account, func(tx *store.Tx) error {
		v.Tx = tx
		if err := v.enter(ctx, where); err != nil {
			return err
		}
		return fn(v)
	})
	if v.lost || fault.Is(err, fault.Forbidden) {
		c.recordRefusal(ctx, v, err)
	}
	return err
}

// recordRefusal keeps a refused decision. The refusal stands even when it cannot be recorded: it changed nothing.
func (c *Control) recordRefusal(ctx context.Context, v *visit, refusal error) {
	kind := fault.KindOf(refusal)
	if kind == fault.Internal || kind == fault.Unavailable {
		return // not a decision
	}
	e := v.entry(audit.Refused)
	e.Detail = audit.Detail("error", string(kind))
	if err := c.record(context.WithoutCancel(ctx), v.who.Account, e); err != nil {
		c.logger.ErrorContext(ctx, "refusal could not be recorded", "action", v.action, "kind", kind, "error", err)
		return
	}
	var told *fault.Error
	if errors.As(refusal, &told) {
		told.Recorded = true
	}
}

// RecordRefused keeps the refusal of a request to change something that did not come as far as its operation, such as
// one with a broken body. operation is the name the front knows it by. One that is recorded already is not kept twice.
func (c *Control) RecordRefused(ctx context.Context, who access.Principal, operation string, refusal error) {
	var told *fault.Error
	if !errors.As(refusal, &told) || told.Recorded {
		return
	}
	if who.Kind == access.OperatorActor {
		c.refusedByNobody(ctx, who, access.RequestRefuse, audit.Target{Kind: "operation", Name: operation}, refusal)
		return
	}
	if who.Account == "" {
		return
	}
	v := &visit{who: who, action: access.RequestRefuse, target: audit.Target{Kind: "operation", Name: operation}}
	c.recordRefusal(ctx, v, refusal)
}

// record appends an audit entry that goes with no change.
func (c *Control) record(ctx context.Context, account string, e audit.Entry) error {
	return c.store.Write(ctx, account, func(tx *store.Tx) error { return tx.AppendAudit(ctx, e) })
}
