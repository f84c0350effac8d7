-- +goose Up
-- What about a campaign is made in the background: the message in a room of staff that is kept up to date (board),
-- previews too large to count at once, and taking a campaign back. at is an address as JSON.
CREATE TABLE IF NOT EXISTS campaign_cards (
  id BINARY(16) NOT NULL PRIMARY KEY,
  campaign_id BIGINT NOT NULL,
  kind VARCHAR(8) NOT NULL,
  person_id BINARY(16) NULL,
  address VARCHAR(190) NOT NULL,
  at TEXT NOT NULL,
  language VARCHAR(8) NOT NULL,
  draft_id BINARY(16) NULL,
  delivery_id BINARY(16) NULL,
  shown VARCHAR(64) NOT NULL,
  epoch BIGINT NOT NULL,
  look_at DATETIME(6) NOT NULL,
  done_at DATETIME(6) NULL,
  created_at DATETIME(6) NOT NULL,
  UNIQUE KEY campaign_cards_once (campaign_id, kind, address),
  KEY campaign_cards_due (done_at, look_at),
  KEY campaign_cards_person (person_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
