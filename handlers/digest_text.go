package handlers

import (
	"fmt"
	"slices"
	"sort"
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
	section(w.say("digest.section_moves"), w.moves())
	section(w.say("digest.section_corrections"), w.corrections())
	section(w.say("digest.section_silent", "count", w.read.silentAll, "all", len(w.read.partners)), w.silent())
	section(w.say("digest.section_lean"), w.lean())
	section(w.say("digest.section_gaps"), w.gaps())
	section(w.say("digest.section_materials"), w.materials())
	section(w.say("digest.section_work"), w.work())
	section(w.say("digest.section_results"), w.results())
	b.WriteString("\n\n" + w.say("digest.foot"))
	return b.String()
}

func (w digestWords) title() string {
	half := models.HalfOf(w.read.week, w.zone, w.d.FiscalStartMonth)
	key := "digest.half_first"
	if half.Second {
		key = "digest.half_second"
	}
	last := w.read.week.End.Add(-time.Microsecond)
	return w.say("digest.title", "half", w.say(key, "year", half.Year), "week", half.Week, "iso", w.read.week.ISO, "from", w.day(w.read.week.Start), "to", w.day(last))
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
var headline = []string{"active_people", models.Asked, models.Requested, models.Opened, models.Completed, "acknowledged", "used", models.OutcomeReported}

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
		if k := r.this[p.ID]["active_people"]; k > n {
			most, n = p, k
		}
	}
	return most, n
}

func (w digestWords) stopped() string {
	var items []string
	stopped := 0
	for _, p := range w.read.partners {
		if w.read.was[p.ID]["active_people"] > 0 && w.read.this[p.ID]["active_people"] == 0 {
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
	if w.read.ownerless > 0 {
		items = append(items, w.say("digest.decide_owner", "count", w.read.ownerless))
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

// moves are all figures that are not 0 in both weeks.
func (w digestWords) moves() []string {
	var rows []string
	for _, f := range models.Figures {
		now, before := w.read.total[f.Key], w.read.before[f.Key]
		if now != 0 || before != 0 {
			rows = append(rows, w.say("digest.move", "name", w.name(f), "count", now, "before", before, "change", change(now, before)))
		}
	}
	if n := w.read.total["active_people"]; len(rows) > 0 && n < 5 {
		rows = append(rows, w.say("digest.small", "count", n))
	}
	return rows
}

func (w digestWords) corrections() []string {
	var rows []string
	for _, f := range models.Figures {
		if said, ok := w.read.corrected[f.Key]; ok {
			rows = append(rows, w.say("digest.correction", "name", w.name(f), "said", said, "count", w.read.before[f.Key]))
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
		rows = append(rows, w.say("digest.silent", "partner", s.partner.Name, "known", s.known, "last", last, "owner", w.owner(s.partner), "todo", w.say(todo)))
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

// work tells what each department and person answered, and how soon in working time.
func (w digestWords) work() []string {
	type worker struct{ department, name string }
	took := map[worker][]time.Duration{}
	for _, a := range w.read.answered {
		k := worker{a.Department, a.Name}
		took[k] = append(took[k], w.d.h.BusinessHours.Between(a.CreatedAt, a.AnsweredAt))
	}
	var who []worker
	for k := range took {
		who = append(who, k)
	}
	sort.Slice(who, func(i, j int) bool {
		if a, b := len(took[who[i]]), len(took[who[j]]); a != b {
			return a > b
		}
		return who[i].department+who[i].name < who[j].department+who[j].name
	})
	var rows []string
	for _, k := range who {
		slices.Sort(took[k])
		department := k.department
		if department == "" {
			department = w.say("digest.no_department")
		}
		rows = append(rows, w.say("digest.work", "department", department, "name", k.name, "count", len(took[k]), "hours", fmt.Sprintf("%.1f", took[k][len(took[k])/2].Hours())))
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

// Between answers how much working time lies between two moments. Without any
// working time it is simply the time between them.
func (h Hours) Between(from, to time.Time) time.Duration {
	if len(h.Days) == 0 || h.To <= h.From || h.Zone == nil {
		return max(0, to.Sub(from))
	}
	var sum time.Duration
	local := from.In(h.Zone)
	for day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, h.Zone); day.Before(to); day = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, h.Zone) {
		if !h.works(day.Weekday()) {
			continue
		}
		open, shut := wall(day, h.From), wall(day, h.To)
		if open.Before(from) {
			open = from
		}
		if shut.After(to) {
			shut = to
		}
		sum += max(0, shut.Sub(open))
	}
	return sum
}
