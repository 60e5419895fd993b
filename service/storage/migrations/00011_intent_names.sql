-- +goose Up
ALTER TABLE ledger_intent ADD COLUMN names TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE ledger_intent DROP COLUMN names;
