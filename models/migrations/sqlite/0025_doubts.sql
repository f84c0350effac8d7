-- +goose Up
-- The twin of mysql/0025_doubts.sql.
-- Between when and when nobody knows what left of a campaign: nothing ran, or the database is a backup of doubt_from.
ALTER TABLE campaigns ADD COLUMN doubt_from DATETIME NULL;
ALTER TABLE campaigns ADD COLUMN doubt_until DATETIME NULL;

-- +goose Down
SELECT 1;
