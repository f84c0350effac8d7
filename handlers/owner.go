package handlers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// Unowned is something that nobody at work answers for.
type Unowned struct {
	Kind  string // models.Owned…
	Key   string // the campaign's number
	Title string
	Left  string // key of the owner who left; "" if there never was one
}

// UnownedKinds are the kinds of thing that have owners, in the order in which they
// are told.
var UnownedKinds = []string{models.OwnedPartner, models.OwnedMaterial, models.OwnedEntry, models.OwnedCampaign}

// UnownedOf lists what nobody at work answers for: partners, campaigns, and the
// materials and entries of the library. Staff scope.
func UnownedOf(tx *models.Tx, library *content.Library) ([]Unowned, error) {
	out := []Unowned{}
	for _, of := range []struct {
		kind string
		list func() ([]models.NoOwner, error)
	}{{models.OwnedPartner, tx.PartnersWithoutOwner}, {models.OwnedCampaign, tx.CampaignsWithoutOwner}} {
		list, err := of.list()
		if err != nil {
			return nil, err
		}
		for _, n := range list {
			out = append(out, Unowned{of.kind, n.Key, n.Name, n.Owner})
		}
	}
	rows, err := tx.OwnersNow(models.OwnedMaterial, models.OwnedEntry)
	if err != nil {
		return nil, err
	}
	known := map[[2]string]models.Owned{}
	for _, o := range rows {
		known[[2]string{o.Kind, o.ObjectKey}] = o
	}
	titles := map[[2]string]string{}
	for _, m := range library.AllMaterials() {
		titles[[2]string{models.OwnedMaterial, m.Key}] = m.Title.In("")
	}
	for _, e := range library.AllEntries() {
		titles[[2]string{models.OwnedEntry, e.Key}] = oneLine(e.Question.In(""))
	}
	for _, f := range fileOwners(library) {
		at := [2]string{f.Kind, f.Key}
		o, noted := known[at]
		if !noted && (f.Person != "" || f.Department != "") {
			continue // serve has not taken the file over yet
		}
		if o.Missing() {
			out = append(out, Unowned{f.Kind, f.Key, titles[at], o.Owner})
		}
	}
	return out, nil
}

// fileOwners is what all content says about owners, in one order.
func fileOwners(library *content.Library) []models.FileOwner {
	var out []models.FileOwner
	for _, m := range library.AllMaterials() {
		out = append(out, models.FileOwner{Kind: models.OwnedMaterial, Key: m.Key, Person: m.Owner.Person, Department: m.Owner.Department})
	}
	for _, e := range library.AllEntries() {
		out = append(out, models.FileOwner{Kind: models.OwnedEntry, Key: e.Key, Person: e.Owner.Person, Department: e.Owner.Department})
	}
	return out
}

// KeepOwners brings the history of owners up to date with the content and the rows,
// and does the hand-overs that are due. seen is what the content said at the last
// call (nil at first): what has not changed is not looked at again.
func (h *Handlers) KeepOwners(ctx context.Context, seen []models.FileOwner) ([]models.FileOwner, error) {
	now := fileOwners(h.Library)
	if seen == nil || !slices.Equal(seen, now) {
		if _, err := h.Store.KeepFileOwners(ctx, now); err != nil {
			return seen, err
		}
	}
	if _, err := h.Store.NoteOwners(ctx); err != nil {
		return now, err
	}
	done, err := h.Store.DueHandovers(ctx)
	if done > 0 {
		h.Log.Info("hand-overs were done", "count", done)
	}
	return now, err
}

// ownersEvery is how often owners are looked at, and goneEvery how often it is looked
// for those of whom Slack was not asked for a day: who left says nothing.
const (
	ownersEvery = 30 * time.Second
	goneEvery   = 10 * time.Minute
)

// RunOwners keeps the history of owners, and tells staff when somebody left who
// still answers for something. It returns when ctx ends.
func (h *Handlers) RunOwners(ctx context.Context) {
	var seen []models.FileOwner
	var asked time.Time
	tick := time.NewTicker(ownersEvery)
	defer tick.Stop()
	for {
		var err error
		if seen, err = h.KeepOwners(ctx, seen); err == nil {
			err = h.TellLeft(ctx)
		}
		if now := h.Store.Now(); err == nil && now.Sub(asked) > goneEvery {
			asked, err = now, h.askOwners(ctx)
		}
		if err != nil && ctx.Err() == nil {
			h.Log.Warn("owners could not be looked at; it tries again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// TellLeft tells staff, once each, of people who left and still answer for
// something, with a button to hand it over.
func (h *Handlers) TellLeft(ctx context.Context) error {
	var left []models.PersonWhoLeft
	err := h.Store.View(ctx, func(tx *models.Tx) (err error) {
		left, err = tx.WhoLeft()
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range left {
		if p.MissedAt != nil {
			continue
		}
		err := h.Store.InTx(ctx, func(tx *models.Tx) error {
			fresh, err := tx.Missed(p.ID)
			if err != nil || !fresh {
				return err
			}
			load, err := tx.LoadOf(p.ID)
			if err != nil {
				return err
			}
			t := h.clockTurn(tx)
			if err := t.TellStaff(bot.Message{Text: t.Say("owner.left", "name", t.personName(p.Person), "load", t.loadText(load)),
				Buttons: []bot.Button{{Label: t.Say("owner.hand"), Press: bot.NewPress("owner.hand", "o", p.ID.String()), Style: bot.Primary}}}); err != nil {
				return err
			}
			return tx.QueueDeliveries(t.owed...)
		})
		if err != nil {
			return err
		}
		h.Nudge()
	}
	return nil
}

// askOwners asks Slack about everybody who owns something, once a day each.
func (h *Handlers) askOwners(ctx context.Context) error {
	if _, ok := h.platforms["slack"].(bot.FactSource); !ok {
		return nil
	}
	return h.Store.InTx(ctx, func(tx *models.Tx) error { return tx.WantOwners([]string{"slack"}, tx.Now().Add(-maxAgeRead)) })
}

// personName names one of the staff, also one whose name was erased.
func (t *Turn) personName(p models.Person) string {
	switch {
	case p.Name != "":
		return p.Name
	case p.Department != "":
		return p.Department
	}
	return p.Key
}

// loadText words how much somebody answers for.
func (t *Turn) loadText(l models.Load) string {
	var items []string
	for _, one := range []struct {
		key string
		n   int
	}{{"owner.partners", l.Partners}, {"owner.materials", l.Materials}, {"owner.entries", l.Entries}, {"owner.campaigns", l.Campaigns}, {"owner.gaps", l.Gaps}} {
		if one.n > 0 {
			items = append(items, t.Say(one.key, "count", one.n))
		}
	}
	return strings.Join(items, t.Say("digest.comma"))
}

// leaver is the person whose things a press or a form hands over. ok is false when
// there is none, or nothing of theirs is left; then the answer is given.
func (t *Turn) leaver() (p models.Person, load models.Load, ok bool, err error) {
	t.event.Kind, t.event.ObjectKind = models.Commanded, "owner"
	if t.readAlong() {
		return p, load, false, nil
	}
	id, err := models.ParseID(t.In.Args.Get("o"))
	if err != nil {
		return p, load, false, t.gone(models.ErrNotFound)
	}
	who, err := t.tx.WhoisPerson(id)
	if err != nil {
		return p, load, false, t.gone(err)
	}
	if load, err = t.tx.LoadOf(id); err != nil {
		return p, load, false, err
	}
	if load.Sum() == 0 {
		t.private(bot.Message{Text: t.Say("owner.nothing_left", "name", t.personName(who.Person))})
		return p, load, false, nil
	}
	return who.Person, load, true, nil
}

// ownerForm asks who takes over.
func (t *Turn) ownerForm() error {
	p, load, ok, err := t.leaver()
	if err != nil || !ok {
		return err
	}
	to := bot.Field{Name: "to", Label: t.Say("owner.to"), Kind: bot.Choice, Required: true, Load: "campaign.staff"}
	return t.Form(bot.Form{Name: "owner.hand", Title: t.Say("owner.hand_title"), Text: t.Say("owner.hand_text", "name", t.personName(p), "load", t.loadText(load)), Submit: t.Say("owner.hand"),
		Args: map[string][]string{"o": {p.ID.String()}}, Fields: []bot.Field{to}})
}

// submitOwner hands everything over, now.
func (t *Turn) submitOwner() error {
	p, _, ok, err := t.leaver()
	if err != nil || !ok {
		return err
	}
	to, err := t.tx.PersonByKey(clip(t.In.Args.Get("to"), 100))
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return err
	}
	away, err := t.tx.GoneOf(to.ID)
	if err != nil {
		return err
	}
	if to.ID.IsZero() || away || to.ID == p.ID {
		return t.complain("to", "form.choice")
	}
	if ok, err := t.useDraft(); err != nil || !ok {
		return err
	}
	load, err := t.tx.HandOver(models.Handover{FromID: p.ID, ToID: to.ID, ByID: t.Who.Person.ID}, "admin")
	if err != nil {
		return err
	}
	t.replyToForm(bot.Message{Text: t.Say("owner.handed", "name", t.personName(p), "to", to.Name, "load", t.loadText(load))})
	return nil
}

// ownerOf names whom to ask about a material or an entry: who answers for it today;
// before that has been noted, who its file names.
func (t *Turn) ownerOf(kind, key string, o content.Owner) string {
	if now, err := t.tx.OwnerNow(kind, key); err == nil {
		o = content.Owner{Person: now.Owner, Department: now.Department}
		if now.Gone {
			o.Person = ""
		}
	}
	if o.Person != "" {
		if p, err := t.tx.PersonByKey(o.Person); err == nil && p.LeftAt == nil {
			if o.Department == "" {
				return p.Name
			}
			return o.Department + " " + p.Name
		}
	}
	if o.Department != "" {
		return o.Department
	}
	return t.h.Vendor.Desk
}
