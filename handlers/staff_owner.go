package handlers

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"akari/bot"
	"akari/models"
	"akari/web"
)

// ownersList is who answers for what today; nobody first.
func (v *staffView) ownersList() error {
	unowned, err := UnownedOf(v.tx, v.h.Library)
	if err != nil {
		return err
	}
	rows, err := v.tx.OwnersNow(UnownedKinds...)
	if err != nil {
		return err
	}
	kind, only, q := v.query.Get("kind"), v.query.Get("missing"), strings.ToLower(strings.TrimSpace(v.query.Get("q")))
	kinds := web.FormField{Name: "kind", Label: v.say("staff.kind"), Kind: string(bot.Choice)}
	for _, k := range UnownedKinds {
		kinds.Options = append(kinds.Options, web.FormOption{Label: v.say("staff.owned_" + k), Value: k, Selected: k == kind})
	}
	v.add(web.StaffBlock{Filter: v.search(v.say("staff.find_owner"), kinds, web.FormField{Name: "missing", Label: v.say("staff.by_missing"), Kind: string(bot.Choice),
		Options: []web.FormOption{{Label: v.say("staff.missing_yes"), Value: "yes", Selected: only == "yes"}}})})
	missing, titles := map[[2]string]bool{}, v.ownedTitles()
	for _, u := range unowned {
		missing[[2]string{u.Kind, u.Key}] = true
		titles[[2]string{u.Kind, u.Key}] = u.Title
		if !slices.ContainsFunc(rows, func(o models.Owned) bool { return o.Kind == u.Kind && o.ObjectKey == u.Key }) {
			rows = append(rows, models.Owned{Kind: u.Kind, ObjectKey: u.Key})
		}
	}
	rows = slices.DeleteFunc(rows, func(o models.Owned) bool {
		at := [2]string{o.Kind, o.ObjectKey}
		title, there := titles[at]
		found := q == "" || slices.ContainsFunc([]string{title, o.ObjectKey, o.Name, o.Owner, o.Department}, func(s string) bool { return strings.Contains(strings.ToLower(s), q) })
		return !there || !found || kind != "" && o.Kind != kind || only == "yes" && !missing[at]
	})
	slices.SortStableFunc(rows, func(a, b models.Owned) int {
		return cmp.Or(-cmp.Compare(btoi(missing[[2]string{a.Kind, a.ObjectKey}]), btoi(missing[[2]string{b.Kind, b.ObjectKey}])), slices.Index(UnownedKinds, a.Kind)-slices.Index(UnownedKinds, b.Kind))
	})
	total, offset := len(rows), v.offset("")
	rows = rows[min(offset, total):min(offset+v.most(staffPageRows), total)]
	t := &web.StaffTable{Caption: v.say("staff.owners"), Columns: v.heads("owned", "kind", "owner", "department", "owned_from")}
	for _, o := range rows {
		from := ""
		if !o.FromAt.IsZero() {
			from = v.day(o.FromAt)
		}
		t.Rows = append(t.Rows, []web.Cell{{Text: titles[[2]string{o.Kind, o.ObjectKey}], Sub: o.ObjectKey, URL: ownedURL(o.Kind, o.ObjectKey)}, {Text: v.say("staff.owned_" + o.Kind)}, v.ownedCell(o), {Text: o.Department}, {Text: from}})
	}
	b := web.StaffBlock{Title: v.say("staff.owners_count", "count", count(int64(total)), "missing", count(int64(len(unowned)))), Note: v.say("staff.owners_note"), Table: t, Links: v.exports(), Pager: v.pager("", offset, len(rows), offset+len(rows) < total)}
	if len(rows) == 0 {
		b.Links, b.Empty = nil, v.say("staff.nothing_found")
	}
	v.add(b)
	return nil
}

// ownedURL is where the history of one thing's owners stands.
func ownedURL(kind, key string) string {
	switch kind {
	case models.OwnedPartner:
		return partnerURL(key)
	case models.OwnedCampaign:
		return "/staff/campaigns/" + key
	case models.OwnedMaterial:
		return materialURL(key)
	}
	return "/staff/owners/entry/" + url.PathEscape(key)
}

// ownedTitles are the names of what has owners and is there today.
func (v *staffView) ownedTitles() map[[2]string]string {
	out := map[[2]string]string{}
	for _, m := range v.h.Library.AllMaterials() {
		out[[2]string{models.OwnedMaterial, m.Key}] = m.Title.In(v.lang)
	}
	for _, e := range v.h.Library.AllEntries() {
		out[[2]string{models.OwnedEntry, e.Key}] = oneLine(e.Question.In(v.lang))
	}
	if partners, err := v.tx.Partners(); err == nil {
		for _, p := range partners {
			out[[2]string{models.OwnedPartner, p.Key}] = p.Name
		}
	}
	if campaigns, err := v.tx.Campaigns(ownedCampaigns); err == nil {
		for _, c := range campaigns {
			out[[2]string{models.OwnedCampaign, strconv.FormatInt(c.ID, 10)}] = c.Title
		}
	}
	return out
}

// ownedCampaigns bounds of how many campaigns the list of owners tells.
const ownedCampaigns = 2000

func (v *staffView) ownedCell(o models.Owned) web.Cell {
	switch {
	case o.PersonID.IsZero() && o.Department != "":
		return web.Cell{Text: v.say("staff.department_alone")}
	case o.PersonID.IsZero():
		return v.ownerCell("")
	case o.Gone:
		return web.Cell{Text: cmp.Or(o.Name, o.Owner), Sub: v.say("staff.owner_left"), Tone: "bad"}
	}
	return web.Cell{Text: o.Name, Sub: o.Owner}
}

// ownerBlock is everybody who answered for one thing.
func (v *staffView) ownerBlock(kind, key string) error {
	list, err := v.tx.OwnersOf(kind, key)
	if err != nil {
		return err
	}
	t := &web.StaffTable{Caption: v.say("staff.owner_history"), Columns: v.heads("owner", "department", "owned_from", "owned_to", "owned_by")}
	for _, o := range list {
		to := v.say("staff.owned_now")
		if o.ToAt != nil {
			to = v.day(*o.ToAt)
			o.Gone = false // what counts is who answers for it now
		}
		t.Rows = append(t.Rows, []web.Cell{v.ownedCell(o), {Text: o.Department}, {Text: v.day(o.FromAt)}, {Text: to}, {Text: v.say("staff.owned_by_" + o.Source)}})
	}
	v.add(web.StaffBlock{Title: v.say("staff.owner_history"), Table: t, Empty: emptyIf(len(list) == 0, v.say("staff.owner_none"))})
	return nil
}

// entryOwners is the history of one FAQ entry's owners.
func (v *staffView) entryOwners() error {
	key := v.r.PathValue("key")
	title, ok := v.ownedTitles()[[2]string{models.OwnedEntry, key}]
	if !ok {
		return models.ErrNotFound
	}
	v.page.Title, v.page.Back = title, web.Link{Label: v.say("staff.owners"), URL: "/staff/owners"}
	return v.ownerBlock(models.OwnedEntry, key)
}

// material is one material: how far each version came, and who answers for it.
func (v *staffView) material() error {
	m, ok := v.h.Library.AnyMaterial(v.r.PathValue("key"))
	if !ok {
		return models.ErrNotFound
	}
	v.page.Title, v.page.Back = m.Title.In(v.lang), web.Link{Label: v.say("staff.materials"), URL: "/staff/materials"}
	span := v.lately()
	versions, err := v.tx.CountVersions(span, m.Key)
	if err != nil {
		return err
	}
	if versions[m.Version] == nil {
		versions[m.Version] = models.Counts{}
	}
	t := &web.StaffTable{Caption: v.say("staff.funnel"), Columns: v.heads("#material_version")}
	for _, f := range models.MaterialFunnel {
		t.Columns = append(t.Columns, v.heads("#"+f)...)
	}
	var numbers []int
	for n := range versions {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	slices.Reverse(numbers)
	for _, n := range numbers {
		cell := web.Cell{Text: strconv.Itoa(n)}
		if n == m.Version {
			cell.Sub = v.say("staff.owned_now")
		}
		row := []web.Cell{cell}
		for _, f := range models.MaterialFunnel {
			row = append(row, web.Cell{Text: count(versions[n][f])})
		}
		t.Rows = append(t.Rows, row)
	}
	v.add(web.StaffBlock{Title: v.say("staff.versions"), Note: v.say("staff.events_span", "from", v.when(span.From), "to", v.when(span.To)), Table: t,
		Links: append(v.materialLinks(m.Key), v.exports()...)})
	return v.ownerBlock(models.OwnedMaterial, m.Key)
}
