-- What people prove who they are with besides a password. Like the people they belong to no account. The key of a
-- one-time code is sealed, and bound to its row; last_step is the newest step that was used, so that no code counts
-- twice. Recovery codes are kept as keyed digests; one that was used is gone. oidc_links says who somebody of a login
-- provider is here. spent holds what may be used once and was, until it would have expired anyway.

-- +goose Up
CREATE TABLE totp_factors (
    person_id    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    ciphertext   BYTEA NOT NULL,
    nonce        BYTEA NOT NULL,
    tag          BYTEA NOT NULL,
    wrapped_key  BYTEA NOT NULL,
    kek          TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    confirmed_at BIGINT NOT NULL,
    used_at      BIGINT NOT NULL,
    last_step    BIGINT NOT NULL,
    PRIMARY KEY (person_id, id)
);

CREATE TABLE recovery_codes (
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    digest    BYTEA NOT NULL,
    PRIMARY KEY (person_id, digest)
);

CREATE TABLE passkeys (
    person_id  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    id         TEXT NOT NULL,
    credential BYTEA NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    record     BYTEA NOT NULL,
    counted    BIGINT NOT NULL,
    backed_up  BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    PRIMARY KEY (person_id, id)
);

CREATE TABLE oidc_links (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    person_id  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    email      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX oidc_links_by_person ON oidc_links (person_id);

CREATE TABLE spent (
    digest     BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX spent_by_expiry ON spent (expires_at);

ALTER TABLE accounts ADD COLUMN second_factor BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE accounts ADD COLUMN oidc TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN source TEXT NOT NULL DEFAULT '';
