package models

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Event is one fact that happened, never changed afterwards. It holds ids,
// numbers and pseudonymous person ids; what people wrote lies in Text.
type Event struct {
	ID            ID
	Kind          string    // a past participle, see the Kind constants
	Class         string    // how sure we are that a human did it; "" = the visit says
	Outcome       string    // set on the one row of each inbound: what became of it
	Platform      string    //
	Connection    string    //
	PartnerID     ID        //
	PersonID      ID        //
	RoomID        ID        //
	ObjectKind    string    // what it was about: entry, material, gap, …
	ObjectKey     string    //
	ObjectVersion int       //
	CampaignID    *int64    //
	DeliveryID    ID        //
	LinkID        ID        //
	Visit         string    // one opening of a link in one browser
	Page          *int      //
	Amount        *int64    // page_viewed: visible milliseconds
	SourceKey     string    // the platform's own id of the happening: unique
	EffectKey     string    // what must have one effect even when told twice: unique
	CauseID       ID        // the event that led to this one
	OccurredAt    time.Time // the platform's time
	RecordedAt    time.Time // ours; Append sets it
	Detail        Detail    // further ids and numbers
}

// Detail is ids and numbers that no query needs, kept as JSON.
type Detail map[string]any

// The kinds of event. The list is open; docs/figures.md says what is counted.
const (
	Asked           = "asked"
	Answered        = "answered"
	Unanswered      = "unanswered"
	Rated           = "rated"
	Picked          = "picked"
	Escalated       = "escalated"
	Replied         = "replied" // in the thread of a campaign, nothing that waits for an answer
	GapAssigned     = "gap_assigned"
	GapAnswered     = "gap_answered"
	EntryAdded      = "entry_added"
	SupportRecorded = "support_recorded"
	Requested       = "requested"
	Delivered       = "delivered"
	DeliveryFailed  = "delivery_failed"
	Opened          = "opened"
	Joined          = "joined"
	Left            = "left"
	NoticeShown     = "notice_shown"
	Withdrawn       = "withdrawn"
	Ignored         = "ignored"
	Failed          = "failed"
	Commanded       = "commanded"
	RoomMapped      = "room_mapped"

	// On a link's page; see docs/figures.md for what each says.
	Hit          = "hit"           // something asked for the address: no visit, no verdict
	Seen         = "seen"          // a page was on screen that no page view or video tells of; Amount = visible ms
	PageViewed   = "page_viewed"   // Page was on screen; Amount = visible ms
	VideoWatched = "video_watched" // Detail intervals: media time shown, ms; Amount = their length
	Completed    = "completed"     // once per link, material and version; Amount = share in percent
	ToolOpened   = "tool_opened"   // the reader went on to a tool's address
	VideoEnded   = "video_ended"   // LINE's word that a video message was played to its end

	OutcomeReported = "outcome_reported" // a deal or another result, told by import, press or command
)

// What became of an inbound.
const (
	OutcomeHandled  = "handled"
	OutcomeIgnored  = "ignored"
	OutcomeUnknown  = "unknown_person"
	OutcomeUnmapped = "unmapped_room"
	OutcomeFailed   = "failed"
)

// The classes of an act.
const (
	ClassHuman     = "human"
	ClassPreview   = "preview"
	ClassScanner   = "scanner"
	ClassSuspect   = "suspect"
	ClassForwarded = "forwarded" // by the link's second reader: credits the link, not the person
	ClassStaff     = "staff"
	ClassTest      = "test"
)

const eventColumns = "id,kind,class,outcome,platform,connection,partner_id,person_id,room_id,object_kind,object_key,object_version," +
	"campaign_id,delivery_id,link_id,visit,page,amount,source_key,effect_key,cause_id,occurred_at,recorded_at,detail"

var eventMarks = "(" + strings.Repeat("?,", strings.Count(eventColumns, ",")) + "?)"

// Append writes events in one statement. It answers ErrDuplicate when one of
// their keys is on record already: then nothing was written and the
// transaction must be given up.
func (t *Tx) Append(events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	args := make([]any, 0, len(events)*24)
	marks := make([]string, len(events))
	for i := range events {
		e := &events[i]
		if e.ID.IsZero() {
			e.ID = NewID()
		}
		if e.OccurredAt.IsZero() {
			e.OccurredAt = t.now
		}
		detail := "{}"
		if len(e.Detail) > 0 {
			b, err := json.Marshal(e.Detail)
			if err != nil {
				return err
			}
			detail = string(b)
		}
		marks[i] = eventMarks
		args = append(args, e.ID, e.Kind, orNull(e.Class), orNull(e.Outcome), e.Platform, e.Connection, e.PartnerID, e.PersonID, e.RoomID,
			e.ObjectKind, e.ObjectKey, e.ObjectVersion, e.CampaignID, e.DeliveryID, e.LinkID, orNull(e.Visit), e.Page, e.Amount,
			orNull(e.SourceKey), orNull(e.EffectKey), e.CauseID, e.OccurredAt.UTC().Truncate(time.Microsecond), t.now, detail)
	}
	return t.insert("INSERT INTO events ("+eventColumns+") VALUES "+strings.Join(marks, ","), args...)
}

// orNull stores an empty string as NULL, which a unique key lets repeat.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Recorded tells whether an inbound with this source key is on record, handled
// or still waiting.
func (t *Tx) Recorded(sourceKey string) (bool, error) {
	return t.there("SELECT 1 FROM events WHERE source_key = ? UNION ALL SELECT 1 FROM waiting WHERE source_key = ? LIMIT 1", sourceKey, sourceKey)
}

// HadEffect tells whether something with this effect key is on record.
func (t *Tx) HadEffect(effectKey string) (bool, error) {
	return t.there("SELECT 1 FROM events WHERE effect_key = ?", effectKey)
}

// there tells whether a query gives a row.
func (t *Tx) there(sql string, args ...any) (bool, error) {
	_, err := first[int](t.db, sql, args...)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Text is what somebody wrote. It lies apart from events, so that it can be
// erased and withdrawn.
type Text struct {
	ID          ID
	EventID     ID
	PersonID    ID
	Kind        string // question, answer, comment
	MessageHash []byte // of platform, connection and message id: what a withdrawal finds it by
	Body        string
	CreatedAt   time.Time
}

// TextOf answers a text by its id; "" when it was erased.
func (t *Tx) TextOf(id ID) (string, error) {
	s, err := first[string](t.db, "SELECT body FROM texts WHERE id = ?", id)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return s, err
}

// TextOfEvent answers what was written with an event; "" when it was erased.
func (t *Tx) TextOfEvent(event ID) (string, error) {
	x, err := t.WrittenWith(event)
	return x.Body, err
}

// WrittenWith is TextOfEvent with the message that it was written in.
func (t *Tx) WrittenWith(event ID) (Text, error) {
	x, err := first[Text](t.db, "SELECT id, message_hash, body FROM texts WHERE event_id = ? ORDER BY id LIMIT 1", event)
	if errors.Is(err, ErrNotFound) {
		return Text{}, nil
	}
	return x, err
}

// Withdraw deletes what was written in a message and answers how many texts went.
func (t *Tx) Withdraw(messageHash []byte) (int64, error) {
	r := t.db.Exec("DELETE FROM texts WHERE message_hash = ?", messageHash)
	return r.RowsAffected, r.Error
}

// Source is the part of an event that a later press refers to.
type Source struct {
	ID         ID
	Kind       string
	PersonID   ID
	PartnerID  ID
	ObjectKind string
	ObjectKey  string
	OccurredAt time.Time
}

// EventOf answers an event by its id.
func (t *Tx) EventOf(id ID) (Source, error) {
	return first[Source](t.db, "SELECT id,kind,person_id,partner_id,object_kind,object_key,occurred_at FROM events WHERE id = ?", id)
}

// CountEvents counts the log by kind. Staff scope.
func (t *Tx) CountEvents() (map[string]int, error) {
	type row struct {
		Kind string
		N    int
	}
	rows, err := all[row](t.db, "SELECT kind, COUNT(*) AS n FROM events GROUP BY kind")
	out := map[string]int{}
	for _, r := range rows {
		out[r.Kind] = r.N
	}
	return out, err
}

// CountInbounds counts the inbounds by what became of them. Staff scope.
func (t *Tx) CountInbounds() (map[string]int, error) {
	type row struct {
		Outcome string
		N       int
	}
	rows, err := all[row](t.db, "SELECT outcome, COUNT(*) AS n FROM v_inbound GROUP BY outcome")
	out := map[string]int{}
	for _, r := range rows {
		out[r.Outcome] = r.N
	}
	return out, err
}

// CountAnswers counts, by entry, how often it answered since a moment.
func (t *Tx) CountAnswers(since time.Time) (map[string]int, error) {
	type row struct {
		ObjectKey string
		N         int
	}
	rows, err := all[row](t.db, "SELECT object_key, COUNT(*) AS n FROM events WHERE kind = 'answered' AND object_kind = 'entry' AND occurred_at > ? GROUP BY object_key", since)
	out := map[string]int{}
	for _, r := range rows {
		out[r.ObjectKey] = r.N
	}
	return out, err
}
