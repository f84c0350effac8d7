package models_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"akari/bot"
	"akari/models"
	"akari/models/modelstest"
)

// oddText is what must reach the database as it is, however a statement is sent.
const oddText = "it's; COMMIT; -- \\' \" ? ?? \x00 `x` 明かり😀"

func recordOf(key string) models.Record {
	e := models.Event{ID: models.NewID(), Kind: models.Asked, Outcome: models.OutcomeHandled, Platform: "slack", Connection: "slack", SourceKey: key, Detail: models.Detail{"n": 1}}
	return models.Record{
		Events: []models.Event{e},
		Texts:  []models.Text{{ID: models.NewID(), EventID: e.ID, Kind: "question", Body: oddText}},
		Deliveries: []models.Delivery{{ID: models.NewID(), Act: bot.Post, To: bot.Address{Platform: "slack", Connection: "slack", Room: "C1"}, CauseID: e.ID,
			Parts: []bot.Message{{Text: oddText}}}},
	}
}

func TestARecordIsThereWholeOrNotAtAll(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		store, ctx := modelstest.Open(t, driver), t.Context()
		first := recordOf("k1")
		if err := store.Record(ctx, first); err != nil {
			t.Fatal(err)
		}
		if got := textOf(t, store, first.Events[0].ID); got != oddText {
			t.Errorf("stored %q, want %q", got, oddText)
		}
		// The last of its rows is refused, so none of the others may stay.
		second := recordOf("k2")
		second.Deliveries[0].ID = first.Deliveries[0].ID
		if err := store.Record(ctx, second); !errors.Is(err, models.ErrDuplicate) {
			t.Errorf("a delivery that is there already: %v, want ErrDuplicate", err)
		}
		if recorded(t, store, "k2") || textOf(t, store, second.Events[0].ID) != "" {
			t.Error("part of a refused record is there")
		}
		if err := store.Record(ctx, recordOf("k1")); !errors.Is(err, models.ErrDuplicate) {
			t.Errorf("the same happening again: %v, want ErrDuplicate", err)
		}
		if err := store.Record(ctx, recordOf("k3")); err != nil || !recorded(t, store, "k3") {
			t.Errorf("after refusals: %v", err)
		}
	})
}

func TestRecordsThatShareACommitDoNotShareTheirFate(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		store := modelstest.Open(t, driver)
		const happenings, times = 60, 3
		var stored, refused atomic.Int64
		var all sync.WaitGroup
		for n := range happenings * times {
			all.Go(func() {
				err := store.Record(context.Background(), recordOf(fmt.Sprint("key ", n%happenings)))
				switch {
				case err == nil:
					stored.Add(1)
				case errors.Is(err, models.ErrDuplicate):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if stored.Load() != happenings || refused.Load() != happenings*(times-1) {
			t.Errorf("%d stored and %d refused, want %d and %d", stored.Load(), refused.Load(), happenings, happenings*(times-1))
		}
		for n := range happenings {
			if !recorded(t, store, fmt.Sprint("key ", n)) {
				t.Errorf("happening %d is not there", n)
			}
		}
	})
}

func recorded(t *testing.T, store *models.Store, key string) (there bool) {
	t.Helper()
	if err := store.View(t.Context(), func(tx *models.Tx) (err error) {
		there, err = tx.Recorded(key)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return there
}

func textOf(t *testing.T, store *models.Store, event models.ID) (text string) {
	t.Helper()
	if err := store.View(t.Context(), func(tx *models.Tx) (err error) {
		text, err = tx.TextOfEvent(event)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return text
}
