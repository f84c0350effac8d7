package models

import (
	"encoding/json"
	"errors"
	"time"

	"akari/bot"
)

// The kinds of Card.
const (
	CardBoard   = "board"   // stands in a room of staff and shows how a campaign goes
	CardPreview = "preview" // owed once to one person: a preview too large to count at once
	CardRecall  = "recall"  // taking a campaign back, which takes longer than a form may
)

// Card is something about a campaign that is made in the background: a message
// that is kept up to date, or a piece of work that somebody waits for.
type Card struct {
	ID         ID
	CampaignID int64
	Kind       string
	PersonID   ID          // who waits for it
	To         bot.Address `gorm:"-"`
	Address    string      // To as one word: one board per room
	At         string      // To as JSON
	Language   string
	DraftID    ID     // CardRecall: the form that asked for it
	DeliveryID ID     // CardBoard: the message that stands there
	Shown      string // CardBoard: a hash of what it says
	Epoch      int64  // CardBoard: of the campaign that it shows
	LookAt     time.Time
	DoneAt     *time.Time
}

const cardColumns = "k.id,k.campaign_id,k.kind,k.person_id,k.address,k.at,k.language,k.draft_id,k.delivery_id,k.shown,k.epoch,k.look_at,k.done_at"

func (c *Card) read() error { return json.Unmarshal([]byte(c.At), &c.To) }

// WantCard asks for a card. One that is there already is looked at again now.
func (t *Tx) WantCard(c Card) error {
	at, err := json.Marshal(c.To)
	if err != nil {
		return err
	}
	c.Address = c.To.String()
	now := t.store.steady()
	have, err := first[ID](t.db, "SELECT id FROM campaign_cards WHERE campaign_id = ? AND kind = ? AND address = ?", c.CampaignID, c.Kind, c.Address)
	if err == nil {
		return t.db.Exec("UPDATE campaign_cards SET look_at = ?, done_at = NULL, draft_id = ?, language = ?, person_id = ? WHERE id = ?", now, c.DraftID, c.Language, c.PersonID, have).Error
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	err = t.db.Exec("INSERT INTO campaign_cards (campaign_id,id,kind,person_id,address,at,language,draft_id,shown,epoch,look_at,created_at) VALUES (?,?,?,?,?,?,?,?,'',0,?,?)",
		c.CampaignID, NewID(), c.Kind, c.PersonID, c.Address, string(at), c.Language, c.DraftID, now, t.now).Error
	if isDuplicate(err) {
		return nil // another process asked for it in the same moment
	}
	return err
}

// WithoutBoard answers the campaigns at work that nobody's room shows yet.
func (t *Tx) WithoutBoard() ([]int64, error) {
	return all[int64](t.db, "SELECT c.id FROM campaigns c WHERE c.state IN ('scheduled','running','paused') AND c.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM campaign_cards k WHERE k.campaign_id = c.id AND k.kind = 'board')")
}

// DueCards answers the cards to look at now: those whose time has come, and boards
// whose campaign has moved.
func (t *Tx) DueCards(limit int) ([]Card, error) {
	cs, err := all[Card](t.db, "SELECT "+cardColumns+" FROM campaign_cards k JOIN campaigns c ON c.id = k.campaign_id WHERE k.done_at IS NULL AND (k.look_at <= ? OR k.kind = 'board' AND c.epoch <> k.epoch) ORDER BY k.look_at LIMIT ?",
		t.store.steady(), limit)
	for i := range cs {
		err = errors.Join(err, cs[i].read())
	}
	return cs, err
}

// LockCard answers a card that is still open, and keeps other processes from it
// until the transaction ends.
func (t *Tx) LockCard(id ID) (Card, error) {
	c, err := first[Card](t.db, "SELECT "+cardColumns+" FROM campaign_cards k WHERE k.id = ? AND k.done_at IS NULL"+t.store.lockingOne(), id)
	if err != nil {
		return c, err
	}
	return c, c.read()
}

// ShowCard remembers what a board shows now; it is looked at again after wait, or
// never if it is done.
func (t *Tx) ShowCard(c Card, wait time.Duration, done bool) error {
	var end *time.Time
	if done {
		end = &t.now
	}
	return t.db.Exec("UPDATE campaign_cards SET delivery_id = ?, shown = ?, epoch = ?, look_at = ?, done_at = ? WHERE id = ?", c.DeliveryID, c.Shown, c.Epoch, micro(t.store.steady().Add(wait)), end, c.ID).Error
}

// ReopenBoards lets the boards of a campaign that was over be looked at again.
func (t *Tx) ReopenBoards(campaign int64) error {
	return t.db.Exec("UPDATE campaign_cards SET done_at = NULL WHERE campaign_id = ? AND kind = ?", campaign, CardBoard).Error
}

// DropCard forgets a card whose work is done.
func (t *Tx) DropCard(id ID) error {
	return t.db.Exec("DELETE FROM campaign_cards WHERE id = ?", id).Error
}

// OwedIn is how many messages of a campaign wait in one lane.
type OwedIn struct {
	Platform, Connection, Operation string
	PartnerID                       ID // for whom; of OwedLanes
	N                               int
	Most                            int // of them, to one address; of OwedLanes
}

// Lane is where they wait.
func (o OwedIn) Lane() bot.Lane {
	return bot.Lane{Platform: o.Platform, Connection: o.Connection, Operation: o.Operation}
}

// OwedLanes answers what of a campaign's message is still to be sent, by lane and
// partner.
func (t *Tx) OwedLanes(campaign int64) ([]OwedIn, error) {
	return all[OwedIn](t.db, `SELECT x.platform, x.connection, x.operation, x.partner_id, SUM(x.n) AS n, MAX(x.n) AS most FROM (
SELECT platform, connection, operation, partner_id, address, COUNT(*) AS n FROM deliveries WHERE campaign_id = ? AND step = 0 AND state = 'queued'
GROUP BY platform, connection, operation, partner_id, address) AS x GROUP BY x.platform, x.connection, x.operation, x.partner_id`, campaign)
}

// OwedByOthers answers what every other campaign that is not held back waits to
// send, one row for each of them and lane.
func (t *Tx) OwedByOthers(campaign int64) ([]OwedIn, error) {
	return all[OwedIn](t.db, `SELECT platform, connection, operation, COUNT(*) AS n FROM deliveries WHERE state = 'queued' AND campaign_id IN (
SELECT id FROM campaigns WHERE state IN ('running','finished') AND id <> ? AND deleted_at IS NULL) GROUP BY platform, connection, operation, campaign_id`, campaign)
}
