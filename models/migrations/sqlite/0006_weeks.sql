-- +goose Up
-- The twin of mysql/0006_weeks.sql.
-- One range scan of this index gives a week's figures, however long the log is: everything that is counted is in it.
CREATE INDEX IF NOT EXISTS events_week ON events (occurred_at, kind, class, partner_id, person_id, object_key, link_id, visit, recorded_at);
DROP INDEX IF EXISTS events_time;
-- What came in late is found by when it was recorded.
CREATE INDEX IF NOT EXISTS events_recorded ON events (recorded_at, occurred_at);

-- Closed weeks of the vendor. noticed_until: what is recorded later is news of another week (rulings 17).
-- cut_at: what was recorded before it, with the classes of that moment, is counted in the week's own figures.
CREATE TABLE IF NOT EXISTS weeks (
  week_start DATETIME NOT NULL PRIMARY KEY,
  week_end DATETIME NOT NULL,
  noticed_until DATETIME NOT NULL,
  cut_at DATETIME NOT NULL,
  final INTEGER NOT NULL,
  made_at DATETIME NOT NULL,
  epoch INTEGER NOT NULL
);

-- The figures of closed weeks: replaced as a whole, never added to. part 0 = the week itself, 1 = corrections it noticed.
CREATE TABLE IF NOT EXISTS weekly (
  week_start DATETIME NOT NULL,
  partner_id BLOB NOT NULL,
  part INTEGER NOT NULL,
  metric TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (week_start, partner_id, part, metric)
);

-- What a count took a visit for, since when: visits may be classed anew later, figures that were given may not change silently.
CREATE TABLE IF NOT EXISTS visit_classes (
  link_id BLOB NOT NULL,
  visit TEXT NOT NULL,
  since DATETIME NOT NULL,
  class TEXT NOT NULL,
  PRIMARY KEY (link_id, visit, since)
);
CREATE INDEX IF NOT EXISTS visit_classes_since ON visit_classes (since);

-- One row per audience and week is the only election of who sends. said is what its figures were, for the next one's corrections.
CREATE TABLE IF NOT EXISTS digests (
  audience TEXT NOT NULL,
  iso_week TEXT NOT NULL,
  week_start DATETIME NOT NULL,
  week_end DATETIME NOT NULL,
  state TEXT NOT NULL,
  error_code TEXT NOT NULL,
  delivery_id BLOB NULL,
  said TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  PRIMARY KEY (audience, iso_week)
);

-- What partners report came of it. amount is in hundredths of the currency's unit.
CREATE TABLE IF NOT EXISTS outcomes (
  id BLOB NOT NULL PRIMARY KEY,
  external_id TEXT NOT NULL,
  partner_id BLOB NOT NULL,
  person_id BLOB NULL,
  title TEXT NOT NULL,
  stage TEXT NOT NULL,
  amount INTEGER NULL,
  currency TEXT NOT NULL,
  closed_on TEXT NULL,
  materials TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS outcomes_external ON outcomes (external_id);
CREATE INDEX IF NOT EXISTS outcomes_partner ON outcomes (partner_id, closed_on);
CREATE INDEX IF NOT EXISTS outcomes_person ON outcomes (person_id);

CREATE INDEX IF NOT EXISTS gaps_answered ON gaps (answered_at);

DROP VIEW IF EXISTS v_weekly;
CREATE VIEW v_weekly AS
SELECT p.`key` AS partner_key, w.week_start,
  CASE WHEN w.part = 1 THEN 'correction.' || w.metric ELSE w.metric END AS metric, w.value, k.final
FROM weekly w JOIN weeks k ON k.week_start = w.week_start LEFT JOIN partners p ON p.id = w.partner_id;

DROP VIEW IF EXISTS v_digest;
CREATE VIEW v_digest AS
SELECT g.audience, g.iso_week,
  CASE WHEN d.state IS NULL THEN g.state WHEN d.state = 'sent' THEN 'sent'
    WHEN d.state IN ('queued', 'sending', 'unconfirmed') THEN 'queued' ELSE 'failed' END AS state,
  NULLIF(LOWER(HEX(g.delivery_id)), '') AS delivery_id, g.week_start, g.week_end, g.created_at, NULLIF(g.error_code, '') AS error_code
FROM digests g LEFT JOIN deliveries d ON d.id = g.delivery_id;

DROP VIEW IF EXISTS v_outcome;
CREATE VIEW v_outcome AS
SELECT o.external_id, p.`key` AS partner_key, CASE WHEN x.value = 0 THEN NULL ELSE w.`key` END AS person_key,
  o.title, o.stage, o.amount / 100.0 AS amount, o.currency, o.closed_on, o.materials, o.created_at, o.updated_at
FROM outcomes o LEFT JOIN partners p ON p.id = o.partner_id LEFT JOIN people w ON w.id = o.person_id
LEFT JOIN versions x ON x.name = 'person_level';

-- +goose Down
SELECT 1;
