-- What a value may be used for, what may be told of it, and which of its versions is tried before it is in force. format 1
-- is a row of before its fields were bound to its data key; such rows are bound at the next start.

-- +goose Up
ALTER TABLE secret_values ADD COLUMN format BIGINT NOT NULL DEFAULT 1;
ALTER TABLE secret_values ADD COLUMN expires_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE secret_values ADD COLUMN strict BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE secret_values ADD COLUMN allowed_hosts TEXT NOT NULL DEFAULT '';
ALTER TABLE secret_values ADD COLUMN detail TEXT NOT NULL DEFAULT '';
ALTER TABLE secret_values ADD COLUMN guessable BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX secret_values_by_expiry ON secret_values (account_id, expires_at);

ALTER TABLE secret_slots ADD COLUMN staged BIGINT NOT NULL DEFAULT 0;

-- When each version was last injected into a call; written in batches beside the calls. It outlives its version, for the
-- question whether the credential can be revoked at the provider.
CREATE TABLE secret_uses (
    account_id     TEXT NOT NULL REFERENCES accounts (id),
    environment_id TEXT NOT NULL,
    secret_id      TEXT NOT NULL,
    version        BIGINT NOT NULL,
    last_used_at   BIGINT NOT NULL,
    uses           BIGINT NOT NULL,
    PRIMARY KEY (account_id, environment_id, secret_id, version),
    FOREIGN KEY (account_id, environment_id) REFERENCES environments (account_id, id) ON DELETE CASCADE
);

-- What becomes of a value that is the same as in an environment below: off, warn or block.
ALTER TABLE environments ADD COLUMN distinct_values TEXT NOT NULL DEFAULT 'off';
UPDATE environments SET distinct_values = 'warn'
WHERE level = (SELECT MAX(o.level) FROM environments o WHERE o.account_id = environments.account_id);
