package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Problem is one thing wrong with a file that somebody wrote.
type Problem struct {
	File string
	Line int
	Text string
}

func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text) }

// Seed is what a seed file says: who there is.
type Seed struct {
	File      string // for messages
	Staff     []SeedPerson
	Partners  []SeedPartner
	Rooms     []SeedRoom // of staff
	Materials []SeedContent
	FAQ       []SeedContent
	Sample    bool // the people built into the program; they step aside for real ones
}

// SeedPerson is a staff member or a member of a partner.
type SeedPerson struct {
	Key, Name, Department, Language string
	Roles                           []string
	Accounts                        []SeedAccount
	Line                            int
}

// SeedAccount is one identity of a person. Org is a claim until the platform agrees.
type SeedAccount struct {
	Platform, Connection, Org, User string
	Line                            int
}

// SeedPartner is a partner with its people and rooms.
type SeedPartner struct {
	Key, Name, Tier, Parent, Region, Language, TimeZone, Owner, Department string
	Tags, SlackOrgs                                                        []string
	OrgsGiven                                                              bool // slack_orgs stands in the file: it is the whole list
	Days                                                                   SeedDays
	Rooms                                                                  []SeedRoom
	People                                                                 []SeedPerson
	Line                                                                   int
}

// SeedDays are a partner's own days, as 2006-01-02: on Holidays it rests although
// others work, on Workdays it works although others rest. What is given in the file is
// the whole list.
type SeedDays struct {
	Holidays, Workdays           []string
	HolidaysGiven, WorkdaysGiven bool
}

// SeedRoom is a room of a partner, or of staff.
type SeedRoom struct {
	Platform, Connection, ID, Kind, Name string
	Line                                 int
}

// SeedContent is an FAQ entry or a material; its shape is content's business.
type SeedContent struct {
	Key  string
	Line int
	Body json.RawMessage
}

// ReadSeed reads a seed file, YAML or JSON, strictly. name is for the messages.
// With problems the Seed must not be used; all of them are named, by line.
func ReadSeed(r io.Reader, name string) (Seed, []Problem) {
	src, err := io.ReadAll(io.LimitReader(r, SeedMax+1))
	if err == nil && len(src) > SeedMax {
		err = fmt.Errorf("the file is larger than %d MB; split it", SeedMax>>20)
	}
	if err == nil && !utf8.Valid(src) {
		err = errors.New("the file is not UTF-8; save it as UTF-8")
	}
	if err != nil {
		return Seed{}, []Problem{{name, 1, err.Error()}}
	}
	root, err := parseSeed(src)
	if err != nil {
		var fault *seedFault
		errors.As(err, &fault) // parseSeed gives nothing else
		return Seed{}, []Problem{{name, fault.line, fault.text}}
	}
	s := &seedReader{file: name}
	seed := s.seed(root)
	s.consistent(seed)
	slices.SortStableFunc(s.problems, func(a, b Problem) int { return a.Line - b.Line })
	return seed, s.problems
}

type seedReader struct {
	file     string
	problems []Problem
}

func (s *seedReader) bad(line int, format string, args ...any) {
	s.problems = append(s.problems, Problem{s.file, line, fmt.Sprintf(format, args...)})
}

// fields hands each known key of a map to its reader and names the others.
func (s *seedReader) fields(n *seedNode, what string, known map[string]func(*seedNode)) {
	if n.kind == seedNothing {
		return
	}
	if n.kind != seedMap {
		s.bad(n.line, "%s must be a group of keys, not %s", what, n.kind)
		return
	}
	seen := map[string]bool{}
	for _, f := range n.fields {
		read, ok := known[f.key]
		switch {
		case !ok:
			s.bad(f.line, "%s has an unknown key %.40q; known are %s", what, f.key, strings.Join(sortedNames(known), ", "))
		case seen[f.key]:
			s.bad(f.line, "%s has %s twice", what, f.key)
		default:
			seen[f.key] = true
			read(f.value)
		}
	}
}

func sortedNames(m map[string]func(*seedNode)) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// text reads a single value of at most limit characters. Ids may be written as numbers.
func (s *seedReader) text(what string, limit int, into *string) func(*seedNode) {
	return func(n *seedNode) {
		switch *into = n.text; { // also a faulty one: it is not missing as well
		case n.kind == seedNothing:
		case n.kind != seedText && n.kind != seedNumber:
			s.bad(n.line, "%s must be text, not %s", what, n.kind)
		case strings.TrimSpace(n.text) != n.text:
			s.bad(n.line, "%s %q begins or ends with white space", what, n.text)
		case utf8.RuneCountInString(n.text) > limit:
			s.bad(n.line, "%s has more than %d characters", what, limit)
		case strings.ContainsFunc(n.text, func(r rune) bool { return r < ' ' }):
			s.bad(n.line, "%s holds a control character", what)
		}
	}
}

func (s *seedReader) texts(what string, limit int, into *[]string) func(*seedNode) {
	return func(n *seedNode) {
		s.each(n, what, func(item *seedNode) {
			var one string
			s.text("an item of "+what, limit, &one)(item)
			if one != "" && !slices.Contains(*into, one) {
				*into = append(*into, one)
			}
		})
	}
}

func (s *seedReader) each(n *seedNode, what string, read func(*seedNode)) {
	if n.kind == seedNothing {
		return
	}
	if n.kind != seedList {
		s.bad(n.line, "%s must be a list, not %s", what, n.kind)
		return
	}
	for _, item := range n.items {
		read(item)
	}
}

func (s *seedReader) seed(root *seedNode) Seed {
	seed := Seed{File: s.file}
	s.fields(root, "the seed", map[string]func(*seedNode){
		"staff": func(n *seedNode) {
			s.each(n, "staff", func(n *seedNode) { seed.Staff = append(seed.Staff, s.person(n, SideStaff)) })
		},
		"partners": func(n *seedNode) {
			s.each(n, "partners", func(n *seedNode) { seed.Partners = append(seed.Partners, s.partner(n)) })
		},
		"rooms": func(n *seedNode) {
			s.each(n, "rooms", func(n *seedNode) { seed.Rooms = append(seed.Rooms, s.room(n, RoomStaff)) })
		},
		"materials": func(n *seedNode) {
			s.each(n, "materials", func(n *seedNode) { seed.Materials = append(seed.Materials, s.content(n, "material")) })
		},
		"faq": func(n *seedNode) {
			s.each(n, "faq", func(n *seedNode) { seed.FAQ = append(seed.FAQ, s.content(n, "FAQ entry")) })
		},
	})
	return seed
}

func (s *seedReader) person(n *seedNode, side string) SeedPerson {
	p := SeedPerson{Line: n.line}
	known := map[string]func(*seedNode){
		"key":      s.text("key", 100, &p.Key),
		"name":     s.text("name", 200, &p.Name),
		"language": s.text("language", 8, &p.Language),
		"accounts": func(n *seedNode) {
			s.each(n, "accounts", func(n *seedNode) { p.Accounts = append(p.Accounts, s.account(n)) })
		},
	}
	roles := []string{"admin", "sender", "approver", "manager"}
	if side == SideStaff {
		known["department"] = s.text("department", 100, &p.Department)
		known["roles"] = s.texts("roles", 20, &p.Roles)
	} else {
		roles = []string{"rep", "lead"}
		var role string
		read := s.text("role", 20, &role)
		known["role"] = func(n *seedNode) {
			read(n)
			p.Roles = []string{role}
		}
	}
	s.fields(n, "person", known)
	s.needed(n.line, "person", "key", p.Key)
	if p.Name == "" {
		p.Name = p.Key
	}
	if side == SideMember && (len(p.Roles) == 0 || p.Roles[0] == "") {
		p.Roles = []string{"rep"}
	}
	for _, r := range p.Roles {
		if !slices.Contains(roles, r) {
			s.bad(n.line, "person %s: role %q is not one of %s", p.Key, r, strings.Join(roles, ", "))
		}
	}
	s.language(n.line, "person "+p.Key, p.Language)
	return p
}

func (s *seedReader) needed(line int, what, key, value string) {
	if value == "" {
		s.bad(line, "%s has no %s", what, key)
	}
}

func (s *seedReader) language(line int, what, language string) {
	if language != "" && language != "ja" && language != "en" {
		s.bad(line, "%s: language must be ja or en, not %q", what, language)
	}
}

func (s *seedReader) account(n *seedNode) SeedAccount {
	a := SeedAccount{Line: n.line}
	s.fields(n, "account", map[string]func(*seedNode){
		"platform":   s.text("platform", 16, &a.Platform),
		"connection": s.text("connection", 64, &a.Connection),
		"org":        s.text("org", 64, &a.Org),
		"user":       s.text("user", 190, &a.User),
	})
	a.Connection = s.connection(n.line, "account", a.Platform, a.Connection)
	s.needed(n.line, "account", "user", a.User)
	return a
}

// connection says which set of credentials is meant: on all platforms but LINE
// WORKS there is only one, named as the platform.
func (s *seedReader) connection(line int, what, platform, connection string) string {
	switch platform {
	case "slack", "line", "playground":
		if connection != "" && connection != platform {
			s.bad(line, "%s: platform %s has one connection only; leave connection out", what, platform)
		}
		return platform
	case "lineworks":
		s.needed(line, what+" on lineworks", "connection", connection)
		return connection
	case "":
		s.needed(line, what, "platform", "")
	default:
		s.bad(line, "%s: platform must be slack, lineworks, line or playground, not %q", what, platform)
	}
	return connection
}

func (s *seedReader) room(n *seedNode, kind string) SeedRoom {
	r := SeedRoom{Line: n.line, Kind: kind}
	s.fields(n, "room", map[string]func(*seedNode){
		"platform":   s.text("platform", 16, &r.Platform),
		"connection": s.text("connection", 64, &r.Connection),
		"id":         s.text("id", 190, &r.ID),
		"name":       s.text("name", 200, &r.Name),
		"kind":       s.text("kind", 8, &r.Kind),
	})
	r.Connection = s.connection(n.line, "room", r.Platform, r.Connection)
	s.needed(n.line, "room", "id", r.ID)
	if r.Kind != kind {
		s.bad(n.line, "room %s: kind must be %q here, not %q", r.ID, kind, r.Kind)
	}
	return r
}

func (s *seedReader) partner(n *seedNode) SeedPartner {
	p := SeedPartner{Line: n.line}
	orgs := s.texts("slack_orgs", 64, &p.SlackOrgs)
	holidays, workdays := s.texts("holidays", 10, &p.Days.Holidays), s.texts("workdays", 10, &p.Days.Workdays)
	s.fields(n, "partner", map[string]func(*seedNode){
		"key":        s.text("key", 100, &p.Key),
		"name":       s.text("name", 200, &p.Name),
		"tier":       s.text("tier", 64, &p.Tier),
		"parent":     s.text("parent", 100, &p.Parent),
		"region":     s.text("region", 64, &p.Region),
		"language":   s.text("language", 8, &p.Language),
		"time_zone":  s.text("time_zone", 64, &p.TimeZone),
		"owner":      s.text("owner", 100, &p.Owner),
		"department": s.text("department", 100, &p.Department),
		"tags":       s.texts("tags", 64, &p.Tags),
		"slack_orgs": func(n *seedNode) { p.OrgsGiven = true; orgs(n) },
		"holidays":   func(n *seedNode) { p.Days.HolidaysGiven = true; holidays(n) },
		"workdays":   func(n *seedNode) { p.Days.WorkdaysGiven = true; workdays(n) },
		"rooms": func(n *seedNode) {
			s.each(n, "rooms", func(n *seedNode) { p.Rooms = append(p.Rooms, s.room(n, RoomShared)) })
		},
		"people": func(n *seedNode) {
			s.each(n, "people", func(n *seedNode) { p.People = append(p.People, s.person(n, SideMember)) })
		},
	})
	s.needed(n.line, "partner", "key", p.Key)
	if p.Name == "" {
		p.Name = p.Key
	}
	s.language(n.line, "partner "+p.Key, p.Language)
	if p.TimeZone != "" {
		if _, err := time.LoadLocation(p.TimeZone); err != nil || p.TimeZone == "Local" {
			s.bad(n.line, "partner %s: time_zone %q is not known; write e.g. Asia/Tokyo", p.Key, p.TimeZone)
		}
	}
	s.days(n.line, p)
	return p
}

func (s *seedReader) days(line int, p SeedPartner) {
	for _, day := range slices.Concat(p.Days.Holidays, p.Days.Workdays) {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			s.bad(line, "partner %s: holidays and workdays are days such as 2026-12-29, not %q", p.Key, day)
		}
	}
	for _, day := range p.Days.Holidays {
		if slices.Contains(p.Days.Workdays, day) {
			s.bad(line, "partner %s: %s stands in holidays and in workdays", p.Key, day)
		}
	}
}

func (s *seedReader) content(n *seedNode, what string) SeedContent {
	c := SeedContent{Line: n.line}
	if n.kind != seedMap {
		s.bad(n.line, "%s must be a group of keys, not %s", what, n.kind)
		return c
	}
	for _, f := range n.fields {
		if f.key == "key" {
			s.text(what+" key", 100, &c.Key)(f.value)
		}
	}
	s.needed(n.line, what, "key", c.Key)
	var b strings.Builder
	n.json(&b)
	c.Body = json.RawMessage(b.String())
	return c
}

// consistent finds what a file says twice in different places.
func (s *seedReader) consistent(seed Seed) {
	once := func(kind string) func(key string, line int) {
		first := map[string]int{}
		return func(key string, line int) {
			if at, twice := first[key]; twice && key != "" {
				s.bad(line, "%s %s stands twice, first on line %d", kind, key, at)
				return
			}
			first[key] = line
		}
	}
	person, account, room := once("person"), once("account"), once("room")
	partner, org := once("partner"), once("Slack organisation")
	material, entry := once("material"), once("FAQ entry")
	people := func(list []SeedPerson) {
		for _, p := range list {
			person(p.Key, p.Line)
			for _, a := range p.Accounts {
				account(strings.Join([]string{a.Platform, a.Connection, a.User}, " "), a.Line)
			}
		}
	}
	rooms := func(list []SeedRoom) {
		for _, r := range list {
			room(strings.Join([]string{r.Platform, r.Connection, r.ID}, " "), r.Line)
		}
	}
	people(seed.Staff)
	rooms(seed.Rooms)
	for _, p := range seed.Partners {
		partner(p.Key, p.Line)
		people(p.People)
		rooms(p.Rooms)
		for _, o := range p.SlackOrgs {
			org(o, p.Line)
		}
	}
	for _, m := range seed.Materials {
		material(m.Key, m.Line)
	}
	for _, e := range seed.FAQ {
		entry(e.Key, e.Line)
	}
}
