-- A person exists once in an installation, with what proves who they are; a member is a person in an account. What an
-- account holds of a person is the membership alone, so that a person may belong to several.

-- +goose Up
CREATE TABLE people (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at    BIGINT NOT NULL
);
INSERT INTO people (id, email, name, password_hash, created_at)
SELECT m.id, m.email, m.name, m.password_hash, m.created_at
FROM members m
WHERE NOT EXISTS (SELECT 1 FROM members o WHERE o.email = m.email AND o.id < m.id);

CREATE TABLE memberships (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id         TEXT NOT NULL,
    person_id  TEXT NOT NULL REFERENCES people (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, person_id)
);
INSERT INTO memberships (account_id, id, person_id, created_at)
SELECT m.account_id, m.id, p.id, m.created_at
FROM members m JOIN people p ON p.email = m.email;
DROP TABLE members;
ALTER TABLE memberships RENAME TO members;
CREATE INDEX members_by_person ON members (person_id);
