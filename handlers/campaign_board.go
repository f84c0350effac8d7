package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"akari/bot"
	"akari/models"
)

// A board is the one message in a room of staff that shows how a campaign goes. It
// is changed in place, at its own pace, and every process may do it: the row of the
// card is locked while it is compared with what stands there.

const (
	// boardTick is how soon every process sees that a campaign has moved.
	boardTick = 2 * time.Second
	// boardPace is how often a running campaign's figures change on a board: Slack
	// takes 50 changes a minute of a whole workspace.
	boardPace = 10 * time.Second
)

func (h *Handlers) wantBoards() {
	select {
	case h.boards <- struct{}{}:
	default:
	}
}

// runBoards keeps boards up to date and does what cards ask for, until ctx ends.
func (h *Handlers) runBoards(ctx context.Context) {
	tick := time.NewTicker(boardTick)
	defer tick.Stop()
	for {
		if err := h.TickBoards(ctx); err != nil && ctx.Err() == nil {
			h.Log.Warn("a campaign's message to staff could not be kept up to date; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-h.boards:
		}
	}
}

// TickBoards does once what RunCampaigns does all the time for the cards of campaigns.
func (h *Handlers) TickBoards(ctx context.Context) error {
	var due []models.Card
	var bare []int64
	err := h.Store.View(ctx, func(tx *models.Tx) (err error) {
		if bare, err = tx.WithoutBoard(); err != nil {
			return err
		}
		due, err = tx.DueCards(50)
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range bare {
		errs = append(errs, h.Store.InTx(ctx, func(tx *models.Tx) error { return h.hangBoards(tx, id) }))
	}
	if len(bare) > 0 {
		err = h.Store.View(ctx, func(tx *models.Tx) (err error) { due, err = tx.DueCards(50); return err })
		errs = append(errs, err)
	}
	for _, card := range due {
		switch card.Kind {
		case models.CardBoard:
			err = h.showBoard(ctx, card)
		case models.CardPreview:
			err = h.sendPreview(ctx, card)
		case models.CardRecall:
			err = h.doRecall(ctx, card)
		}
		if err != nil && ctx.Err() == nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// hangBoards asks for a campaign's board in every room of staff.
func (h *Handlers) hangBoards(tx *models.Tx, id int64) error {
	rooms, err := h.clockTurn(tx).staffRooms()
	for _, at := range rooms {
		err = errors.Join(err, tx.WantCard(models.Card{CampaignID: id, Kind: models.CardBoard, To: at}))
	}
	return err
}

// showBoard makes a board say what is so now. It is read without a lock, because
// counting 100,000 recipients takes its time; what stands there is looked at once
// more before it is changed.
func (h *Handlers) showBoard(ctx context.Context, seen models.Card) error {
	began := time.Now() //nolint:forbidigo // how long it takes: monotonic
	p := h.platforms[seen.To.Platform]
	var c models.Campaign
	var m bot.Message
	err := h.Store.View(ctx, func(tx *models.Tx) (err error) {
		if c, err = tx.CampaignOf(seen.CampaignID); err != nil || p == nil {
			return err
		}
		room, err := tx.RoomAt(seen.To)
		if err != nil {
			return err
		}
		if room.Outsiders() {
			p = nil // nothing more is shown there
			return nil
		}
		m, err = h.boardMessage(tx, c)
		return err
	})
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return err
	}
	// Looking takes a hundredth of the time at most.
	wait := max(boardPace, 100*time.Since(began)) //nolint:forbidigo // how long it takes: monotonic
	if c.State != models.CampaignRunning {
		wait = 5 * time.Minute // its state wakes us by its epoch
	}
	shown := []byte(c.State + c.Why) // where nothing can be changed in place only what matters is said
	if p != nil && p.Limits().Updates {
		shown, _ = json.Marshal(m) // messages always marshal
	}
	sum := sha256.Sum256(shown)
	hash := hex.EncodeToString(sum[:])
	err = h.Store.InTx(ctx, func(tx *models.Tx) error {
		card, err := tx.LockCard(seen.ID)
		switch {
		case err != nil:
			return ignoreMissing(err)
		case c.ID == 0:
			return tx.DropCard(card.ID)
		case card.Shown != seen.Shown || card.Epoch != seen.Epoch:
			return nil // another process was quicker
		}
		card.Epoch = c.Epoch
		if p != nil && hash != card.Shown {
			said, err := h.putUp(tx, &card, c, m, p.Limits().Updates)
			if err != nil || !said {
				return errors.Join(err, tx.ShowCard(card, boardTick, false))
			}
			card.Shown = hash
		}
		return tx.ShowCard(card, wait, c.Ended())
	})
	if err == nil {
		h.Nudge()
	}
	return err
}

// putUp posts a board, or changes the one that stands there. false: it is on its
// way, and cannot be changed yet.
func (h *Handlers) putUp(tx *models.Tx, card *models.Card, c models.Campaign, m bot.Message, updates bool) (bool, error) {
	t := h.clockTurn(tx)
	s := sending{to: card.To, priority: bot.Notices}
	if !card.DeliveryID.IsZero() && updates {
		post, err := tx.DeliveryOf(card.DeliveryID)
		if ignoreMissing(err) != nil {
			return false, err
		}
		switch {
		case err == nil && post.PlatformMessageID != "":
			s.act, s.ref = bot.Update, post.PlatformMessageID
			if s.after, err = tx.ChangeUnderWay(post.Connection, post.PlatformMessageID); err != nil {
				return false, err
			}
		case err == nil && (post.State == models.StateQueued || post.State == models.StateSending || post.State == models.StateUnconfirmed):
			return false, nil
		}
	}
	if !updates && c.State == models.CampaignFinished {
		return true, nil // the clock says so itself
	}
	t.send(m, s)
	t.owed = t.owed[:min(len(t.owed), 1)] // a board is one message
	if s.act != bot.Update && len(t.owed) > 0 {
		card.DeliveryID = t.owed[0].ID
	}
	return true, tx.QueueDeliveries(t.owed...)
}

// boardMessage is what a board says: where the campaign is, how far, and what can
// be done from here.
func (h *Handlers) boardMessage(tx *models.Tx, c models.Campaign) (bot.Message, error) {
	lang := h.clockTurn(tx).Lang
	lines, r, err := h.standingLines(tx, c, lang)
	if err != nil {
		return bot.Message{}, err
	}
	by, err := h.byWhom(tx, c, lang)
	if err != nil {
		return bot.Message{}, err
	}
	m := bot.Message{Text: strings.Join(append(lines, by), "\n")}
	m.Buttons = h.standingButtons(c, r, lang, false)
	if c.State == models.CampaignDraft {
		m.Buttons = append([]bot.Button{{Label: h.Library.Say(lang, "compose.approve"), Press: aboutIt("campaign.approve", c), Style: bot.Primary}}, m.Buttons...)
	}
	return m, nil
}

// byWhom names who made, approved and launched a campaign.
func (h *Handlers) byWhom(tx *models.Tx, c models.Campaign, lang string) (string, error) {
	name := func(id models.ID) (string, error) {
		who, err := tx.WhoisPerson(id)
		return who.Person.Name, ignoreMissing(err)
	}
	var parts []string
	say := func(key string, id models.ID) error {
		if id.IsZero() {
			return nil
		}
		n, err := name(id)
		if n != "" {
			parts = append(parts, h.Library.Say(lang, key, "person", n))
		}
		return err
	}
	err := say("compose.by_author", c.CreatedBy)
	approvals, e := tx.ApprovalsOf(c)
	for _, a := range approvals {
		err = errors.Join(err, say("compose.by_approver", a.PersonID))
	}
	return strings.Join(parts, "　"), errors.Join(err, e, say("compose.by_launcher", c.LaunchedBy))
}

// sendPreview sends the preview that was too large to make while a form was open.
func (h *Handlers) sendPreview(ctx context.Context, card models.Card) error {
	var ms []bot.Message
	var who models.Who
	err := h.Store.View(ctx, func(tx *models.Tx) error {
		c, err := tx.CampaignOf(card.CampaignID)
		if err != nil {
			return ignoreMissing(err)
		}
		if who, err = tx.WhoisPerson(card.PersonID); err != nil {
			return ignoreMissing(err)
		}
		ms, err = h.draftMessages(tx, c, card.Language, who.Person)
		return err
	})
	if err != nil {
		return err
	}
	err = h.Store.InTx(ctx, func(tx *models.Tx) error {
		if _, err := tx.LockCard(card.ID); err != nil {
			return ignoreMissing(err) // another process was quicker
		}
		t := h.clockTurn(tx)
		s := sending{to: card.To, priority: bot.Notices, person: &who}
		for _, m := range ms {
			s.after = t.send(m, s)
		}
		return errors.Join(tx.QueueDeliveries(t.owed...), tx.DropCard(card.ID))
	})
	if err == nil {
		h.Nudge()
	}
	return err
}

// askApprovers asks for a second person's yes: in the staff's rooms, where there
// are any, else one-to-one with each who may and is not the author. It answers how
// many were asked.
func (h *Handlers) askApprovers(tx *models.Tx, c models.Campaign) (int, error) {
	t := h.clockTurn(tx)
	rooms, err := t.staffRooms()
	if err != nil {
		return 0, err
	}
	if len(rooms) > 0 {
		return len(rooms), h.hangBoards(tx, c.ID)
	}
	staff, err := tx.StaffIn("")
	if err != nil {
		return 0, err
	}
	n := 0
	for _, p := range staff {
		if !p.Has("approver") || p.ID == c.CreatedBy || p.ID == c.EditedBy {
			continue
		}
		to, ok, err := t.addressOf(p.ID)
		if err != nil {
			return n, err
		}
		if !ok {
			continue
		}
		m, err := h.boardMessage(tx, c)
		if err != nil {
			return n, err
		}
		t.Tell(to, models.Who{Person: p}, m)
		n++
	}
	return n, tx.QueueDeliveries(t.owed...)
}

// ask checks and records that somebody asks for an approval.
func (a *Campaigning) ask(c models.Campaign) error {
	if err := a.may(actAsk, campaignObject(c.ID)); err != nil {
		return err
	}
	return a.audit(actAsk, campaignObject(c.ID), "done", models.Detail{"version": c.Version})
}
