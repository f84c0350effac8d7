package handlers

import (
	"fmt"
	"strings"
	"time"

	"akari/models"
)

// digestWords words what was read.
type digestWords struct {
	d    *Digests
	lang string
	zone *time.Location
	read *digestRead
}

func (w digestWords) say(key string, args ...any) string {
	return w.d.h.Library.Say(w.lang, key, args...)
}

// text is the whole digest: three lines first, then what they rest on.
func (w digestWords) text() string {
	var b strings.Builder
	section := func(title string, rows []string) {
		if len(rows) > 0 {
			b.WriteString("\n\n" + title + "\n" + strings.Join(rows, "\n"))
		}
	}
	b.WriteString(w.title() + "\n")
	for _, line := range []struct{ key, what string }{{"digest.moved", w.moved()}, {"digest.stopped", w.stopped()}, {"digest.decide", w.decide()}} {
		b.WriteString("\n" + w.say(line.key, "what", line.what))
	}
	section(w.say("digest.section_corrections"), w.corrections())
	section(w.movesTitle(), w.moves())
	section(w.say("digest.section_trend", "weeks", len(w.read.trend)), w.trendRows())
	section(w.say("digest.section_silent", "count", w.read.silentAll, "all", len(w.read.partners)), w.silent())
	section(w.say("digest.section_lean"), w.lean())
	section(w.say("digest.section_unowned"), w.unowned())
	section(w.say("digest.section_gaps"), w.gaps())
	section(w.say("digest.section_campaigns"), w.campaignRows())
	section(w.say("digest.section_materials"), w.materials())
	section(w.say("digest.section_work"), w.work())
	section(w.say("digest.section_results"), w.results())
	section(w.say("digest.section_related"), w.relatedRows())
	b.WriteString("\n\n" + w.say("digest.foot"))
	return b.String()
}

func (w digestWords) title() string {
	half, last := w.half(w.read.week, w.zone), w.read.week.End.Add(-time.Microsecond)
	return w.say("digest.title", "half", half, "iso", w.read.week.ISO, "from", w.day(w.read.week.Start), "to", w.day(last))
}

// half is a week's place in the fiscal year: 2026年度上期 第3週.
func (w digestWords) half(week models.Week, zone *time.Location) string {
	half := models.HalfOf(week, zone, w.d.FiscalStartMonth)
	key := "digest.half_first"
	if half.Second {
		key = "digest.half_second"
	}
	return w.say(key, "year", half.Year, "week", half.Week)
}

// day is a date as people write it.
func (w digestWords) day(at time.Time) string {
	at = at.In(w.zone)
	return w.say("digest.day", "month", w.say(fmt.Sprintf("month.%d", at.Month())), "day", at.Day())
}

// name is a figure's name.
func (w digestWords) name(f models.Figure) string {
	if w.lang == "ja" {
		return f.JA
	}
	return f.EN
}

func (w digestWords) list(items []string) string { return strings.Join(items, w.say("digest.comma")) }

func change(now, before int64) string {
	if now == before {
		return "±0"
	}
	return fmt.Sprintf("%+d", now-before)
}

// headline are the figures of the first line, in the order in which they are told.
var headline = []string{models.ActivePeople, models.Asked, models.Requested, models.Opened, models.Completed, "acknowledged", "used", models.OutcomeReported}

func (w digestWords) moved() string {
	var items []string
	for _, key := range headline {
		f, _ := models.FigureOf(key)
		now, before := w.read.total[key], w.read.before[key]
		if now > 0 || before > 0 && key == models.Asked {
			items = append(items, w.say("digest.moved_item", "name", w.name(f), "count", now, "change", change(now, before)))
		}
	}
	if w.read.quiet() {
		return w.say("digest.empty")
	}
	if p, n := w.read.most(); n > 0 {
		items = append(items, w.say("digest.most", "partner", p.Name, "people", n))
	}
	return w.list(items)
}

// quiet tells whether nothing at all was counted.
func (r *digestRead) quiet() bool {
	for _, n := range r.total {
		if n > 0 {
			return false
		}
	}
	return true
}

// most is the partner with the most active people.
func (r *digestRead) most() (most models.Partner, n int64) {
	for _, p := range r.partners {
		if k := r.this[p.ID][models.ActivePeople]; k > n {
			most, n = p, k
		}
	}
	return most, n
}

func (w digestWords) stopped() string {
	var items []string
	stopped := 0
	for _, p := range w.read.partners {
		if w.read.was[p.ID][models.ActivePeople] > 0 && w.read.this[p.ID][models.ActivePeople] == 0 {
			stopped++
		}
	}
	if stopped > 0 {
		items = append(items, w.say("digest.stopped_partners", "count", stopped))
	}
	if still := w.read.silentAll - stopped; still > 0 {
		items = append(items, w.say("digest.still_partners", "count", still))
	}
	if n := w.read.gaps.Overdue; n > 0 {
		items = append(items, w.say("digest.overdue", "count", n))
	}
	if n := w.read.total[models.DeliveryFailed]; n > 0 {
		items = append(items, w.say("digest.undelivered", "count", n))
	}
	if len(items) == 0 {
		return w.say("digest.nothing")
	}
	return w.list(items)
}

func (w digestWords) decide() string {
	var items []string
	if g := w.read.gaps; g.Overdue > 0 {
		items = append(items, w.say("digest.decide_gaps", "count", g.Overdue, "since", w.day(*g.Oldest)))
	}
	if len(w.read.silent) > 0 && w.read.silent[0].stopped {
		s := w.read.silent[0]
		items = append(items, w.say("digest.decide_silent", "partner", s.partner.Name, "owner", w.owner(s.partner)))
	}
	if c, ok := w.read.lateCampaign(); ok {
		items = append(items, w.say("digest.decide_campaign", "title", clip(c.campaign.Title, 40), "id", c.campaign.ID, "count", len(c.report.Missing)))
	}
	if w.read.ownerless > 0 {
		items = append(items, w.say("digest.decide_owner", "count", w.read.ownerless))
	}
	left := 0
	for _, u := range w.read.unowned {
		if u.Left != "" && u.Kind != models.OwnedPartner {
			left++
		}
	}
	if left > 0 {
		items = append(items, w.say("digest.decide_left", "count", left))
	}
	if len(items) == 0 {
		return w.say("digest.nothing_to_decide")
	}
	return w.list(items)
}

func (w digestWords) owner(p models.Partner) string {
	o, ok := w.read.owners[p.OwnerID]
	if !ok || o.Key == "" {
		return w.say("digest.no_owner")
	}
	if o.Department == "" {
		return o.Name
	}
	return w.say("digest.owner", "department", o.Department, "name", o.Name)
}

// movesTitle names the weeks that are compared.
func (w digestWords) movesTitle() string {
	if w.read.half == nil {
		return w.say("digest.section_moves")
	}
	return w.say("digest.section_moves_half", "half", w.half(w.read.halfWeek, w.d.h.Vendor.Zone))
}

// moves are all figures that are not 0 in every week that is compared.
func (w digestWords) moves() []string {
	var rows []string
	for _, f := range models.Figures {
		now, before, half := w.read.total[f.Key], w.read.before[f.Key], w.read.half[f.Key]
		if f.Share || now == 0 && before == 0 && half == 0 {
			continue
		}
		args := []any{"name", w.name(f), "count", now, "before", before, "change", change(now, before), "half", half, "half_change", change(now, half)}
		if w.read.half == nil {
			rows = append(rows, w.say("digest.move", args[:8]...))
		} else {
			rows = append(rows, w.say("digest.move_half", args...))
		}
	}
	if len(rows) == 0 {
		return []string{w.say("digest.moves_none")}
	}
	if n := w.read.total[models.ActivePeople]; n < 5 {
		rows = append(rows, w.say("digest.small", "count", n))
	}
	if w.read.half == nil {
		rows = append(rows, w.say("digest.half_none"))
	}
	return rows
}

// corrections tell what the digest before said otherwise, and what came in since
// of weeks that were final.
func (w digestWords) corrections() []string {
	var rows []string
	for _, f := range models.Figures {
		if said, ok := w.read.corrected[f.Key]; ok {
			rows = append(rows, w.say("digest.correction", "name", w.name(f), "said", said, "count", w.read.before[f.Key]))
		}
	}
	for _, f := range models.Figures {
		if n := w.read.late[f.Key]; n != 0 {
			rows = append(rows, w.say("digest.correction_late", "name", w.name(f), "change", change(n, 0)))
		}
	}
	return rows
}

func (w digestWords) silent() []string {
	var rows []string
	for _, s := range w.read.silent {
		last, todo := w.say("digest.never"), "digest.todo_first"
		if s.last != nil {
			last, todo = w.day(*s.last), "digest.todo_long"
		}
		if s.stopped {
			todo = "digest.todo_stopped"
		}
		rows = append(rows, w.say("digest.silent", "partner", s.partner.Name, "known", s.known, "last", last, "active", 0, "owner", w.owner(s.partner), "todo", w.say(todo)))
	}
	if more := w.read.silentAll - len(w.read.silent); more > 0 {
		rows = append(rows, w.say("digest.more_partners", "count", more))
	}
	return rows
}

func (w digestWords) lean() []string {
	var rows []string
	for _, l := range w.read.lean {
		rows = append(rows, w.say("digest.lean", "partner", l.partner.Name, "share", l.share, "active", l.active, "known", l.known, "owner", w.owner(l.partner)))
	}
	return rows
}

// unownedShown bounds how many things of a kind are named; the rest is a number.
const unownedShown = 3

// unowned names what nobody at work answers for, first what somebody left behind.
func (w digestWords) unowned() []string {
	var rows []string
	for _, kind := range UnownedKinds {
		var left, never []string
		for _, u := range w.read.unowned {
			switch {
			case u.Kind != kind:
			case u.Left != "":
				left = append(left, w.say("digest.unowned_left", "name", clip(u.Title, 40)))
			default:
				never = append(never, clip(u.Title, 40))
			}
		}
		names := append(left, never...)
		count := len(names)
		if count == 0 {
			continue
		}
		if more := count - unownedShown; more > 0 {
			names = append(names[:unownedShown:unownedShown], w.say("digest.unowned_more", "count", more))
		}
		rows = append(rows, w.say("digest.unowned", "what", w.say(unownedWords[kind], "count", count), "names", w.list(names)))
	}
	return rows
}

// unownedWords word a number of things of a kind.
var unownedWords = map[string]string{models.OwnedPartner: "owner.partners", models.OwnedMaterial: "owner.materials", models.OwnedEntry: "owner.entries", models.OwnedCampaign: "owner.campaigns"}

func (w digestWords) gaps() []string {
	g := w.read.gaps
	if g.Open == 0 {
		return []string{w.say("digest.gaps_none")}
	}
	return []string{w.say("digest.gaps", "open", g.Open, "overdue", g.Overdue, "oldest", w.day(*g.Oldest))}
}

func (w digestWords) materials() []string {
	var rows []string
	for i, m := range w.read.funnel {
		if i == materialShown {
			rows = append(rows, w.say("digest.more_materials", "count", len(w.read.funnel)-i))
			break
		}
		title := m.key
		if x, ok := w.d.h.Library.AnyMaterial(m.key); ok {
			title = x.Title.In(w.lang)
		}
		rows = append(rows, w.say("digest.material", "title", title, "delivered", m.steps[models.Delivered], "opened", m.steps[models.Opened],
			"completed", m.steps[models.Completed], "acknowledged", m.steps["acknowledged"], "used", m.steps["used"]))
	}
	return rows
}

func (w digestWords) results() []string {
	var rows []string
	for _, o := range w.read.outcomes {
		stage := o.Stage
		if key := "outcome.stage_" + stage; w.d.h.Library.HasWord(key) {
			stage = w.say(key)
		}
		row := w.say("digest.result", "stage", stage, "count", o.N)
		if o.Amount != 0 {
			row = w.say("digest.result_amount", "stage", stage, "count", o.N, "amount", thousands(o.Amount), "currency", o.Currency)
		}
		rows = append(rows, row)
	}
	return rows
}

// thousands is an amount in hundredths as people write it: 1,200,000.
func thousands(hundredths int64) string {
	sign := ""
	if hundredths < 0 {
		sign, hundredths = "-", -hundredths
	}
	digits := fmt.Sprint(hundredths / 100)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if c := hundredths % 100; c != 0 {
		digits += fmt.Sprintf(".%02d", c)
	}
	return sign + digits
}
