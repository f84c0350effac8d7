-- +goose Up
-- Which step of a campaign a message is, and which round: a person's resend is the next round of the same message.
CREATE OR REPLACE VIEW v_delivery AS
SELECT NULLIF(LOWER(HEX(d.id)), '') AS delivery_id, d.`key` AS delivery_key, d.campaign_id,
  p.`key` AS partner_key, CASE WHEN x.value = 0 THEN NULL ELSE w.`key` END AS person_key, d.platform,
  CASE WHEN x.value = 0 AND d.direct = 1 THEN d.platform ELSE d.address END AS address, d.part, d.state,
  d.attempts, d.crashes, NULLIF(d.platform_message_id, '') AS platform_message_id,
  d.due_at, d.intent_at, d.ended_at, NULLIF(d.error_code, '') AS error_code,
  d.act, d.connection, d.operation, d.priority, NULLIF(d.via, '') AS via, d.step, d.round
FROM deliveries d
LEFT JOIN partners p ON p.id = d.partner_id
LEFT JOIN people w ON w.id = d.person_id
LEFT JOIN versions x ON x.name = 'person_level';

-- +goose Down
SELECT 1;
