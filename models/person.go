package models

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"akari/bot"
)

// The sides a person may be on.
const (
	SideStaff  = "staff"
	SideMember = "member"
)

// Person is anyone the bot knows, on either side.
type Person struct {
	ID         ID
	Key        string
	Side       string
	PartnerID  ID // of a member
	Name       string
	Department string
	Roles      string // comma-separated: of staff admin, sender, approver, manager; of a member rep, lead
	Language   string
	Sample     bool
	NoticedAt  *time.Time // when the purpose notice was shown
	LeftAt     *time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Has tells whether the person has a role.
func (p Person) Has(role string) bool { return slices.Contains(strings.Split(p.Roles, ","), role) }

// Account is one person's identity on one platform, and what the platform last
// said about it.
type Account struct {
	ID         ID
	Platform   string
	Connection string
	User       string
	PersonID   ID
	Claim      string // the organisation the seed says; authority needs the fact to agree
	FactAt     *time.Time
	Fact       Fact
	WantedAt   *time.Time // when the fact should be fetched
}

// Fact is what a platform says about an account.
type Fact struct{ bot.PersonFact }

// GormDataType tells gorm that this is one column.
func (Fact) GormDataType() string { return "text" }

// Scan implements sql.Scanner.
func (f *Fact) Scan(src any) error { return scanJSON(src, &f.PersonFact) }

// Value implements driver.Valuer: without it gorm takes the fact for a relation
// and leaves it empty.
func (f Fact) Value() (driver.Value, error) {
	b, err := json.Marshal(f.PersonFact)
	return string(b), err
}

func scanJSON(src any, into any) error {
	var b []byte
	switch v := src.(type) {
	case []byte:
		b = v
	case string:
		b = []byte(v)
	}
	if len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, into)
}

// Who is an account with the person and the partner behind it, as far as known.
type Who struct {
	Account Account
	Person  Person
	Partner Partner
}

// Known tells whether a person stands behind the account.
func (w Who) Known() bool { return !w.Person.ID.IsZero() && w.Person.LeftAt == nil }

type whoRow struct {
	AccountID  ID
	PersonID   ID
	Claim      string
	FactAt     *time.Time
	Fact       Fact
	WKey       string
	Side       string
	Name       string
	Department string
	Roles      string
	WLanguage  string
	NoticedAt  *time.Time
	LeftAt     *time.Time
	PID        ID
	PKey       string
	PName      string
	Tier       string
	ParentID   ID
	Tags       Strings
	PLanguage  string
	TimeZone   string
	OwnerID    ID
	PDept      string
}

const whoColumns = `w.id AS person_id, w.` + "`key`" + ` AS w_key, w.side, w.name, w.department, w.roles, w.language AS w_language, w.noticed_at, w.left_at,
	p.id AS p_id, p.` + "`key`" + ` AS p_key, p.name AS p_name, p.tier, p.parent_id, p.tags, p.language AS p_language, p.time_zone, p.owner_id, p.department AS p_dept`

// whoFields is where whoColumns are read into, in their order.
func (r *whoRow) whoFields() []any {
	return []any{&r.PersonID, orZero(&r.WKey), orZero(&r.Side), orZero(&r.Name), orZero(&r.Department), orZero(&r.Roles), orZero(&r.WLanguage), &r.NoticedAt, &r.LeftAt,
		&r.PID, orZero(&r.PKey), orZero(&r.PName), orZero(&r.Tier), &r.ParentID, &r.Tags, orZero(&r.PLanguage), orZero(&r.TimeZone), &r.OwnerID, orZero(&r.PDept)}
}

func (r whoRow) who(who bot.Identity) Who {
	return Who{
		Account: Account{ID: r.AccountID, Platform: who.Platform, Connection: who.Connection, User: who.User, PersonID: r.PersonID, Claim: r.Claim, FactAt: r.FactAt, Fact: r.Fact},
		Person:  Person{ID: r.PersonID, Key: r.WKey, Side: r.Side, PartnerID: r.PID, Name: r.Name, Department: r.Department, Roles: r.Roles, Language: r.WLanguage, NoticedAt: r.NoticedAt, LeftAt: r.LeftAt},
		Partner: Partner{ID: r.PID, Key: r.PKey, Name: r.PName, Tier: r.Tier, ParentID: r.ParentID, Tags: r.Tags, Language: r.PLanguage, TimeZone: r.TimeZone, OwnerID: r.OwnerID, Department: r.PDept},
	}
}

// Whois answers what is known of an identity; nothing known is not an error.
// Whether it has any authority is decided by handlers, from the facts.
func (t *Tx) Whois(id bot.Identity) (Who, error) {
	row, err := first[whoRow](t.db, `SELECT a.id AS account_id, a.claim, a.fact_at, a.fact, `+whoColumns+`
		FROM accounts a LEFT JOIN people w ON w.id = a.person_id LEFT JOIN partners p ON p.id = w.partner_id
		WHERE a.platform = ? AND a.connection = ? AND a.user = ?`, id.Platform, id.Connection, id.User)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Who{}, err
	}
	return row.who(id), nil
}

// WhoisKey answers the person with a key as if they had written from identity
// id: the playground's people and the command line's actor have no account.
func (t *Tx) WhoisKey(id bot.Identity, key string) (Who, error) {
	row, err := first[whoRow](t.db, `SELECT `+whoColumns+` FROM people w LEFT JOIN partners p ON p.id = w.partner_id WHERE w.`+"`key`"+` = ?`, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Who{}, err
	}
	return row.who(id), nil
}

// WhoisPerson answers a person by id, without an account.
func (t *Tx) WhoisPerson(id ID) (Who, error) {
	row, err := first[whoRow](t.db, `SELECT `+whoColumns+` FROM people w LEFT JOIN partners p ON p.id = w.partner_id WHERE w.id = ?`, id)
	return row.who(bot.Identity{}), err
}

// AddAccount makes the account row of an identity seen for the first time.
// Another process may have been quicker; then its row stays.
func (t *Tx) AddAccount(id bot.Identity, person ID) error {
	err := t.db.Exec("INSERT INTO accounts (id,platform,connection,user,person_id,claim,fact,created_at) VALUES (?,?,?,?,?,'','',?)",
		NewID(), id.Platform, id.Connection, id.User, person, t.now).Error
	if isDuplicate(err) {
		return nil
	}
	return err
}

// BindAccount says which person an account is, and which organisation proves it.
func (t *Tx) BindAccount(id bot.Identity, person ID, claim string) error {
	return t.db.Exec("UPDATE accounts SET person_id = ?, claim = ? WHERE platform = ? AND connection = ? AND user = ?", person, claim, id.Platform, id.Connection, id.User).Error
}

// AddMember makes a person of a partner who introduced themselves by writing
// from a place that proves where they belong. Their key is made up: it must not
// carry the platform's id.
func (t *Tx) AddMember(partner ID, name, language string) (Person, error) {
	id := NewID()
	p := Person{ID: id, Key: "m-" + id.String()[20:], Side: SideMember, PartnerID: partner, Name: name, Roles: "rep", Language: language}
	err := t.db.Exec("INSERT INTO people (id,`key`,side,partner_id,name,department,roles,language,sample,created_at,updated_at) VALUES (?,?,?,?,?,'',?,?,0,?,?)",
		p.ID, p.Key, p.Side, p.PartnerID, p.Name, p.Roles, p.Language, t.now, t.now).Error
	return p, err
}

// Noticed remembers that the purpose notice was shown to a person.
func (t *Tx) Noticed(person ID) error {
	return t.db.Exec("UPDATE people SET noticed_at = ? WHERE id = ?", t.now, person).Error
}

// SetLanguage remembers the language a person writes in.
func (t *Tx) SetLanguage(person ID, lang string) error {
	return t.db.Exec("UPDATE people SET language = ? WHERE id = ?", lang, person).Error
}

// StaffIn answers the staff of a department, or all staff for "". Sample people
// only while nobody else is there.
func (t *Tx) StaffIn(department string) ([]Person, error) {
	sql := "SELECT id,`key`,side,name,department,roles,language,sample FROM people WHERE side = 'staff' AND left_at IS NULL"
	args := []any{}
	if department != "" {
		sql += " AND department = ?"
		args = append(args, department)
	}
	return all[Person](t.db, sql+" ORDER BY `key`", args...)
}

// PersonByKey answers a person by the seed file's key.
func (t *Tx) PersonByKey(key string) (Person, error) {
	return first[Person](t.db, "SELECT id,`key`,side,partner_id,name,department,roles,language,sample,noticed_at,left_at FROM people WHERE `key` = ?", key)
}

// People answers everybody in use, staff first: what the playground lets one be.
func (t *Tx) People(limit int) ([]Person, error) {
	return all[Person](t.db, "SELECT id,`key`,side,partner_id,name,department,roles,language,sample FROM people WHERE left_at IS NULL ORDER BY CASE side WHEN 'member' THEN 0 ELSE 1 END, `key` LIMIT ?", limit)
}

// AccountsOf answers a person's accounts, newest first.
func (t *Tx) AccountsOf(person ID) ([]Account, error) {
	return all[Account](t.db, "SELECT id,platform,connection,user,person_id,claim,fact_at,fact FROM accounts WHERE person_id = ? ORDER BY created_at DESC, id DESC", person)
}

// NamePerson gives a person the name their platform knows, if they have none.
func (t *Tx) NamePerson(person ID, name string) error {
	return t.db.Exec("UPDATE people SET name = ?, updated_at = ? WHERE id = ? AND name = ''", name, t.now, person).Error
}

// SpokeTo tells whether something was owed to a person since a moment.
func (t *Tx) SpokeTo(person ID, since time.Time) (bool, error) {
	_, err := first[int](t.db, "SELECT 1 FROM deliveries WHERE person_id = ? AND created_at > ? LIMIT 1", person, since)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
