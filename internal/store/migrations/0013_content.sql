-- What is recorded of a call beside its line in the log: headers and bodies, sealed, where an environment or a route asks
-- for it; and for how long calls are kept.

-- +goose Up
ALTER TABLE environments ADD COLUMN log_retention_ms BIGINT NOT NULL DEFAULT 2592000000;
ALTER TABLE environments ADD COLUMN record_content BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE environments ADD COLUMN cut_fields TEXT NOT NULL DEFAULT '[]';

-- A definition without a row here does as its environment.
CREATE TABLE recordings (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    definition_id  TEXT NOT NULL,
    record         BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, environment_id, definition_id)
);

ALTER TABLE calls ADD COLUMN recorded_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN replay_of TEXT NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN has_content BOOLEAN NOT NULL DEFAULT FALSE;
-- The ids of calls are in order of their time, so that (account_id, environment_id, id) serves pages, times and pruning.
CREATE INDEX calls_by_class ON calls (account_id, environment_id, (status / 100), id);
CREATE INDEX calls_by_recording ON calls (account_id, environment_id, recorded_at, id);

-- What seals the contents of one environment for a day.
CREATE TABLE content_keys (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    id             TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    ciphertext     BYTEA NOT NULL,
    nonce          BYTEA NOT NULL,
    tag            BYTEA NOT NULL,
    wrapped_key    BYTEA NOT NULL,
    kek            TEXT NOT NULL,
    PRIMARY KEY (account_id, environment_id, id),
    FOREIGN KEY (account_id, environment_id) REFERENCES environments (account_id, id) ON DELETE CASCADE
);
CREATE INDEX content_keys_by_kek ON content_keys (kek);

CREATE TABLE call_contents (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    call_id        TEXT NOT NULL,
    key_id         TEXT NOT NULL,
    ciphertext     BYTEA NOT NULL,
    nonce          BYTEA NOT NULL,
    tag            BYTEA NOT NULL,
    PRIMARY KEY (account_id, call_id),
    FOREIGN KEY (account_id, call_id) REFERENCES calls (account_id, id) ON DELETE CASCADE
);
