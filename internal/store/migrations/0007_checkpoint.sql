-- What was decided about one thing is read by its id, page by page.

-- +goose Up
CREATE INDEX audit_entries_by_target ON audit_entries (account_id, target_id, sequence);
