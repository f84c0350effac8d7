package models_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"akari/models"
	"akari/models/modelstest"
)

// meanwhile is a transaction that runs beside another one.
type meanwhile struct {
	once sync.Once
	done chan error
}

// begin begins it while the caller's transaction is still open, and gives it the time
// to meet the caller's locks. A caller that runs again begins nothing more.
func (m *meanwhile) begin(s *models.Store, fn func(*models.Tx) error) {
	m.once.Do(func() {
		m.done = make(chan error, 1)
		go func() { m.done <- s.InTx(context.Background(), fn) }()
		time.Sleep(300 * time.Millisecond)
	})
}

// Whoever joins a gap while it is being answered is told the answer, or asks anew.
func TestWhoAsksWhileAGapIsAnsweredIsTold(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		s, _ := small(t, driver, time.Now)
		ito := person(t, s, "s-ito")
		hash := []byte("0123456789abcdef0123456789abcdef")
		ask := func(tx *models.Tx) (g models.Gap, err error) {
			g, _, err = tx.OpenGap(hash, models.Gap{Language: "ja", DueAt: tx.Now()}, models.Asker{EventID: models.NewID()})
			return g, err
		}
		var g models.Gap
		inTx(t, s, func(tx *models.Tx) (err error) { g, err = ask(tx); return err })
		var told []models.Asker
		var beside meanwhile
		inTx(t, s, func(tx *models.Tx) error {
			if _, err := ask(tx); err != nil {
				return err
			}
			beside.begin(s, func(tx *models.Tx) error {
				if _, err := tx.AnswerGap(g.ID, ito.ID, models.NewID()); err != nil {
					return err
				}
				var err error
				told, err = tx.AskersOf(g.ID)
				return err
			})
			return nil
		})
		if err := <-beside.done; err != nil {
			t.Fatal(err)
		}
		if len(told) != 2 {
			t.Errorf("%d of 2 askers are told", len(told))
		}
	})
}
