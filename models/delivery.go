package models

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"akari/bot"

	"github.com/google/uuid"
)

// The states of a delivery.
const (
	StateQueued      = "queued"      // owed; due_at and retry_at say from when
	StateSending     = "sending"     // claimed: from the intent to the end
	StateSent        = "sent"        // the platform accepted it
	StateFailed      = "failed"      // refused, or tried too often
	StateUnconfirmed = "unconfirmed" // in doubt, still to be looked for
	StateHeld        = "held"        // waits for a person
	StateExpired     = "expired"     // its time was over before it could be sent
	StateCancelled   = "cancelled"   // somebody changed their mind, or an earlier part did not arrive
	StateSkipped     = "skipped"     // must not be sent; error_code says why
)

// GuardPartner on a delivery into a room: send it only while everybody in the
// room is of the delivery's partner.
const GuardPartner = "partner"

// viaEphemeral marks what is shown to one person only for as long as their
// client runs: it cannot be looked for and does not count as delivered.
const viaEphemeral = "ephemeral"

// Delivery is one message owed to one address, until it has ended. One row is
// one API call with a visible effect.
//
// To queue one, set Act, To, Parts and what it is about; QueueDeliveries fills
// the rest.
type Delivery struct {
	ID  ID
	Key string // UUID, the only thing of ours that travels outside
	Act bot.Act

	To    bot.Address   `gorm:"-"` // instead of Platform, Connection, Room, User, Thread, Direct
	Parts []bot.Message `gorm:"-"` // fitted, instead of Body
	Reply bot.Reply     `gorm:"-"` // instead of ReplyToken, ReplyURL, ReplyUntil

	Priority   bot.Priority
	Platform   string
	Connection string
	Operation  string // the platform's own limit it draws on; "" = as Store.Operations says
	Address    string // To.String(); "" = made
	Room       string
	User       string
	Thread     string
	Direct     bool

	PartnerID       ID
	PersonID        ID
	CampaignID      *int64
	Step            int
	Round           int
	Part            int
	AfterID         ID // the part before: this one is not claimable until that one is sent
	CauseID         ID // the event that led to this
	LinkID          ID
	MaterialKey     string
	MaterialVersion int
	Guard           string // "" or GuardPartner

	Body         *string // JSON of []bot.Message; nil when settled
	Sealed       []byte  // the bytes that every attempt sends, encrypted; nil when settled
	Ref          string  // for update and delete: the platform's id of the message
	ReplyToken   string
	ReplyURL     string
	ReplyUntil   *time.Time
	FallbackRoom string // a private message to a direct room that is refused goes into this room as an ephemeral
	Via          string // how it was shown, "ephemeral" or ""

	State     string
	DueAt     time.Time  // wall clock
	RetryAt   time.Time  // machine clock
	ExpiresAt *time.Time // wall clock
	StaleAt   *time.Time // the earlier of ReplyUntil and ExpiresAt

	ClaimedBy  ID
	LeaseUntil *time.Time // machine clock
	Epoch      int64
	Attempts   int
	Crashes    int
	Doubts     int // times it was in doubt
	Looks      int // times it was looked for in vain
	IntentAt   *time.Time

	EndedAt           *time.Time
	PlatformMessageID string
	ErrorCode         string
	CreatedAt         time.Time
}

// TableName is for gorm.
func (Delivery) TableName() string { return "deliveries" }

// Lane is the limit that the delivery draws on.
func (d Delivery) Lane() bot.Lane {
	return bot.Lane{Platform: d.Platform, Connection: d.Connection, Operation: d.Operation}
}

// Where is the address as the platforms take it.
func (d Delivery) Where() bot.Address {
	if d.Platform == "" {
		return d.To // not queued yet
	}
	return bot.Address{Platform: d.Platform, Connection: d.Connection, Room: d.Room, User: d.User, Thread: d.Thread, Direct: d.Direct}
}

// OneShot tells whether the delivery answers by something that works only once
// and not for long: a Slack trigger, a LINE reply token.
func (d Delivery) OneShot() bool { return d.ReplyToken != "" }

// message is the delivery as a Platform takes it, without Body.
func (d Delivery) message() (bot.Delivery, error) {
	m := bot.Delivery{
		ID: d.ID.String(), Key: d.Key, Act: d.Act, To: d.Where(), Ref: d.Ref, Attempt: d.Attempts, Priority: d.Priority, Epoch: d.Epoch,
		Reply: bot.Reply{Token: d.ReplyToken, URL: d.ReplyURL},
	}
	if d.ReplyUntil != nil {
		m.Reply.Until = *d.ReplyUntil
	}
	if d.IntentAt != nil {
		m.IntentAt = *d.IntentAt
	}
	if d.CampaignID != nil {
		m.Tag = fmt.Sprintf("c%d", *d.CampaignID)
	}
	if d.Body == nil {
		return m, nil
	}
	if err := json.Unmarshal([]byte(*d.Body), &m.Parts); err != nil {
		return m, fmt.Errorf("the body of delivery %s cannot be read: %w", d.ID, err)
	}
	return m, nil
}

// Operations says how a delivery's operation is found: the Operation method of
// its platform. To be called once, before the first use of the store.
func (s *Store) Operations(of func(bot.Delivery) string) { s.operation = of }

func (s *Store) operationOf(d Delivery) string {
	if s.operation == nil {
		return string(d.Act)
	}
	m, err := d.message()
	if err != nil {
		return string(d.Act)
	}
	if op := s.operation(m); op != "" {
		return op
	}
	return string(d.Act)
}

// insertColumns are those that a new row has values of its own for.
const insertColumns = "id,`key`,act,priority,platform,connection,operation,address,room,user,thread,direct,partner_id,person_id,campaign_id,step,round,part," +
	"after_id,cause_id,link_id,material_key,material_version,guard,body,ref,reply_token,reply_url,reply_until,fallback_room,via,state,due_at,retry_at," +
	"expires_at,stale_at,intent_at,ended_at,error_code,created_at"

// freshColumns begin as nothing in every row.
const freshColumns = ",epoch,attempts,crashes,doubts,looks,platform_message_id"

var insertMarks = "(" + strings.Repeat("?,", strings.Count(insertColumns, ",")+1) + "0,0,0,0,0,'')"

// insertBatch keeps a statement under SQLite's 32,766 and MySQL's 65,535 parameters.
const insertBatch = 500

// QueueDeliveries owes messages: they are sent when the transaction has
// committed and DueAt has come. It fills what is empty, also in a slice that
// the caller passes as ds... (ID, Key, Address, Operation, State, times).
// A delivery with State skipped, and ErrorCode, is recorded as ended.
func (t *Tx) QueueDeliveries(ds ...Delivery) error {
	steady := t.store.steady()
	for from := 0; from < len(ds); from += insertBatch {
		batch := ds[from:min(from+insertBatch, len(ds))]
		args := make([]any, 0, len(batch)*41)
		for i := range batch {
			d := &batch[i]
			if err := t.complete(d, steady); err != nil {
				return err
			}
			args = append(args, d.ID, d.Key, string(d.Act), int(d.Priority), d.Platform, d.Connection, d.Operation, d.Address, d.Room, d.User, d.Thread, d.Direct,
				d.PartnerID, d.PersonID, d.CampaignID, d.Step, d.Round, d.Part, d.AfterID, d.CauseID, d.LinkID, d.MaterialKey, d.MaterialVersion, d.Guard,
				d.Body, d.Ref, d.ReplyToken, d.ReplyURL, d.ReplyUntil, d.FallbackRoom, d.Via, d.State, d.DueAt, d.RetryAt,
				d.ExpiresAt, d.StaleAt, d.IntentAt, d.EndedAt, d.ErrorCode, d.CreatedAt)
		}
		sql := "INSERT INTO deliveries (" + insertColumns + freshColumns + ") VALUES " + strings.TrimSuffix(strings.Repeat(insertMarks+",", len(batch)), ",")
		if err := t.insert(sql, args...); err != nil {
			return err
		}
	}
	return nil
}

// complete fills what the caller left empty.
func (t *Tx) complete(d *Delivery, steady time.Time) error {
	if d.Platform == "" {
		a := d.To
		d.Platform, d.Connection, d.Room, d.User, d.Thread, d.Direct = a.Platform, a.Connection, a.Room, a.User, a.Thread, a.Direct
	}
	if d.Platform == "" || d.Act == "" {
		return fmt.Errorf("a delivery needs a platform and an act")
	}
	if d.ID.IsZero() {
		d.ID = NewID()
	}
	if d.Key == "" {
		d.Key = uuid.Must(uuid.NewV7()).String() // in order of time: its index grows at its end
	}
	if d.Address == "" {
		d.Address = d.Where().String()
	}
	if r := d.Reply; d.ReplyToken == "" && d.ReplyURL == "" && (r.Token != "" || r.URL != "") {
		d.ReplyToken, d.ReplyURL = r.Token, r.URL
		if !r.Until.IsZero() {
			d.ReplyUntil = &r.Until
		}
	}
	if d.Act == bot.Private && !d.Direct && d.Via == "" {
		d.Via = viaEphemeral
	}
	if d.Body == nil && len(d.Parts) > 0 {
		b, err := json.Marshal(d.Parts)
		if err != nil {
			return fmt.Errorf("the parts of a delivery cannot be written: %w", err)
		}
		body := string(b)
		d.Body = &body
	}
	if d.Operation == "" {
		d.Operation = t.store.operationOf(*d)
	}
	t.completeTimes(d, steady)
	return nil
}

func (t *Tx) completeTimes(d *Delivery, steady time.Time) {
	if d.State == "" {
		d.State = StateQueued
	}
	if d.State != StateQueued && d.State != StateHeld {
		d.EndedAt, d.Body = &t.now, nil
	}
	if d.DueAt.IsZero() {
		d.DueAt = t.now
	}
	if d.RetryAt.IsZero() {
		d.RetryAt = steady
	}
	d.DueAt, d.RetryAt = micro(d.DueAt), micro(d.RetryAt)
	d.ReplyUntil, d.ExpiresAt, d.IntentAt = microp(d.ReplyUntil), microp(d.ExpiresAt), microp(d.IntentAt)
	d.StaleAt = earlier(d.ReplyUntil, d.ExpiresAt)
	d.CreatedAt = t.now
}

// micro cuts to what both databases keep.
func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func microp(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := micro(*t)
	return &u
}

func earlier(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}

// Chain makes each delivery wait for the one before it and numbers the parts;
// give it the fitted parts of one message before queueing them.
func Chain(ds []Delivery) {
	for i := range ds {
		if ds[i].ID.IsZero() {
			ds[i].ID = NewID()
		}
		ds[i].Part = i
		if i > 0 {
			ds[i].AfterID = ds[i-1].ID
		}
	}
}

// DeliveryOf answers a delivery by id.
func (t *Tx) DeliveryOf(id ID) (Delivery, error) {
	return first[Delivery](t.db, "SELECT * FROM deliveries WHERE id = ?", id)
}

// cancel ends what is queued or held and meets a condition, and answers how many that
// were; what is being sent right now cannot be taken back.
func (t *Tx) cancel(where, code string, args ...any) (int64, error) {
	r := t.db.Exec("UPDATE deliveries SET state = 'cancelled', error_code = ?, ended_at = ?, body = NULL, sealed = NULL, reply_token = '', reply_url = '', epoch = epoch + 1 "+
		"WHERE state IN ('queued', 'held') AND "+where, append([]any{code, t.now}, args...)...)
	return r.RowsAffected, r.Error
}

// CountEventsOfDelivery answers how often the log says a thing about a delivery.
func (s *Store) CountEventsOfDelivery(ctx context.Context, delivery ID, kind string) (n int, err error) {
	err = s.View(ctx, func(t *Tx) error {
		n, err = first[int](t.db, "SELECT COUNT(*) FROM events WHERE delivery_id = ? AND kind = ?", delivery, kind)
		return err
	})
	return n, err
}
