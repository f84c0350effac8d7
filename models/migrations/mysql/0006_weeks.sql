-- +goose Up
-- Closed weeks of the vendor. noticed_until: what is recorded later is news of another week (rulings 17).
-- cut_at: what was recorded before it, with the classes of that moment, is counted in the week's own figures.
CREATE TABLE IF NOT EXISTS weeks (
  week_start DATETIME(6) NOT NULL PRIMARY KEY,
  week_end DATETIME(6) NOT NULL,
  noticed_until DATETIME(6) NOT NULL,
  cut_at DATETIME(6) NOT NULL,
  final TINYINT NOT NULL,
  made_at DATETIME(6) NOT NULL,
  epoch BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The figures of closed weeks: replaced as a whole, never added to. part 0 = the week itself, 1 = corrections it noticed.
CREATE TABLE IF NOT EXISTS weekly (
  week_start DATETIME(6) NOT NULL,
  partner_id BINARY(16) NOT NULL,
  part TINYINT NOT NULL,
  metric VARCHAR(64) NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (week_start, partner_id, part, metric)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a count took a visit for, since when: visits may be classed anew later, figures that were given may not change silently.
CREATE TABLE IF NOT EXISTS visit_classes (
  link_id BINARY(16) NOT NULL,
  visit VARCHAR(36) NOT NULL,
  since DATETIME(6) NOT NULL,
  class VARCHAR(16) NOT NULL,
  PRIMARY KEY (link_id, visit, since),
  KEY visit_classes_since (since)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row per audience and week is the only election of who sends. said is what its figures were, for the next one's corrections.
CREATE TABLE IF NOT EXISTS digests (
  audience VARCHAR(100) NOT NULL,
  iso_week VARCHAR(8) NOT NULL,
  week_start DATETIME(6) NOT NULL,
  week_end DATETIME(6) NOT NULL,
  state VARCHAR(16) NOT NULL,
  error_code VARCHAR(100) NOT NULL,
  delivery_id BINARY(16) NULL,
  said TEXT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (audience, iso_week)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What partners report came of it. amount is in hundredths of the currency's unit.
CREATE TABLE IF NOT EXISTS outcomes (
  id BINARY(16) NOT NULL PRIMARY KEY,
  external_id VARCHAR(190) NOT NULL,
  partner_id BINARY(16) NOT NULL,
  person_id BINARY(16) NULL,
  title VARCHAR(500) NOT NULL,
  stage VARCHAR(64) NOT NULL,
  amount BIGINT NULL,
  currency VARCHAR(8) NOT NULL,
  closed_on VARCHAR(10) NULL,
  materials TEXT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  UNIQUE KEY outcomes_external (external_id),
  KEY outcomes_partner (partner_id, closed_on),
  KEY outcomes_person (person_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE OR REPLACE VIEW v_weekly AS
SELECT p.`key` AS partner_key, w.week_start,
  CASE WHEN w.part = 1 THEN CONCAT('correction.', w.metric) ELSE w.metric END AS metric, w.value, k.final
FROM weekly w JOIN weeks k ON k.week_start = w.week_start LEFT JOIN partners p ON p.id = w.partner_id;

CREATE OR REPLACE VIEW v_digest AS
SELECT g.audience, g.iso_week,
  CASE WHEN d.state IS NULL THEN g.state WHEN d.state = 'sent' THEN 'sent'
    WHEN d.state IN ('queued', 'sending', 'unconfirmed') THEN 'queued' ELSE 'failed' END AS state,
  NULLIF(LOWER(HEX(g.delivery_id)), '') AS delivery_id, g.week_start, g.week_end, g.created_at, NULLIF(g.error_code, '') AS error_code
FROM digests g LEFT JOIN deliveries d ON d.id = g.delivery_id;

CREATE OR REPLACE VIEW v_outcome AS
SELECT o.external_id, p.`key` AS partner_key, CASE WHEN x.value = 0 THEN NULL ELSE w.`key` END AS person_key,
  o.title, o.stage, o.amount / 100.0 AS amount, o.currency, o.closed_on, o.materials, o.created_at, o.updated_at
FROM outcomes o LEFT JOIN partners p ON p.id = o.partner_id LEFT JOIN people w ON w.id = o.person_id
LEFT JOIN versions x ON x.name = 'person_level';

-- One range scan of events_week gives a week's figures, however long the log is: everything that is counted is in it.
-- What came in late is found by when it was recorded. Last, and one statement a table: these cannot be run twice.
ALTER TABLE gaps ADD KEY gaps_answered (answered_at);
ALTER TABLE events
  ADD KEY events_week (occurred_at, kind, class, partner_id, person_id, object_key, link_id, visit, recorded_at),
  ADD KEY events_recorded (recorded_at, occurred_at),
  DROP KEY events_time;

-- +goose Down
SELECT 1;
