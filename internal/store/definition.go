package store

import (
	"context"

	"github.com/lockage/lockage/internal/definition"
)

const identityColumns = `id, kind, key, created_at, created_by`

func scanIdentity(r row) (d definition.Identity, err error) {
	return d, r.Scan(&d.ID, &d.Ref.Kind, &d.Ref.Key, instant{&d.CreatedAt}, &d.CreatedBy)
}

// InsertIdentity gives a definition its id for good.
func (tx *Tx) InsertIdentity(ctx context.Context, d definition.Identity) error {
	const insert = `INSERT INTO definitions (account_id, ` + identityColumns + `) VALUES ($1, $2, $3, $4, $5, $6)`
	return tx.exec(ctx, insert, tx.account, d.ID, d.Ref.Kind, d.Ref.Key, ms(d.CreatedAt), d.CreatedBy)
}

// Identity finds a definition of a kind by id or key.
func (tx *Tx) Identity(ctx context.Context, kind, ref string) (definition.Identity, error) {
	const find = `
		SELECT ` + identityColumns + ` FROM definitions WHERE account_id = $1 AND kind = $2 AND (id = $3 OR key = $3)
		ORDER BY CASE WHEN id = $3 THEN 0 ELSE 1 END LIMIT 1`
	return one(ctx, tx, kind, scanIdentity, find, tx.account, kind, ref)
}

// IdentityOf finds a definition by its kind and key alone, though the key may look like another one's id.
func (tx *Tx) IdentityOf(ctx context.Context, ref definition.Ref) (definition.Identity, error) {
	return one(ctx, tx, ref.Kind, scanIdentity,
		`SELECT `+identityColumns+` FROM definitions WHERE account_id = $1 AND kind = $2 AND key = $3`, tx.account, ref.Kind, ref.Key)
}

// IdentitiesOf finds definitions of a kind by their keys; one that is not there is left out.
func (tx *Tx) IdentitiesOf(ctx context.Context, kind string, keys []string) ([]definition.Identity, error) {
	const list = `SELECT ` + identityColumns + ` FROM definitions WHERE account_id = $1 AND kind = $2 AND key IN (%s)`
	return allOf(ctx, tx, scanIdentity, list, keys, tx.account, kind)
}

// Identities lists definitions of a kind by key, after a key, at most limit: those that have a draft or stand in a
// tree.
func (tx *Tx) Identities(ctx context.Context, kind, after string, limit int) ([]definition.Identity, error) {
	const list = `
		SELECT ` + identityColumns + ` FROM definitions d
		WHERE d.account_id = $1 AND d.kind = $2 AND d.key > $3
		  AND (EXISTS (SELECT 1 FROM drafts r WHERE r.account_id = d.account_id AND r.kind = d.kind AND r.key = d.key)
		    OR EXISTS (SELECT 1 FROM tree_entries t WHERE t.account_id = d.account_id AND t.definition_id = d.id))
		ORDER BY d.key LIMIT $4`
	return all(ctx, tx, scanIdentity, list, tx.account, kind, after, limit)
}

// PutContent keeps content under its hash; equal content is kept once.
func (tx *Tx) PutContent(ctx context.Context, kind string, hash definition.Hash, body []byte) error {
	const insert = `INSERT INTO contents (account_id, kind, hash, body) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, kind, hash) DO NOTHING`
	return tx.exec(ctx, insert, tx.account, kind, hash, string(body))
}

// Content reads content by its hash.
func (tx *Tx) Content(ctx context.Context, kind string, hash definition.Hash) ([]byte, error) {
	scan := func(r row) (body []byte, err error) { return body, r.Scan(&body) }
	return one(ctx, tx, "content", scan, `SELECT body FROM contents WHERE account_id = $1 AND kind = $2 AND hash = $3`,
		tx.account, kind, hash)
}

// ContentsOf reads contents of a kind by their hashes; one that is not there is left out.
func (tx *Tx) ContentsOf(ctx context.Context, kind string, hashes []definition.Hash) (map[definition.Hash][]byte, error) {
	const list = `SELECT hash, body FROM contents WHERE account_id = $1 AND kind = $2 AND hash IN (%s)`
	rows, err := allOf(ctx, tx, scanContent, list, hashes, tx.account, kind)
	return byHash(rows), err
}

type content struct {
	hash definition.Hash
	body []byte
}

func scanContent(r row) (c content, err error) { return c, r.Scan(&c.hash, &c.body) }

func byHash(list []content) map[definition.Hash][]byte {
	bodies := make(map[definition.Hash][]byte, len(list))
	for _, c := range list {
		bodies[c.hash] = c.body
	}
	return bodies
}

const draftColumns = `definition_id, kind, key, base_hash, hash, saved_by, saved_by_id, saved_at, version`

func scanDraft(r row) (d definition.Draft, err error) {
	return d, r.Scan(&d.ID, &d.Ref.Kind, &d.Ref.Key, &d.Base, &d.Hash, &d.SavedBy, &d.SavedByID, instant{&d.SavedAt}, &d.Version)
}

// Drafts lists everything that is saved and uncommitted, by kind and key.
func (tx *Tx) Drafts(ctx context.Context) ([]definition.Draft, error) {
	return all(ctx, tx, scanDraft, `SELECT `+draftColumns+` FROM drafts WHERE account_id = $1 ORDER BY kind, key`, tx.account)
}

// Draft finds the draft of a definition.
func (tx *Tx) Draft(ctx context.Context, ref definition.Ref) (definition.Draft, error) {
	return one(ctx, tx, "draft", scanDraft,
		`SELECT `+draftColumns+` FROM drafts WHERE account_id = $1 AND kind = $2 AND key = $3`, tx.account, ref.Kind, ref.Key)
}

// PutDraft saves a draft over an earlier one.
func (tx *Tx) PutDraft(ctx context.Context, d definition.Draft) error {
	const upsert = `
		INSERT INTO drafts (account_id, ` + draftColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (account_id, kind, key) DO UPDATE
		SET base_hash = excluded.base_hash, hash = excluded.hash, saved_by = excluded.saved_by,
		    saved_by_id = excluded.saved_by_id, saved_at = excluded.saved_at, version = excluded.version`
	return tx.exec(ctx, upsert, tx.account, d.ID, d.Ref.Kind, d.Ref.Key, d.Base, d.Hash, d.SavedBy, d.SavedByID, ms(d.SavedAt), d.Version)
}

// DropDraft removes a draft.
func (tx *Tx) DropDraft(ctx context.Context, ref definition.Ref) error {
	return tx.exec(ctx, `DELETE FROM drafts WHERE account_id = $1 AND kind = $2 AND key = $3`, tx.account, ref.Kind, ref.Key)
}
