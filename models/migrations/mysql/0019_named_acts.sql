-- +goose Up
-- The weekly figures named_acts and most_acts are new. The kept figures are counted anew from the log by the running
-- program, week by week; what visits were taken for, and when, is in visit_classes and stays.
DELETE FROM weekly;
DELETE FROM weeks;

-- +goose Down
SELECT 1;
