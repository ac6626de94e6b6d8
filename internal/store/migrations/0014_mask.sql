-- What an account says of its own documents, and who sees a record unmasked for a few minutes. Who revealed what is told
-- by the audit log; rows here go once they have ended.

-- +goose Up
ALTER TABLE accounts ADD COLUMN obfuscation TEXT NOT NULL DEFAULT '{}';

CREATE TABLE reveals (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    call_id        TEXT NOT NULL,
    holder_kind    TEXT NOT NULL,
    holder_id      TEXT NOT NULL,
    reason         TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    PRIMARY KEY (account_id, environment_id, call_id, holder_kind, holder_id)
);
