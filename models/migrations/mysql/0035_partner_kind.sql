-- +goose Up
-- What a partner did, or what happened on a link, of one kind is found without reading everything else there. The same
-- number of indexes. Can be run twice.
ALTER TABLE events
  DROP KEY events_partner,
  ADD KEY events_partner (partner_id, occurred_at, kind),
  DROP KEY events_link,
  ADD KEY events_link (link_id, kind);

-- +goose Down
SELECT 1;
