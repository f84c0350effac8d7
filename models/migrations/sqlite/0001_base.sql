-- +goose Up
-- The twin of mysql/0001_base.sql: same tables and columns, SQLite's own type names. A test compares them.

-- The vendor's partners. `key` is the seed file's key.
CREATE TABLE IF NOT EXISTS partners (
  id BLOB NOT NULL PRIMARY KEY,
  `key` TEXT NOT NULL,
  name TEXT NOT NULL,
  tier TEXT NOT NULL,
  parent_id BLOB NULL,
  tags TEXT NOT NULL,
  region TEXT NOT NULL,
  language TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  owner_id BLOB NULL,
  department TEXT NOT NULL,
  sample INTEGER NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS partners_key ON partners (`key`);

-- Which outside organisations (Slack team or enterprise ids) a partner is.
CREATE TABLE IF NOT EXISTS partner_orgs (
  platform TEXT NOT NULL,
  org TEXT NOT NULL,
  partner_id BLOB NOT NULL,
  PRIMARY KEY (platform, org)
);
CREATE INDEX IF NOT EXISTS partner_orgs_partner ON partner_orgs (partner_id);

-- Everybody the bot knows, on either side.
CREATE TABLE IF NOT EXISTS people (
  id BLOB NOT NULL PRIMARY KEY,
  `key` TEXT NOT NULL,
  side TEXT NOT NULL,
  partner_id BLOB NULL,
  name TEXT NOT NULL,
  department TEXT NOT NULL,
  roles TEXT NOT NULL,
  language TEXT NOT NULL,
  sample INTEGER NOT NULL,
  noticed_at DATETIME NULL,
  left_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS people_key ON people (`key`);
CREATE INDEX IF NOT EXISTS people_partner ON people (partner_id);

-- One person's identity on one platform, and what the platform said of it when.
CREATE TABLE IF NOT EXISTS accounts (
  id BLOB NOT NULL PRIMARY KEY,
  platform TEXT NOT NULL,
  connection TEXT NOT NULL,
  user TEXT NOT NULL,
  person_id BLOB NULL,
  claim TEXT NOT NULL,
  fact_at DATETIME NULL,
  fact TEXT NOT NULL,
  wanted_at DATETIME NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS accounts_identity ON accounts (platform, connection, user);
CREATE INDEX IF NOT EXISTS accounts_person ON accounts (person_id);
CREATE INDEX IF NOT EXISTS accounts_wanted ON accounts (wanted_at);

-- Places to talk, mapped to one partner, to staff, or to nobody yet.
CREATE TABLE IF NOT EXISTS rooms (
  id BLOB NOT NULL PRIMARY KEY,
  platform TEXT NOT NULL,
  connection TEXT NOT NULL,
  room TEXT NOT NULL,
  kind TEXT NOT NULL,
  partner_id BLOB NULL,
  name TEXT NOT NULL,
  fact_at DATETIME NULL,
  fact TEXT NOT NULL,
  wanted_at DATETIME NULL,
  asked_at DATETIME NULL,
  told_at DATETIME NULL,
  left_at DATETIME NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS rooms_identity ON rooms (platform, connection, room);
CREATE INDEX IF NOT EXISTS rooms_partner ON rooms (partner_id);
CREATE INDEX IF NOT EXISTS rooms_wanted ON rooms (wanted_at);

-- The log. Append-only by trigger.
-- Holds ids, numbers and pseudonymous person ids; never text, names or platform user ids.
CREATE TABLE IF NOT EXISTS events (
  id BLOB NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  class TEXT NULL,
  outcome TEXT NULL,
  platform TEXT NOT NULL,
  connection TEXT NOT NULL,
  partner_id BLOB NULL,
  person_id BLOB NULL,
  room_id BLOB NULL,
  object_kind TEXT NOT NULL,
  object_key TEXT NOT NULL,
  object_version INTEGER NOT NULL,
  campaign_id INTEGER NULL,
  delivery_id BLOB NULL,
  link_id BLOB NULL,
  visit TEXT NULL,
  page INTEGER NULL,
  amount INTEGER NULL,
  source_key TEXT NULL,
  effect_key TEXT NULL,
  cause_id BLOB NULL,
  occurred_at DATETIME NOT NULL,
  recorded_at DATETIME NOT NULL,
  detail TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS events_source ON events (source_key);
CREATE UNIQUE INDEX IF NOT EXISTS events_effect ON events (effect_key);
CREATE INDEX IF NOT EXISTS events_time ON events (occurred_at);
CREATE INDEX IF NOT EXISTS events_partner ON events (partner_id, occurred_at);
CREATE INDEX IF NOT EXISTS events_person ON events (person_id, occurred_at);
CREATE INDEX IF NOT EXISTS events_link ON events (link_id);
CREATE INDEX IF NOT EXISTS events_delivery ON events (delivery_id);

-- What people wrote. Apart from events, so that erasing and unsending can delete it.
CREATE TABLE IF NOT EXISTS texts (
  id BLOB NOT NULL PRIMARY KEY,
  event_id BLOB NOT NULL,
  person_id BLOB NULL,
  kind TEXT NOT NULL,
  message_hash BLOB NULL,
  body TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS texts_event ON texts (event_id);
CREATE INDEX IF NOT EXISTS texts_person ON texts (person_id);
CREATE INDEX IF NOT EXISTS texts_message ON texts (message_hash);
CREATE INDEX IF NOT EXISTS texts_created ON texts (created_at);

-- Inbounds whose sender's fact is still being fetched (rulings 10).
CREATE TABLE IF NOT EXISTS waiting (
  id BLOB NOT NULL PRIMARY KEY,
  source_key TEXT NOT NULL,
  platform TEXT NOT NULL,
  connection TEXT NOT NULL,
  user TEXT NOT NULL,
  inbound TEXT NOT NULL,
  received_at DATETIME NOT NULL,
  until_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS waiting_source ON waiting (source_key);
CREATE INDEX IF NOT EXISTS waiting_user ON waiting (platform, connection, user);

-- What we still owe, and how it ended. The only queue in the product.
-- due_at and expires_at follow the (shiftable) wall clock; retry_at and lease_until the machine's own.
CREATE TABLE IF NOT EXISTS deliveries (
  id BLOB NOT NULL PRIMARY KEY,
  `key` TEXT NOT NULL,
  act TEXT NOT NULL,
  priority INTEGER NOT NULL,
  platform TEXT NOT NULL,
  connection TEXT NOT NULL,
  operation TEXT NOT NULL,
  address TEXT NOT NULL,
  room TEXT NOT NULL,
  user TEXT NOT NULL,
  thread TEXT NOT NULL,
  direct INTEGER NOT NULL,
  partner_id BLOB NULL,
  person_id BLOB NULL,
  campaign_id INTEGER NULL,
  step INTEGER NOT NULL,
  round INTEGER NOT NULL,
  part INTEGER NOT NULL,
  after_id BLOB NULL,
  cause_id BLOB NULL,
  link_id BLOB NULL,
  material_key TEXT NOT NULL,
  material_version INTEGER NOT NULL,
  guard TEXT NOT NULL,
  body TEXT NULL,
  sealed BLOB NULL,
  ref TEXT NOT NULL,
  reply_token TEXT NOT NULL,
  reply_url TEXT NOT NULL,
  reply_until DATETIME NULL,
  fallback_room TEXT NOT NULL,
  via TEXT NOT NULL,
  state TEXT NOT NULL,
  due_at DATETIME NOT NULL,
  retry_at DATETIME NOT NULL,
  expires_at DATETIME NULL,
  stale_at DATETIME NULL,
  claimed_by BLOB NULL,
  lease_until DATETIME NULL,
  epoch INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  crashes INTEGER NOT NULL,
  doubts INTEGER NOT NULL,
  looks INTEGER NOT NULL,
  intent_at DATETIME NULL,
  ended_at DATETIME NULL,
  platform_message_id TEXT NOT NULL,
  error_code TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS deliveries_key ON deliveries (`key`);
CREATE UNIQUE INDEX IF NOT EXISTS deliveries_recipient ON deliveries (campaign_id, step, round, address, part);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, platform, connection, operation, priority, campaign_id, due_at, retry_at, address, after_id);
CREATE INDEX IF NOT EXISTS deliveries_stale ON deliveries (state, stale_at);
CREATE INDEX IF NOT EXISTS deliveries_lease ON deliveries (state, lease_until);
CREATE INDEX IF NOT EXISTS deliveries_after ON deliveries (after_id);
CREATE INDEX IF NOT EXISTS deliveries_thread ON deliveries (connection, room, thread);
CREATE INDEX IF NOT EXISTS deliveries_person ON deliveries (person_id);
CREATE INDEX IF NOT EXISTS deliveries_message ON deliveries (connection, platform_message_id);

-- A pause after 429, or one that staff ordered, seen by every process.
CREATE TABLE IF NOT EXISTS pauses (
  platform TEXT NOT NULL,
  connection TEXT NOT NULL,
  operation TEXT NOT NULL,
  until_at DATETIME NOT NULL,
  PRIMARY KEY (platform, connection, operation)
);

-- Heartbeats: how many processes share the pace when Redis is away.
CREATE TABLE IF NOT EXISTS processes (
  id BLOB NOT NULL PRIMARY KEY,
  started_at DATETIME NOT NULL,
  seen_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS processes_seen ON processes (seen_at);

-- Private addresses handed to members. The token is an HMAC of the id: no dump opens a link.
CREATE TABLE IF NOT EXISTS links (
  id BLOB NOT NULL PRIMARY KEY,
  person_id BLOB NULL,
  partner_id BLOB NULL,
  delivery_id BLOB NULL,
  campaign_id INTEGER NULL,
  material_key TEXT NOT NULL,
  material_version INTEGER NOT NULL,
  language TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  expires_at DATETIME NOT NULL,
  revoked_at DATETIME NULL
);
CREATE INDEX IF NOT EXISTS links_person ON links (person_id);
CREATE INDEX IF NOT EXISTS links_material ON links (material_key);

-- One opening of a link in one browser, and how sure we are that a human did it. Rewritable on purpose.
CREATE TABLE IF NOT EXISTS visits (
  link_id BLOB NOT NULL,
  visit TEXT NOT NULL,
  class TEXT NOT NULL,
  reason TEXT NOT NULL,
  rule_version INTEGER NOT NULL,
  started_at DATETIME NOT NULL,
  PRIMARY KEY (link_id, visit)
);

-- Questions without an answer. open_hash is the normalised question while the gap is open: same gaps merge.
CREATE TABLE IF NOT EXISTS gaps (
  id BLOB NOT NULL PRIMARY KEY,
  open_hash BLOB NULL,
  status TEXT NOT NULL,
  language TEXT NOT NULL,
  question_id BLOB NULL,
  answer_id BLOB NULL,
  owner_id BLOB NULL,
  department TEXT NOT NULL,
  entry_key TEXT NOT NULL,
  due_at DATETIME NOT NULL,
  created_at DATETIME NOT NULL,
  answered_at DATETIME NULL,
  answered_by BLOB NULL,
  epoch INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS gaps_open ON gaps (open_hash);
CREATE INDEX IF NOT EXISTS gaps_status ON gaps (status, due_at);

-- Who waits for a gap's answer, and where they asked.
CREATE TABLE IF NOT EXISTS gap_askers (
  gap_id BLOB NOT NULL,
  event_id BLOB NOT NULL,
  person_id BLOB NULL,
  partner_id BLOB NULL,
  at TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  told_at DATETIME NULL,
  PRIMARY KEY (gap_id, event_id)
);

-- Forms that were handed out; a draft has at most one effect.
CREATE TABLE IF NOT EXISTS drafts (
  id BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  person_id BLOB NULL,
  platform TEXT NOT NULL,
  connection TEXT NOT NULL,
  user TEXT NOT NULL,
  form TEXT NOT NULL,
  at TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  expires_at DATETIME NOT NULL,
  used_at DATETIME NULL,
  epoch INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS drafts_person ON drafts (person_id);

-- Single-use invitation codes (hash only).
CREATE TABLE IF NOT EXISTS invitations (
  code_hash BLOB NOT NULL PRIMARY KEY,
  person_id BLOB NULL,
  partner_id BLOB NULL,
  created_by BLOB NULL,
  created_at DATETIME NOT NULL,
  expires_at DATETIME NOT NULL,
  used_at DATETIME NULL,
  epoch INTEGER NOT NULL
);

-- Every staff act and every refusal.
CREATE TABLE IF NOT EXISTS audit (
  id BLOB NOT NULL PRIMARY KEY,
  at DATETIME NOT NULL,
  actor_id BLOB NULL,
  role TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  result TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_at ON audit (at);
CREATE INDEX IF NOT EXISTS audit_actor ON audit (actor_id, at);

-- Entries and materials that staff, seed or import added or changed; they overlay the files by key.
CREATE TABLE IF NOT EXISTS overlays (
  kind TEXT NOT NULL,
  `key` TEXT NOT NULL,
  body TEXT NOT NULL,
  removed INTEGER NOT NULL,
  source TEXT NOT NULL,
  updated_by BLOB NULL,
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (kind, `key`)
);

-- Counters that say "something changed": every process looks every few seconds.
CREATE TABLE IF NOT EXISTS versions (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
);
INSERT OR IGNORE INTO versions (name, value) VALUES ('content', 0);

-- +goose StatementBegin
CREATE TRIGGER IF NOT EXISTS events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER IF NOT EXISTS events_no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
-- +goose StatementEnd

-- +goose Down
SELECT 1;
