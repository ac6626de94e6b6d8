-- Which key-encryption keys wrap what, found without reading every row; and the processes on this database with the keys
-- they hold, so that none of them is left behind when another key begins to wrap.

-- +goose Up
CREATE INDEX secret_values_by_kek ON secret_values (kek);
CREATE INDEX oauth2_tokens_by_kek ON oauth2_tokens (kek);
CREATE INDEX oauth2_tokens_by_refresh_kek ON oauth2_tokens (refresh_kek);
CREATE INDEX oauth2_authorizations_by_kek ON oauth2_authorizations (kek);
CREATE INDEX idempotency_by_kek ON idempotency (kek);

CREATE TABLE nodes (
    id      TEXT PRIMARY KEY,
    keks    TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);
