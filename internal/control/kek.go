package control

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// The settings that keys leave in the database, besides store.SettingKEK.
const (
	settingSettled  = "kek_settled"  // the key of which it was proven that it made every wrap; something else while one began
	settingRotation = "kek_rotation" // who re-wraps, and how that goes: a rotation
)

// The times of processes that know of each other by the database.
const (
	nodeSeen  = 10 * time.Second // how often a process says that it is there
	nodeLives = 35 * time.Second // how long it counts as there
)

// sealedSetting is a setting of which a part is sealed.
type sealedSetting struct {
	ID     string
	Sealed secret.Sealed
}

// sealedSettings are the settings of that form, each with what it is sealed for; nothing writes to it.
var sealedSettings = map[string]func(id string) secret.Binding{
	settingSigning:    signingBinding,
	settingCheckpoint: checkpointBinding,
}

// wrapping runs what seals and stores. When another key began to wrap meanwhile, and this process holds it, that is run
// again with it; fn must not keep anything of a run that failed.
func (c *Control) wrapping(fn func() error) error {
	err := fn()
	var other *store.OtherKEKError
	if errors.As(err, &other) && c.follow(other.Current) {
		err = fn()
	}
	switch {
	case errors.As(err, &other):
		return &fault.Error{
			Kind: fault.Unavailable, Err: err,
			Message: fmt.Sprintf("this server wraps with the key %s, but the key %s wraps now, which it was not given; restart it with --kek of that key", other.Made, other.Current),
		}
	case errors.Is(err, secret.ErrUnreachable):
		message := secret.ErrUnreachable.Error()
		if told := new(fault.Error); errors.As(err, &told) {
			message = told.Message
		}
		return &fault.Error{Kind: fault.Unavailable, RetryAfter: retryUnreachable, Err: err, Message: message + "; nothing was changed, try again"}
	}
	return err
}

// retryUnreachable is after how long it is worth trying again what a key service is needed for.
const retryUnreachable = 10 * time.Second

// follow makes the key of an id the one that wraps here; false when it was not given, which KeyTrouble then tells.
func (c *Control) follow(current string) bool {
	if !c.sealer.Use(current) {
		if known := c.behind.Swap(&current); known == nil {
			c.logger.Error("another key wraps, which this server was not given: it opens what it can, and stores nothing that is sealed", "kek", current, "held", c.sealer.Keys())
		}
		return false
	}
	c.behind.Store(nil)
	return true
}

// KeyTrouble says what keeps this process from storing what is sealed, while it goes on serving; "" when nothing does.
func (c *Control) KeyTrouble() string {
	if current := c.behind.Load(); current != nil {
		return fmt.Sprintf("the key %s wraps, which this server was not given, so that it stores nothing that is sealed; restart it with --kek or --kek-old of that key", *current)
	}
	return ""
}

// claim notes, at the start, which key wraps if nobody did before, and that this process is there with the keys it
// holds: from then on no key begins to wrap that it does not hold.
func (c *Control) claim(ctx context.Context, tx *store.Tx, made string) error {
	// before there was such a setting, the key of the signing key was the only one
	err := errors.Join(
		tx.SetSetting(ctx, store.SettingKEK, []byte(made)),
		tx.SetSetting(ctx, settingSettled, []byte(made)),
	)
	if err != nil {
		return err
	}
	current, err := tx.HoldKEK(ctx)
	if err != nil {
		return err
	}
	if !c.sealer.Holds(current) {
		return fmt.Errorf("%w (the key-encryption key differs): %s wraps, and this server holds %s; name that key with --kek, or with --kek-old while the keys are changed",
			ErrOtherKeys, current, strings.Join(c.sealer.Keys(), " and "))
	}
	c.follow(current)
	return c.see(ctx, tx)
}

func (c *Control) see(ctx context.Context, tx *store.Tx) error {
	return tx.SeeNode(ctx, store.Node{ID: c.node, KEKs: c.sealer.Keys()}, tx.Now().Add(-nodeLives))
}

// Leave says that this process ends: no key has to wait for it any more.
func (c *Control) Leave(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "control: leave")
	return c.store.Batch(ctx, func(tx *store.Tx) error { return tx.DropNode(ctx, c.node) })
}

// countSettings adds what is sealed in settings to counts of wraps.
func countSettings(ctx context.Context, tx *store.Tx, counts []store.WrapCount) ([]store.WrapCount, error) {
	byKEK := map[string]int64{}
	for name := range sealedSettings {
		_, setting, err := readSealed(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		if setting.Sealed.KEK != "" {
			byKEK[setting.Sealed.KEK]++
		}
	}
	for id, n := range byKEK {
		counts = append(counts, store.WrapCount{Source: "installation", KEK: id, N: n})
	}
	return counts, nil
}
