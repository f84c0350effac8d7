-- +goose Up
-- The twin of mysql/0022_order.sql.
-- When, by the platform's clock, the last joining or leaving happened that was followed: an older one that arrives later changes nothing.
ALTER TABLE accounts ADD COLUMN moved_at DATETIME NULL;
ALTER TABLE rooms ADD COLUMN moved_at DATETIME NULL;

-- +goose Down
SELECT 1;
