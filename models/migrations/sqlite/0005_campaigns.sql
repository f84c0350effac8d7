-- +goose Up
-- A campaign: one message to many. spec is what staff composed, as JSON (texts, audience rule, steps).
-- Only the states move, and every move changes epoch. version grows with every edit, which is what voids approvals.
CREATE TABLE IF NOT EXISTS campaigns (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  dedupe BLOB NULL,
  title TEXT NOT NULL,
  class TEXT NOT NULL,
  to_kind TEXT NOT NULL,
  state TEXT NOT NULL,
  paused_from TEXT NOT NULL,
  why TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  version INTEGER NOT NULL,
  spec TEXT NOT NULL,
  created_by BLOB NULL,
  owner_id BLOB NULL,
  edited_by BLOB NULL,
  launched_by BLOB NULL,
  due_at DATETIME NULL,
  launched_at DATETIME NULL,
  resolved_at DATETIME NULL,
  started_at DATETIME NULL,
  finished_at DATETIME NULL,
  told_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  deleted_at DATETIME NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS campaigns_dedupe ON campaigns (dedupe);
CREATE INDEX IF NOT EXISTS campaigns_state ON campaigns (state, due_at);

-- What a campaign carries, bound to a version when its audience is resolved.
CREATE TABLE IF NOT EXISTS campaign_materials (
  campaign_id INTEGER NOT NULL,
  step INTEGER NOT NULL,
  position INTEGER NOT NULL,
  material_key TEXT NOT NULL,
  material_version INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, step, position)
);

-- Who a campaign is for, written once when it is due. target_id is the person's id, or the room's.
-- reason is why nothing is sent to them; '' = reached as far as is known. How it went is in deliveries.
CREATE TABLE IF NOT EXISTS recipients (
  campaign_id INTEGER NOT NULL,
  target_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  partner_id BLOB NULL,
  reason TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  PRIMARY KEY (campaign_id, target_id)
);
CREATE INDEX IF NOT EXISTS recipients_partner ON recipients (partner_id, campaign_id);

-- How far the writing of a step's deliveries has come (rulings 21): all targets up to cursor_id have theirs.
-- Step 0 is the message, 1… its later steps, 101… reminders.
CREATE TABLE IF NOT EXISTS campaign_steps (
  campaign_id INTEGER NOT NULL,
  step INTEGER NOT NULL,
  cursor_id BLOB NULL,
  began_at DATETIME NOT NULL,
  done_at DATETIME NULL,
  PRIMARY KEY (campaign_id, step)
);

-- Who approved which version. An approval of another version than the campaign's is void.
CREATE TABLE IF NOT EXISTS approvals (
  campaign_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  person_id BLOB NOT NULL,
  recipients INTEGER NOT NULL,
  at DATETIME NOT NULL,
  PRIMARY KEY (campaign_id, version, person_id)
);

-- Audience rules that staff keep under a name.
CREATE TABLE IF NOT EXISTS audiences (
  `key` TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  rule TEXT NOT NULL,
  created_by BLOB NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);

-- A partner's own days off (closed 1) and days on which it works although others rest (closed 0).
CREATE TABLE IF NOT EXISTS partner_days (
  partner_id BLOB NOT NULL,
  day TEXT NOT NULL,
  closed INTEGER NOT NULL,
  PRIMARY KEY (partner_id, day)
);

-- What a platform said is left of its quota. most NULL = unlimited.
CREATE TABLE IF NOT EXISTS quotas (
  platform TEXT NOT NULL,
  connection TEXT NOT NULL,
  most INTEGER NULL,
  used INTEGER NOT NULL,
  at DATETIME NOT NULL,
  PRIMARY KEY (platform, connection)
);

-- When a clock last went: a long standstill and a restored backup show by it.
CREATE TABLE IF NOT EXISTS clocks (
  name TEXT NOT NULL PRIMARY KEY,
  wall_at DATETIME NOT NULL,
  steady_at DATETIME NOT NULL
);

DROP VIEW IF EXISTS v_campaign;
CREATE VIEW v_campaign AS
SELECT c.id AS campaign_id, c.title, c.class, c.state,
  (SELECT COUNT(*) FROM recipients r WHERE r.campaign_id = c.id) AS audience_size,
  a.`key` AS created_by,
  (SELECT MIN(w.`key`) FROM approvals x JOIN people w ON w.id = x.person_id WHERE x.campaign_id = c.id AND x.version = c.version) AS approved_by,
  c.launched_at, c.finished_at, c.to_kind, c.due_at, c.started_at, o.`key` AS owner, NULLIF(c.why, '') AS why
FROM campaigns c LEFT JOIN people a ON a.id = c.created_by LEFT JOIN people o ON o.id = c.owner_id;

CREATE INDEX IF NOT EXISTS links_campaign ON links (campaign_id);

-- +goose Down
SELECT 1;
