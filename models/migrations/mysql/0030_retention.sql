-- +goose Up
-- What has been deleted because it was kept long enough: 'events' from before before_at are gone, or going. Only
-- "akari retention run" writes it, as the user of database.migrate_dsn; the runtime user reads it.
CREATE TABLE IF NOT EXISTS retention (
  name VARCHAR(16) NOT NULL PRIMARY KEY,
  before_at DATETIME(6) NOT NULL,
  done_at DATETIME(6) NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
SELECT 1;
