package handlers

import (
	"strconv"
	"strings"

	"akari/models"
)

// An audience's conditions in words, with names instead of keys.

// namedValues is how many values of one condition are named.
const namedValues = 10

// conditionText words one condition of an audience.
func (h *Handlers) conditionText(tx *models.Tx, r models.Reason, lang string) (string, error) {
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	name := func(v string) (string, error) { return v, nil }
	switch strings.TrimPrefix(r.Condition, "exclude.") {
	case "partners":
		name = func(v string) (string, error) {
			p, err := tx.PartnerByKey(v)
			return p.Name, ignoreMissing(err)
		}
	case "people", "owners":
		name = func(v string) (string, error) {
			p, err := tx.PersonByKey(v)
			return p.Name, ignoreMissing(err)
		}
	case "not_opened":
		name = func(v string) (string, error) {
			m, _ := h.Library.AnyMaterial(v)
			return m.Title.In(lang), nil
		}
	case "not_acknowledged":
		name = func(v string) (string, error) {
			id, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return "", err
			}
			c, err := tx.CampaignOf(id)
			return c.Title, ignoreMissing(err)
		}
	case "levels":
		name = func(v string) (string, error) { return say("compose.level_" + v), nil }
	case "languages":
		name = func(v string) (string, error) {
			if key := "compose.language_" + v; h.Library.HasWord(key) {
				return say(key), nil
			}
			return v, nil
		}
	}
	var names []string
	for i, v := range r.Values {
		if i == namedValues {
			names = append(names, say("compose.and_more", "count", len(r.Values)-i))
			break
		}
		n, err := name(v)
		if err != nil {
			return "", err
		}
		if n == "" {
			n = v // there is no such thing any more
		}
		names = append(names, n)
	}
	return say("compose.condition_"+r.Condition, "value", strings.Join(names, say("compose.or"))), nil
}

// ruleText words an audience: all of its conditions.
func (h *Handlers) ruleText(tx *models.Tx, rule models.Rule, lang string) (string, error) {
	var all []string
	for _, r := range rule.Reasons() {
		text, err := h.conditionText(tx, r, lang)
		if err != nil {
			return "", err
		}
		all = append(all, text)
	}
	return strings.Join(all, h.Library.Say(lang, "compose.and")), nil
}
