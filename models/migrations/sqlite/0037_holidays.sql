-- +goose Up
-- Days on which the vendor rests, named by its staff; those of campaign.holidays come beside them.
CREATE TABLE IF NOT EXISTS holidays (
  day TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL
);

-- +goose Down
SELECT 1;
