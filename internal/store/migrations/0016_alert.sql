-- Where calls come from, and alerts: rules, how they stand, the receivers' URLs and keys, what happened, and the messages
-- that are still to be delivered.

-- +goose Up
ALTER TABLE calls ADD COLUMN address TEXT NOT NULL DEFAULT '';
-- What failed here and not upstream, so that alerts count it without walking over what went well.
CREATE INDEX calls_by_failure ON calls (account_id, environment_id, error_type, id) WHERE error_type <> '';

-- Where a key was used from. learned: within the first hour of its first use, so that it is nothing new.
CREATE TABLE key_addresses (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    key_id         TEXT NOT NULL,
    address        TEXT NOT NULL,
    first_seen     BIGINT NOT NULL,
    last_seen      BIGINT NOT NULL,
    learned        BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, key_id, address),
    FOREIGN KEY (account_id, environment_id) REFERENCES environments (account_id, id) ON DELETE CASCADE
);
CREATE INDEX key_addresses_by_first ON key_addresses (account_id, environment_id, first_seen);
CREATE INDEX key_addresses_by_last ON key_addresses (last_seen);

-- targets is JSON without what is secret in it. event is the episode while firing.
CREATE TABLE alerts (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    id             TEXT NOT NULL,
    name           TEXT NOT NULL,
    kind           TEXT NOT NULL,
    route          TEXT NOT NULL,
    threshold      DOUBLE PRECISION NOT NULL,
    window_ms      BIGINT NOT NULL,
    minimum_calls  BIGINT NOT NULL,
    quiet_ms       BIGINT NOT NULL,
    targets        TEXT NOT NULL,
    active         BOOLEAN NOT NULL,
    created_at     BIGINT NOT NULL,
    created_by     TEXT NOT NULL,
    updated_at     BIGINT NOT NULL,
    firing         BOOLEAN NOT NULL,
    since          BIGINT NOT NULL,
    event          TEXT NOT NULL,
    told           BOOLEAN NOT NULL,
    told_at        BIGINT NOT NULL,
    value          DOUBLE PRECISION NOT NULL,
    looked_at      BIGINT NOT NULL,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, environment_id) REFERENCES environments (account_id, id) ON DELETE CASCADE
);
CREATE INDEX alerts_by_environment ON alerts (account_id, environment_id, id);

-- The URL of a webhook and the key its messages are signed with, sealed together.
CREATE TABLE alert_webhooks (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    alert_id       TEXT NOT NULL,
    id             TEXT NOT NULL,
    ciphertext     BYTEA NOT NULL,
    nonce          BYTEA NOT NULL,
    tag            BYTEA NOT NULL,
    wrapped_key    BYTEA NOT NULL,
    kek            TEXT NOT NULL,
    PRIMARY KEY (account_id, alert_id, id),
    FOREIGN KEY (account_id, environment_id) REFERENCES environments (account_id, id) ON DELETE CASCADE
);
CREATE INDEX alert_webhooks_by_kek ON alert_webhooks (kek);

-- state is firing, resolved or test.
CREATE TABLE alert_events (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    alert_id       TEXT NOT NULL,
    id             TEXT NOT NULL,
    state          TEXT NOT NULL,
    value          DOUBLE PRECISION NOT NULL,
    details        TEXT NOT NULL,
    started_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, environment_id) REFERENCES environments (account_id, id) ON DELETE CASCADE
);
CREATE INDEX alert_events_by_alert ON alert_events (account_id, alert_id, id);

-- state is pending, delivered or failed; body is the message.
CREATE TABLE alert_deliveries (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    alert_id       TEXT NOT NULL,
    event_id       TEXT NOT NULL,
    id             TEXT NOT NULL,
    target         TEXT NOT NULL,
    type           TEXT NOT NULL,
    body           TEXT NOT NULL,
    state          TEXT NOT NULL,
    attempts       BIGINT NOT NULL,
    next_at        BIGINT NOT NULL,
    error          TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, environment_id) REFERENCES environments (account_id, id) ON DELETE CASCADE
);
CREATE INDEX alert_deliveries_by_event ON alert_deliveries (account_id, event_id, id);
CREATE INDEX alert_deliveries_due ON alert_deliveries (next_at) WHERE state = 'pending';
