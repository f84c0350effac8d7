-- +goose Up
-- What a partner did, or what happened on a link, of one kind is found without reading everything else there. The same
-- number of indexes.
DROP INDEX IF EXISTS events_partner;
CREATE INDEX IF NOT EXISTS events_partner ON events (partner_id, occurred_at, kind);
DROP INDEX IF EXISTS events_link;
CREATE INDEX IF NOT EXISTS events_link ON events (link_id, kind);

-- +goose Down
SELECT 1;
