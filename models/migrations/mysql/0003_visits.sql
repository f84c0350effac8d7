-- +goose Up
-- What a visit's class is made from: facts (ids, numbers), rewritable like the class itself.
ALTER TABLE visits
  ADD COLUMN network BINARY(8) NULL,
  ADD COLUMN gestures INT NOT NULL DEFAULT 0,
  ADD COLUMN seen_at DATETIME(6) NULL,
  ADD COLUMN facts MEDIUMTEXT NULL,
  ADD KEY visits_network (network, started_at),
  ADD KEY visits_started (started_at);

-- purpose '' = handed to a reader, 'test' = a test send: what happens on it is class test.
ALTER TABLE links ADD COLUMN purpose VARCHAR(16) NOT NULL DEFAULT '';

-- When a link was delivered is asked at every opening.
ALTER TABLE deliveries ADD KEY deliveries_link (link_id);

-- User agents by a hash that events carry: the robots list may change, and old visits are classed again.
CREATE TABLE IF NOT EXISTS agents (
  hash BINARY(8) NOT NULL PRIMARY KEY,
  agent VARCHAR(512) NOT NULL,
  seen_at DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Several materials behind one link, in the order shown. A link with one material has none here.
CREATE TABLE IF NOT EXISTS link_materials (
  link_id BINARY(16) NOT NULL,
  position INT NOT NULL,
  material_key VARCHAR(128) NOT NULL,
  material_version INT NOT NULL,
  PRIMARY KEY (link_id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
SELECT 1;
