-- +goose Up
-- The twin of mysql/0029_owners.sql.
-- Who answers for a partner, material, entry or campaign, and since when. A row ends where the next one of the same thing
-- begins; person_id NULL = nobody from then on. source 'file' = a seed, content file or import said so, 'hand' = people did.
CREATE TABLE IF NOT EXISTS owners (
  kind TEXT NOT NULL,
  object_key TEXT NOT NULL,
  from_at DATETIME NOT NULL,
  person_id BLOB NULL,
  department TEXT NOT NULL,
  source TEXT NOT NULL,
  by_id BLOB NULL,
  PRIMARY KEY (kind, object_key, from_at)
);
CREATE INDEX IF NOT EXISTS owners_person ON owners (person_id);

INSERT OR IGNORE INTO owners (kind,object_key,from_at,person_id,department,source)
  SELECT 'partner', p.`key`, p.created_at, p.owner_id, p.department, 'file' FROM partners p WHERE p.owner_id IS NOT NULL OR p.department <> '';
INSERT OR IGNORE INTO owners (kind,object_key,from_at,person_id,department,source)
  SELECT 'campaign', CAST(c.id AS TEXT), c.created_at, c.owner_id, COALESCE(w.department, ''), 'hand' FROM campaigns c LEFT JOIN people w ON w.id = c.owner_id WHERE c.owner_id IS NOT NULL;

-- Hand-overs that begin on a day to come: everything of one person goes to another.
CREATE TABLE IF NOT EXISTS handovers (
  from_id BLOB NOT NULL PRIMARY KEY,
  to_id BLOB NOT NULL,
  on_at DATETIME NOT NULL,
  by_id BLOB NULL,
  created_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS handovers_due ON handovers (on_at);

-- Whoever writes owners takes this row first.
INSERT OR IGNORE INTO versions (name, value) VALUES ('owners', 0);

-- When staff were told that somebody who owns something has left.
ALTER TABLE people ADD COLUMN missed_at DATETIME NULL;

DROP VIEW IF EXISTS v_owner;
CREATE VIEW v_owner AS
SELECT o.kind, o.object_key, w.`key` AS owner, o.department, o.from_at,
  LEAD(o.from_at) OVER (PARTITION BY o.kind, o.object_key ORDER BY o.from_at) AS to_at, o.source
FROM owners o LEFT JOIN people w ON w.id = o.person_id;

-- +goose Down
SELECT 1;
