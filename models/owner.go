package models

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// What has an owner.
const (
	OwnedPartner  = "partner"
	OwnedMaterial = "material"
	OwnedEntry    = "entry"
	OwnedCampaign = "campaign"
)

// Where an owner comes from.
const (
	ownedByFile = "file" // a seed, a content file or an import says so
	ownedByHand = "hand" // people did: a hand-over, a form, a page
)

// Owned says who answers for one thing, from when to when.
type Owned struct {
	Kind       string
	ObjectKey  string // of the partner, material or entry; the campaign's number
	PersonID   ID     // zero = nobody, or a department alone
	Owner      string // their key
	Name       string
	Department string
	Gone       bool // they left, or are no staff any more
	FromAt     time.Time
	ToAt       *time.Time // nil = until now
	Source     string
}

// Missing tells whether nobody at work answers for the thing: no person and no
// department, or a person who left.
func (o Owned) Missing() bool { return o.Gone || o.PersonID.IsZero() && o.Department == "" }

// gone tells of a person w whether they left the vendor: staff said so, or every
// account they have is gone by what its platform says.
const gone = "(w.left_at IS NOT NULL OR w.side <> 'staff' OR EXISTS (SELECT 1 FROM accounts a WHERE a.person_id = w.id)" +
	" AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.person_id = w.id AND (a.fact_at IS NULL OR a.fact NOT LIKE '%\"Gone\":true%')))"

const (
	ownedColumns = "SELECT o.kind, o.object_key, o.person_id, COALESCE(w.`key`, '') AS owner, COALESCE(w.name, '') AS name, o.department, CASE WHEN w.id IS NOT NULL AND " + gone + " THEN 1 ELSE 0 END AS gone, o.from_at, o.source"
	latestOwner  = "NOT EXISTS (SELECT 1 FROM owners n WHERE n.kind = o.kind AND n.object_key = o.object_key AND n.from_at > o.from_at)"
)

// OwnersNow answers the owners of today of these kinds, by kind and key. Staff scope.
func (t *Tx) OwnersNow(kinds ...string) ([]Owned, error) {
	return all[Owned](t.db, ownedColumns+" FROM owners o LEFT JOIN people w ON w.id = o.person_id WHERE o.kind IN ? AND "+latestOwner+" ORDER BY o.kind, o.object_key", kinds)
}

// OwnerNow answers who answers for one thing; ErrNotFound where nobody ever did.
func (t *Tx) OwnerNow(kind, key string) (Owned, error) {
	return first[Owned](t.db, ownedColumns+" FROM owners o LEFT JOIN people w ON w.id = o.person_id WHERE o.kind = ? AND o.object_key = ? ORDER BY o.from_at DESC LIMIT 1", kind, key)
}

// OwnersOf answers everybody who answered for one thing, the newest first. Staff scope.
func (t *Tx) OwnersOf(kind, key string) ([]Owned, error) {
	return all[Owned](t.db, ownedColumns+", LEAD(o.from_at) OVER (ORDER BY o.from_at) AS to_at FROM owners o LEFT JOIN people w ON w.id = o.person_id"+
		" WHERE o.kind = ? AND o.object_key = ? ORDER BY o.from_at DESC", kind, key)
}

// FileOwner is what a content file, or a row in its place, says about one thing.
type FileOwner struct {
	Kind, Key          string
	Person, Department string // a staff key and a department, either may be ""
}

// told is what files said last, by kind and key.
func (t *Tx) told(kinds ...string) (map[[2]string]Owned, error) {
	rows, err := all[Owned](t.db, "SELECT kind, object_key, person_id, department FROM owners WHERE source = 'file' AND kind IN ? ORDER BY from_at", kinds)
	out := map[[2]string]Owned{}
	for _, r := range rows {
		out[[2]string{r.Kind, r.ObjectKey}] = r
	}
	return out, err
}

// KeepFileOwners takes over what all content files say now: where a file says
// something else than it last did, that holds from now on. A file that goes on saying
// the same changes nothing, so a hand-over stays; one that is missing, or cannot be
// read for a while, says nothing. It answers how many changed.
func (s *Store) KeepFileOwners(ctx context.Context, files []FileOwner) (changed int, err error) {
	var rows [][]any
	look := func(t *Tx) error {
		told, err := t.told(OwnedMaterial, OwnedEntry)
		if err != nil {
			return err
		}
		type row struct {
			ID  ID
			Key string
		}
		staff, err := all[row](t.db, "SELECT id, `key` FROM people WHERE side = 'staff'")
		if err != nil {
			return err
		}
		ids := map[string]ID{}
		for _, p := range staff {
			ids[p.Key] = p.ID
		}
		rows = nil
		for _, f := range files {
			if was := told[[2]string{f.Kind, f.Key}]; was.PersonID != ids[f.Person] || was.Department != f.Department {
				rows = append(rows, []any{f.Kind, f.Key, t.now, ids[f.Person], f.Department, ownedByFile, ID{}})
			}
		}
		return nil
	}
	if err := s.View(ctx, look); err != nil || len(rows) == 0 {
		return 0, err
	}
	err = s.InTx(ctx, func(t *Tx) error {
		if err := t.ownersInTurn(); err != nil {
			return err
		}
		if err := look(t); err != nil { // another process may have been quicker
			return err
		}
		return t.insertOwners(rows)
	})
	return len(rows), err
}

// ownersInTurn makes those who write the history of owners wait for each other.
func (t *Tx) ownersInTurn() error {
	return t.db.Exec("UPDATE versions SET value = value + 1 WHERE name = 'owners'").Error
}

func (t *Tx) insertOwners(rows [][]any) error {
	for from := 0; from < len(rows); from += insertBatch {
		if err := t.insertRows("INSERT INTO owners (kind,object_key,from_at,person_id,department,source,by_id) VALUES ", rows[from:min(from+insertBatch, len(rows))]); err != nil {
			return err
		}
	}
	return nil
}

// SetOwner makes somebody answer for one material or entry from now on, whatever its
// file says: a zero person is nobody, or the department alone.
func (t *Tx) SetOwner(kind, key string, person ID, department string, by ID) error {
	if err := t.ownersInTurn(); err != nil {
		return err
	}
	return t.insertOwners([][]any{{kind, key, t.now, person, department, ownedByHand, by}})
}

// unnoted are partners and campaigns whose history does not say who owns them now.
var unnoted = []string{
	"SELECT 'partner' AS kind, p.`key` AS object_key, p.owner_id AS person_id, p.department FROM partners p LEFT JOIN owners o ON o.kind = 'partner' AND o.object_key = p.`key` AND " + latestOwner +
		" WHERE o.kind IS NULL AND (p.owner_id IS NOT NULL OR p.department <> '') OR o.kind IS NOT NULL AND (COALESCE(o.person_id, '') <> COALESCE(p.owner_id, '') OR o.department <> p.department)",
	"SELECT 'campaign' AS kind, o2.object_key, o2.person_id, COALESCE(w.department, '') AS department FROM (SELECT %text% AS object_key, c.owner_id AS person_id FROM campaigns c WHERE c.deleted_at IS NULL) o2" +
		" LEFT JOIN owners o ON o.kind = 'campaign' AND o.object_key = o2.object_key AND " + latestOwner + " LEFT JOIN people w ON w.id = o2.person_id" +
		" WHERE COALESCE(o.person_id, '') <> COALESCE(o2.person_id, '')",
}

// NoteOwners writes into the history who owns partners and campaigns since the last
// look, whoever changed it: the rows themselves are what holds. It answers how many.
func (s *Store) NoteOwners(ctx context.Context) (noted int, err error) {
	var rows [][]any
	look := func(t *Tx) error {
		rows = nil
		for _, sql := range unnoted {
			list, err := all[Owned](t.db, t.store.textOf(sql))
			if err != nil {
				return err
			}
			for _, o := range list {
				rows = append(rows, []any{o.Kind, o.ObjectKey, t.now, o.PersonID, o.Department, ownedByHand, ID{}})
			}
		}
		return nil
	}
	if err := s.View(ctx, look); err != nil || len(rows) == 0 {
		return 0, err
	}
	err = s.InTx(ctx, func(t *Tx) error {
		if err := t.ownersInTurn(); err != nil {
			return err
		}
		if err := look(t); err != nil {
			return err
		}
		return t.insertOwners(rows)
	})
	return len(rows), err
}

// WantOwners asks for the facts about everybody who owns something and was not
// looked at since a moment, on platforms that can be asked: who left says nothing.
func (t *Tx) WantOwners(platforms []string, since time.Time) error {
	if len(platforms) == 0 {
		return nil
	}
	return t.db.Exec("UPDATE accounts SET wanted_at = ? WHERE wanted_at IS NULL AND (fact_at IS NULL OR fact_at < ?) AND platform IN ? AND person_id IN (SELECT person_id FROM owners WHERE person_id IS NOT NULL)",
		t.now, micro(since), platforms).Error
}

// Load is how much somebody answers for.
type Load struct {
	Partners  int `json:"partners"`
	Materials int `json:"materials"`
	Entries   int `json:"entries"`
	Campaigns int `json:"campaigns"`
	Gaps      int `json:"gaps"` // questions that wait for an answer
}

// Sum is all of it.
func (l Load) Sum() int { return l.Partners + l.Materials + l.Entries + l.Campaigns + l.Gaps }

// LoadOf answers how much a person answers for. Staff scope.
func (t *Tx) LoadOf(person ID) (l Load, err error) {
	return first[Load](t.db, "SELECT (SELECT COUNT(*) FROM partners WHERE owner_id = @p) AS partners, (SELECT COUNT(*) FROM campaigns WHERE owner_id = @p AND deleted_at IS NULL) AS campaigns, "+
		"(SELECT COUNT(*) FROM owners o WHERE o.kind = 'material' AND o.person_id = @p AND "+latestOwner+") AS materials, (SELECT COUNT(*) FROM owners o WHERE o.kind = 'entry' AND o.person_id = @p AND "+latestOwner+") AS entries, "+
		"(SELECT COUNT(*) FROM gaps WHERE owner_id = @p AND status <> 'answered') AS gaps", map[string]any{"p": person})
}

// PersonWhoLeft is somebody who left and still answers for something.
type PersonWhoLeft struct {
	Person
	MissedAt *time.Time // when staff were told
}

// WhoLeft answers the staff who left although they still answer for something.
// Staff scope.
func (t *Tx) WhoLeft() ([]PersonWhoLeft, error) {
	// From the few who own something: nine in ten people are members.
	return all[PersonWhoLeft](t.db, "SELECT w.id, w.`key`, w.name, w.department, w.missed_at FROM (SELECT owner_id AS id FROM partners WHERE owner_id IS NOT NULL UNION SELECT owner_id FROM campaigns WHERE owner_id IS NOT NULL AND deleted_at IS NULL"+
		" UNION SELECT owner_id FROM gaps WHERE owner_id IS NOT NULL AND status <> 'answered' UNION SELECT o.person_id FROM owners o WHERE o.person_id IS NOT NULL AND o.kind IN ('material','entry') AND "+latestOwner+") x"+
		" JOIN people w ON w.id = x.id WHERE "+gone+" ORDER BY w.`key`")
}

// Missed remembers that staff were told of somebody who left; false = they had
// been told before.
func (t *Tx) Missed(person ID) (bool, error) {
	r := t.db.Exec("UPDATE people SET missed_at = ? WHERE id = ? AND missed_at IS NULL", t.now, person)
	return r.RowsAffected == 1, r.Error
}

// Handover is everything of one person given to another.
type Handover struct {
	FromID    ID
	ToID      ID
	OnAt      time.Time
	ByID      ID
	CreatedAt time.Time
}

// HandOver gives everything that one person answers for to another, now and in one
// transaction: partners, materials, entries, campaigns, and the questions that wait
// for an answer. Campaigns that can still be edited name the new owner.
func (t *Tx) HandOver(h Handover, role string) (Load, error) {
	if err := t.ownersInTurn(); err != nil {
		return Load{}, err
	}
	l, err := t.LoadOf(h.FromID)
	if err != nil {
		return l, err
	}
	to, err := first[Person](t.db, "SELECT id, `key`, department FROM people WHERE id = ?", h.ToID)
	if err != nil {
		return l, err
	}
	drafts, err := all[Campaign](t.db, "SELECT "+campaignColumns+" FROM campaigns WHERE owner_id = ? AND deleted_at IS NULL AND state IN ('draft','approved') ORDER BY id"+t.store.lockingOne(), h.FromID)
	if err != nil {
		return l, err
	}
	for _, c := range drafts {
		c.Spec.Owner = to.Key
		if err := t.db.Exec("UPDATE campaigns SET spec = ? WHERE id = ?", c.Spec.JSON(), c.ID).Error; err != nil {
			return l, err
		}
	}
	// The new owner's department comes with them; without one the old one stays.
	department := func(old string) string {
		if to.Department == "" {
			return old
		}
		return to.Department
	}
	have, err := all[Owned](t.db, "SELECT 'partner' AS kind, `key` AS object_key, department FROM partners WHERE owner_id = @p UNION ALL "+
		t.store.textOf("SELECT 'campaign', %text%, '' FROM campaigns c WHERE c.owner_id = @p AND c.deleted_at IS NULL UNION ALL ")+
		"SELECT o.kind, o.object_key, o.department FROM owners o WHERE o.kind IN ('material','entry') AND o.person_id = @p AND "+latestOwner, map[string]any{"p": h.FromID})
	if err != nil {
		return l, err
	}
	rows := make([][]any, len(have))
	for i, o := range have {
		rows[i] = []any{o.Kind, o.ObjectKey, t.now, h.ToID, department(o.Department), ownedByHand, h.ByID}
	}
	if err := t.insertOwners(rows); err != nil {
		return l, err
	}
	for _, sql := range []string{
		"UPDATE partners SET owner_id = @t, department = CASE WHEN @d = '' THEN department ELSE @d END, updated_at = @n WHERE owner_id = @f",
		"UPDATE campaigns SET owner_id = @t, epoch = epoch + 1 WHERE owner_id = @f AND deleted_at IS NULL",
		"UPDATE gaps SET owner_id = @t, department = CASE WHEN @d = '' THEN department ELSE @d END, epoch = epoch + 1 WHERE owner_id = @f AND status <> 'answered'",
		"DELETE FROM handovers WHERE from_id = @f",
	} {
		if err := t.db.Exec(sql, map[string]any{"f": h.FromID, "t": h.ToID, "d": to.Department, "n": t.now}).Error; err != nil {
			return l, err
		}
	}
	return l, t.Audit(Act{ActorID: h.ByID, Role: role, Action: "owner.handover", Object: "person:" + h.FromID.String(), Result: "done",
		Detail: Detail{"to": h.ToID.String(), "partners": l.Partners, "materials": l.Materials, "entries": l.Entries, "campaigns": l.Campaigns, "gaps": l.Gaps}})
}

// PlanHandover remembers a hand-over for a day to come, in the place of another one
// of the same person.
func (t *Tx) PlanHandover(h Handover, role string) error {
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{"DELETE FROM handovers WHERE from_id = ?", []any{h.FromID}},
		{"INSERT INTO handovers (from_id,to_id,on_at,by_id,created_at) VALUES (?,?,?,?,?)", []any{h.FromID, h.ToID, micro(h.OnAt), h.ByID, t.now}},
	} {
		if err := t.db.Exec(q.sql, q.args...).Error; err != nil {
			return err
		}
	}
	return t.Audit(Act{ActorID: h.ByID, Role: role, Action: "owner.plan", Object: "person:" + h.FromID.String(), Result: "done", Detail: Detail{"to": h.ToID.String(), "on": h.OnAt.UTC().Format(time.RFC3339)}})
}

// Handovers answers the hand-overs that are still to come. Staff scope.
func (t *Tx) Handovers() ([]Handover, error) {
	return all[Handover](t.db, "SELECT from_id, to_id, on_at, by_id, created_at FROM handovers ORDER BY on_at, from_id")
}

// DueHandovers does the hand-overs whose day has come, each once in whatever
// process. One to somebody who has left meanwhile is not done, and stays.
func (s *Store) DueHandovers(ctx context.Context) (done int, err error) {
	var due []Handover
	err = s.View(ctx, func(t *Tx) (err error) {
		due, err = all[Handover](t.db, "SELECT h.from_id, h.to_id, h.on_at, h.by_id FROM handovers h JOIN people w ON w.id = h.to_id WHERE h.on_at <= ? AND NOT "+gone+" ORDER BY h.on_at", t.now)
		return err
	})
	for _, h := range due {
		err := s.InTx(ctx, func(t *Tx) error {
			r := t.db.Exec("DELETE FROM handovers WHERE from_id = ? AND to_id = ? AND on_at = ?", h.FromID, h.ToID, h.OnAt)
			if r.Error != nil || r.RowsAffected == 0 {
				return r.Error
			}
			_, err := t.HandOver(h, "planned")
			return err
		})
		if err != nil {
			return done, err
		}
		done++
	}
	return done, err
}

// GoneOf tells whether a person left the vendor, by what staff or platforms say.
func (t *Tx) GoneOf(person ID) (bool, error) {
	n, err := first[int](t.db, "SELECT COUNT(*) FROM people w WHERE w.id = ? AND "+gone, person)
	return n > 0, err
}

// textOf puts a campaign's number as text where a query says %text%.
func (s *Store) textOf(sql string) string {
	text := "CAST(c.id AS TEXT)"
	if s.driver == driverMySQL {
		text = "CAST(c.id AS CHAR)"
	}
	return strings.ReplaceAll(sql, "%text%", text)
}

// CampaignKey is a campaign's key in the history of owners.
func CampaignKey(id int64) string { return strconv.FormatInt(id, 10) }
