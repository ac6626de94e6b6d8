-- Where calls come from.

-- +goose Up
ALTER TABLE calls ADD COLUMN address TEXT NOT NULL DEFAULT '';
