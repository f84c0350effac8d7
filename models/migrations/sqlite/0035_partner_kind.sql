-- +goose Up
-- What a partner did of one kind is found without reading everything else it did. The same number of indexes.
DROP INDEX IF EXISTS events_partner;
CREATE INDEX IF NOT EXISTS events_partner ON events (partner_id, occurred_at, kind);

-- +goose Down
SELECT 1;
