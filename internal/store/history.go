package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/lockage/lockage/internal/definition"
)

// CommitFilter narrows a reading of the history; zero fields do not narrow.
type CommitFilter struct {
	EnvironmentIDs []string // which environments to read from; none is nothing
	Definition     definition.Ref
	Author         string // id or name
	Cause          definition.Cause
	Before         string // the id the reading goes on from
	Limit          int
}

// Commits reads history, newest first, each step with its changes. However long the history is, it reads no more of it
// than it answers, times the environments: for each of them and each filter there is an index that ends in the order of
// the answer, and a step's id is above those of the steps before it.
func (tx *Tx) Commits(ctx context.Context, f CommitFilter) ([]definition.Commit, error) {
	list := []definition.Commit{}
	for some := range slices.Chunk(f.EnvironmentIDs, 100) { // SQLite joins at most 500 readings
		query, args := f.query(tx.account, some)
		commits, err := all(ctx, tx, scanCommit, query, args...)
		if err != nil {
			return nil, err
		}
		list = append(list, commits...)
	}
	slices.SortFunc(list, func(a, b definition.Commit) int { return cmp.Compare(b.ID, a.ID) })
	list = list[:min(len(list), f.Limit)]
	for i, c := range list {
		var err error
		if list[i].Changes, err = tx.changes(ctx, c.EnvironmentID, c.Number); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// query joins a reading of each environment. One reading of all of them could not follow an index in the order of the
// answer, and the databases would sort the whole history.
func (f CommitFilter) query(account string, environmentIDs []string) (string, []any) {
	w := &where{}
	a, limit := w.arg(account), w.arg(f.Limit)
	narrow, before := "", ""
	if f.Cause != "" {
		narrow += ` AND cause = ` + w.arg(string(f.Cause))
	}
	if f.Before != "" {
		before = w.arg(f.Before)
		narrow += ` AND id < ` + before
	}
	authors := []string{""}
	if f.Author != "" {
		author := w.arg(f.Author)
		authors = []string{` AND author_id = ` + author, ` AND author_name = ` + author + ` AND author_id <> ` + author}
	}
	changed := ""
	if f.Definition.Key != "" {
		changed = ` AND kind = ` + w.arg(f.Definition.Kind) + ` AND key = ` + w.arg(f.Definition.Key)
	}
	var readings []string
	for _, id := range environmentIDs {
		here := `account_id = ` + a + ` AND environment_id = ` + w.arg(id)
		from, order := `commits WHERE `+here, `id`
		if changed != "" {
			steps := `SELECT number AS step FROM commit_changes WHERE ` + here + changed
			if before != "" { // to begin there, not at the newest
				steps += ` AND number <= (SELECT number FROM commits WHERE ` + here + ` AND id < ` + before + ` ORDER BY id DESC LIMIT 1)`
			}
			// SQLite keeps the order of a cross join: first the definition's changes
			from, order = `(`+steps+`) d CROSS JOIN commits WHERE number = step AND `+here, `step`
		}
		for _, author := range authors {
			readings = append(readings, `SELECT * FROM (SELECT `+commitColumns+` FROM `+from+narrow+author+
				` ORDER BY `+order+` DESC LIMIT `+limit+`) r`)
		}
	}
	return strings.Join(readings, ` UNION ALL `), w.args
}
