-- +goose Up
-- A campaign: one message to many. spec is what staff composed, as JSON (texts, audience rule, steps).
-- Only the states move, and every move changes epoch. version grows with every edit, which is what voids approvals.
CREATE TABLE IF NOT EXISTS campaigns (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  dedupe BINARY(32) NULL,
  title VARCHAR(200) NOT NULL,
  class VARCHAR(8) NOT NULL,
  to_kind VARCHAR(8) NOT NULL,
  state VARCHAR(12) NOT NULL,
  paused_from VARCHAR(12) NOT NULL,
  why VARCHAR(32) NOT NULL,
  epoch BIGINT NOT NULL,
  version INT NOT NULL,
  spec MEDIUMTEXT NOT NULL,
  created_by BINARY(16) NULL,
  owner_id BINARY(16) NULL,
  edited_by BINARY(16) NULL,
  launched_by BINARY(16) NULL,
  due_at DATETIME(6) NULL,
  launched_at DATETIME(6) NULL,
  resolved_at DATETIME(6) NULL,
  started_at DATETIME(6) NULL,
  finished_at DATETIME(6) NULL,
  told_at DATETIME(6) NULL,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  deleted_at DATETIME(6) NULL,
  UNIQUE KEY campaigns_dedupe (dedupe),
  KEY campaigns_state (state, due_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a campaign carries, bound to a version when its audience is resolved.
CREATE TABLE IF NOT EXISTS campaign_materials (
  campaign_id BIGINT NOT NULL,
  step INT NOT NULL,
  position INT NOT NULL,
  material_key VARCHAR(128) NOT NULL,
  material_version INT NOT NULL,
  PRIMARY KEY (campaign_id, step, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who a campaign is for, written once when it is due. target_id is the person's id, or the room's.
-- reason is why nothing is sent to them; '' = reached as far as is known. How it went is in deliveries.
CREATE TABLE IF NOT EXISTS recipients (
  campaign_id BIGINT NOT NULL,
  target_id BINARY(16) NOT NULL,
  kind VARCHAR(8) NOT NULL,
  partner_id BINARY(16) NULL,
  reason VARCHAR(24) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (campaign_id, target_id),
  KEY recipients_partner (partner_id, campaign_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How far the writing of a step's deliveries has come (rulings 21): all targets up to cursor_id have theirs.
-- Step 0 is the message, 1… its later steps, 101… reminders.
CREATE TABLE IF NOT EXISTS campaign_steps (
  campaign_id BIGINT NOT NULL,
  step INT NOT NULL,
  cursor_id BINARY(16) NULL,
  began_at DATETIME(6) NOT NULL,
  done_at DATETIME(6) NULL,
  PRIMARY KEY (campaign_id, step)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who approved which version. An approval of another version than the campaign's is void.
CREATE TABLE IF NOT EXISTS approvals (
  campaign_id BIGINT NOT NULL,
  version INT NOT NULL,
  person_id BINARY(16) NOT NULL,
  recipients INT NOT NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (campaign_id, version, person_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Audience rules that staff keep under a name.
CREATE TABLE IF NOT EXISTS audiences (
  `key` VARCHAR(100) NOT NULL PRIMARY KEY,
  name VARCHAR(200) NOT NULL,
  rule MEDIUMTEXT NOT NULL,
  created_by BINARY(16) NULL,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A partner's own days off (closed 1) and days on which it works although others rest (closed 0).
CREATE TABLE IF NOT EXISTS partner_days (
  partner_id BINARY(16) NOT NULL,
  day CHAR(10) NOT NULL,
  closed TINYINT NOT NULL,
  PRIMARY KEY (partner_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a platform said is left of its quota. most NULL = unlimited.
CREATE TABLE IF NOT EXISTS quotas (
  platform VARCHAR(16) NOT NULL,
  connection VARCHAR(64) NOT NULL,
  most BIGINT NULL,
  used BIGINT NOT NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (platform, connection)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- When a clock last went: a long standstill and a restored backup show by it.
CREATE TABLE IF NOT EXISTS clocks (
  name VARCHAR(32) NOT NULL PRIMARY KEY,
  wall_at DATETIME(6) NOT NULL,
  steady_at DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE OR REPLACE VIEW v_campaign AS
SELECT c.id AS campaign_id, c.title, c.class, c.state,
  (SELECT COUNT(*) FROM recipients r WHERE r.campaign_id = c.id) AS audience_size,
  a.`key` AS created_by,
  (SELECT MIN(w.`key`) FROM approvals x JOIN people w ON w.id = x.person_id WHERE x.campaign_id = c.id AND x.version = c.version) AS approved_by,
  c.launched_at, c.finished_at, c.to_kind, c.due_at, c.started_at, o.`key` AS owner, NULLIF(c.why, '') AS why
FROM campaigns c LEFT JOIN people a ON a.id = c.created_by LEFT JOIN people o ON o.id = c.owner_id;

-- The last statement: on MySQL it cannot be run twice.
CREATE INDEX links_campaign ON links (campaign_id);

-- +goose Down
SELECT 1;
