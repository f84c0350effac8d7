-- +goose Up
-- The twin of mysql/0030_retention.sql.
-- What has been deleted because it was kept long enough: 'events' from before before_at are gone, or going. Only
-- "akari retention run" writes it.
CREATE TABLE IF NOT EXISTS retention (
  name TEXT NOT NULL PRIMARY KEY,
  before_at DATETIME NOT NULL,
  done_at DATETIME NULL
);

-- The log stays append-only but for what retention has declared to be over.
DROP TRIGGER IF EXISTS events_no_delete;
-- +goose StatementBegin
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
WHEN OLD.recorded_at >= COALESCE((SELECT before_at FROM retention WHERE name = 'events'), '') OR OLD.occurred_at >= COALESCE((SELECT before_at FROM retention WHERE name = 'events'), '')
BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
-- +goose StatementEnd

-- +goose Down
SELECT 1;
