package control

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/syslog"
	"github.com/lockage/lockage/internal/webhook"
)

// delivery sends what a stream delivers to where it delivers it.
type delivery struct {
	c       *Control
	account string
	stream  audit.Stream
}

func (c *Control) delivery(account string, s audit.Stream) delivery {
	return delivery{c: c, account: account, stream: s}
}

// streamFailure is an attempt that failed.
type streamFailure struct {
	code    string // the class, which is shown
	message string // for people
	after   time.Duration
}

// send delivers entries that follow one another; nil says that they were taken.
func (d delivery) send(ctx context.Context, entries []audit.Entry) *streamFailure {
	if d.stream.Kind == audit.Syslog {
		messages := make([]syslog.Message, len(entries))
		for i, e := range entries {
			messages[i] = d.message(e)
		}
		return d.collect(ctx, messages)
	}
	return d.post(ctx, d.stream.BatchID(entries[len(entries)-1].Sequence), d.stream.Batch(d.account, entries))
}

// test delivers a message that carries no entry.
func (d delivery) test(ctx context.Context, now time.Time) *streamFailure {
	if d.stream.Kind == audit.Syslog {
		return d.collect(ctx, []syslog.Message{{
			Facility: d.stream.Facility, Severity: syslog.Notice, Time: now, ID: "audit.test",
			Data: []syslog.Param{{Name: "account", Value: d.account}, {Name: "stream", Value: d.stream.ID}},
			Text: syslog.ASCII(d.stream.Test(d.account, now)),
		}})
	}
	return d.post(ctx, "test_"+newID(), d.stream.Test(d.account, now))
}

// key opens the stream's key, which opens for this target and no other.
func (d delivery) key(ctx context.Context) ([]byte, *streamFailure) {
	opener, err := d.c.sealer.Open(ctx, d.stream.Binding(d.account), d.stream.Key)
	if err != nil {
		code := "key_unavailable"
		if errors.Is(err, secret.ErrSeal) {
			code = "changed_outside" // of Lockage: nothing may be sent there
		}
		d.c.logger.WarnContext(ctx, "the key of a stream of the audit log does not open", "account", d.account, "stream", d.stream.ID, "error", err)
		return nil, &streamFailure{code: code, message: "the stream's key does not open: the key service is out of reach, or the stream was changed in the database"}
	}
	key, err := opener.AppendTo(nil)
	if err != nil {
		return nil, &streamFailure{code: "changed_outside", message: "the stream's key does not open: the stream was changed in the database"}
	}
	return key, nil
}

func (d delivery) post(ctx context.Context, id string, body []byte) *streamFailure {
	key, failure := d.key(ctx)
	if failure != nil {
		return failure
	}
	defer clear(key)
	if d.c.webhooks == nil {
		return &streamFailure{code: "not_configured", message: "this server sends nothing"}
	}
	err := d.c.webhooks.Send(ctx, webhook.Target{URL: d.stream.Target, Key: key}, id, body)
	var told *webhook.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told):
		return &streamFailure{code: told.Code, message: told.Error(), after: told.After}
	default:
		return &streamFailure{code: "failed", message: "the delivery failed"}
	}
}

func (d delivery) collect(ctx context.Context, messages []syslog.Message) *streamFailure {
	key, failure := d.key(ctx) // it signs nothing: that it opens proves that the address is the one that was set
	if failure != nil {
		return failure
	}
	clear(key)
	if d.c.syslog == nil {
		return &streamFailure{code: "not_configured", message: "this server sends nothing"}
	}
	err := d.c.syslog.Send(ctx, syslog.Target{Address: d.stream.Target, CA: d.stream.CA}, messages)
	var told *syslog.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told):
		return &streamFailure{code: told.Code, message: told.Error()}
	default:
		return &streamFailure{code: "failed", message: fmt.Sprintf("the delivery failed: %v", err)}
	}
}

// message is an entry for a collector: its facts apart, and the whole of it as JSON, by which it can be verified.
func (d delivery) message(e audit.Entry) syslog.Message {
	m := syslog.Message{
		Facility: d.stream.Facility, Severity: syslog.Notice, Time: e.Time, ID: e.Action, Text: syslog.ASCII(e.JSON()),
		Data: []syslog.Param{
			{Name: "account", Value: d.account},
			{Name: "stream", Value: d.stream.ID},
			{Name: "sequence", Value: strconv.FormatInt(e.Sequence, 10)},
			{Name: "outcome", Value: string(e.Outcome)},
			{Name: "actor_kind", Value: e.Actor.Kind},
			{Name: "actor_id", Value: e.Actor.ID},
			{Name: "actor_name", Value: e.Actor.Name},
			{Name: "environment", Value: e.Environment},
			{Name: "target_kind", Value: e.Target.Kind},
			{Name: "target_id", Value: e.Target.ID},
			{Name: "target_name", Value: e.Target.Name},
			{Name: "request_id", Value: e.RequestID},
			{Name: "address", Value: e.Address},
			{Name: "hash", Value: e.Hash},
		},
	}
	if e.Outcome == audit.Refused {
		m.Severity = syslog.Warning
	}
	return m
}
