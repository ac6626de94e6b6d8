package control

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// The times of the keys that sign JWTs. A new key is shown to whoever verifies for signingShown before it signs, and the one
// before it verifies until the last of its JWTs is over.
const (
	signingLife  = 30 * 24 * time.Hour
	signingShown = 10 * time.Minute
	signingAgain = time.Second // how often an unknown key is looked for
)

// signingKey signs the JWTs of members.
type signingKey struct {
	id      string
	private ed25519.PrivateKey
	created time.Time
	active  time.Time // from when on it signs; zero for the oldest
	alone   bool      // those from before it verify nothing any more
}

// signing are the keys of this process. The oldest is that of the setting; it proves at each start that the key-encryption
// key is the right one, and is the only one in databases from before there were several.
type signing struct {
	oldest signingKey
	list   atomic.Pointer[[]signingKey] // all of them, in the order in which they sign
	mu     sync.Mutex                   // of those who load
	looked time.Time                    // when they were loaded last
}

func (s *signing) keys() []signingKey {
	if list := s.list.Load(); list != nil {
		return *list
	}
	return nil
}

// signer is the key that signs at an instant.
func (s *signing) signer(now time.Time) signingKey {
	list := s.keys()
	for i := len(list) - 1; i > 0; i-- {
		if !list[i].active.After(now) {
			return list[i]
		}
	}
	return list[0]
}

// living are the keys that verify at an instant: those that sign or will, and those of which a JWT may not be over.
func (s *signing) living(now time.Time) []signingKey {
	list := s.keys()
	for i := len(list) - 1; i > 0; i-- {
		if over := list[i].active.Add(tokenLife); list[i].alone || !over.After(now) {
			return list[i:]
		}
	}
	return list
}

func generateSigningKey() (id string, private ed25519.PrivateKey, err error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8]), private, nil
}

func signingKeyOf(opener *secret.Opener) (ed25519.PrivateKey, error) {
	seed, err := opener.AppendTo(nil)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: it has another length", secret.ErrSeal)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// verifier is the public key that verifies what the key of an id signed. One that is not known may be another process's,
// made a moment ago: it is looked for, but not with every request that somebody invents.
func (c *Control) verifier(ctx context.Context, id string) (ed25519.PublicKey, error) {
	find := func() (ed25519.PublicKey, bool) {
		for _, k := range c.signing.living(c.now()) {
			if k.id == id {
				public, ok := k.private.Public().(ed25519.PublicKey)
				return public, ok
			}
		}
		return nil, false
	}
	if key, known := find(); known {
		return key, nil
	}
	if err := c.loadSigningKeys(ctx, signingAgain); err != nil {
		return nil, err
	}
	if key, known := find(); known {
		return key, nil
	}
	return nil, errCredential()
}

// loadSigningKeys takes what other processes made and removed, unless that was done less than a while ago. A key that does
// not open is left out: what it signed is refused, and everything else goes on.
func (c *Control) loadSigningKeys(ctx context.Context, unlessWithin time.Duration) (err error) {
	defer fault.Wrap(&err, "control: load signing keys")
	c.signing.mu.Lock()
	defer c.signing.mu.Unlock()
	now := c.now()
	if since := now.Sub(c.signing.looked); since >= 0 && since < unlessWithin {
		return nil
	}
	var rows []store.SigningKey
	err = c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.SigningKeys(ctx)
		return err
	})
	if err != nil {
		return err
	}
	held := c.signing.keys()
	list := []signingKey{c.signing.oldest}
	for _, row := range rows {
		k := signingKey{id: row.ID, created: row.CreatedAt, active: row.ActiveAt, alone: row.Alone}
		if i := slices.IndexFunc(held, func(h signingKey) bool {
			return h.id == k.id && h.created.Equal(k.created) && h.active.Equal(k.active) && h.alone == k.alone
		}); i >= 0 {
			list = append(list, held[i])
			continue
		}
		opener, err := c.sealer.Open(ctx, row.Binding(), row.Key)
		if err == nil {
			k.private, err = signingKeyOf(opener)
		}
		if errors.Is(err, secret.ErrSeal) || errors.Is(err, secret.ErrOtherKEK) {
			c.logger.ErrorContext(ctx, "a signing key cannot be opened; what it signed is refused", "key", row.ID, "error", err)
			continue
		}
		if err != nil {
			return err
		}
		list = append(list, k)
	}
	c.signing.list.Store(&list)
	c.signing.looked = now
	return nil
}

// WatchSigningKeys does KeepSigningKeys at an interval, until ctx ends. It is for the server to run.
func (c *Control) WatchSigningKeys(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := c.KeepSigningKeys(ctx); err != nil && ctx.Err() == nil {
			c.logger.WarnContext(ctx, "the signing keys could not be looked after; it is tried again", "error", err)
		}
	}
}

// KeepSigningKeys follows what other processes made, makes a new key when the newest has served for its time, and removes
// those that verify nothing any more.
func (c *Control) KeepSigningKeys(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "control: keep signing keys")
	if err := c.loadSigningKeys(ctx, 0); err != nil {
		return err
	}
	now := c.now()
	list := c.signing.keys()
	newest := list[len(list)-1]
	switch {
	case len(list) == 1: // the first: nobody has to be shown it beforehand, for what the setting's key signed verifies as well
		_, err = c.addSigningKey(ctx, now, now)
	case !now.Before(newest.created.Add(signingLife)):
		var made string
		if made, err = c.addSigningKey(ctx, now.Add(signingShown), newest.created); made != "" {
			c.tellSigningKey(ctx, made)
		}
	}
	if err != nil {
		return err
	}
	living := c.signing.living(now)
	var over []string
	for _, k := range c.signing.keys()[1:] {
		if !slices.ContainsFunc(living, func(l signingKey) bool { return l.id == k.id }) {
			over = append(over, k.id)
		}
	}
	if len(over) == 0 {
		return nil
	}
	err = c.store.Batch(ctx, func(tx *store.Tx) error {
		for _, id := range over {
			if err := tx.DeleteSigningKey(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, c.loadSigningKeys(ctx, 0))
}

// addSigningKey makes a key that signs from an instant on, unless another process made one after the newest. It answers its
// id, or "".
func (c *Control) addSigningKey(ctx context.Context, active, newest time.Time) (id string, err error) {
	err = c.wrapping(func() error {
		row, err := c.makeSigningKey(ctx, active, false)
		if err != nil {
			return err
		}
		return c.store.Batch(ctx, func(tx *store.Tx) error {
			made, err := tx.InsertSigningKey(ctx, row, newest)
			if made {
				id = row.ID
			}
			return err
		})
	})
	if err != nil {
		return "", err
	}
	return id, c.loadSigningKeys(ctx, 0)
}

func (c *Control) makeSigningKey(ctx context.Context, active time.Time, alone bool) (k store.SigningKey, err error) {
	id, private, err := generateSigningKey()
	if err != nil {
		return k, err
	}
	defer clear(private)
	k = store.SigningKey{ID: id, CreatedAt: c.now().Truncate(time.Millisecond), ActiveAt: active.Truncate(time.Millisecond), Alone: alone}
	k.Key, err = c.sealer.Seal(ctx, k.Binding(), secret.NewPlaintext(private.Seed()))
	return k, err
}

// tellSigningKey notes in the log of the installation's first account that there is a new key.
func (c *Control) tellSigningKey(ctx context.Context, id string) {
	var first []byte
	err := c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		first, err = tx.Setting(ctx, settingFirst)
		return err
	})
	if err == nil && len(first) > 0 {
		v := &visit{who: access.System(string(first)), action: access.SigningKeyRotated, target: signingTarget(id)}
		err = c.record(context.WithoutCancel(ctx), string(first), v.entry(audit.Allowed))
	}
	if err != nil {
		c.logger.ErrorContext(ctx, "a new signing key could not be recorded", "key", id, "error", err)
	}
}

func signingTarget(id string) audit.Target { return audit.Target{Kind: "signing_key", ID: id} }

// RotateSigningKey puts a new key in the place of all others at once: what those signed is refused from now on, here, and
// within a second in every other process. Sessions go on; programs log in again. It is for a key that somebody else may
// know, and concerns the whole installation: only owners of its first account may.
func (c *Control) RotateSigningKey(ctx context.Context, who access.Principal) (id string, err error) {
	err = c.write(ctx, who, access.SigningKeyRotate, account, func(v *visit) error {
		if err := v.isFirst(ctx); err != nil {
			return err
		}
		row, err := c.makeSigningKey(ctx, v.Now(), true)
		if err != nil {
			return err
		}
		id, v.target = row.ID, signingTarget(row.ID)
		if err := v.DeleteSigningKeys(ctx); err != nil { // also one that is to sign later
			return err
		}
		_, err = v.InsertSigningKey(ctx, row, row.CreatedAt)
		return err
	})
	if err != nil {
		return "", err
	}
	return id, c.loadSigningKeys(context.WithoutCancel(ctx), 0)
}

// VerificationKey is the public part of a key that signs JWTs.
type VerificationKey struct {
	ID     string
	Public ed25519.PublicKey
}

// VerificationKeys are those that verify JWTs now or soon, the newest first.
func (c *Control) VerificationKeys() []VerificationKey {
	var list []VerificationKey
	for _, k := range slices.Backward(c.signing.living(c.now())) {
		if public, ok := k.private.Public().(ed25519.PublicKey); ok {
			list = append(list, VerificationKey{k.id, public})
		}
	}
	return list
}
