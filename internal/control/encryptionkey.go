package control

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// EncryptionKeys is what wraps the data keys of the installation.
type EncryptionKeys struct {
	Current  string // the id of the key that wraps
	Server   string // the id of the key that the server which answers was started for, with --kek
	Keys     []EncryptionKey
	Nodes    []EncryptionNode // the processes that are there
	Rotation RotationState
}

// EncryptionNode is a process on this database, with the ids of the keys it holds.
type EncryptionNode = store.Node

// EncryptionKey is a key that made wraps, or is held by the server which answers.
type EncryptionKey struct {
	ID    string
	Held  bool             // by the server that answers
	Wraps map[string]int64 // by where they stand
}

// RotationState is how far a change of keys is.
type RotationState struct {
	State  RotationPhase
	Done   int64 // wraps that the current key made
	Left   int64 // wraps that others made
	Failed int64 // of those left: what the last pass could not open
	Error  string
}

// RotationPhase is where a change of keys stands.
type RotationPhase string

// The phases.
const (
	RotationNone    RotationPhase = "none"    // the server's key wraps, and made every wrap
	RotationWaiting RotationPhase = "waiting" // the server was started for another key, and nobody asked for it yet
	RotationRunning RotationPhase = "running" // wraps of other keys are made anew
)

// EncryptionKeys tells which keys made which wraps, and how far a rotation is. It concerns the whole installation: only
// owners of its first account may ask.
func (c *Control) EncryptionKeys(ctx context.Context, who access.Principal) (k EncryptionKeys, err error) {
	err = c.read(ctx, who, access.EncryptionKeyRead, account, func(v *visit) error { return v.isFirst(ctx) })
	if err != nil {
		return k, err
	}
	return c.encryptionKeys(ctx)
}

func (c *Control) encryptionKeys(ctx context.Context) (k EncryptionKeys, err error) {
	defer fault.Wrap(&err, "control: count wraps")
	var counts []store.WrapCount
	var settled []byte
	var r rotation
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		if counts, err = countWraps(ctx, tx); err != nil {
			return err
		}
		if k.Current, err = tx.CurrentKEK(ctx); err != nil {
			return err
		}
		if settled, err = tx.Setting(ctx, settingSettled); err != nil {
			return err
		}
		if _, r, err = readRotation(ctx, tx); err != nil {
			return err
		}
		k.Nodes, err = tx.Nodes(ctx, tx.Now().Add(-nodeLives))
		return err
	})
	if err != nil {
		return k, err
	}
	k.Server = c.sealer.Main()
	keys := map[string]EncryptionKey{k.Current: {ID: k.Current}}
	for _, id := range c.sealer.Keys() {
		keys[id] = EncryptionKey{ID: id}
	}
	for _, n := range counts {
		key := keys[n.KEK]
		if key.ID = n.KEK; key.Wraps == nil {
			key.Wraps = map[string]int64{}
		}
		key.Wraps[n.Source] = n.N
		keys[n.KEK] = key
		if n.KEK == k.Current {
			k.Rotation.Done += n.N
		} else {
			k.Rotation.Left += n.N
		}
	}
	k.Keys = slices.SortedFunc(maps.Values(keys), func(a, b EncryptionKey) int { return cmp.Compare(a.ID, b.ID) })
	for i := range k.Keys {
		k.Keys[i].Held = c.sealer.Holds(k.Keys[i].ID)
	}
	k.Rotation.State = RotationNone
	switch {
	case string(settled) != k.Current:
		k.Rotation.State, k.Rotation.Failed, k.Rotation.Error = RotationRunning, r.Failed, r.Error
	case k.Server != k.Current:
		k.Rotation.State = RotationWaiting
	}
	return k, nil
}

// RotateEncryptionKey makes the key that this server was started for, with --kek, the one that wraps, at once and
// everywhere, and has everything that other keys wrapped made anew; that goes on beside whatever else happens, and after
// a restart. While a process is there that does not hold the key, it is refused with NotReady: that one could open
// nothing that is wrapped from then on. Asked again, it goes on with what is left.
func (c *Control) RotateEncryptionKey(ctx context.Context, who access.Principal) (k EncryptionKeys, err error) {
	to := c.sealer.Main()
	err = c.write(ctx, who, access.EncryptionKeyRotate, account, func(v *visit) error {
		v.target = keyTarget(to)
		if err := v.isFirst(ctx); err != nil {
			return err
		}
		current, err := v.CurrentKEK(ctx)
		if err != nil {
			return err
		}
		v.detail = audit.Detail("source", current)
		if err := c.sealer.Try(ctx); err != nil || current == to {
			return err
		}
		// first: while this holds the setting, no process can join
		if err := v.SwapKEK(ctx, current, to); err != nil {
			return err
		}
		// of its own each time: what was proven of an earlier change is no proof of this one
		if err := v.PutSetting(ctx, settingSettled, []byte("not since "+newID())); err != nil {
			return err
		}
		return v.everyNodeHolds(ctx, to)
	})
	if err != nil {
		return k, err
	}
	c.follow(to)
	select {
	case c.rotate <- struct{}{}:
	default: // it was told already
	}
	return c.encryptionKeys(ctx)
}

func (v *visit) everyNodeHolds(ctx context.Context, id string) error {
	nodes, err := v.Nodes(ctx, v.Now().Add(-nodeLives))
	if err != nil {
		return err
	}
	var lacking []string
	for _, n := range nodes {
		if !slices.Contains(n.KEKs, id) {
			lacking = append(lacking, n.ID+" (seen at "+n.SeenAt.Format(time.RFC3339)+")")
		}
	}
	if len(lacking) > 0 {
		return fault.New(fault.NotReady, "%d of the servers on this database do not hold the key %s and could open nothing that it wraps: %s; restart them with --kek of that key and --kek-old of the old one, then ask again; one that is gone is forgotten after %s",
			len(lacking), id, strings.Join(lacking, ", "), nodeLives)
	}
	return nil
}

// isFirst refuses other accounts than the installation's first: its keys are those of all of them.
func (v *visit) isFirst(ctx context.Context) error {
	first, err := v.Setting(ctx, settingFirst)
	if err == nil && string(first) != v.Account() {
		err = fault.New(fault.Forbidden, "these keys are those of the whole installation; ask an owner of its first account")
	}
	return err
}
