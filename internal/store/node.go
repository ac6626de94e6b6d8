package store

import (
	"context"
	"strings"
	"time"
)

// Node is a process on this database, with the ids of the key-encryption keys it holds.
type Node struct {
	ID     string
	KEKs   []string
	SeenAt time.Time
}

// SeeNode notes that a process is there, and forgets those that were not seen since an instant. Called in a Batch.
func (tx *Tx) SeeNode(ctx context.Context, n Node, forget time.Time) error {
	const upsert = `
		INSERT INTO nodes (id, keks, seen_at) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET keks = excluded.keks, seen_at = excluded.seen_at`
	if err := tx.exec(ctx, upsert, n.ID, strings.Join(n.KEKs, "\n"), ms(tx.now)); err != nil {
		return err
	}
	return tx.exec(ctx, `DELETE FROM nodes WHERE seen_at < $1`, ms(forget))
}

// Nodes lists the processes that were seen since an instant.
func (tx *Tx) Nodes(ctx context.Context, since time.Time) ([]Node, error) {
	scan := func(r row) (n Node, err error) {
		var keks string
		err = r.Scan(&n.ID, &keks, instant{&n.SeenAt})
		n.KEKs = strings.Split(keks, "\n") // no id has a line break
		return n, err
	}
	return all(ctx, tx, scan, `SELECT id, keks, seen_at FROM nodes WHERE seen_at >= $1 ORDER BY id`, ms(since))
}

// DropNode forgets a process that ends. Called in a Batch.
func (tx *Tx) DropNode(ctx context.Context, id string) error {
	return tx.exec(ctx, `DELETE FROM nodes WHERE id = $1`, id)
}
