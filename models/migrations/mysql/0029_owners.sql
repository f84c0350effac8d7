-- +goose Up
-- Who answers for a partner, material, entry or campaign, and since when. A row ends where the next one of the same thing
-- begins; person_id NULL = nobody from then on. source 'file' = a seed, content file or import said so, 'hand' = people did.
CREATE TABLE IF NOT EXISTS owners (
  kind VARCHAR(16) NOT NULL,
  object_key VARCHAR(128) NOT NULL,
  from_at DATETIME(6) NOT NULL,
  person_id BINARY(16) NULL,
  department VARCHAR(100) NOT NULL,
  source VARCHAR(8) NOT NULL,
  by_id BINARY(16) NULL,
  PRIMARY KEY (kind, object_key, from_at),
  KEY owners_person (person_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT IGNORE INTO owners (kind,object_key,from_at,person_id,department,source)
  SELECT 'partner', p.`key`, p.created_at, p.owner_id, p.department, 'file' FROM partners p WHERE p.owner_id IS NOT NULL OR p.department <> '';
INSERT IGNORE INTO owners (kind,object_key,from_at,person_id,department,source)
  SELECT 'campaign', CAST(c.id AS CHAR), c.created_at, c.owner_id, COALESCE(w.department, ''), 'hand' FROM campaigns c LEFT JOIN people w ON w.id = c.owner_id WHERE c.owner_id IS NOT NULL;

-- Hand-overs that begin on a day to come: everything of one person goes to another.
CREATE TABLE IF NOT EXISTS handovers (
  from_id BINARY(16) NOT NULL PRIMARY KEY,
  to_id BINARY(16) NOT NULL,
  on_at DATETIME(6) NOT NULL,
  by_id BINARY(16) NULL,
  created_at DATETIME(6) NOT NULL,
  KEY handovers_due (on_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Whoever writes owners takes this row first.
INSERT IGNORE INTO versions (name, value) VALUES ('owners', 0);

-- When staff were told that somebody who owns something has left.
ALTER TABLE people ADD COLUMN missed_at DATETIME(6) NULL;

CREATE OR REPLACE VIEW v_owner AS
SELECT o.kind, o.object_key, w.`key` AS owner, o.department, o.from_at,
  LEAD(o.from_at) OVER (PARTITION BY o.kind, o.object_key ORDER BY o.from_at) AS to_at, o.source
FROM owners o LEFT JOIN people w ON w.id = o.person_id;

-- +goose Down
SELECT 1;
