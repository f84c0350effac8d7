package handlers

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
	"akari/web"
)

// peopleList is everybody known.
func (v *staffView) peopleList() error {
	offset := v.offset("")
	people, err := v.tx.PeopleList(models.ID{}, v.query.Get("q"), v.most(staffPageRows)+1, offset)
	if err != nil {
		return err
	}
	people, more := cut(people, v.most(staffPageRows))
	v.add(web.StaffBlock{Filter: v.search(v.say("staff.find_person"))})
	v.add(v.peopleBlock(people, v.pager("", offset, len(people), more)))
	return nil
}

func (v *staffView) peopleBlock(people []models.PersonLine, pager web.Pager) web.StaffBlock {
	t := &web.StaffTable{Caption: v.say("staff.people"), Columns: v.heads("person", "partner", "roles", "platform", "since", "left")}
	can := v.has(peopleEditors)
	if can {
		t.Columns = append(t.Columns, v.heads("edit")...)
	}
	for _, p := range people {
		left := ""
		if p.LeftAt != nil {
			left = v.day(*p.LeftAt)
		}
		partner := web.Cell{Text: told(p.PartnerName), URL: linked(told(p.PartnerKey), partnerURL(told(p.PartnerKey)))}
		if p.Side == models.SideStaff {
			partner = web.Cell{Text: v.say("staff.class_staff"), Sub: p.Department}
		}
		row := []web.Cell{{Text: p.Name, Sub: p.Key, URL: "/staff/events?person=" + url.QueryEscape(p.Key)}, partner, {Text: v.each("play.role_", p.Roles)}, {Text: v.each("platform.", told(p.Platforms))}, {Text: v.day(p.CreatedAt)}, {Text: left}}
		if can {
			row = append(row, web.Cell{Text: v.say("edit.change"), URL: "/staff/people/" + url.PathEscape(p.Key)})
		}
		t.Rows = append(t.Rows, row)
	}
	b := web.StaffBlock{Title: v.say("staff.people"), Table: t, Pager: pager, Links: v.exports()}
	if len(people) == 0 {
		b.Links, b.Empty = nil, v.say("staff.nothing_found")
	}
	return b
}

// each words keys that stand in one text, separated by commas.
func (v *staffView) each(prefix, keys string) string {
	var out []string
	for key := range strings.SplitSeq(keys, ",") {
		if v.h.Library.HasWord(prefix + key) {
			key = v.say(prefix + key)
		}
		out = append(out, key)
	}
	return strings.Join(out, v.say("digest.comma"))
}

// materials is how far every material came this week and in the four before.
func (v *staffView) materials() error {
	span := v.lately()
	total, at, err := v.addUp("materials", (*models.Tx).SumMaterials)
	if err != nil {
		return err
	}
	current := map[string]int{}
	for _, m := range v.h.Library.AllMaterials() {
		current[m.Key] = m.Version
		if total[m.Key] == nil {
			total[m.Key] = models.Counts{}
		}
	}
	b := v.funnelBlock(total, span)
	b.Note = v.say("staff.events_span_at", "from", v.when(span.From), "at", v.when(at))
	if v.has(materialEditors) {
		b.Links = append([]web.Link{{Label: v.say("edit.new_material"), URL: "/staff/materials/_new"}}, b.Links...)
	}
	v.add(b)
	offset := v.offset(oldBlock)
	old, err := v.tx.OldReaders(current, v.tx.Now().Add(-oldOpenedFor), v.most(staffPageRows)+1, offset)
	if err != nil {
		return err
	}
	old, more := cut(old, v.most(staffPageRows))
	t := &web.StaffTable{Caption: v.say("staff.old_versions"), Columns: v.heads("material", "partner", "#old_version", "#holders", "#openers")}
	for _, r := range old {
		t.Rows = append(t.Rows, []web.Cell{{Text: v.materialName(r.MaterialKey), Sub: r.MaterialKey}, {Text: r.Partner, Sub: r.PartnerKey, URL: partnerURL(r.PartnerKey)}, {Text: strconv.Itoa(r.MaterialVersion)}, {Text: strconv.Itoa(r.Holders)}, {Text: strconv.Itoa(r.Openers)}})
	}
	b = web.StaffBlock{ID: oldBlock, Title: v.say("staff.old_versions"), Note: v.say("staff.old_note"), Table: t, Links: v.exports(), Pager: v.pager(oldBlock, offset, len(old), more)}
	if len(old) == 0 {
		b.Links, b.Empty = nil, v.say("staff.old_none")
	}
	v.add(b)
	return nil
}

// oldBlock is the list of older versions on the page of materials.
const oldBlock = "old"

func (v *staffView) materialName(key string) string {
	if m, ok := v.h.Library.AnyMaterial(key); ok {
		return m.Title.In(v.lang)
	}
	return key
}

// funnelBlock is the steps that materials went through; never merged.
func (v *staffView) funnelBlock(steps map[string]models.Counts, span models.Period, more ...string) web.StaffBlock {
	t := &web.StaffTable{Caption: v.say("staff.funnel"), Columns: v.heads("material")}
	for _, f := range models.MaterialFunnel {
		t.Columns = append(t.Columns, v.heads("#"+f)...)
	}
	keys := slices.Sorted(maps.Keys(steps))
	slices.SortStableFunc(keys, func(a, b string) int { return int(steps[b][models.Opened] - steps[a][models.Opened]) })
	for _, key := range keys {
		name := web.Cell{Text: v.materialName(key), Sub: key}
		if _, there := v.h.Library.AnyMaterial(key); there {
			name.URL = ownedURL(models.OwnedMaterial, key)
		}
		row := []web.Cell{name}
		for _, f := range models.MaterialFunnel {
			row = append(row, web.Cell{Text: count(steps[key][f]), URL: eventsURL(f, span.From, span.To, append([]string{"object", key}, more...)...)})
		}
		t.Rows = append(t.Rows, row)
	}
	b := web.StaffBlock{Title: v.say("staff.funnel"), Note: v.say("staff.events_span", "from", v.when(span.From), "to", v.when(span.To)), Table: t, Links: v.exports()}
	switch {
	case len(keys) == 0:
		b.Links, b.Empty = nil, v.say("staff.funnel_none")
	case slices.ContainsFunc(models.MaterialFunnel, func(f string) bool { return steps[keys[0]][f] > 0 }):
		b.Chart = v.chart(web.ChartBars, t)
	}
	return b
}

// campaignsList is the newest campaigns.
func (v *staffView) campaignsList() error {
	list, err := v.tx.Campaigns(200)
	if err != nil {
		return err
	}
	owners, err := v.staffNames()
	if err != nil {
		return err
	}
	t := &web.StaffTable{Caption: v.say("staff.campaigns"), Columns: v.heads("#number", "title", "state", "weight", "owner", "due")}
	for _, c := range list {
		due := ""
		if c.DueAt != nil {
			due = v.when(*c.DueAt)
		}
		id := strconv.FormatInt(c.ID, 10)
		t.Rows = append(t.Rows, []web.Cell{{Text: id}, {Text: c.Title, URL: "/staff/campaigns/" + id}, {Text: v.say("campaign.state_" + c.State)}, {Text: c.Class}, v.ownerCell(owners[c.OwnerID]), {Text: due}})
	}
	b := web.StaffBlock{Title: v.say("staff.campaigns"), Table: t, Links: v.exports()}
	if len(list) == 0 {
		b.Links, b.Empty = nil, v.say("staff.campaigns_none")
	}
	b.Links = append([]web.Link{{Label: v.say("staff.audiences"), URL: "/staff/audiences"}}, b.Links...)
	v.add(b)
	return nil
}

// gaps are the questions without an answer, and those that have one.
func (v *staffView) gaps() error {
	offset, status := v.offset(""), v.query.Get("status")
	if !slices.Contains([]string{models.GapOpen, models.GapDoing, models.GapClosed}, status) {
		status = ""
	}
	rows, err := v.tx.GapList(status, models.ID{}, v.most(staffPageRows)+1, offset)
	if err != nil {
		return err
	}
	rows, more := cut(rows, v.most(staffPageRows))
	f := web.FormField{Name: "status", Label: v.say("staff.state"), Kind: string(bot.Choice)}
	for _, s := range []string{models.GapOpen, models.GapDoing, models.GapClosed} {
		f.Options = append(f.Options, web.FormOption{Label: v.say("staff.gap_" + s), Value: s, Selected: s == status})
	}
	v.add(web.StaffBlock{Filter: &web.StaffFilter{Action: v.r.URL.Path, Fields: []web.FormField{f}, Choose: v.say("staff.any"), Submit: v.say("staff.filter")}})
	b := v.gapBlock(rows)
	b.Pager = v.pager("", offset, len(rows), more)
	v.add(b)
	return nil
}

func (v *staffView) gapBlock(rows []models.GapLine) web.StaffBlock {
	now := v.tx.Now()
	t := &web.StaffTable{Caption: v.say("staff.gaps"), Columns: v.heads("question", "state", "owner", "answer_by", "#age_days", "#askers", "#asking_partners")}
	for _, g := range rows {
		due, question := web.Cell{Text: v.when(g.DueAt)}, v.say("staff.erased")
		end := now
		if g.AnsweredAt != nil {
			end = *g.AnsweredAt
		} else if g.DueAt.Before(now) {
			due.Tone, due.Sub = "bad", v.say("staff.overdue")
		}
		if g.Question != nil {
			question = oneLine(*g.Question)
		}
		owner := v.ownerCell(told(g.Owner))
		owner.Sub = g.Department
		t.Rows = append(t.Rows, []web.Cell{{Text: question, Sub: g.EntryKey}, {Text: v.say("staff.gap_" + g.Status)}, owner, due, {Text: strconv.Itoa(int(end.Sub(g.CreatedAt) / (24 * time.Hour)))}, {Text: strconv.Itoa(g.Askers)}, {Text: strconv.Itoa(g.Partners)}})
	}
	b := web.StaffBlock{Title: v.say("staff.gaps"), Note: v.say("staff.gaps_note"), Table: t, Links: v.exports()}
	if len(rows) == 0 {
		b.Links, b.Empty = nil, v.say("staff.gaps_none")
	}
	return b
}

// faq is how every entry served this week and in the four before.
func (v *staffView) faq() error {
	span := v.lately()
	counts, at, err := v.addUp("faq", (*models.Tx).CountEntries)
	if err != nil {
		return err
	}
	t := &web.StaffTable{Caption: v.say("staff.faq"), Columns: v.heads("question", "#answered", "#entry_picked", "#rated", "#solved", "#unsolved", "#solved_rate", "state")}
	entries, never := v.h.Library.AllEntries(), 0
	slices.SortStableFunc(entries, func(a, b content.Entry) int {
		return int(counts[b.Key][models.Answered] + counts[b.Key][models.Picked] - counts[a.Key][models.Answered] - counts[a.Key][models.Picked])
	})
	for _, e := range entries {
		c := counts[e.Key]
		if c[models.Answered]+c[models.Picked] == 0 {
			never++
		}
		rate := "–"
		if c[models.Rated] > 0 {
			rate = v.say("staff.n_of", "n", c["solved"], "of", c[models.Rated])
		}
		row := []web.Cell{{Text: oneLine(e.Question.In(v.lang)), Sub: e.Key, URL: entryURL(e.Key)}}
		for _, kind := range []string{models.Answered, models.Picked, models.Rated} {
			row = append(row, web.Cell{Text: count(c[kind]), URL: eventsURL("", span.From, span.To, "object", e.Key, "kind", kind, "class", models.ClassHuman)})
		}
		t.Rows = append(t.Rows, append(row, web.Cell{Text: count(c["solved"]), URL: eventsURL("solved", span.From, span.To, "object", e.Key)}, web.Cell{Text: count(c[models.Rated] - c["solved"])}, web.Cell{Text: rate}, v.validState(e.ValidFrom, e.ValidUntil)))
	}
	b := web.StaffBlock{Title: v.say("staff.faq_count", "count", len(entries), "never", never), Note: v.say("staff.events_span_at", "from", v.when(span.From), "at", v.when(at)), Table: t, Links: v.exports()}
	if len(entries) == 0 {
		b.Links, b.Empty = nil, v.say("staff.faq_none")
	}
	b.Links = append([]web.Link{{Label: v.say("edit.new_entry"), URL: newEntryPath}}, b.Links...)
	v.add(b)
	return nil
}

// outcomes are the results that partners reported.
func (v *staffView) outcomes() error {
	offset := v.offset("")
	rows, err := v.tx.OutcomeList(models.ID{}, v.most(staffPageRows)+1, offset)
	if err != nil {
		return err
	}
	rows, more := cut(rows, v.most(staffPageRows))
	t := &web.StaffTable{Caption: v.say("staff.outcomes"), Columns: v.heads("title", "partner", "stage", "#amount", "currency", "closed_on", "told_on")}
	for _, o := range rows {
		amount := ""
		if o.Amount != nil {
			amount = count(*o.Amount / 100)
		}
		t.Rows = append(t.Rows, []web.Cell{{Text: o.Title, Sub: o.ExternalID}, {Text: told(o.PartnerName), URL: linked(told(o.PartnerKey), partnerURL(told(o.PartnerKey)))}, {Text: o.Stage}, {Text: amount}, {Text: o.Currency}, {Text: told(o.ClosedOn)}, {Text: v.day(o.CreatedAt)}})
	}
	b := web.StaffBlock{Title: v.say("staff.outcomes"), Note: v.say("staff.outcomes_note"), Table: t, Links: v.exports(), Pager: v.pager("", offset, len(rows), more)}
	if len(rows) == 0 {
		b.Links, b.Empty = nil, v.say("staff.outcomes_none")
	}
	if v.has(outcomeEditors) {
		b.Links = append([]web.Link{{Label: v.say("edit.import_title"), URL: importPath}}, b.Links...)
	}
	v.add(b)
	return nil
}

// audit is the audit log.
func (v *staffView) audit() error {
	before, id := v.before()
	rows, err := v.tx.AuditLog(v.query.Get("q"), v.query.Get("result"), before, id, v.h.PersonLevel, v.most(staffPageRows)+1)
	if err != nil {
		return err
	}
	rows, more := cut(rows, v.most(staffPageRows))
	f := web.FormField{Name: "result", Label: v.say("staff.result"), Kind: string(bot.Choice)}
	for _, s := range []string{"done", "refused", "failed"} {
		f.Options = append(f.Options, web.FormOption{Label: v.say("staff.result_" + s), Value: s, Selected: s == v.query.Get("result")})
	}
	v.add(web.StaffBlock{Filter: v.search(v.say("staff.action"), f)})
	t := &web.StaffTable{Caption: v.say("staff.audit"), Columns: v.heads("at", "actor", "role", "action", "object", "result")}
	for _, a := range rows {
		t.Rows = append(t.Rows, []web.Cell{{Text: v.when(a.At)}, {Text: told(a.Name), Sub: told(a.Actor)}, {Text: a.Role}, {Text: a.Action}, {Text: a.Object}, {Text: v.resultName(a.Result)}})
	}
	b := web.StaffBlock{Title: v.say("staff.audit"), Table: t, Links: v.exports(), Pager: web.Pager{Name: v.say("staff.pages")}}
	if more {
		last := rows[len(rows)-1]
		b.Pager.Next = web.Link{Label: v.say("staff.older"), URL: v.with("before", last.At.UTC().Format(time.RFC3339Nano)+"/"+last.ID.String())}
	}
	if before != nil {
		b.Pager.Prev = web.Link{Label: v.say("staff.newest"), URL: v.with("before", "")}
	}
	if len(rows) == 0 {
		b.Links, b.Empty = nil, v.say("staff.nothing_found")
	}
	v.add(b)
	return nil
}

func (v *staffView) resultName(r string) string {
	if v.h.Library.HasWord("staff.result_" + r) {
		return v.say("staff.result_" + r)
	}
	return r
}
