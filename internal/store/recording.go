package store

import "context"

// Recording names a definition in an environment, whose calls are recorded otherwise than the environment says.
type Recording struct{ EnvironmentID, DefinitionID string }

type recordingRow struct {
	Recording
	record bool
}

func scanRecording(r row) (k recordingRow, err error) {
	return k, r.Scan(&k.EnvironmentID, &k.DefinitionID, &k.record)
}

// Recordings are all of them, and whether the content of calls is recorded there.
func (tx *Tx) Recordings(ctx context.Context) (map[Recording]bool, error) {
	list, err := all(ctx, tx, scanRecording, `SELECT environment_id, definition_id, record FROM recordings WHERE account_id = $1`, tx.account)
	found := make(map[Recording]bool, len(list))
	for _, k := range list {
		found[k.Recording] = k.record
	}
	return found, err
}

// PutRecording says whether the content of a definition's calls is recorded in an environment; nil: as the environment
// says.
func (tx *Tx) PutRecording(ctx context.Context, k Recording, record *bool) error {
	if record == nil {
		return tx.exec(ctx, `DELETE FROM recordings WHERE account_id = $1 AND environment_id = $2 AND definition_id = $3`,
			tx.account, k.EnvironmentID, k.DefinitionID)
	}
	const put = `
		INSERT INTO recordings (account_id, environment_id, definition_id, record) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, environment_id, definition_id) DO UPDATE SET record = excluded.record`
	return tx.exec(ctx, put, tx.account, k.EnvironmentID, k.DefinitionID, *record)
}
