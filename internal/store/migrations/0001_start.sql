-- One text for both engines: BYTEA and BOOLEAN are names SQLite accepts and PostgreSQL means. Times are milliseconds
-- since 1970 in UTC, 0 for "never". Every row carries its account, and its environment where it has one.

-- +goose Up
CREATE TABLE installation (
    name  TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);

-- The head row: raised first by every audited transaction, so that it queues the account's writers. version numbers the
-- audit entries; snapshot_version is the version of the newest change the gateway must know.
CREATE TABLE accounts (
    id               TEXT PRIMARY KEY,
    name             TEXT NOT NULL,
    version          BIGINT NOT NULL,
    snapshot_version BIGINT NOT NULL,
    audit_hash       TEXT NOT NULL,
    created_at       BIGINT NOT NULL
);

CREATE TABLE members (
    account_id    TEXT NOT NULL REFERENCES accounts (id),
    id            TEXT NOT NULL,
    email         TEXT NOT NULL,
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, email)
);

CREATE TABLE tokens (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id         TEXT NOT NULL,
    name       TEXT NOT NULL,
    digest     BYTEA NOT NULL UNIQUE,
    prefix     TEXT NOT NULL,
    last_four  TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);

-- environment_id '*' is the grant for every environment that has no grant of its own.
CREATE TABLE grants (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    holder_id      TEXT NOT NULL,
    environment_id TEXT NOT NULL,
    role           TEXT NOT NULL,
    PRIMARY KEY (account_id, holder_id, environment_id)
);

CREATE TABLE environments (
    account_id              TEXT NOT NULL REFERENCES accounts (id),
    id                      TEXT NOT NULL,
    name                    TEXT NOT NULL,
    display_name            TEXT NOT NULL,
    description             TEXT NOT NULL,
    color                   TEXT NOT NULL,
    is_default              BOOLEAN NOT NULL,
    level                   BIGINT NOT NULL,
    protected               BOOLEAN NOT NULL,
    obfuscate_customer_data BOOLEAN NOT NULL,
    show_message_contents   BOOLEAN NOT NULL,
    root_hash               TEXT NOT NULL,
    head                    BIGINT NOT NULL,
    created_at              BIGINT NOT NULL,
    updated_at              BIGINT NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, name)
);
CREATE UNIQUE INDEX environments_one_default ON environments (account_id) WHERE is_default;

CREATE TABLE api_keys (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    id             TEXT NOT NULL,
    kind           TEXT NOT NULL,
    description    TEXT NOT NULL,
    prefix         TEXT NOT NULL,
    last_four      TEXT NOT NULL,
    digest         BYTEA NOT NULL UNIQUE,
    created_at     BIGINT NOT NULL,
    created_by     TEXT NOT NULL,
    last_used_at   BIGINT NOT NULL,
    uses           BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    revoked_at     BIGINT NOT NULL,
    replaced_by    TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX api_keys_by_environment ON api_keys (account_id, environment_id, id);

CREATE TABLE secrets (
    account_id  TEXT NOT NULL REFERENCES accounts (id),
    id          TEXT NOT NULL,
    name        TEXT NOT NULL,
    type        TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    created_by  TEXT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, name)
);

-- A slot is a secret in one environment. It outlives the deletion of its value (active 0), so that a version number is
-- never used twice.
CREATE TABLE secret_slots (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    secret_id      TEXT NOT NULL,
    active         BIGINT NOT NULL,
    last           BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    PRIMARY KEY (account_id, environment_id, secret_id)
);

CREATE TABLE secret_values (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    secret_id      TEXT NOT NULL,
    version        BIGINT NOT NULL,
    type           TEXT NOT NULL,
    ciphertext     BYTEA NOT NULL,
    nonce          BYTEA NOT NULL,
    tag            BYTEA NOT NULL,
    wrapped_key    BYTEA NOT NULL,
    kek            TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    created_by     TEXT NOT NULL,
    PRIMARY KEY (account_id, environment_id, secret_id, version)
);

-- The identity of a definition: its id outlives deletion and return under the same key.
CREATE TABLE definitions (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id         TEXT NOT NULL,
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, kind, key)
);

CREATE TABLE contents (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    kind       TEXT NOT NULL,
    hash       TEXT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (account_id, kind, hash)
);

-- hash '' is a draft that deletes the definition.
CREATE TABLE drafts (
    account_id    TEXT NOT NULL REFERENCES accounts (id),
    kind          TEXT NOT NULL,
    key           TEXT NOT NULL,
    definition_id TEXT NOT NULL,
    base_hash     TEXT NOT NULL,
    hash          TEXT NOT NULL,
    saved_by      TEXT NOT NULL,
    saved_at      BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind, key)
);

-- The tree live in each environment. Earlier trees are found through commit_changes.
CREATE TABLE tree_entries (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    kind           TEXT NOT NULL,
    key            TEXT NOT NULL,
    definition_id  TEXT NOT NULL,
    hash           TEXT NOT NULL,
    PRIMARY KEY (account_id, environment_id, kind, key)
);

CREATE TABLE commits (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    number         BIGINT NOT NULL,
    id             TEXT NOT NULL,
    cause          TEXT NOT NULL,
    message        TEXT NOT NULL,
    author_kind    TEXT NOT NULL,
    author_id      TEXT NOT NULL,
    author_name    TEXT NOT NULL,
    before_root    TEXT NOT NULL,
    after_root     TEXT NOT NULL,
    source         TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (account_id, environment_id, number),
    UNIQUE (account_id, id)
);

CREATE TABLE commit_changes (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    kind           TEXT NOT NULL,
    key            TEXT NOT NULL,
    number         BIGINT NOT NULL,
    before_hash    TEXT NOT NULL,
    after_hash     TEXT NOT NULL,
    PRIMARY KEY (account_id, environment_id, kind, key, number)
);
CREATE INDEX commit_changes_by_number ON commit_changes (account_id, environment_id, number);

-- A definition without a row here is switched on.
CREATE TABLE switches (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    definition_id  TEXT NOT NULL,
    active         BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, environment_id, definition_id)
);

-- The reference graph of the live trees: which definition, in which environment, names which secret through which
-- field. reference is a secret's name (reference_kind 'name') or id ('id').
CREATE TABLE usages (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    definition_id  TEXT NOT NULL,
    field          TEXT NOT NULL,
    reference_kind TEXT NOT NULL,
    reference      TEXT NOT NULL,
    PRIMARY KEY (account_id, environment_id, definition_id, field, reference_kind, reference)
);
CREATE INDEX usages_by_reference ON usages (account_id, reference_kind, reference);

CREATE TABLE audit_entries (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    sequence       BIGINT NOT NULL,
    time           BIGINT NOT NULL,
    actor_kind     TEXT NOT NULL,
    actor_id       TEXT NOT NULL,
    actor_name     TEXT NOT NULL,
    action         TEXT NOT NULL,
    outcome        TEXT NOT NULL,
    environment_id TEXT NOT NULL,
    environment    TEXT NOT NULL,
    target_kind    TEXT NOT NULL,
    target_id      TEXT NOT NULL,
    target_name    TEXT NOT NULL,
    detail         TEXT NOT NULL,
    request_id     TEXT NOT NULL,
    address        TEXT NOT NULL,
    prev           TEXT NOT NULL,
    hash           TEXT NOT NULL,
    PRIMARY KEY (account_id, sequence)
);

CREATE TABLE calls (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    id             TEXT NOT NULL,
    environment_id TEXT NOT NULL,
    request_id     TEXT NOT NULL,
    time           BIGINT NOT NULL,
    route_id       TEXT NOT NULL,
    route_key      TEXT NOT NULL,
    key_id         TEXT NOT NULL,
    method         TEXT NOT NULL,
    path           TEXT NOT NULL,
    status         BIGINT NOT NULL,
    latency_us     BIGINT NOT NULL,
    bytes_in       BIGINT NOT NULL,
    bytes_out      BIGINT NOT NULL,
    secrets        TEXT NOT NULL,
    error_type     TEXT NOT NULL,
    PRIMARY KEY (account_id, id),
    -- a batch may be on its way while its environment is deleted: then it goes too, or is never stored
    FOREIGN KEY (account_id, environment_id) REFERENCES environments (account_id, id) ON DELETE CASCADE
);
CREATE INDEX calls_by_environment ON calls (account_id, environment_id, id);
CREATE INDEX calls_by_route ON calls (account_id, environment_id, route_id, id);

CREATE TABLE idempotency (
    account_id  TEXT NOT NULL REFERENCES accounts (id),
    holder_id   TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    done        BOOLEAN NOT NULL,
    ciphertext  BYTEA NOT NULL,
    nonce       BYTEA NOT NULL,
    tag         BYTEA NOT NULL,
    wrapped_key BYTEA NOT NULL,
    kek         TEXT NOT NULL,
    PRIMARY KEY (account_id, holder_id, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
