package handlers

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"akari/bot"
	"akari/models"
)

// Campaigns in chat: the same acts as akari campaign, with cards and forms. What a
// button carries is a reference; who may is looked at again at every press.

// mostListed is how many campaigns and drafts a list shows.
const mostListed = 10

// campaignWord is /campaign, and the word typed: compose, list, or one campaign.
func (t *Turn) campaignWord() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "campaign"
	text := strings.TrimSpace(t.In.Text)
	_, what, ours := aboutCampaign(strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(text), "/"), "akari "))
	if t.In.Kind == bot.Commanded && t.In.Name == "campaign" {
		_, what, ours = aboutCampaign("campaign " + strings.ToLower(text))
	}
	if t.readAlong() {
		return nil
	}
	switch {
	case what == "list", what == "" && ours && !t.Who.Person.Has("sender"):
		return t.listCampaigns()
	case ours && what != "":
		t.setArg("c", what)
		return t.showCampaign()
	case !t.Who.Person.Has("sender"):
		return t.refused(route{name: actCreate, needs: needsSender})
	case ours:
		return t.compose(models.Spec{}, models.Campaign{})
	}
	return t.compose(models.Spec{Title: clip(text, 150)}, models.Campaign{}) // what stands behind the command is a title
}

// readAlong refuses to talk about campaigns where partners read along.
func (t *Turn) readAlong() bool {
	if t.Room.Kind == models.RoomShared && !t.In.At.Direct && t.In.Kind == bot.Said {
		t.Refuse("gap.not_here")
		return true
	}
	return false
}

func (t *Turn) setArg(name, value string) {
	if t.In.Args == nil {
		t.In.Args = map[string][]string{}
	}
	t.In.Args.Set(name, value)
}

// campaigning is the one who acts, as somebody who acts on campaigns.
func (t *Turn) campaigning() *Campaigning { return t.h.Campaigning(t.tx, t.Who.Person) }

// did answers what came of an act: nil goes on, a refusal is told to the one who
// acted, and stop says that there is nothing to go on with.
func (t *Turn) did(err error) (stop bool, _ error) {
	var no *Refusal
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &no):
		t.event.Outcome, t.event.Detail = models.OutcomeIgnored, models.Detail{"refused": no.Key}
		t.private(bot.Message{Text: t.h.sayRefusal(t.Lang, no.Key, no.Args)})
		return true, nil
	case errors.Is(err, models.ErrMoved), errors.Is(err, models.ErrDuplicate):
		return true, errAgain
	}
	return true, err
}

// private says something to the one who acts alone, where they are: no hint, no
// second place to look.
func (t *Turn) private(m bot.Message) {
	m.Private = true
	to := t.In.At
	if t.In.Kind == bot.Submitted && to.Platform == "slack" && !to.Direct {
		t.Whisper(m) // a form may be opened where the bot is not, and has no response address
		return
	}
	if to.Direct || to.Platform == "lineworks" || to.Platform == "line" {
		t.send(m, sending{to: t.direct(), priority: bot.Answers, reply: true})
		return
	}
	to.User = t.In.From.User
	t.send(m, sending{to: to, act: bot.Private, priority: bot.Answers, reply: true})
}

// theCampaign is the one that a press or a form is about. ok is false when there
// is none; then the answer is given.
func (t *Turn) theCampaign() (c models.Campaign, ok bool, err error) {
	id, err := strconv.ParseInt(t.In.Args.Get("c"), 10, 64)
	if err != nil {
		return c, false, t.gone(models.ErrNotFound)
	}
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "campaign", strconv.FormatInt(id, 10)
	c, err = t.tx.CampaignOf(id)
	if errors.Is(err, models.ErrNotFound) {
		t.private(bot.Message{Text: t.Say("campaign.unknown", "id", id)})
		return c, false, nil
	}
	return c, err == nil, err
}

// asSeen is theCampaign, for acts that must not do more than their button promised:
// a card of an older version says so, and shows the newer one.
func (t *Turn) asSeen() (c models.Campaign, ok bool, err error) {
	if err := t.tx.Writes(); err != nil {
		return c, false, err
	}
	if c, ok, err = t.theCampaign(); err != nil || !ok {
		return c, false, err
	}
	if v := t.In.Args.Get("v"); v != "" && v != strconv.Itoa(c.Version) {
		t.event.Outcome, t.event.Detail = models.OutcomeIgnored, models.Detail{"refused": "campaign.moved"}
		t.private(bot.Message{Text: t.Say("campaign.moved", "id", c.ID)})
		return c, false, t.showDraft(c)
	}
	return c, true, nil
}

// aboutIt is a press about a campaign as it is now.
func aboutIt(name string, c models.Campaign, more ...string) bot.Press {
	return bot.NewPress(name, append([]string{"c", strconv.FormatInt(c.ID, 10), "v", strconv.Itoa(c.Version)}, more...)...)
}

func (t *Turn) composeCampaign() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "form", "campaign.new"
	return t.compose(models.Spec{}, models.Campaign{})
}

// compose hands out the form.
func (t *Turn) compose(s models.Spec, c models.Campaign) error {
	f, err := t.composeForm(s, c)
	if err != nil {
		return err
	}
	return t.Form(f)
}

func (t *Turn) editCampaign() error {
	c, ok, err := t.theCampaign()
	if err != nil || !ok {
		return err
	}
	if !c.Open() {
		t.private(bot.Message{Text: t.h.sayRefusal(t.Lang, "campaign.not_draft", []any{"id", c.ID, "state", wordOf("campaign.state_" + c.State)})})
		return nil
	}
	return t.compose(c.Spec, c)
}

// submitCampaign makes a draft of what was filled in, or changes the one that the
// form is about. Whatever is wrong keeps the form open, and what was typed in it.
func (t *Turn) submitCampaign() error {
	if err := t.tx.Writes(); err != nil {
		return err
	}
	t.event.Kind, t.event.ObjectKind = models.Commanded, "campaign"
	var c models.Campaign
	if id, err := strconv.ParseInt(t.In.Args.Get("c"), 10, 64); err == nil {
		if c, err = t.tx.CampaignOf(id); err != nil {
			return t.gone(err)
		}
	}
	spec, errs, err := t.composed(c.Spec)
	if err != nil {
		return err
	}
	problems, err := t.h.CheckSpec(t.tx, spec)
	if err != nil {
		return err
	}
	misread := slices.ContainsFunc(slices.Collect(maps.Keys(errs)), func(f string) bool { return strings.HasPrefix(f, "step") })
	for _, p := range problems {
		if p.Field == "steps" && misread {
			continue // what cannot be read yet is said already, and those that are empty are not counted
		}
		if f := t.h.fieldOf(p); errs[f] == "" {
			errs[f] = t.h.sayRefusal(t.Lang, p.Key, p.Args)
			if p.Key == "campaign.bad_class" || p.Key == "campaign.bad_to" { // worded for files
				errs[f] = t.Say("form.choice")
			}
		}
	}
	if len(errs) > 0 {
		return t.complainAll(errs)
	}
	if ok, err := t.useDraft(); err != nil || !ok {
		return err
	}
	a := t.campaigning()
	fresh := true
	if c.ID == 0 {
		c, fresh, err = a.Create(spec, "")
	} else {
		epoch, _ := strconv.ParseInt(t.In.Args.Get("e"), 10, 64)
		c, err = a.Edit(c.ID, epoch, spec)
	}
	if stop, err := t.did(err); err != nil || stop {
		return err
	}
	t.event.ObjectKey = strconv.FormatInt(c.ID, 10)
	if name := clip(strings.TrimSpace(t.In.Args.Get("save_as")), 60); name != "" {
		if stop, err := t.did(a.SaveAudience(name, name, spec.Audience)); err != nil || stop {
			return err
		}
	}
	t.board = true
	if !fresh {
		t.private(bot.Message{Text: t.Say("compose.same", "id", c.ID)})
	}
	return t.showCampaignOf(c)
}

// listCampaigns shows the newest campaigns, and the forms that were begun.
func (t *Turn) listCampaigns() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "campaign.list"
	if t.readAlong() {
		return nil
	}
	cs, err := t.tx.Campaigns(mostListed)
	if err != nil {
		return err
	}
	var lines []string
	m := bot.Message{}
	for _, c := range cs {
		lines = append(lines, t.Say("compose.list_row", "id", c.ID, "title", clip(c.Title, 60), "class", t.Say("campaign.class_"+c.Class), "state", t.Say("campaign.state_"+c.State)))
		m.Buttons = append(m.Buttons, bot.Button{Label: t.Say("compose.list_button", "id", c.ID), Press: aboutIt("campaign.show", c)})
	}
	head := "compose.list"
	if len(cs) == 0 {
		head = "compose.list_none"
	}
	m.Text = strings.Join(append([]string{t.Say(head)}, lines...), "\n")
	if err := t.listDrafts(&m); err != nil {
		return err
	}
	if t.Who.Person.Has("sender") {
		m.Buttons = append(m.Buttons, bot.Button{Label: t.Say("compose.new_button"), Press: bot.NewPress("campaign.new"), Style: bot.Primary})
	}
	if t.Room.Kind == models.RoomShared && !t.In.At.Direct {
		t.private(m) // partners read along
		return nil
	}
	t.aside(m)
	return nil
}

// listDrafts adds what the one who acts began to compose and has not sent.
func (t *Turn) listDrafts(m *bot.Message) error {
	drafts, err := t.tx.DraftsOf(t.Who.Person.ID, t.In.From, "campaign.new", mostListed)
	if err != nil {
		return err
	}
	for i, d := range drafts {
		n := i + 1
		if i == 0 {
			m.Text += "\n\n" + t.Say("compose.drafts")
		}
		title := d.Form.Field("title")
		if title == "" {
			title = t.Say("compose.untitled")
		}
		m.Text += "\n" + t.Say("compose.draft_row", "number", n, "title", clip(title, 60), "at", t.moment(d.CreatedAt))
		m.Buttons = append(m.Buttons, bot.Button{Label: t.Say("compose.draft_button", "number", n), Press: bot.NewPress("form.open", "d", d.ID.String())})
	}
	return nil
}

// showCampaign is one campaign: while it is open its preview, then how it stands.
func (t *Turn) showCampaign() error {
	c, ok, err := t.theCampaign()
	if err != nil || !ok {
		return err
	}
	return t.showCampaignOf(c)
}

func (t *Turn) showCampaignOf(c models.Campaign) error {
	if c.Open() {
		return t.showDraft(c)
	}
	m, err := t.h.standing(t.tx, c, t.Lang)
	if err != nil {
		return err
	}
	if t.In.At.Direct || t.Room.Kind == models.RoomStaff && t.In.Kind == bot.Said {
		t.Reply(m)
		return nil
	}
	t.private(m)
	return nil
}
