-- +goose Up
-- When, by the platform's clock, the last joining or leaving happened that was followed: an older one that arrives later changes nothing.
ALTER TABLE accounts ADD COLUMN moved_at DATETIME(6) NULL;
ALTER TABLE rooms ADD COLUMN moved_at DATETIME(6) NULL;

-- +goose Down
SELECT 1;
