-- +goose Up
-- Who holds which version of a material, and whose a campaign's links are, from the index alone.
DROP INDEX IF EXISTS links_material;
CREATE INDEX IF NOT EXISTS links_material ON links (material_key, material_version, expires_at, revoked_at, partner_id, person_id);
DROP INDEX IF EXISTS links_campaign;
CREATE INDEX IF NOT EXISTS links_campaign ON links (campaign_id, person_id, partner_id);

-- One range for each kind gives what was done with materials and entries in some weeks, without reading everything else
-- that happened then; and what happened on a link, with its class, from the index alone.
DROP INDEX IF EXISTS events_link;
CREATE INDEX IF NOT EXISTS events_link ON events (link_id, kind, occurred_at, class, visit);
CREATE INDEX IF NOT EXISTS events_kind ON events (kind, occurred_at, object_key, class, partner_id, person_id, link_id, visit, recorded_at);

-- How a campaign's recipients stand, one after the other, without reading what they were sent.
CREATE INDEX IF NOT EXISTS deliveries_standing ON deliveries (campaign_id, step, person_id, address, state, part, partner_id);

-- +goose Down
SELECT 1;
