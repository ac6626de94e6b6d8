-- A sign-up is an account that somebody asked for and whose address is not proven yet: the account is made when the link
-- that was mailed comes back. It is known by the digest of what the link carries, and belongs to no account.

-- +goose Up
CREATE TABLE signups (
    digest     BYTEA PRIMARY KEY,
    email      TEXT NOT NULL,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX signups_by_email ON signups (email);
