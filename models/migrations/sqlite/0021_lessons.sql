-- +goose Up
-- The twin of mysql/0021_lessons.sql.
-- What staff said to a wording that a question suggested for an entry. hash is keyed: the wording cannot be read or guessed from it.
CREATE TABLE IF NOT EXISTS lessons (
  hash BLOB NOT NULL,
  entry_key TEXT NOT NULL,
  kind TEXT NOT NULL,
  verdict TEXT NOT NULL,
  decided_by BLOB NULL,
  decided_at DATETIME NOT NULL,
  PRIMARY KEY (hash, entry_key, kind)
);

-- +goose Down
SELECT 1;
