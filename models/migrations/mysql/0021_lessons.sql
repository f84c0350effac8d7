-- +goose Up
-- What staff said to a wording that a question suggested for an entry. hash is keyed: the wording cannot be read or guessed from it.
CREATE TABLE IF NOT EXISTS lessons (
  hash BINARY(32) NOT NULL,
  entry_key VARCHAR(128) NOT NULL,
  kind VARCHAR(8) NOT NULL,
  verdict VARCHAR(8) NOT NULL,
  decided_by BINARY(16) NULL,
  decided_at DATETIME(6) NOT NULL,
  PRIMARY KEY (hash, entry_key, kind)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
SELECT 1;
