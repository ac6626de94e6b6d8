-- The tokens of OAuth2 values, a row for each version of a value. Both are sealed apart, each under a data key of its own.
-- serial grows with every token; lease is who renews it now, so that one does at a time.

-- +goose Up
CREATE TABLE oauth2_tokens (
    account_id          TEXT NOT NULL REFERENCES accounts (id),
    environment_id      TEXT NOT NULL,
    secret_id           TEXT NOT NULL,
    version             BIGINT NOT NULL,
    serial              BIGINT NOT NULL,
    ciphertext          BYTEA NOT NULL,
    nonce               BYTEA NOT NULL,
    tag                 BYTEA NOT NULL,
    wrapped_key         BYTEA NOT NULL,
    kek                 TEXT NOT NULL,
    refresh_ciphertext  BYTEA NOT NULL,
    refresh_nonce       BYTEA NOT NULL,
    refresh_tag         BYTEA NOT NULL,
    refresh_wrapped_key BYTEA NOT NULL,
    refresh_kek         TEXT NOT NULL,
    token_type          TEXT NOT NULL,
    obtained_at         BIGINT NOT NULL,
    expires_at          BIGINT NOT NULL,
    refresh_at          BIGINT NOT NULL,
    needs               BOOLEAN NOT NULL,
    error_code          TEXT NOT NULL,
    attempts            BIGINT NOT NULL,
    next_attempt_at     BIGINT NOT NULL,
    lease               TEXT NOT NULL,
    lease_until         BIGINT NOT NULL,
    PRIMARY KEY (account_id, environment_id, secret_id, version),
    FOREIGN KEY (account_id, environment_id) REFERENCES environments (account_id, id) ON DELETE CASCADE
);
CREATE INDEX oauth2_tokens_by_refresh ON oauth2_tokens (refresh_at);

-- Authorizations that are under way. state is a keyed digest of what the browser carries; a row is used once.
CREATE TABLE oauth2_authorizations (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    secret_id      TEXT NOT NULL,
    version        BIGINT NOT NULL,
    state          BYTEA NOT NULL,
    ciphertext     BYTEA NOT NULL,
    nonce          BYTEA NOT NULL,
    tag            BYTEA NOT NULL,
    wrapped_key    BYTEA NOT NULL,
    kek            TEXT NOT NULL,
    redirect       TEXT NOT NULL,
    member_id      TEXT NOT NULL,
    member         TEXT NOT NULL,
    expires_at     BIGINT NOT NULL,
    PRIMARY KEY (account_id, state),
    FOREIGN KEY (account_id, environment_id) REFERENCES environments (account_id, id) ON DELETE CASCADE
);
