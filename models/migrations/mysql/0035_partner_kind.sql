-- +goose Up
-- What a partner did of one kind is found without reading everything else it did. The same number of indexes.
ALTER TABLE events
  DROP KEY events_partner,
  ADD KEY events_partner (partner_id, occurred_at, kind);

-- +goose Down
SELECT 1;
