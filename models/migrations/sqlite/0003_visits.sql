-- +goose Up
-- The twin of mysql/0003_visits.sql.
-- What a visit's class is made from: facts (ids, numbers), rewritable like the class itself.
ALTER TABLE visits ADD COLUMN network BLOB NULL;
ALTER TABLE visits ADD COLUMN gestures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE visits ADD COLUMN seen_at DATETIME NULL;
ALTER TABLE visits ADD COLUMN facts TEXT NULL;
CREATE INDEX IF NOT EXISTS visits_network ON visits (network, started_at);
CREATE INDEX IF NOT EXISTS visits_started ON visits (started_at);

-- purpose '' = handed to a reader, 'test' = a test send: what happens on it is class test.
ALTER TABLE links ADD COLUMN purpose TEXT NOT NULL DEFAULT '';

-- When a link was delivered is asked at every opening.
CREATE INDEX IF NOT EXISTS deliveries_link ON deliveries (link_id);

-- User agents by a hash that events carry: the robots list may change, and old visits are classed again.
CREATE TABLE IF NOT EXISTS agents (
  hash BLOB NOT NULL PRIMARY KEY,
  agent TEXT NOT NULL,
  seen_at DATETIME NOT NULL
);

-- Several materials behind one link, in the order shown. A link with one material has none here.
CREATE TABLE IF NOT EXISTS link_materials (
  link_id BLOB NOT NULL,
  position INTEGER NOT NULL,
  material_key TEXT NOT NULL,
  material_version INTEGER NOT NULL,
  PRIMARY KEY (link_id, position)
);

-- +goose Down
SELECT 1;
