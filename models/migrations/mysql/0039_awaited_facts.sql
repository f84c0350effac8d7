-- +goose Up
-- A campaign that cannot go on because a platform does not say who its readers are: since when (waits_since), and when
-- staff were told (waits_told_at). NULL = nothing waits, nobody was told.
ALTER TABLE campaigns ADD COLUMN waits_since DATETIME(6) NULL, ADD COLUMN waits_told_at DATETIME(6) NULL;

-- +goose Down
SELECT 1;
