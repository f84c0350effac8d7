-- +goose Up
-- The twin of mysql/0027_newcomers.sql.
-- Evergreen campaigns: who came into the audience after the launch has the steps counted from then. next_step is the one
-- to be written next for them; NULL = they were there at the launch and follow the campaign's own steps.
ALTER TABLE recipients ADD COLUMN next_step INTEGER NULL;
CREATE INDEX recipients_next ON recipients (campaign_id, next_step, created_at);

-- +goose Down
SELECT 1;
