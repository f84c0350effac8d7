-- +goose Up
-- The twin of mysql/0014_staff.sql.
-- One-time ways into the staff pages. The address holds an HMAC of id, so no dump of this table opens anything.
CREATE TABLE IF NOT EXISTS staff_entries (
  id BLOB NOT NULL PRIMARY KEY,
  person_id BLOB NOT NULL,
  account_id BLOB NULL,
  platform TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  expires_at DATETIME NOT NULL,
  used_at DATETIME NULL
);
CREATE INDEX IF NOT EXISTS staff_entries_person ON staff_entries (person_id);
CREATE INDEX IF NOT EXISTS staff_entries_expires ON staff_entries (expires_at);

-- Browsers that are in. hash is of what the cookie holds; old_hash was its predecessor, which requests already on their way may still bring.
CREATE TABLE IF NOT EXISTS staff_sessions (
  id BLOB NOT NULL PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  old_hash BLOB NULL,
  person_id BLOB NOT NULL,
  account_id BLOB NULL,
  platform TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  seen_at DATETIME NOT NULL,
  turned_at DATETIME NOT NULL,
  expires_at DATETIME NOT NULL,
  ended_at DATETIME NULL
);
CREATE INDEX IF NOT EXISTS staff_sessions_old ON staff_sessions (old_hash);
CREATE INDEX IF NOT EXISTS staff_sessions_person ON staff_sessions (person_id);
CREATE INDEX IF NOT EXISTS staff_sessions_expires ON staff_sessions (expires_at);

-- The log as staff look through it: by what it is about, and by campaign.
CREATE INDEX IF NOT EXISTS events_object ON events (object_key, occurred_at);
CREATE INDEX IF NOT EXISTS events_campaign ON events (campaign_id, occurred_at);

-- +goose Down
SELECT 1;
