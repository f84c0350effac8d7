-- +goose Up
-- Every table: utf8mb4 in a binary collation (keys and tokens differ by case), times UTC DATETIME(6).
-- IF NOT EXISTS: a MySQL DDL statement commits by itself, so a file that stopped half-way must be able to run again.

-- The vendor's partners. `key` is the seed file's key.
CREATE TABLE IF NOT EXISTS partners (
  id BINARY(16) NOT NULL PRIMARY KEY,
  `key` VARCHAR(100) NOT NULL,
  name VARCHAR(200) NOT NULL,
  tier VARCHAR(64) NOT NULL,
  parent_id BINARY(16) NULL,
  tags TEXT NOT NULL,
  region VARCHAR(64) NOT NULL,
  language VARCHAR(8) NOT NULL,
  time_zone VARCHAR(64) NOT NULL,
  owner_id BINARY(16) NULL,
  department VARCHAR(100) NOT NULL,
  sample TINYINT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  UNIQUE KEY partners_key (`key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Which outside organisations (Slack team or enterprise ids) a partner is.
CREATE TABLE IF NOT EXISTS partner_orgs (
  platform VARCHAR(16) NOT NULL,
  org VARCHAR(64) NOT NULL,
  partner_id BINARY(16) NOT NULL,
  PRIMARY KEY (platform, org),
  KEY partner_orgs_partner (partner_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Everybody the bot knows, on either side.
CREATE TABLE IF NOT EXISTS people (
  id BINARY(16) NOT NULL PRIMARY KEY,
  `key` VARCHAR(100) NOT NULL,
  side VARCHAR(8) NOT NULL,
  partner_id BINARY(16) NULL,
  name VARCHAR(200) NOT NULL,
  department VARCHAR(100) NOT NULL,
  roles VARCHAR(100) NOT NULL,
  language VARCHAR(8) NOT NULL,
  sample TINYINT NOT NULL,
  noticed_at DATETIME(6) NULL,
  left_at DATETIME(6) NULL,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  UNIQUE KEY people_key (`key`),
  KEY people_partner (partner_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One person's identity on one platform, and what the platform said of it when.
CREATE TABLE IF NOT EXISTS accounts (
  id BINARY(16) NOT NULL PRIMARY KEY,
  platform VARCHAR(16) NOT NULL,
  connection VARCHAR(64) NOT NULL,
  user VARCHAR(190) NOT NULL,
  person_id BINARY(16) NULL,
  claim VARCHAR(64) NOT NULL,
  fact_at DATETIME(6) NULL,
  fact TEXT NOT NULL,
  wanted_at DATETIME(6) NULL,
  created_at DATETIME(6) NOT NULL,
  UNIQUE KEY accounts_identity (platform, connection, user),
  KEY accounts_person (person_id),
  KEY accounts_wanted (wanted_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Places to talk, mapped to one partner, to staff, or to nobody yet.
CREATE TABLE IF NOT EXISTS rooms (
  id BINARY(16) NOT NULL PRIMARY KEY,
  platform VARCHAR(16) NOT NULL,
  connection VARCHAR(64) NOT NULL,
  room VARCHAR(190) NOT NULL,
  kind VARCHAR(8) NOT NULL,
  partner_id BINARY(16) NULL,
  name VARCHAR(200) NOT NULL,
  fact_at DATETIME(6) NULL,
  fact TEXT NOT NULL,
  wanted_at DATETIME(6) NULL,
  asked_at DATETIME(6) NULL,
  told_at DATETIME(6) NULL,
  left_at DATETIME(6) NULL,
  created_at DATETIME(6) NOT NULL,
  UNIQUE KEY rooms_identity (platform, connection, room),
  KEY rooms_partner (partner_id),
  KEY rooms_wanted (wanted_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The log. Append-only by grant: the runtime user has no UPDATE or DELETE here.
-- Holds ids, numbers and pseudonymous person ids; never text, names or platform user ids.
CREATE TABLE IF NOT EXISTS events (
  id BINARY(16) NOT NULL PRIMARY KEY,
  kind VARCHAR(32) NOT NULL,
  class VARCHAR(16) NULL,
  outcome VARCHAR(16) NULL,
  platform VARCHAR(16) NOT NULL,
  connection VARCHAR(64) NOT NULL,
  partner_id BINARY(16) NULL,
  person_id BINARY(16) NULL,
  room_id BINARY(16) NULL,
  object_kind VARCHAR(24) NOT NULL,
  object_key VARCHAR(128) NOT NULL,
  object_version INT NOT NULL,
  campaign_id BIGINT NULL,
  delivery_id BINARY(16) NULL,
  link_id BINARY(16) NULL,
  visit VARCHAR(36) NULL,
  page INT NULL,
  amount BIGINT NULL,
  source_key VARCHAR(190) NULL,
  effect_key VARCHAR(190) NULL,
  cause_id BINARY(16) NULL,
  occurred_at DATETIME(6) NOT NULL,
  recorded_at DATETIME(6) NOT NULL,
  detail TEXT NOT NULL,
  UNIQUE KEY events_source (source_key),
  UNIQUE KEY events_effect (effect_key),
  KEY events_time (occurred_at),
  KEY events_partner (partner_id, occurred_at),
  KEY events_person (person_id, occurred_at),
  KEY events_link (link_id),
  KEY events_delivery (delivery_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What people wrote. Apart from events, so that erasing and unsending can delete it.
CREATE TABLE IF NOT EXISTS texts (
  id BINARY(16) NOT NULL PRIMARY KEY,
  event_id BINARY(16) NOT NULL,
  person_id BINARY(16) NULL,
  kind VARCHAR(16) NOT NULL,
  message_hash BINARY(32) NULL,
  body MEDIUMTEXT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  KEY texts_event (event_id),
  KEY texts_person (person_id),
  KEY texts_message (message_hash),
  KEY texts_created (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Inbounds whose sender's fact is still being fetched (rulings 10).
CREATE TABLE IF NOT EXISTS waiting (
  id BINARY(16) NOT NULL PRIMARY KEY,
  source_key VARCHAR(190) NOT NULL,
  platform VARCHAR(16) NOT NULL,
  connection VARCHAR(64) NOT NULL,
  user VARCHAR(190) NOT NULL,
  inbound MEDIUMTEXT NOT NULL,
  received_at DATETIME(6) NOT NULL,
  until_at DATETIME(6) NOT NULL,
  UNIQUE KEY waiting_source (source_key),
  KEY waiting_user (platform, connection, user)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What we still owe, and how it ended. The only queue in the product.
-- due_at and expires_at follow the (shiftable) wall clock; retry_at and lease_until the machine's own.
CREATE TABLE IF NOT EXISTS deliveries (
  id BINARY(16) NOT NULL PRIMARY KEY,
  `key` CHAR(36) NOT NULL,
  act VARCHAR(12) NOT NULL,
  priority TINYINT NOT NULL,
  platform VARCHAR(16) NOT NULL,
  connection VARCHAR(64) NOT NULL,
  operation VARCHAR(40) NOT NULL,
  address VARCHAR(255) NOT NULL,
  room VARCHAR(190) NOT NULL,
  user VARCHAR(190) NOT NULL,
  thread VARCHAR(190) NOT NULL,
  direct TINYINT NOT NULL,
  partner_id BINARY(16) NULL,
  person_id BINARY(16) NULL,
  campaign_id BIGINT NULL,
  step INT NOT NULL,
  round INT NOT NULL,
  part INT NOT NULL,
  after_id BINARY(16) NULL,
  cause_id BINARY(16) NULL,
  link_id BINARY(16) NULL,
  material_key VARCHAR(128) NOT NULL,
  material_version INT NOT NULL,
  guard VARCHAR(12) NOT NULL,
  body MEDIUMTEXT NULL,
  sealed MEDIUMBLOB NULL,
  ref VARCHAR(190) NOT NULL,
  reply_token VARCHAR(255) NOT NULL,
  reply_url VARCHAR(1000) NOT NULL,
  reply_until DATETIME(6) NULL,
  fallback_room VARCHAR(190) NOT NULL,
  via VARCHAR(16) NOT NULL,
  state VARCHAR(12) NOT NULL,
  due_at DATETIME(6) NOT NULL,
  retry_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NULL,
  stale_at DATETIME(6) NULL,
  claimed_by BINARY(16) NULL,
  lease_until DATETIME(6) NULL,
  epoch BIGINT NOT NULL,
  attempts INT NOT NULL,
  crashes INT NOT NULL,
  doubts INT NOT NULL,
  looks INT NOT NULL,
  intent_at DATETIME(6) NULL,
  ended_at DATETIME(6) NULL,
  platform_message_id VARCHAR(255) NOT NULL,
  error_code VARCHAR(64) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  UNIQUE KEY deliveries_key (`key`),
  UNIQUE KEY deliveries_recipient (campaign_id, step, round, address, part),
  KEY deliveries_due (state, platform, connection, operation, priority, campaign_id, due_at, retry_at, address, after_id),
  KEY deliveries_stale (state, stale_at),
  KEY deliveries_lease (state, lease_until),
  KEY deliveries_after (after_id),
  KEY deliveries_thread (connection, room, thread),
  KEY deliveries_person (person_id),
  KEY deliveries_message (connection, platform_message_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A pause after 429, or one that staff ordered, seen by every process.
CREATE TABLE IF NOT EXISTS pauses (
  platform VARCHAR(16) NOT NULL,
  connection VARCHAR(64) NOT NULL,
  operation VARCHAR(40) NOT NULL,
  until_at DATETIME(6) NOT NULL,
  PRIMARY KEY (platform, connection, operation)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Heartbeats: how many processes share the pace when Redis is away.
CREATE TABLE IF NOT EXISTS processes (
  id BINARY(16) NOT NULL PRIMARY KEY,
  started_at DATETIME(6) NOT NULL,
  seen_at DATETIME(6) NOT NULL,
  KEY processes_seen (seen_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Private addresses handed to members. The token is an HMAC of the id: no dump opens a link.
CREATE TABLE IF NOT EXISTS links (
  id BINARY(16) NOT NULL PRIMARY KEY,
  person_id BINARY(16) NULL,
  partner_id BINARY(16) NULL,
  delivery_id BINARY(16) NULL,
  campaign_id BIGINT NULL,
  material_key VARCHAR(128) NOT NULL,
  material_version INT NOT NULL,
  language VARCHAR(8) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  revoked_at DATETIME(6) NULL,
  KEY links_person (person_id),
  KEY links_material (material_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One opening of a link in one browser, and how sure we are that a human did it. Rewritable on purpose.
CREATE TABLE IF NOT EXISTS visits (
  link_id BINARY(16) NOT NULL,
  visit VARCHAR(36) NOT NULL,
  class VARCHAR(16) NOT NULL,
  reason VARCHAR(64) NOT NULL,
  rule_version INT NOT NULL,
  started_at DATETIME(6) NOT NULL,
  PRIMARY KEY (link_id, visit)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Questions without an answer. open_hash is the normalised question while the gap is open: same gaps merge.
CREATE TABLE IF NOT EXISTS gaps (
  id BINARY(16) NOT NULL PRIMARY KEY,
  open_hash BINARY(32) NULL,
  status VARCHAR(12) NOT NULL,
  language VARCHAR(8) NOT NULL,
  question_id BINARY(16) NULL,
  answer_id BINARY(16) NULL,
  owner_id BINARY(16) NULL,
  department VARCHAR(100) NOT NULL,
  entry_key VARCHAR(128) NOT NULL,
  due_at DATETIME(6) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  answered_at DATETIME(6) NULL,
  answered_by BINARY(16) NULL,
  epoch BIGINT NOT NULL,
  UNIQUE KEY gaps_open (open_hash),
  KEY gaps_status (status, due_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who waits for a gap's answer, and where they asked.
CREATE TABLE IF NOT EXISTS gap_askers (
  gap_id BINARY(16) NOT NULL,
  event_id BINARY(16) NOT NULL,
  person_id BINARY(16) NULL,
  partner_id BINARY(16) NULL,
  at TEXT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  told_at DATETIME(6) NULL,
  PRIMARY KEY (gap_id, event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Forms that were handed out; a draft has at most one effect.
CREATE TABLE IF NOT EXISTS drafts (
  id BINARY(16) NOT NULL PRIMARY KEY,
  name VARCHAR(64) NOT NULL,
  person_id BINARY(16) NULL,
  platform VARCHAR(16) NOT NULL,
  connection VARCHAR(64) NOT NULL,
  user VARCHAR(190) NOT NULL,
  form MEDIUMTEXT NOT NULL,
  at TEXT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  used_at DATETIME(6) NULL,
  epoch BIGINT NOT NULL,
  KEY drafts_person (person_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Single-use invitation codes (hash only).
CREATE TABLE IF NOT EXISTS invitations (
  code_hash BINARY(32) NOT NULL PRIMARY KEY,
  person_id BINARY(16) NULL,
  partner_id BINARY(16) NULL,
  created_by BINARY(16) NULL,
  created_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  used_at DATETIME(6) NULL,
  epoch BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Every staff act and every refusal.
CREATE TABLE IF NOT EXISTS audit (
  id BINARY(16) NOT NULL PRIMARY KEY,
  at DATETIME(6) NOT NULL,
  actor_id BINARY(16) NULL,
  role VARCHAR(32) NOT NULL,
  action VARCHAR(64) NOT NULL,
  object VARCHAR(190) NOT NULL,
  result VARCHAR(32) NOT NULL,
  detail TEXT NOT NULL,
  KEY audit_at (at),
  KEY audit_actor (actor_id, at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Entries and materials that staff, seed or import added or changed; they overlay the files by key.
CREATE TABLE IF NOT EXISTS overlays (
  kind VARCHAR(12) NOT NULL,
  `key` VARCHAR(128) NOT NULL,
  body MEDIUMTEXT NOT NULL,
  removed TINYINT NOT NULL,
  source VARCHAR(12) NOT NULL,
  updated_by BINARY(16) NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (kind, `key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Counters that say "something changed": every process looks every few seconds.
CREATE TABLE IF NOT EXISTS versions (
  name VARCHAR(32) NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT IGNORE INTO versions (name, value) VALUES ('content', 0);

-- +goose Down
SELECT 1;
