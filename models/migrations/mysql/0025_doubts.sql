-- +goose Up
-- Between when and when nobody knows what left of a campaign: nothing ran, or the database is a backup of doubt_from.
ALTER TABLE campaigns ADD COLUMN doubt_from DATETIME(6) NULL;
ALTER TABLE campaigns ADD COLUMN doubt_until DATETIME(6) NULL;

-- +goose Down
SELECT 1;
