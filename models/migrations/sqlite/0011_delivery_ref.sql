-- +goose Up
-- A message is changed once at a time, and every press asks whether a change is under way: without this, a campaign's
-- queue would be read for each of them.
CREATE INDEX IF NOT EXISTS deliveries_ref ON deliveries (connection, ref);
