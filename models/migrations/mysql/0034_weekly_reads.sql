-- +goose Up
-- A few figures of several weeks over all partners, and what a week noticed of earlier ones: from this index alone.
ALTER TABLE weekly ADD KEY weekly_metric (week_start, part, metric, partner_id, value);

-- Staff, and how many people are known at each partner, without reading everybody.
ALTER TABLE people ADD KEY people_known (side, left_at, partner_id);

-- +goose Down
SELECT 1;
