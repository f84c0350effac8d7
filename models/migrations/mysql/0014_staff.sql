-- +goose Up
-- One-time ways into the staff pages. The address holds an HMAC of id, so no dump of this table opens anything.
CREATE TABLE IF NOT EXISTS staff_entries (
  id BINARY(16) NOT NULL PRIMARY KEY,
  person_id BINARY(16) NOT NULL,
  account_id BINARY(16) NULL,
  platform VARCHAR(16) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  used_at DATETIME(6) NULL,
  KEY staff_entries_person (person_id),
  KEY staff_entries_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Browsers that are in. hash is of what the cookie holds; old_hash was its predecessor, which requests already on their way may still bring.
CREATE TABLE IF NOT EXISTS staff_sessions (
  id BINARY(16) NOT NULL PRIMARY KEY,
  hash BINARY(32) NOT NULL,
  old_hash BINARY(32) NULL,
  person_id BINARY(16) NOT NULL,
  account_id BINARY(16) NULL,
  platform VARCHAR(16) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  seen_at DATETIME(6) NOT NULL,
  turned_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  ended_at DATETIME(6) NULL,
  UNIQUE KEY staff_sessions_hash (hash),
  KEY staff_sessions_old (old_hash),
  KEY staff_sessions_person (person_id),
  KEY staff_sessions_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The log as staff look through it: by what it is about, and by campaign. Last: it cannot be run twice.
ALTER TABLE events
  ADD KEY events_object (object_key, occurred_at),
  ADD KEY events_campaign (campaign_id, occurred_at);

-- +goose Down
SELECT 1;
