-- +goose Up
-- The twin of mysql/0004_acks.sql.
-- 確認: a member's pressed "I have read this", bound to the version that was read. A row counts unless undone_at is set;
-- live (ids only) is unique while it does: one per person, version and campaign, however often and wherever it is pressed.
-- Staff, tests, robots and other partners' people have no row here.
CREATE TABLE IF NOT EXISTS acks (
  id BLOB NOT NULL PRIMARY KEY,
  live TEXT NULL,
  delivery_id BLOB NULL,
  link_id BLOB NULL,
  visit TEXT NULL,
  campaign_id INTEGER NULL,
  partner_id BLOB NULL,
  person_id BLOB NULL,
  room_id BLOB NULL,
  material_key TEXT NOT NULL,
  material_version INTEGER NOT NULL,
  platform TEXT NOT NULL DEFAULT '',
  event_id BLOB NULL,
  at DATETIME NOT NULL,
  undone_at DATETIME NULL,
  epoch INTEGER NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX IF NOT EXISTS acks_live ON acks (live);
CREATE INDEX IF NOT EXISTS acks_campaign ON acks (campaign_id, person_id);
CREATE INDEX IF NOT EXISTS acks_material ON acks (material_key, material_version);
CREATE INDEX IF NOT EXISTS acks_person ON acks (person_id);
CREATE INDEX IF NOT EXISTS acks_link ON acks (link_id);
CREATE INDEX IF NOT EXISTS acks_delivery ON acks (delivery_id);

-- 活用: a member's own word that a material served in a deal. The same rules; what they wrote of the deal lies in texts.
CREATE TABLE IF NOT EXISTS uses (
  id BLOB NOT NULL PRIMARY KEY,
  live TEXT NULL,
  delivery_id BLOB NULL,
  link_id BLOB NULL,
  visit TEXT NULL,
  campaign_id INTEGER NULL,
  partner_id BLOB NULL,
  person_id BLOB NULL,
  room_id BLOB NULL,
  material_key TEXT NOT NULL,
  material_version INTEGER NOT NULL,
  platform TEXT NOT NULL DEFAULT '',
  event_id BLOB NULL,
  at DATETIME NOT NULL,
  undone_at DATETIME NULL,
  epoch INTEGER NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX IF NOT EXISTS uses_live ON uses (live);
CREATE INDEX IF NOT EXISTS uses_campaign ON uses (campaign_id, person_id);
CREATE INDEX IF NOT EXISTS uses_material ON uses (material_key, material_version);
CREATE INDEX IF NOT EXISTS uses_person ON uses (person_id);
CREATE INDEX IF NOT EXISTS uses_link ON uses (link_id);
CREATE INDEX IF NOT EXISTS uses_delivery ON uses (delivery_id);

-- What a browser answered when it was asked whether its reader is the link's own: once per link and browser.
-- same_partner: 1 = a colleague, 0 = somebody from elsewhere, NULL = not told. A name or company they gave lies in texts.
CREATE TABLE IF NOT EXISTS readers (
  link_id BLOB NOT NULL,
  visit TEXT NOT NULL,
  other INTEGER NOT NULL,
  same_partner INTEGER NULL,
  event_id BLOB NULL,
  at DATETIME NOT NULL,
  PRIMARY KEY (link_id, visit)
);

-- Older versions of materials whose bytes are stored content-addressed, for links that stay with the version they were given.
CREATE TABLE IF NOT EXISTS material_versions (
  material_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  replaced_at DATETIME NOT NULL,
  PRIMARY KEY (material_key, version)
);

-- Erased people by a keyed hash of the key they had, so that erasing twice is harmless and the key itself is gone.
CREATE TABLE IF NOT EXISTS erasures (
  key_hash BLOB NOT NULL PRIMARY KEY,
  person_id BLOB NOT NULL,
  at DATETIME NOT NULL
);

-- The same views as before, and v_ack. In company mode (versions: person_level = 0, written by serve and migrate from
-- privacy.person_level) no view says which person it was, nor the address of anybody's one-to-one talk. What a second
-- reader did on a forwarded link is nobody's either: it is the link's.
DROP VIEW IF EXISTS v_event;
CREATE VIEW v_event AS
SELECT NULLIF(LOWER(HEX(e.id)), '') AS event_id, e.kind,
  COALESCE(v.class, e.class) AS class,
  e.platform, p.`key` AS partner_key, CASE WHEN x.value = 0 OR v.class = 'forwarded' THEN NULL ELSE w.`key` END AS person_key,
  e.object_kind, e.object_key, e.object_version, e.campaign_id,
  NULLIF(LOWER(HEX(e.delivery_id)), '') AS delivery_id, NULLIF(LOWER(HEX(e.link_id)), '') AS link_id,
  e.source_key, e.occurred_at, e.recorded_at, e.detail
FROM events e
LEFT JOIN partners p ON p.id = e.partner_id
LEFT JOIN people w ON w.id = e.person_id
LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit
LEFT JOIN versions x ON x.name = 'person_level';

DROP VIEW IF EXISTS v_delivery;
CREATE VIEW v_delivery AS
SELECT NULLIF(LOWER(HEX(d.id)), '') AS delivery_id, d.`key` AS delivery_key, d.campaign_id,
  p.`key` AS partner_key, CASE WHEN x.value = 0 THEN NULL ELSE w.`key` END AS person_key, d.platform,
  CASE WHEN x.value = 0 AND d.direct = 1 THEN d.platform ELSE d.address END AS address, d.part, d.state,
  d.attempts, d.crashes, NULLIF(d.platform_message_id, '') AS platform_message_id,
  d.due_at, d.intent_at, d.ended_at, NULLIF(d.error_code, '') AS error_code,
  d.act, d.connection, d.operation, d.priority, NULLIF(d.via, '') AS via
FROM deliveries d
LEFT JOIN partners p ON p.id = d.partner_id
LEFT JOIN people w ON w.id = d.person_id
LEFT JOIN versions x ON x.name = 'person_level';

DROP VIEW IF EXISTS v_view;
CREATE VIEW v_view AS
SELECT NULLIF(LOWER(HEX(e.link_id)), '') AS link_id, e.visit, COALESCE(v.class, e.class) AS class,
  e.object_key AS material_key, e.object_version AS material_version,
  p.`key` AS partner_key, CASE WHEN x.value = 0 OR v.class = 'forwarded' THEN NULL ELSE w.`key` END AS person_key, e.page, e.amount AS visible_ms, e.occurred_at AS at
FROM events e
LEFT JOIN partners p ON p.id = e.partner_id
LEFT JOIN people w ON w.id = e.person_id
LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit
LEFT JOIN versions x ON x.name = 'person_level'
WHERE e.kind IN ('opened', 'page_viewed');

DROP VIEW IF EXISTS v_ack;
CREATE VIEW v_ack AS
SELECT NULLIF(LOWER(HEX(a.delivery_id)), '') AS delivery_id, a.campaign_id,
  p.`key` AS partner_key, CASE WHEN x.value = 0 THEN NULL ELSE w.`key` END AS person_key,
  a.material_version, a.at, a.undone_at,
  a.material_key, NULLIF(LOWER(HEX(a.link_id)), '') AS link_id, a.platform
FROM acks a
LEFT JOIN partners p ON p.id = a.partner_id
LEFT JOIN people w ON w.id = a.person_id
LEFT JOIN versions x ON x.name = 'person_level';

DROP VIEW IF EXISTS v_audit;
CREATE VIEW v_audit AS
SELECT a.at, CASE WHEN x.value = 0 AND w.side = 'member' THEN NULL ELSE w.`key` END AS actor, a.role, a.action, a.object, a.result
FROM audit a LEFT JOIN people w ON w.id = a.actor_id
LEFT JOIN versions x ON x.name = 'person_level';

-- +goose Down
SELECT 1;
