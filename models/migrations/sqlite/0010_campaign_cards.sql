-- +goose Up
-- What about a campaign is made in the background: the message in a room of staff that is kept up to date (board),
-- previews too large to count at once, and taking a campaign back. at is an address as JSON.
CREATE TABLE IF NOT EXISTS campaign_cards (
  id BLOB NOT NULL PRIMARY KEY,
  campaign_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  person_id BLOB NULL,
  address TEXT NOT NULL,
  at TEXT NOT NULL,
  language TEXT NOT NULL,
  draft_id BLOB NULL,
  delivery_id BLOB NULL,
  shown TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  look_at DATETIME NOT NULL,
  done_at DATETIME NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS campaign_cards_once ON campaign_cards (campaign_id, kind, address);
CREATE INDEX IF NOT EXISTS campaign_cards_due ON campaign_cards (done_at, look_at);
CREATE INDEX IF NOT EXISTS campaign_cards_person ON campaign_cards (person_id);
