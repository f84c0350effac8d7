-- +goose Up
-- Who holds which version of a material, and whose a campaign's links are, from the index alone. Can be run twice.
ALTER TABLE links
  DROP KEY links_material,
  ADD KEY links_material (material_key, material_version, expires_at, revoked_at, partner_id, person_id),
  DROP KEY links_campaign,
  ADD KEY links_campaign (campaign_id, person_id, partner_id);

-- One range for each kind gives what was done with materials and entries in some weeks, without reading everything else
-- that happened then; and what happened on a link, with its class, from the index alone.
ALTER TABLE events
  DROP KEY events_link,
  ADD KEY events_link (link_id, kind, occurred_at, class, visit),
  ADD KEY events_kind (kind, occurred_at, object_key, class, partner_id, person_id, link_id, visit, recorded_at);

-- How a campaign's recipients stand, one after the other, without reading what they were sent.
ALTER TABLE deliveries ADD KEY deliveries_standing (campaign_id, step, person_id, address, state, part, partner_id);

-- +goose Down
SELECT 1;
