-- How often an injected value was taken out of a call's answer.

-- +goose Up
ALTER TABLE calls ADD COLUMN redacted BIGINT NOT NULL DEFAULT 0;
