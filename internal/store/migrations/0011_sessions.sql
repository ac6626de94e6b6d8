-- A session is a person's, and acts in one account at a time. Its secret is known by its digest only. A person's epoch
-- ends all sessions of an earlier one at once, in whatever account they act: that is one row to change, so a new
-- password and the end of what the old one opened are one step. A reset lets a person choose a new password; like the
-- person, it belongs to no account; made_in is the one whose manager made it, '' for one the person asked for. One that
-- was asked for somebody unknown is kept too, for an id that nobody has: what is done for everyone is the same.

-- +goose Up
ALTER TABLE people ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN step_up TEXT NOT NULL DEFAULT '';

CREATE TABLE sessions (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id         TEXT NOT NULL,
    person_id  TEXT NOT NULL REFERENCES people (id),
    digest     BYTEA NOT NULL UNIQUE,
    epoch      BIGINT NOT NULL,
    methods    TEXT NOT NULL,
    address    TEXT NOT NULL,
    agent      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    proved_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX sessions_by_person ON sessions (person_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE password_resets (
    digest     BYTEA PRIMARY KEY,
    person_id  TEXT NOT NULL,
    made_in    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX password_resets_by_person ON password_resets (person_id);

-- The keys that sign the JWTs of sessions. One signs from active_at on, until a newer one does. alone: those from before
-- it do not even verify any more. The setting signing_key, from before there were several, is the oldest.
CREATE TABLE signing_keys (
    id          TEXT PRIMARY KEY,
    created_at  BIGINT NOT NULL,
    active_at   BIGINT NOT NULL,
    alone       BOOLEAN NOT NULL,
    ciphertext  BYTEA NOT NULL,
    nonce       BYTEA NOT NULL,
    tag         BYTEA NOT NULL,
    wrapped_key BYTEA NOT NULL,
    kek         TEXT NOT NULL
);
