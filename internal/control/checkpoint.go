package control

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// checkpointKey signs checkpoints; it is made, or opened, at first use.
type checkpointKey struct {
	mu      sync.Mutex
	private ed25519.PrivateKey
}

// SignedCheckpoint is how far an account's log has come, and the note that proves it.
type SignedCheckpoint struct {
	audit.Checkpoint
	Note   []byte
	Key    string            // the public key of the account's checkpoints
	Anchor store.AuditAnchor // where the log begins; not of those that AuditCheckpoints answers
}

// AuditCheckpoint signs how far the account's log has come.
func (c *Control) AuditCheckpoint(ctx context.Context, who access.Principal) (s SignedCheckpoint, err error) {
	var head store.AuditHead
	var anchor store.AuditAnchor
	err = c.read(ctx, who, access.AuditRead, account, func(v *visit) error {
		if anchor, err = v.AuditAnchor(ctx); err != nil {
			return err
		}
		head, err = v.AuditHead(ctx)
		return err
	})
	if err != nil {
		return s, err
	}
	s, err = c.sign(ctx, head)
	s.Anchor = anchor
	return s, err
}

// AuditCheckpoints signs how far the log of each account has come that moved answers true for. It is for who carries
// checkpoints out of the reach of this server; nobody asks for it.
func (c *Control) AuditCheckpoints(ctx context.Context, moved func(account, hash string) bool) (list []SignedCheckpoint, err error) {
	defer fault.Wrap(&err, "control: sign checkpoints")
	var heads []store.AuditHead
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		heads, err = tx.AuditHeads(ctx)
		return err
	})
	for _, head := range heads {
		if err != nil {
			return nil, err
		}
		if !moved(head.Account, head.Hash) {
			continue
		}
		var s SignedCheckpoint
		s, err = c.sign(ctx, head)
		list = append(list, s)
	}
	return list, err
}

// sign signs a head that was read. The time is that of now and not of the reading, so that no entry of it is later.
func (c *Control) sign(ctx context.Context, head store.AuditHead) (s SignedCheckpoint, err error) {
	key, err := c.checkpointKey(ctx)
	if err != nil {
		return s, err
	}
	s.Checkpoint = audit.Checkpoint{Account: head.Account, Entries: head.Entries, Hash: head.Hash, Time: c.now()}
	if s.Note, err = s.Sign(key); err != nil {
		return s, err
	}
	s.Key, err = publicKey(head.Account, key)
	return s, err
}

// publicKey is the public key of an account's checkpoints and anchors.
func publicKey(account string, key ed25519.PrivateKey) (string, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return "", fmt.Errorf("the public key is a %T", key.Public())
	}
	return audit.CheckpointKey(account, public)
}

// checkpointKey answers the key that signs checkpoints. Of several processes that need it first, one makes it for all.
func (c *Control) checkpointKey(ctx context.Context) (key ed25519.PrivateKey, err error) {
	defer fault.Wrap(&err, "control: the key of checkpoints")
	c.checkpoints.mu.Lock()
	defer c.checkpoints.mu.Unlock()
	if c.checkpoints.private != nil {
		return c.checkpoints.private, nil
	}
	var raw []byte
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		raw, err = tx.Setting(ctx, settingCheckpoint)
		return err
	})
	if err == nil && raw == nil {
		raw, err = c.makeCheckpointKey(ctx)
	}
	if err != nil {
		return nil, err
	}
	var stored sealedSetting
	if err := json.Unmarshal(raw, &stored); err != nil {
		return nil, err
	}
	opener, err := c.sealer.Open(ctx, checkpointBinding(stored.ID), stored.Sealed)
	if err != nil {
		return nil, err
	}
	seed, err := opener.AppendTo(nil)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: it has another length", secret.ErrSeal)
	}
	c.checkpoints.private = ed25519.NewKeyFromSeed(seed)
	return c.checkpoints.private, nil
}

func (c *Control) makeCheckpointKey(ctx context.Context) (raw []byte, err error) {
	err = c.wrapping(func() error {
		fresh, sealed, err := c.newSigningKey(ctx, checkpointBinding)
		if err != nil {
			return err
		}
		return c.store.Batch(ctx, func(tx *store.Tx) error {
			if err := tx.SetSealedSetting(ctx, settingCheckpoint, fresh, sealed); err != nil {
				return err
			}
			raw, err = tx.Setting(ctx, settingCheckpoint)
			return err
		})
	})
	return raw, err
}

func checkpointBinding(id string) secret.Binding {
	return secret.Binding{Secret: id, Version: 1, Type: secret.CheckpointKey}
}
