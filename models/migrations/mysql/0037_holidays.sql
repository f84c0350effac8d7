-- +goose Up
-- Days on which the vendor rests, named by its staff; those of campaign.holidays come beside them.
CREATE TABLE IF NOT EXISTS holidays (
  day CHAR(10) NOT NULL PRIMARY KEY,
  name VARCHAR(100) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
SELECT 1;
