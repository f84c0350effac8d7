package models

import (
	"context"
	"errors"
	"strings"
	"time"
)

// ErrReadOnly says that a View tried to write. The same work may be run again
// in a transaction.
var ErrReadOnly = errors.New("this conversation only reads")

// Record is what one inbound adds: only new rows, and nothing that anybody else
// changes. So the records of several inbounds can share a transaction.
type Record struct {
	Events     []Event
	Texts      []Text
	Links      []Link
	Deliveries []Delivery
}

// Add writes a record inside this transaction. ErrDuplicate: one of its keys is
// on record already; the transaction must be given up.
func (t *Tx) Add(r Record) error { return t.add([]*Record{&r}) }

func (t *Tx) add(rs []*Record) error {
	var all Record
	for _, r := range rs {
		all.Events = append(all.Events, r.Events...)
		all.Texts = append(all.Texts, r.Texts...)
		all.Links = append(all.Links, r.Links...)
		all.Deliveries = append(all.Deliveries, r.Deliveries...)
	}
	if err := t.Append(all.Events...); err != nil {
		return err
	}
	if err := t.keep(all.Texts); err != nil {
		return err
	}
	if err := t.hand(all.Links); err != nil {
		return err
	}
	return t.QueueDeliveries(all.Deliveries...)
}

// insert writes new rows. ErrDuplicate: a unique key refused one of them.
func (t *Tx) insert(sql string, args ...any) error {
	if t.packet != nil {
		t.packet.add(sql, args)
		return nil
	}
	err := t.db.Exec(sql, args...).Error
	if isDuplicate(err) {
		return ErrDuplicate
	}
	return err
}

// rows is the values part of an INSERT of n rows of columns.
func rows(n, columns int) string {
	row := "(?" + strings.Repeat(",?", columns-1) + ")"
	return row + strings.Repeat(","+row, n-1)
}

func (t *Tx) keep(texts []Text) error {
	if len(texts) == 0 {
		return nil
	}
	var args []any
	for _, x := range texts {
		args = append(args, x.ID, x.EventID, x.PersonID, x.Kind, x.MessageHash, x.Body, t.now)
	}
	return t.insert("INSERT INTO texts (id,event_id,person_id,kind,message_hash,body,created_at) VALUES "+rows(len(texts), 7), args...)
}

func (t *Tx) hand(links []Link) error {
	if len(links) == 0 {
		return nil
	}
	var args []any
	for _, l := range links {
		args = append(args, l.ID, l.PersonID, l.PartnerID, l.DeliveryID, l.CampaignID, l.MaterialKey, l.MaterialVersion, l.Language, t.now, l.ExpiresAt.UTC().Truncate(time.Microsecond))
	}
	return t.insert("INSERT INTO links (id,person_id,partner_id,delivery_id,campaign_id,material_key,material_version,language,created_at,expires_at) VALUES "+rows(len(links), 10), args...)
}

// groupMost is how many records share one transaction at most: enough to spread
// the price of a commit, few enough that none waits long for the others.
const groupMost = 64

// entry is a record that waits for its commit.
type entry struct {
	ctx    context.Context
	record *Record
	done   chan error
}

// Record commits a record and answers when it is on disk. Records that arrive
// while a commit is under way share the next one; each is still all or nothing,
// and one that is a duplicate spoils none of the others.
func (s *Store) Record(ctx context.Context, r Record) error {
	e := &entry{ctx: ctx, record: &r, done: make(chan error, 1)}
	s.records.join(ctx, e, s.leaders(), groupMost, s.commit)
	select {
	case err := <-e.done:
		return err
	case <-ctx.Done():
		return ctx.Err() // it may still be committed; told again, it is a duplicate
	}
}

// recordLeaders is how many transactions of records run at once on MySQL: two keep
// its log busy.
const recordLeaders = 2

// leaders is how many batches of records, or of scenes, are under way at once.
func (s *Store) leaders() int {
	if s.driver == driverSQLite {
		return 1 // there is one writer
	}
	return recordLeaders
}

// commit writes a batch in one transaction, or, if that fails, each by itself.
func (s *Store) commit(ctx context.Context, batch []*entry) {
	rs := make([]*Record, len(batch))
	for i, e := range batch {
		rs[i] = e.record
	}
	if s.together(ctx, rs) {
		for _, e := range batch {
			e.done <- nil
		}
		return
	}
	for _, e := range batch {
		e.done <- s.InTx(e.ctx, func(t *Tx) error { return t.Add(*e.record) })
	}
}

// together commits records in one transaction, on MySQL in one packet. False: it
// is not known to be committed. Should it be after all, the keys of each record
// tell, when it comes again, that it is there.
func (s *Store) together(ctx context.Context, rs []*Record) bool {
	if s.packets == nil {
		return len(rs) > 1 && s.InTx(ctx, func(t *Tx) error { return t.add(rs) }) == nil
	}
	t := &Tx{store: s, now: s.Now(), packet: &packet{}}
	return t.add(rs) == nil && t.packet.send(ctx, s.packets) == nil
}

// Writes is ErrReadOnly in a View: for work that would read a lot before it finds
// out that it has to be run again.
func (t *Tx) Writes() error {
	if t.view {
		return ErrReadOnly
	}
	return nil
}
