package api

import (
	"context"
	"maps"
	"slices"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/wire"
)

func (a *API) listEncryptionKeys(ctx context.Context, c *call, _ *none) (wire.EncryptionKeys, error) {
	k, err := a.control.EncryptionKeys(ctx, c.who)
	return encryptionKeysOf(k), err
}

func (a *API) rotateEncryptionKey(ctx context.Context, c *call, _ *none) (wire.EncryptionKeys, error) {
	k, err := a.control.RotateEncryptionKey(ctx, c.who)
	return encryptionKeysOf(k), err
}

func encryptionKeysOf(k control.EncryptionKeys) wire.EncryptionKeys {
	return wire.EncryptionKeys{
		Current: k.Current, Server: k.Server,
		Keys: convert(k.Keys, func(key control.EncryptionKey) wire.EncryptionKey {
			return wire.EncryptionKey{
				ID: key.ID, Current: key.ID == k.Current, Held: key.Held,
				Wraps: convert(slices.Sorted(maps.Keys(key.Wraps)), func(source string) wire.KeyWraps {
					return wire.KeyWraps{Source: source, Count: key.Wraps[source]}
				}),
			}
		}),
		Nodes: convert(k.Nodes, func(n control.EncryptionNode) wire.EncryptionNode {
			return wire.EncryptionNode{ID: n.ID, Keys: n.KEKs, SeenAt: wire.Time(n.SeenAt)}
		}),
		Rotation: wire.KeyRotation{
			State: string(k.Rotation.State), Done: k.Rotation.Done, Left: k.Rotation.Left, Failed: k.Rotation.Failed, Error: k.Rotation.Error,
		},
	}
}
