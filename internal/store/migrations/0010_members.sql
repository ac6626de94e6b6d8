-- The name of a member is the account's own: what one account calls a person tells another nothing. An invitation has
-- the id that its member will have, and the grants of it wait under that id.

-- +goose Up
ALTER TABLE members ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE members SET name = (SELECT p.name FROM people p WHERE p.id = members.person_id);

CREATE TABLE invitations (
    account_id  TEXT NOT NULL REFERENCES accounts (id),
    id          TEXT NOT NULL,
    email       TEXT NOT NULL,
    name        TEXT NOT NULL,
    digest      BYTEA NOT NULL UNIQUE,
    sender_kind TEXT NOT NULL,
    sender_id   TEXT NOT NULL,
    sender      TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, email)
);

-- giver is who set the grants of a token last: it holds no more than they do. addresses is a list of ranges, with commas.
ALTER TABLE tokens ADD COLUMN giver_kind TEXT NOT NULL DEFAULT 'system';
ALTER TABLE tokens ADD COLUMN giver_id TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN giver TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN addresses TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;
