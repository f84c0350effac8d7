package handlers

import (
	"slices"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// reach is where a recipient is written to, or why not. Pure: it decides from
// rows and facts alone, and what is not known for certain yet is looked at once
// more when the message is claimed.
func (h *Handlers) reach(r models.Recipient) (to bot.Address, reason string) {
	switch {
	case r.Reason != "":
		return to, r.Reason
	case r.Kind == models.KindPlay:
		return r.Address(), ""
	case r.Kind == models.KindRoom:
		return r.Address(), h.roomReason(r)
	case r.Person.LeftAt != nil || r.Person.ID.IsZero():
		return to, models.SkipLeft
	}
	accounts := slices.Clone(r.Accounts)
	slices.SortStableFunc(accounts, func(a, b models.Account) int { return dear(a.Platform) - dear(b.Platform) })
	reason = models.SkipNoAccount
	for i, a := range accounts {
		why := h.accountReason(r, a)
		if why == "" {
			return bot.Address{Platform: a.Platform, Connection: a.Connection, User: a.User, Direct: true}, ""
		}
		if i == 0 || reason == models.SkipPlatformOff {
			reason = why
		}
	}
	if h.platforms["playground"] != nil {
		return bot.Address{Platform: "playground", Connection: "playground", User: r.Person.Key, Direct: true}, ""
	}
	return to, reason
}

// dear orders platforms by what a message costs: a LINE push is paid for.
func dear(platform string) int { return slices.Index([]string{"slack", "lineworks", "line"}, platform) }

// accountReason is why an account is not written to; "" = it is. A fact that is
// missing is no reason here: Admit waits for it.
func (h *Handlers) accountReason(r models.Recipient, a models.Account) string {
	f := a.Fact
	switch {
	case h.platforms[a.Platform] == nil:
		return models.SkipPlatformOff
	case a.Platform == "line" && f.Gone:
		return models.SkipNotFriend
	case f.Gone || f.Bot:
		return models.SkipGone
	case a.Platform == "lineworks":
		if c := h.Connections[a.Connection]; c.Side == "partner" && c.Partner != r.Partner.Key {
			return models.SkipOtherOrg
		}
	case a.Platform == "slack" && a.FactAt != nil && !ofPartner(a, r.Orgs):
		return models.SkipOtherOrg
	}
	return ""
}

// ofPartner tells whether the platform says that a Slack account belongs to its
// person's partner.
func ofPartner(a models.Account, orgs []string) bool {
	if a.Claim != "" {
		return slices.Contains(a.Fact.Orgs, a.Claim)
	}
	return common(a.Fact.Orgs, orgs) != ""
}

func (h *Handlers) roomReason(r models.Recipient) string {
	f := r.Room.Fact
	switch {
	case h.platforms[r.Room.Platform] == nil:
		return models.SkipPlatformOff
	case r.Room.LeftAt != nil:
		return models.SkipRoomGone
	case r.Room.Platform != "slack" || r.Room.FactAt == nil:
		return ""
	case f.Archived || !f.Member:
		return models.SkipRoomGone
	}
	for _, org := range f.Orgs {
		if !slices.Contains(r.Orgs, org) {
			return models.SkipForeignOrgs
		}
	}
	return ""
}

// mayHave tells why a partner may not have these materials now; "" = it may.
func (h *Handlers) mayHave(p models.Partner, lang string, materials []string) string {
	who := reader(p, lang)
	for _, key := range materials {
		switch _, state := h.Library.Material(key, who); state {
		case content.Served:
		case content.Expired, content.NotYet:
			return models.SkipInvalid
		default:
			return models.SkipMaterial
		}
	}
	return ""
}
