package models

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"akari/bot"
)

// Scene is who acts, where, and whose organisations the room's partner has:
// everything that authority is decided from.
type Scene struct {
	Who  Who
	Room Room     // zero ID: not seen before, or one-to-one talk
	Orgs []string // of the room's partner, on the room's platform
}

// lookSQL, the list of what is asked for, numbered, and lookJoins ask for whole
// scenes in one round trip: one row for each.
const lookSQL = `SELECT q.n, a.id AS account_id, a.claim, a.fact_at, a.fact, ` + whoColumns + `,
	r.id AS r_id, r.kind AS r_kind, r.partner_id AS r_partner_id, r.name AS r_name, r.fact_at AS r_fact_at, r.fact AS r_fact,
	r.asked_at AS r_asked_at, r.told_at AS r_told_at, r.left_at AS r_left_at,
	(SELECT GROUP_CONCAT(o.org) FROM partner_orgs o WHERE o.partner_id = r.partner_id AND o.platform = r.platform) AS r_orgs
	FROM (`

const lookJoins = `) AS q
	LEFT JOIN accounts a ON a.platform = q.platform AND a.connection = q.connection AND a.user = q.user
	LEFT JOIN people w ON w.id = a.person_id
	LEFT JOIN partners p ON p.id = w.partner_id
	LEFT JOIN rooms r ON r.platform = q.platform AND r.connection = q.connection AND r.room = q.room`

const (
	lookFirst = "SELECT ? AS n, ? AS platform, ? AS connection, ? AS user, ? AS room"
	lookNext  = " UNION ALL SELECT ?, ?, ?, ?, ?"
)

type lookRow struct {
	n    int
	who  whoRow
	room Room
	orgs string
}

// fields is where a row of lookSQL is read into, in its order.
func (r *lookRow) fields() []any {
	return slices.Concat(
		[]any{&r.n, &r.who.AccountID, orZero(&r.who.Claim), &r.who.FactAt, &r.who.Fact},
		r.who.whoFields(),
		[]any{&r.room.ID, orZero(&r.room.Kind), &r.room.PartnerID, orZero(&r.room.Name), &r.room.FactAt, &r.room.Fact, &r.room.AskedAt, &r.room.ToldAt, &r.room.LeftAt, orZero(&r.orgs)})
}

// orZero reads a column into a place that keeps its zero value for NULL.
func orZero[T any](into *T) sql.Scanner { return nullable[T]{into} }

type nullable[T any] struct{ into *T }

// Scan implements sql.Scanner.
func (n nullable[T]) Scan(src any) error {
	var v sql.Null[T]
	err := v.Scan(src)
	*n.into = v.V
	return err
}

// glance is one scene that is asked for.
type glance struct {
	who   bot.Identity
	at    bot.Address
	scene Scene
	done  chan error
}

// Look answers the scene of an inbound; nothing known of it is not an error. In
// a View, scenes that are asked for at the same time share a round trip.
func (t *Tx) Look(who bot.Identity, at bot.Address) (Scene, error) {
	g := &glance{who: who, at: at, done: make(chan error, 1)}
	if !t.view {
		err := t.look([]*glance{g})
		return g.scene, err
	}
	ctx := t.db.Statement.Context
	t.store.looks.join(ctx, g, t.store.leaders(), groupMost, t.store.glance)
	select {
	case err := <-g.done:
		return g.scene, err
	case <-ctx.Done():
		return Scene{}, ctx.Err()
	}
}

// glance looks at a batch of scenes.
func (s *Store) glance(ctx context.Context, batch []*glance) {
	t := &Tx{db: s.r.WithContext(ctx), store: s}
	err := t.look(batch)
	for _, g := range batch {
		g.done <- err
	}
}

func (t *Tx) look(batch []*glance) error {
	args := make([]any, 0, len(batch)*5)
	for i, g := range batch {
		if g.at.Direct {
			g.at.Room = "" // a one-to-one room is nobody's room
		}
		args = append(args, i, g.at.Platform, g.at.Connection, g.who.User, g.at.Room)
	}
	// Scanned by hand: it is what every inbound asks first, and gorm's scanning
	// costs more than the rest of the way.
	ctx := t.db.Statement.Context
	rows, err := t.db.Statement.ConnPool.QueryContext(ctx, lookSQL+lookFirst+strings.Repeat(lookNext, len(batch)-1)+lookJoins, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r lookRow
		if err := rows.Scan(r.fields()...); err != nil {
			return err
		}
		g := batch[r.n]
		r.room.Platform, r.room.Connection, r.room.Room = g.at.Platform, g.at.Connection, g.at.Room
		g.scene = Scene{Who: r.who.who(g.who), Room: r.room}
		if r.orgs != "" {
			g.scene.Orgs = strings.Split(r.orgs, ",")
		}
	}
	return rows.Err()
}
