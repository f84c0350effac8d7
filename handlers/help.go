package handlers

import (
	"akari/bot"
	"akari/models"
)

// menuButtons is what a rep can start with without typing: four, as many as a
// LINE WORKS persistent menu holds.
func menuButtons(say func(string, ...any) string) []bot.Button {
	return []bot.Button{
		{Label: say("menu.materials"), Press: bot.NewPress("material.list")},
		{Label: say("menu.faq"), Press: bot.NewPress("faq.list")},
		{Label: say("gap.button"), Press: bot.NewPress("gap.write")},
		{Label: say("menu.help"), Press: bot.NewPress("help.show")},
	}
}

// staffButtons are what staff begin with; where partners read along nobody speaks
// of campaigns.
func (t *Turn) staffButtons() []bot.Button {
	out := []bot.Button{{Label: t.Say("menu.gaps"), Press: bot.NewPress("gap.list")}}
	if t.Room.Kind != models.RoomShared || t.In.At.Direct {
		out = append(out, bot.Button{Label: t.Say("menu.campaigns"), Press: bot.NewPress("campaign.list")})
	}
	return out
}

// Menu is the standing menu for platforms that have one.
func (h *Handlers) Menu(lang string) bot.Menu {
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	return bot.Menu{Label: say("menu.label"), Buttons: menuButtons(say)}
}

func (t *Turn) showMenu() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "menu"
	m := bot.Message{Text: t.Say("menu.text", "desk", t.h.Vendor.Desk), Buttons: menuButtons(t.Say)}
	if t.actor.staff {
		if t.In.Kind == bot.Commanded { // the command exists to pin a menu into the room
			t.send(m, sending{to: t.here(), priority: bot.Answers})
			return t.audit("menu.show", t.place(), "done")
		}
		m.Buttons = append(m.Buttons, t.staffButtons()...)
	}
	return t.speak(m)
}

func (t *Turn) showHelp() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "help"
	args := []any{"desk", t.h.Vendor.Desk, "vendor", t.h.Vendor.Name}
	m := bot.Message{Text: t.Say("help.partner", args...), Buttons: menuButtons(t.Say)}
	if t.actor.staff {
		m = bot.Message{Text: t.Say("help.staff", args...), Buttons: t.staffButtons()}
	}
	if t.In.Kind == bot.Commanded {
		t.aside(m)
		return nil
	}
	return t.speak(m)
}

// aside answers a command where it was typed, to the one who typed it.
func (t *Turn) aside(m bot.Message) {
	if t.In.Kind != bot.Commanded || t.In.At.Direct {
		t.Reply(m)
		return
	}
	m.Private = true
	to := t.In.At
	to.User = t.In.From.User
	t.send(m, sending{to: to, act: bot.Private, priority: bot.Answers, reply: true})
}

// showHome publishes the home tab: the menu and the first materials, without
// typing.
func (t *Turn) showHome() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "home"
	m := bot.Message{Text: t.Say("home.text", "desk", t.h.Vendor.Desk, "vendor", t.h.Vendor.Name) + "\n\n" + t.notice(), Buttons: menuButtons(t.Say)}
	if t.actor.staff {
		m.Buttons = append(m.Buttons, t.staffButtons()...)
	}
	for _, x := range t.shelf(t.ownReader()) {
		if len(m.Cards) == cardsAtOnce {
			break
		}
		m.Cards = append(m.Cards, bot.Card{Title: x.Title.In(t.Lang), Text: x.Description.In(t.Lang), Buttons: []bot.Button{
			{Label: t.Say("material.get"), Press: bot.NewPress("material.send", "m", x.Key)},
		}})
	}
	to := t.direct()
	t.send(m, sending{to: to, act: bot.Home, priority: bot.Answers})
	return nil
}

// refused answers a member who tried what only staff may, and keeps it.
func (t *Turn) refused(r route) error {
	t.event.Outcome = models.OutcomeIgnored
	t.event.Detail = models.Detail{"refused": r.name}
	if r.needs == needsAnyone || r.needs == needsStaff && !t.actor.staff {
		t.Refuse("refused.staff")
	} else {
		t.Refuse("refused.role")
	}
	return t.audit(r.name, t.place(), "refused")
}

// place is where something was done, for the audit log: a one-to-one talk is not
// named, because its address is the person's and the log cannot forget.
func (t *Turn) place() string {
	if t.In.At.Direct || t.In.At.Room == "" {
		return t.In.At.Platform + ":direct"
	}
	at := t.In.At
	at.User = ""
	return at.String()
}

// audit keeps a staff act, or a refusal, under the role that was used.
func (t *Turn) audit(action, object, result string) error {
	role := "member"
	if t.actor.staff {
		role = "staff"
		if t.Who.Person.Has("admin") {
			role = "admin"
		}
	}
	return t.tx.Audit(models.Act{ActorID: t.Who.Person.ID, Role: role, Action: action, Object: object, Result: result})
}
