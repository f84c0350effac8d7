-- +goose Up
-- A few figures of several weeks over all partners, and what a week noticed of earlier ones: from this index alone.
CREATE INDEX IF NOT EXISTS weekly_metric ON weekly (week_start, part, metric, partner_id, value);

-- Staff, and how many people are known at each partner, without reading everybody.
CREATE INDEX IF NOT EXISTS people_known ON people (side, left_at, partner_id);

-- +goose Down
SELECT 1;
