-- The audit log is read by actor, action, environment, target and time, page by page, also where it is long.

-- +goose Up
CREATE INDEX audit_entries_by_actor ON audit_entries (account_id, actor_id, sequence);
CREATE INDEX audit_entries_by_action ON audit_entries (account_id, action, sequence);
CREATE INDEX audit_entries_by_environment ON audit_entries (account_id, environment_id, sequence);
CREATE INDEX audit_entries_by_target_name ON audit_entries (account_id, target_name, sequence);
CREATE INDEX audit_entries_by_time ON audit_entries (account_id, time);

-- Where the log is carried while it is written. What stands in the first part of a row is bound to the sealed key, so that
-- whoever can write to the database cannot have the log sent elsewhere. position is the last entry that was delivered,
-- sending the last of the batch under way (0: none), so that a repetition is the same batch; lease is who sends now.
CREATE TABLE audit_streams (
    account_id      TEXT NOT NULL REFERENCES accounts (id),
    id              TEXT NOT NULL,
    name            TEXT NOT NULL,
    kind            TEXT NOT NULL,
    target          TEXT NOT NULL,
    ca              TEXT NOT NULL,
    facility        BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    created_by      TEXT NOT NULL,
    ciphertext      BYTEA NOT NULL,
    nonce           BYTEA NOT NULL,
    tag             BYTEA NOT NULL,
    wrapped_key     BYTEA NOT NULL,
    kek             TEXT NOT NULL,
    paused          BOOLEAN NOT NULL,
    updated_at      BIGINT NOT NULL,
    position        BIGINT NOT NULL,
    sending         BIGINT NOT NULL,
    skipped         BIGINT NOT NULL,
    delivered_at    BIGINT NOT NULL,
    failing_since   BIGINT NOT NULL,
    failure         TEXT NOT NULL,
    attempts        BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    lease           TEXT NOT NULL,
    lease_until     BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);

-- For how long the log is kept, in milliseconds; 0: for ever.
ALTER TABLE accounts ADD COLUMN audit_retention_ms BIGINT NOT NULL DEFAULT 0;

-- Up to where an account's log was pruned: entries up to that number are not shown any more, and deleted bit by bit. The
-- note is what is signed; whoever changes the row is found by it.
CREATE TABLE audit_anchors (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id),
    entries    BIGINT NOT NULL,
    note       TEXT NOT NULL
);
