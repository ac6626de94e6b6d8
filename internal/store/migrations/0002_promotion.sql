-- Plans, proposals, holds, protection. fingerprint is a keyed digest of a value, to tell equal values without opening
-- them; sandbox marks a value that looks like one of a provider's test mode.

-- +goose Up
ALTER TABLE accounts ADD COLUMN commit_message_required BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE environments ADD COLUMN approvals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE environments ADD COLUMN freezes TEXT NOT NULL DEFAULT '[]';
ALTER TABLE environments ADD COLUMN hold_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE environments ADD COLUMN hold_by TEXT NOT NULL DEFAULT '';
ALTER TABLE environments ADD COLUMN hold_at BIGINT NOT NULL DEFAULT 0;

-- version is that of the account when the draft was saved: what its ETag tells.
ALTER TABLE drafts ADD COLUMN saved_by_id TEXT NOT NULL DEFAULT '';
ALTER TABLE drafts ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
UPDATE drafts SET version = 1;

ALTER TABLE secret_values ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
ALTER TABLE secret_values ADD COLUMN sandbox BOOLEAN NOT NULL DEFAULT FALSE;

-- The history is read newest first, by id; each index serves a filter in that order.
CREATE INDEX commits_by_id ON commits (account_id, environment_id, id);
CREATE INDEX commits_by_cause ON commits (account_id, environment_id, cause, id);
CREATE INDEX commits_by_author ON commits (account_id, environment_id, author_id, id);
CREATE INDEX commits_by_author_name ON commits (account_id, environment_id, author_name, id);

-- In the order in which a commit's changes are read: else SQLite would read the whole primary key for that order.
DROP INDEX commit_changes_by_number;
CREATE INDEX commit_changes_by_number ON commit_changes (account_id, environment_id, number, kind, key);

-- request is what was asked for, as JSON; plan the hash its author saw.
CREATE TABLE promotions (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    id             TEXT NOT NULL,
    environment_id TEXT NOT NULL,
    state          TEXT NOT NULL,
    request        TEXT NOT NULL,
    message        TEXT NOT NULL,
    plan           TEXT NOT NULL,
    author_kind    TEXT NOT NULL,
    author_id      TEXT NOT NULL,
    author_name    TEXT NOT NULL,
    needed         BIGINT NOT NULL,
    commits        TEXT NOT NULL,
    reason         TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    closed_at      BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX promotions_by_state ON promotions (account_id, state, id);

CREATE TABLE approvals (
    account_id   TEXT NOT NULL REFERENCES accounts (id),
    promotion_id TEXT NOT NULL,
    approver_id  TEXT NOT NULL,
    approver     TEXT NOT NULL,
    plan         TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (account_id, promotion_id, approver_id)
);

CREATE TABLE overrides (
    account_id      TEXT NOT NULL REFERENCES accounts (id),
    environment_id  TEXT NOT NULL,
    id              TEXT NOT NULL,
    action          TEXT NOT NULL,
    author          TEXT NOT NULL,
    author_id       TEXT NOT NULL,
    reason          TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    acknowledged_by TEXT NOT NULL,
    acknowledged_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, environment_id, id)
);
