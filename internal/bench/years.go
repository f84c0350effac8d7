package main

import (
	"bufio"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// The vendor that the digest is measured with. A log is made longer by more weeks,
// not by fuller ones: 96,000 events a week make 10 million in two years.
const (
	yearPartners  = 1000
	yearPeople    = 20 * yearPartners
	yearStaff     = 40
	yearMaterials = 40
	yearEntries   = 200
	weekEvents    = 96_000
	weekCampaigns = 2
	campaignReach = 2_500 // people; the newest campaign goes to everybody
	yearGaps      = 5_000
	yearOutcomes  = 2_000
)

// years writes a vendor's log into a migrated database: who asked, opened, read and
// acknowledged what, in office hours, large partners more than small ones, a few of
// them silent lately, one event in a thousand told days late.
type years struct {
	db    *sql.DB
	r     *rand.Rand
	now   time.Time
	zone  *time.Location
	until time.Time // what lies before it is still to be written
}

// newYears writes who there is; events come with grow.
func newYears(ctx context.Context, dsn string, now time.Time, zone *time.Location) (*years, error) {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return nil, err
	}
	y := &years{db: db, r: rand.New(rand.NewPCG(1, 2)), now: now.UTC().Truncate(time.Microsecond), zone: zone} //nolint:gosec // the same data every time
	y.until = y.now.Add(-time.Minute)
	return y, y.people(ctx)
}

// id is the id of the n-th thing of a kind.
func id(kind byte, n int) string {
	var b [16]byte
	b[0] = kind
	binary.BigEndian.PutUint64(b[8:], uint64(n)) //nolint:gosec // counted up from 0
	return hex.EncodeToString(b[:])
}

const (
	idPartner = 0x10 + iota
	idStaff
	idMember
	idGap
	idText
	idOutcome
)

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000") }

// load fills a table by rows of text; columns that begin with @ are hexadecimal.
func (y *years) load(ctx context.Context, table, columns string, write func(row func(...string))) error {
	names, sets := strings.Split(columns, ","), []string{}
	for i, c := range names {
		if bare, binary := strings.CutPrefix(c, "@"); binary {
			sets = append(sets, bare+" = UNHEX(@"+bare+")")
		} else if c == "key" {
			names[i] = "`key`"
		}
	}
	from, to := io.Pipe()
	handle := "akari-bench-" + table
	mysql.RegisterReaderHandler(handle, func() io.Reader { return from })
	defer mysql.DeregisterReaderHandler(handle)
	go func() {
		out := bufio.NewWriterSize(to, 1<<16)
		write(func(cells ...string) {
			for i, c := range cells {
				if i > 0 {
					_ = out.WriteByte('\t')
				}
				if c == "" && strings.HasPrefix(names[i], "@") {
					c = `\N`
				}
				_, _ = out.WriteString(c)
			}
			_ = out.WriteByte('\n')
		})
		_ = to.CloseWithError(out.Flush())
	}()
	query := "LOAD DATA LOCAL INFILE 'Reader::" + handle + "' INTO TABLE " + table + " CHARACTER SET utf8mb4 (" + strings.Join(names, ",") + ")"
	if len(sets) > 0 {
		query += " SET " + strings.Join(sets, ", ")
	}
	_, err := y.db.ExecContext(ctx, query)
	_ = from.CloseWithError(io.ErrClosedPipe)
	if err != nil {
		return fmt.Errorf("while filling %s: %w", table, err)
	}
	return nil
}

const null = `\N`

func (y *years) people(ctx context.Context) error {
	made := stamp(y.now.AddDate(-3, 0, 0))
	departments := []string{"パートナー営業部", "販促企画部", "研修部", "カスタマーサクセス部"}
	err := y.load(ctx, "people", "@id,key,side,@partner_id,name,department,roles,language,sample,created_at,updated_at", func(row func(...string)) {
		for i := range yearStaff {
			row(id(idStaff, i), fmt.Sprintf("own-%d", i), "staff", "", fmt.Sprintf("担当 %d", i), departments[i%len(departments)], "sender", "ja", "0", made, made)
		}
		for i := range yearPeople {
			row(id(idMember, i), fmt.Sprintf("m-%d", i), "member", id(idPartner, i/20), fmt.Sprintf("代理店の人 %d", i), "", "rep", "ja", "0", made, made)
		}
	})
	if err != nil {
		return err
	}
	err = y.load(ctx, "partners", "@id,key,name,tier,tags,region,language,time_zone,@owner_id,department,sample,created_at,updated_at", func(row func(...string)) {
		for i := range yearPartners {
			row(id(idPartner, i), fmt.Sprintf("p-%d", i), fmt.Sprintf("代理店 %d", i), []string{"gold", "silver", "bronze"}[i%3], `["東日本"]`, "関東", "ja", "Asia/Tokyo", id(idStaff, i%yearStaff), departments[i%len(departments)], "0", made, made)
		}
	})
	if err != nil {
		return err
	}
	err = y.load(ctx, "outcomes", "@id,external_id,@partner_id,title,stage,amount,currency,closed_on,materials,created_at,updated_at", func(row func(...string)) {
		for i := range yearOutcomes {
			at := y.now.AddDate(0, 0, -y.r.IntN(700))
			row(id(idOutcome, i), fmt.Sprintf("D-%d", i), id(idPartner, y.r.IntN(yearPartners)), fmt.Sprintf("商談 %d", i), []string{"won", "lost", "quote", "meeting"}[i%4], "12345600", "JPY", at.Format(time.DateOnly), "[]", stamp(at), stamp(at))
		}
	})
	if err != nil {
		return err
	}
	return y.questions(ctx)
}

// questions without an answer, and those that got one.
func (y *years) questions(ctx context.Context) error {
	at := make([]time.Time, yearGaps)
	for i := range at {
		at[i] = y.now.AddDate(0, 0, -y.r.IntN(700)).Add(-time.Hour)
	}
	err := y.load(ctx, "texts", "@id,@event_id,@person_id,kind,body,created_at", func(row func(...string)) {
		for i := range at {
			row(id(idText, i), id(idText, i), id(idMember, i), "question", fmt.Sprintf("この製品の %d 番目の設定はどこにありますか", i), stamp(at[i]))
		}
	})
	if err == nil {
		err = y.load(ctx, "gaps", "@id,status,language,@question_id,@owner_id,department,entry_key,due_at,created_at,answered_at,@answered_by,epoch", func(row func(...string)) {
			for i := range at {
				status, answered, by := "answered", stamp(at[i].Add(5*time.Hour)), id(idStaff, i%yearStaff)
				if i%10 == 0 {
					status, answered, by = "open", null, ""
				}
				row(id(idGap, i), status, "ja", id(idText, i), id(idStaff, i%yearStaff), "パートナー営業部", "", stamp(at[i].Add(8*time.Hour)), stamp(at[i]), answered, by, "1")
			}
		})
	}
	if err == nil {
		err = y.load(ctx, "gap_askers", "@gap_id,@event_id,@person_id,@partner_id,at,created_at", func(row func(...string)) {
			for i := range at {
				row(id(idGap, i), id(idText, i), id(idMember, i%yearPeople), id(idPartner, i%yearPeople/20), "{}", stamp(at[i]))
			}
		})
	}
	return err
}

// happening is one row of the log before it has its id.
type happening struct {
	kind, class      string
	person           int
	objectKind, key  string
	campaign         int64
	delivery, link   string // hexadecimal
	visit            string
	page, amount     int
	source, effect   bool
	occurred, record time.Time
	detail           string
}

// week is what one stretch of seven days came to.
type week struct {
	y         *years
	from, to  time.Time
	events    []happening
	links     [][]string
	visits    [][]string
	acks      [][]string
	campaigns [][]string
	reached   [][]string // recipients
	sent      [][]string // deliveries
}

// grow writes earlier weeks until so many events are there.
func (y *years) grow(ctx context.Context, events int) error {
	var have int
	if err := y.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM events").Scan(&have); err != nil {
		return err
	}
	for have < events {
		w := &week{y: y, from: y.until.AddDate(0, 0, -7), to: y.until}
		w.fill(min(weekEvents, events-have))
		if err := w.write(ctx); err != nil {
			return err
		}
		have += len(w.events)
		y.until = w.from
	}
	return nil
}

// moment is when something happens: on a working day between nine and six, seldom
// else.
func (w *week) moment() time.Time {
	r := w.y.r
	for {
		t := w.from.Add(time.Duration(r.Int64N(int64(7 * 24 * time.Hour)))).Truncate(time.Microsecond)
		local := t.In(w.y.zone)
		office := local.Weekday() != time.Saturday && local.Weekday() != time.Sunday && local.Hour() >= 9 && local.Hour() < 18
		if office || r.IntN(40) == 0 {
			return t
		}
	}
}

// who is somebody: of large partners more often, of a partner one more often than
// the others. Every 33rd partner has been silent for some weeks.
func (w *week) who() int {
	r := w.y.r
	for {
		partner := int(yearPartners * math.Pow(r.Float64(), 1.6))
		weeks := int(w.y.now.Sub(w.to).Hours() / 168)
		if partner%33 == 7 && weeks <= 1+partner%3 {
			continue
		}
		return partner*20 + int(20*math.Pow(r.Float64(), 1.5))
	}
}

func (w *week) add(h happening, at time.Time) time.Time {
	h.occurred = at
	h.record = at.Add(time.Duration(w.y.r.IntN(900)) * time.Millisecond)
	if w.y.r.IntN(1000) == 0 {
		h.record = at.Add(time.Duration(1+w.y.r.IntN(240)) * time.Hour)
	}
	if h.record.After(w.y.now) {
		h.record = w.y.now
	}
	w.events = append(w.events, h)
	return at.Add(time.Duration(2+w.y.r.IntN(20)) * time.Second)
}

func (w *week) random() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(w.to.UnixMilli())<<16|uint64(w.y.r.IntN(1<<16))) //nolint:gosec // a moment of this century
	binary.BigEndian.PutUint64(b[8:], w.y.r.Uint64())
	return hex.EncodeToString(b[:])
}

// fill thinks out about so many events.
func (w *week) fill(n int) {
	r := w.y.r
	for range weekCampaigns {
		w.campaign(n)
	}
	for len(w.events) < n {
		p, at := w.who(), w.moment()
		if r.IntN(2) == 0 {
			w.question(p, at)
		} else {
			w.material(p, at)
		}
	}
	w.events = w.events[:n]
	slices.SortStableFunc(w.events, func(a, b happening) int { return a.record.Compare(b.record) })
}

func (w *week) question(p int, at time.Time) {
	r := w.y.r
	entry := fmt.Sprintf("e%d", int(yearEntries*math.Pow(r.Float64(), 2)))
	at = w.add(happening{kind: "asked", class: "human", person: p, source: true, effect: true, detail: `{"decision":"good"}`}, at)
	switch r.IntN(10) {
	case 0:
		at = w.add(happening{kind: "unanswered", class: "human", person: p}, at)
		w.add(happening{kind: "escalated", class: "human", person: p, source: true}, at)
		return
	case 1, 2:
		at = w.add(happening{kind: "suggested", class: "human", person: p}, at)
		at = w.add(happening{kind: "picked", class: "human", person: p, objectKind: "entry", key: entry, source: true}, at)
	}
	at = w.add(happening{kind: "answered", class: "human", person: p, objectKind: "entry", key: entry}, at)
	at = w.add(happening{kind: "delivered", person: p, delivery: w.random()}, at)
	if r.IntN(3) == 0 {
		w.add(happening{kind: "rated", class: "human", person: p, objectKind: "entry", key: entry, source: true, detail: fmt.Sprintf(`{"solved":%d}`, min(1, r.IntN(5)))}, at)
	}
}

func (w *week) material(p int, at time.Time) {
	key := fmt.Sprintf("m%d", int(yearMaterials*math.Pow(w.y.r.Float64(), 2)))
	at = w.add(happening{kind: "requested", class: "human", person: p, objectKind: "material", key: key, source: true}, at)
	link := w.link(p, key, 0, at)
	at = w.add(happening{kind: "delivered", person: p, objectKind: "material", key: key, link: link, delivery: w.random()}, at)
	if w.y.r.IntN(10) < 7 {
		w.read(p, key, link, 0, at)
	}
}

func (w *week) link(p int, key string, campaign int64, at time.Time) string {
	link := w.random()
	w.links = append(w.links, []string{link, id(idMember, p), id(idPartner, p/20), number(campaign), key, "2", "ja", stamp(at), stamp(at.AddDate(0, 3, 0)), ""})
	return link
}

func number(n int64) string {
	if n == 0 {
		return null
	}
	return strconv.FormatInt(n, 10)
}

// read is one visit: some pages, each told twice; one in twelve is no human's.
func (w *week) read(p int, key, link string, campaign int64, at time.Time) {
	r := w.y.r
	visit := w.random()
	class := "human"
	if r.IntN(12) == 0 {
		class = []string{"scanner", "preview", "suspect", "forwarded"}[r.IntN(4)]
	}
	w.visits = append(w.visits, []string{link, visit, class, "visible", "1", stamp(at), stamp(at), "{}"})
	seen := happening{class: class, person: p, objectKind: "material", key: key, link: link, visit: visit, campaign: campaign}
	tell := func(kind string, page int, detail string) {
		h := seen
		h.kind, h.page, h.detail = kind, page, detail
		h.amount = page * 3000
		at = w.add(h, at)
	}
	tell("opened", 0, "")
	pages := 1 + r.IntN(3)
	for page := 1; page <= pages; page++ {
		tell("page_viewed", page, `{"view":1}`)
		if r.IntN(2) == 0 {
			tell("page_viewed", page, "")
		}
	}
	if r.IntN(3) == 0 {
		tell("completed", 0, "")
	}
	if r.IntN(30) == 0 {
		tell("used", 0, "")
	}
}

// campaign is one campaign of the week: written, launched, delivered, read,
// acknowledged.
func (w *week) campaign(n int) {
	r := w.y.r
	reach, number := campaignReach, 1+w.to.Unix()/(7*86400)*weekCampaigns+int64(len(w.campaigns))
	if w.y.now.Sub(w.to) < 24*time.Hour && len(w.campaigns) == 0 {
		reach = yearPeople
	}
	reach = min(reach, n/4)
	at, key := w.moment(), fmt.Sprintf("m%d", r.IntN(yearMaterials))
	began := stamp(at)
	spec := fmt.Sprintf(`{"title":"ご案内 %d","class":"confirm","text":{"ja":"新しい資料です。"},"materials":["%s"],"audience":{"all":true},"to":"people","ack":{"rule":"everyone"}}`, number, key)
	w.campaigns = append(w.campaigns, []string{strconv.FormatInt(number, 10), fmt.Sprintf("ご案内 %d", number), "confirm", "people", "finished", "", "", "1", "1", spec,
		id(idStaff, r.IntN(yearStaff)), id(idStaff, r.IntN(yearStaff)), id(idStaff, r.IntN(yearStaff)), began, began, began, began, stamp(at.Add(time.Hour)), began, began})
	w.add(happening{kind: "campaign_launched", class: "staff", person: -1, campaign: number}, at)
	for i := range reach {
		p := (i*(yearPeople/reach) + int(number)) % yearPeople
		mine, delivery := strconv.FormatInt(number, 10), w.random()
		w.reached = append(w.reached, []string{mine, id(idMember, p), "person", id(idPartner, p/20), "", began})
		link := w.link(p, key, number, at)
		then := at.Add(time.Duration(r.IntN(3600)) * time.Second)
		state, code := "sent", ""
		if r.IntN(200) == 0 {
			state, code = "failed", "channel_not_found"
		}
		w.sent = append(w.sent, []string{delivery, delivery[:36-4] + fmt.Sprintf("%04d", len(w.sent)%10000), "post", "2", "slack", "slack", "post", "slack:" + id(idMember, p), "", "U" + strconv.Itoa(p), "", "1",
			id(idPartner, p/20), id(idMember, p), mine, "0", "0", "0", link, key, "2", "", "", "", "", "", "", state, began, began, "1", "1", "0", "0", "0", stamp(then), stamp(then), delivery, code, began})
		if state == "failed" {
			w.add(happening{kind: "delivery_failed", person: p, campaign: number, delivery: delivery, link: link, detail: `{"code":"channel_not_found"}`}, then)
			continue
		}
		w.add(happening{kind: "delivered", person: p, objectKind: "material", key: key, campaign: number, delivery: delivery, link: link}, then)
		then = then.Add(time.Duration(r.ExpFloat64() * float64(20*time.Hour)))
		if then.After(w.to) || r.IntN(10) < 4 {
			continue
		}
		w.read(p, key, link, number, then)
		if then = then.Add(3 * time.Minute); r.IntN(3) > 0 && then.Before(w.to) {
			w.add(happening{kind: "acknowledged", class: "human", person: p, objectKind: "material", key: key, campaign: number, delivery: delivery, link: link, source: true}, then)
			ack := w.random()
			w.acks = append(w.acks, []string{ack, ack, delivery, link, mine, id(idPartner, p/20), id(idMember, p), key, "2", "slack", stamp(then)})
		}
	}
}

// write brings the week into the database, in the order of its ids.
func (w *week) write(ctx context.Context) error {
	y := w.y
	all := func(rows [][]string) func(func(...string)) {
		return func(row func(...string)) {
			for _, r := range rows {
				row(r...)
			}
		}
	}
	for _, t := range []struct {
		table, columns string
		rows           [][]string
	}{
		{"links", "@id,@person_id,@partner_id,campaign_id,material_key,material_version,language,created_at,expires_at,purpose", w.links},
		{"visits", "@link_id,visit,class,reason,rule_version,started_at,seen_at,facts", w.visits},
		{"acks", "@id,live,@delivery_id,@link_id,campaign_id,@partner_id,@person_id,material_key,material_version,platform,at", w.acks},
		{"campaigns", "id,title,class,to_kind,state,paused_from,why,epoch,version,spec,@created_by,@owner_id,@launched_by,due_at,launched_at,resolved_at,started_at,finished_at,created_at,updated_at", w.campaigns},
		{"recipients", "campaign_id,@target_id,kind,@partner_id,reason,created_at", w.reached},
		{"deliveries", "@id,key,act,priority,platform,connection,operation,address,room,user,thread,direct,@partner_id,@person_id,campaign_id,step,round,part,@link_id,material_key,material_version,guard,ref,reply_token,reply_url,fallback_room,via,state,due_at,retry_at,epoch,attempts,crashes,doubts,looks,intent_at,ended_at,platform_message_id,error_code,created_at", w.sent},
	} {
		if err := y.load(ctx, t.table, t.columns, all(t.rows)); err != nil {
			return err
		}
	}
	return y.load(ctx, "events", "@id,kind,class,platform,connection,@partner_id,@person_id,object_kind,object_key,object_version,campaign_id,@delivery_id,@link_id,visit,page,amount,source_key,effect_key,occurred_at,recorded_at,detail", func(row func(...string)) {
		or := func(s string) string {
			if s == "" {
				return null
			}
			return s
		}
		for i, h := range w.events {
			var b [16]byte
			binary.BigEndian.PutUint64(b[:], uint64(h.record.UnixMilli())<<16|0x7000|uint64(i&0xfff)) //nolint:gosec // a moment of this century
			binary.BigEndian.PutUint64(b[8:], y.r.Uint64())
			event := hex.EncodeToString(b[:])
			partner, person := "", ""
			if h.person >= 0 {
				partner, person = id(idPartner, h.person/20), id(idMember, h.person)
			}
			source, effect, version := null, null, "0"
			if h.source {
				source = "slack/A0AKARI/Ev" + event
			}
			if h.effect {
				effect = "slack/C0M" + event[16:] + "/" + strconv.FormatInt(h.occurred.UnixMicro(), 10)
			}
			if h.objectKind == "material" {
				version = "2"
			}
			page, amount := null, null
			if h.page > 0 {
				page, amount = strconv.Itoa(h.page), strconv.Itoa(h.amount)
			}
			row(event, h.kind, or(h.class), "slack", "slack", partner, person, h.objectKind, h.key, version, number(h.campaign), h.delivery, h.link, or(h.visit), page, amount, source, effect, stamp(h.occurred), stamp(h.record), cmp.Or(h.detail, "{}"))
		}
	})
}
