-- What pages of long logs are read by.

-- +goose Up
-- Behind the second wall PostgreSQL computes nothing of a row that it has not let through: an index on an expression is of
-- no use to it. A class of statuses is read status by status.
DROP INDEX calls_by_class;
CREATE INDEX calls_by_status ON calls (account_id, environment_id, status, id);
CREATE INDEX calls_by_key ON calls (account_id, environment_id, key_id, id);
CREATE INDEX audit_entries_by_outcome ON audit_entries (account_id, outcome, sequence);

-- What is over goes by its age.
CREATE INDEX alert_deliveries_by_age ON alert_deliveries (created_at);
CREATE INDEX alert_events_by_age ON alert_events (started_at);
