package control

import (
	"context"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/syslog"
	"github.com/lockage/lockage/internal/webhook"
)

// AuditStream is a stream of the audit log, and how far it is.
type AuditStream = store.StreamState

// streamsMost is how many streams an account may have: each reads the log.
const streamsMost = 10

// AuditStreamFields are what people set of a stream; nil leaves it.
type AuditStreamFields struct {
	Name     *string
	URL      *string // of a webhook
	Address  *string // of a collector
	Facility *int    // of syslog
	CA       *string // of a collector
	Paused   *bool
}

// apply puts the fields into a stream of a kind, and refuses what the kind does not have.
func (f AuditStreamFields) apply(s *audit.Stream) error {
	only := func(field string, given bool, kind audit.StreamKind) error {
		if given && s.Kind != kind {
			return fault.Refused(field, "is for streams of the kind %s", kind)
		}
		return nil
	}
	for _, err := range []error{
		only("url", f.URL != nil, audit.Webhook), only("address", f.Address != nil, audit.Syslog),
		only("facility", f.Facility != nil, audit.Syslog), only("ca", f.CA != nil, audit.Syslog),
	} {
		if err != nil {
			return err
		}
	}
	set(&s.Name, f.Name)
	set(&s.Target, f.URL)
	set(&s.Target, f.Address)
	set(&s.Facility, f.Facility)
	set(&s.CA, f.CA)
	set(&s.Paused, f.Paused)
	if err := audit.CheckStreamName(s.Name); err != nil {
		return err
	}
	if s.Kind == audit.Webhook {
		if err := webhook.CheckURL(s.Target); err != nil {
			return fault.Refused("url", "%v", err)
		}
		return nil
	}
	if s.Facility < 0 || s.Facility > 23 {
		return fault.Refused("facility", "must be from 0 to 23")
	}
	if err := (syslog.Target{Address: s.Target}).Check(); err != nil {
		return fault.Refused("address", "%v", err)
	}
	if err := (syslog.Target{Address: s.Target, CA: s.CA}).Check(); err != nil {
		return fault.Refused("ca", "%v", err)
	}
	return nil
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// CreateAuditStream makes a stream that begins with the first entry of the log, or with what is recorded from now on. Of a
// webhook it answers the key that verifies deliveries, which is shown once.
func (c *Control) CreateAuditStream(ctx context.Context, who access.Principal, kind audit.StreamKind, f AuditStreamFields, fromBeginning bool) (s AuditStream, shown string, err error) {
	err = c.write(ctx, who, access.AuditStreamCreate, account, func(v *visit) error {
		made := audit.Stream{
			ID: newID(), Kind: kind, Facility: audit.DefaultFacility, CreatedAt: v.Now(), CreatedBy: who.Name, UpdatedAt: v.Now(),
			Position: v.Version() - 1,
		}
		if kind != audit.Webhook && kind != audit.Syslog {
			return fault.Refused("kind", `must be "webhook" or "syslog"`)
		}
		if err := f.apply(&made); err != nil {
			return err
		}
		v.target, v.detail = streamTarget(made), audit.Detail("type", string(kind))
		there, err := v.AuditStreams(ctx)
		if err != nil {
			return err
		}
		if len(there) >= streamsMost {
			return fault.New(fault.Conflict, "the account has %d streams, and may not have more; delete one first", len(there))
		}
		if fromBeginning {
			anchor, err := v.AuditAnchor(ctx)
			if err != nil {
				return err
			}
			made.Position = anchor.Entries
		}
		key := webhook.NewKey()
		if kind == audit.Webhook {
			shown = webhook.FormatKey(key)
		}
		plain := secret.NewPlaintext(key)
		defer plain.Wipe()
		if made.Key, err = c.sealer.Seal(ctx, made.Binding(who.Account), plain); err != nil {
			return err
		}
		if err := v.InsertAuditStream(ctx, made); err != nil {
			return err
		}
		s, err = v.AuditStreamState(ctx, made.ID)
		return err
	})
	if err != nil {
		return AuditStream{}, "", err
	}
	return s, shown, nil
}

func streamTarget(s audit.Stream) audit.Target {
	return audit.Target{Kind: "audit_stream", ID: s.ID, Name: s.Name}
}

// onStream is the scope of a stream.
func onStream(id string) scope {
	return func(ctx context.Context, v *visit) error {
		s, err := v.AuditStream(ctx, id)
		if err == nil {
			v.target = streamTarget(s)
			return nil
		}
		if fault.Is(err, fault.NotFound) {
			return nil // the operation itself says that there is none, to who may know
		}
		return err
	}
}

// AuditStreams lists the account's streams, and how far each is.
func (c *Control) AuditStreams(ctx context.Context, who access.Principal) (list []AuditStream, err error) {
	err = c.read(ctx, who, access.AuditStreamRead, account, func(v *visit) error {
		list, err = v.AuditStreamStates(ctx)
		return err
	})
	return list, err
}

// GetAuditStream answers a stream, and how far it is.
func (c *Control) GetAuditStream(ctx context.Context, who access.Principal, id string) (s AuditStream, err error) {
	err = c.read(ctx, who, access.AuditStreamRead, onStream(id), func(v *visit) error {
		s, err = v.AuditStreamState(ctx, id)
		return err
	})
	return s, err
}

// UpdateAuditStream changes what is set of a stream; its key stays. It is tried again at once.
func (c *Control) UpdateAuditStream(ctx context.Context, who access.Principal, id string, f AuditStreamFields) (s AuditStream, err error) {
	err = c.write(ctx, who, access.AuditStreamUpdate, onStream(id), func(v *visit) error {
		held, err := v.AuditStream(ctx, id)
		if err != nil {
			return err
		}
		changed := held
		if err := f.apply(&changed); err != nil {
			return err
		}
		v.target = streamTarget(changed)
		if f.Paused != nil {
			v.detail = audit.Detail("active", yesNo(!*f.Paused))
		}
		changed.UpdatedAt = v.Now()
		if changed.Key, err = c.sealer.Rebind(ctx, held.Binding(who.Account), changed.Binding(who.Account), held.Key); err != nil {
			return err
		}
		if err := v.Tx.UpdateAuditStream(ctx, changed); err != nil {
			return err
		}
		s, err = v.AuditStreamState(ctx, id)
		return err
	})
	return s, err
}

func yesNo(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// DeleteAuditStream ends a stream.
func (c *Control) DeleteAuditStream(ctx context.Context, who access.Principal, id string) error {
	return c.write(ctx, who, access.AuditStreamDelete, onStream(id), func(v *visit) error {
		if _, err := v.AuditStream(ctx, id); err != nil {
			return err
		}
		return v.Tx.DeleteAuditStream(ctx, id)
	})
}

// StreamTest is how a delivery that carries no entry went.
type StreamTest struct {
	Delivered bool
	Failure   string // its class
	Message   string // for people
}

// TestAuditStream sends a message that carries no entry to where a stream delivers, once, and says how that went. It is
// recorded before it is sent.
func (c *Control) TestAuditStream(ctx context.Context, who access.Principal, id string) (r StreamTest, err error) {
	var s audit.Stream
	err = c.write(ctx, who, access.AuditStreamTest, onStream(id), func(v *visit) error {
		s, err = v.AuditStream(ctx, id)
		return err
	})
	if err != nil {
		return r, err
	}
	d := c.delivery(who.Account, s)
	if failure := d.test(ctx, c.now()); failure != nil {
		return StreamTest{Failure: failure.code, Message: failure.message}, nil
	}
	return StreamTest{Delivered: true}, nil
}
