-- +goose Up
-- The outside (contract §5): tables may change, these views may only gain columns.
DROP VIEW IF EXISTS v_event;
CREATE VIEW v_event AS
SELECT NULLIF(LOWER(HEX(e.id)), '') AS event_id, e.kind,
  COALESCE(v.class, e.class) AS class,
  e.platform, p.`key` AS partner_key, w.`key` AS person_key,
  e.object_kind, e.object_key, e.object_version, e.campaign_id,
  NULLIF(LOWER(HEX(e.delivery_id)), '') AS delivery_id, NULLIF(LOWER(HEX(e.link_id)), '') AS link_id,
  e.source_key, e.occurred_at, e.recorded_at, e.detail
FROM events e
LEFT JOIN partners p ON p.id = e.partner_id
LEFT JOIN people w ON w.id = e.person_id
LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit;

DROP VIEW IF EXISTS v_delivery;
CREATE VIEW v_delivery AS
SELECT NULLIF(LOWER(HEX(d.id)), '') AS delivery_id, d.`key` AS delivery_key, d.campaign_id,
  p.`key` AS partner_key, w.`key` AS person_key, d.platform, d.address, d.part, d.state,
  d.attempts, d.crashes, NULLIF(d.platform_message_id, '') AS platform_message_id,
  d.due_at, d.intent_at, d.ended_at, NULLIF(d.error_code, '') AS error_code,
  d.act, d.connection, d.operation, d.priority, NULLIF(d.via, '') AS via
FROM deliveries d
LEFT JOIN partners p ON p.id = d.partner_id
LEFT JOIN people w ON w.id = d.person_id;

DROP VIEW IF EXISTS v_view;
CREATE VIEW v_view AS
SELECT NULLIF(LOWER(HEX(e.link_id)), '') AS link_id, e.visit, COALESCE(v.class, e.class) AS class,
  e.object_key AS material_key, e.object_version AS material_version,
  p.`key` AS partner_key, w.`key` AS person_key, e.page, e.amount AS visible_ms, e.occurred_at AS at
FROM events e
LEFT JOIN partners p ON p.id = e.partner_id
LEFT JOIN people w ON w.id = e.person_id
LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit
WHERE e.kind IN ('opened', 'page_viewed');

DROP VIEW IF EXISTS v_audit;
CREATE VIEW v_audit AS
SELECT a.at, w.`key` AS actor, a.role, a.action, a.object, a.result
FROM audit a LEFT JOIN people w ON w.id = a.actor_id;

DROP VIEW IF EXISTS v_inbound;
CREATE VIEW v_inbound AS
SELECT e.source_key, e.platform, e.connection, e.kind, e.outcome, e.recorded_at AS received_at
FROM events e WHERE e.outcome IS NOT NULL
UNION ALL
SELECT w.source_key, w.platform, w.connection, 'waiting' AS kind, 'waiting' AS outcome, w.received_at
FROM waiting w;

-- +goose Down
SELECT 1;
