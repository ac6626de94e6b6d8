package control

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// idempotentLife is how long an Idempotency-Key is remembered.
const idempotentLife = 24 * time.Hour

// IdempotentAnswer is what a repeated request gets again. It may hold a credential that is shown once, so it is kept
// sealed.
type IdempotentAnswer struct {
	Status int
	Header map[string]string
	Body   []byte
}

// keyed is a fingerprint as it is kept: a body may be short enough to be guessed from a plain digest.
func (c *Control) keyed(fingerprint string) string {
	sum := c.digester.Sum(fingerprint)
	return hex.EncodeToString(sum[:])
}

// BeginIdempotent reserves a key of the principal for a request, known by its fingerprint. A saved answer is the one to
// give again. Refused with Conflict when the key belongs to another request, or to one that has not finished: then it
// is not known whether that one took effect.
func (c *Control) BeginIdempotent(ctx context.Context, who access.Principal, key, fingerprint string) (saved *IdempotentAnswer, err error) {
	defer fault.Wrap(&err, "control: begin an idempotent request")
	now := c.now()
	fingerprint = c.keyed(fingerprint)
	var found store.Idempotent
	var taken bool
	err = c.store.Batch(ctx, func(tx *store.Tx) error {
		if err := tx.ExpireIdempotent(ctx, now.Add(-idempotentLife)); err != nil {
			return err
		}
		fresh := store.Idempotent{Holder: who.ID, Key: key, Fingerprint: fingerprint, CreatedAt: now}
		found, taken, err = tx.ReserveIdempotent(ctx, who.Account, fresh)
		return err
	})
	switch {
	case err != nil || taken:
		return nil, err
	case found.Fingerprint != fingerprint:
		return nil, fault.New(fault.Conflict, "this Idempotency-Key was used for another request; use a new one for each request")
	case !found.Done:
		return nil, fault.New(fault.Conflict, "the first request with this Idempotency-Key has not finished; look whether it took effect before sending it with a new key")
	}
	opener, err := c.sealer.Open(ctx, found.Binding(who.Account), found.Answer)
	if errors.Is(err, secret.ErrSeal) {
		c.logger.ErrorContext(ctx, "the answer kept for a repeated request does not open", "account", who.Account, "holder", who.ID, "error", err)
		return nil, fault.New(fault.Conflict, "the answer to the first request with this Idempotency-Key cannot be given again; look whether it took effect before sending it with a new key")
	}
	if err != nil {
		return nil, err
	}
	body, err := opener.AppendTo(nil)
	if err != nil {
		return nil, err
	}
	saved = new(IdempotentAnswer)
	return saved, json.Unmarshal(body, saved)
}

// EndIdempotent keeps the answer of a reserved request, known by its fingerprint, for its repetitions.
func (c *Control) EndIdempotent(ctx context.Context, who access.Principal, key, fingerprint string, answer IdempotentAnswer) (err error) {
	defer fault.Wrap(&err, "control: end an idempotent request")
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	place := store.Idempotent{Holder: who.ID, Key: key, Fingerprint: c.keyed(fingerprint)}
	return c.wrapping(func() error {
		sealed, err := c.sealer.Seal(ctx, place.Binding(who.Account), secret.NewPlaintext(body))
		if err != nil {
			return err
		}
		return c.store.Batch(ctx, func(tx *store.Tx) error { return tx.FinishIdempotent(ctx, who.Account, who.ID, key, sealed) })
	})
}

// DropIdempotent frees a key after a request that was refused and changed nothing.
func (c *Control) DropIdempotent(ctx context.Context, who access.Principal, key string) (err error) {
	defer fault.Wrap(&err, "control: drop an idempotent request")
	return c.store.Batch(ctx, func(tx *store.Tx) error { return tx.DropIdempotent(ctx, who.Account, who.ID, key) })
}
