-- The audit log is read by actor, action, environment, target and time, page by page, also where it is long.

-- +goose Up
CREATE INDEX audit_entries_by_actor ON audit_entries (account_id, actor_id, sequence);
CREATE INDEX audit_entries_by_action ON audit_entries (account_id, action, sequence);
CREATE INDEX audit_entries_by_environment ON audit_entries (account_id, environment_id, sequence);
CREATE INDEX audit_entries_by_target_name ON audit_entries (account_id, target_name, sequence);
CREATE INDEX audit_entries_by_time ON audit_entries (account_id, time);
