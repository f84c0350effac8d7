package handlers

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// What is asked often is counted over so long, and counted again so often: the
// order of a list may be a little old.
const (
	popularSpan     = 28 * 24 * time.Hour
	popularInterval = 10 * time.Minute
)

// popular is how often each entry answered lately, by key.
type popular struct {
	counts atomic.Pointer[map[string]int]
}

func (p *popular) of(key string) int {
	if m := p.counts.Load(); m != nil {
		return (*m)[key]
	}
	return 0
}

// RunPopular keeps the count of what is asked often. It returns when ctx ends.
func (h *Handlers) RunPopular(ctx context.Context) {
	tick := time.NewTicker(popularInterval)
	defer tick.Stop()
	for {
		err := h.Store.View(ctx, func(tx *models.Tx) error {
			counts, err := tx.CountAnswers(tx.Now().Add(-popularSpan))
			if err == nil {
				h.popular.counts.Store(&counts)
			}
			return err
		})
		if err != nil && ctx.Err() == nil {
			h.Log.Warn("what is asked often could not be counted", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// questionsAtOnce is how many questions one list shows: as many buttons as a
// LINE WORKS message holds, less one for the rest.
const questionsAtOnce = 8

// listQuestions shows what is asked often, for a rep who would rather press
// than type.
func (t *Turn) listQuestions() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "faq"
	es := t.h.Library.Entries(t.reader())
	if len(es) == 0 {
		return t.speak(bot.Message{Text: t.Say("faq.list_none"), Buttons: []bot.Button{t.writeButton()}})
	}
	foreign := func(e content.Entry) int { // what is not there in the reader's language comes last
		if e.Question[t.Lang] == "" {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(es, func(a, b content.Entry) int {
		return cmp.Or(foreign(a)-foreign(b), t.h.popular.of(b.Key)-t.h.popular.of(a.Key), cmp.Compare(a.File, b.File), a.Line-b.Line)
	})
	page, _ := strconv.Atoi(t.In.Args.Get("p"))
	if page < 0 || page*questionsAtOnce >= len(es) {
		page = 0
	}
	last := min((page+1)*questionsAtOnce, len(es))
	m := bot.Message{Text: t.Say("faq.list")}
	for _, e := range es[page*questionsAtOnce : last] {
		m.Buttons = append(m.Buttons, bot.Button{Label: e.Question.In(t.Lang), Press: bot.NewPress("faq.pick", "e", e.Key)})
	}
	if last < len(es) {
		m.Buttons = append(m.Buttons, bot.Button{Label: t.Say("faq.more"), Press: bot.NewPress("faq.list", "p", strconv.Itoa(page+1))})
	}
	return t.speak(m)
}
