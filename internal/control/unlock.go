package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// pepperProof is the fixed text whose digest proves the pepper without telling it.
const pepperProof = "lockage pepper check"

// The settings of an installation.
const (
	settingPepper     = "pepper_check"
	settingSigning    = "signing_key"
	settingFirst      = "first_account"
	settingCheckpoint = "checkpoint_key"
)

// ErrOtherKeys is what Unlock answers when the keys are not those the database was made with.
var ErrOtherKeys = errors.New("the keys are not those this database was made with; start with the data folder and the key-encryption key (--kek) that belong to it")

// Unlock is called once before anything else. It checks that the key-encryption key and the pepper are those the
// database was made with, so that the wrong data folder is met at start and not at the first call, and makes or opens
// the key that signs sessions.
func (c *Control) Unlock(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "control: unlock")
	proof := c.digester.Sum(pepperProof)
	fresh, _, err := c.newSigningKey(ctx, signingBinding)
	if err != nil {
		return err
	}
	var stored sealedSetting
	err = c.store.Batch(ctx, func(tx *store.Tx) error { // the first process to start decides
		if err := errors.Join(tx.SetSetting(ctx, settingPepper, proof[:]), tx.SetSetting(ctx, settingSigning, fresh)); err != nil {
			return err
		}
		pepper, err := tx.Setting(ctx, settingPepper)
		if err != nil {
			return err
		}
		if !bytes.Equal(pepper, proof[:]) {
			return fmt.Errorf("%w (the pepper differs)", ErrOtherKeys)
		}
		if _, stored, err = readSealed(ctx, tx, settingSigning); err != nil {
			return err
		}
		return c.claim(ctx, tx, stored.Sealed.KEK)
	})
	if err != nil {
		return err
	}
	opener, err := c.sealer.Open(ctx, signingBinding(stored.ID), stored.Sealed)
	if errors.Is(err, secret.ErrOtherKEK) || errors.Is(err, secret.ErrSeal) {
		return fmt.Errorf("%w (the key-encryption key differs): %w", ErrOtherKeys, err)
	}
	if err != nil {
		return err
	}
	oldest, err := signingKeyOf(opener)
	if err != nil {
		return err
	}
	c.signing.oldest = signingKey{id: stored.ID, private: oldest}
	if err := c.KeepSigningKeys(ctx); err != nil {
		return err
	}
	return c.bindOld(ctx)
}

// bindOld brings values that were sealed before a row's fields were bound to its data key to what is kept today: their
// marks, and the binding.
func (c *Control) bindOld(ctx context.Context) error {
	var unbound map[string][]secret.Value
	err := c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		unbound, err = tx.Unbound(ctx)
		return err
	})
	for owner, values := range unbound {
		if err != nil {
			return err
		}
		bound := make([]secret.Value, 0, len(values))
		for _, v := range values {
			v, err := c.bind(ctx, owner, v)
			if err != nil { // a damaged value is met where it is used; it must not keep all others from service
				c.logger.ErrorContext(ctx, "a value could not be bound to its row", "account", owner, "secret", v.SecretID, "environment", v.EnvironmentID, "version", v.Version, "error", err)
				continue
			}
			bound = append(bound, v)
		}
		err = c.store.Batch(ctx, func(tx *store.Tx) error {
			for _, v := range bound {
				if err := tx.Bind(ctx, owner, v); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return err
}

// bind answers a value as it is kept today.
func (c *Control) bind(ctx context.Context, owner string, v secret.Value) (secret.Value, error) {
	value, err := c.unseal(ctx, owner, v)
	if err != nil {
		return v, err
	}
	defer value.Wipe()
	to := v
	to.Format, to.Marks = secret.FormatFacts, c.marker.Mark(owner, value)
	to.Sealed, err = c.sealer.Rebind(ctx, v.Binding(owner), to.Binding(owner), v.Sealed)
	return to, err
}

func signingBinding(id string) secret.Binding {
	return secret.Binding{Secret: id, Version: 1, Type: secret.SigningKey}
}

// newSigningKey makes an Ed25519 key, sealed for what binding answers for its id.
func (c *Control) newSigningKey(ctx context.Context, binding func(id string) secret.Binding) (raw []byte, sealed secret.Sealed, err error) {
	id, private, err := generateSigningKey()
	if err != nil {
		return nil, sealed, err
	}
	sealed, err = c.sealer.Seal(ctx, binding(id), secret.NewPlaintext(private.Seed()))
	if err != nil {
		return nil, sealed, err
	}
	raw, err = json.Marshal(sealedSetting{ID: id, Sealed: sealed})
	return raw, sealed, err
}
