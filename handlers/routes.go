package handlers

import (
	"strings"
	"time"

	"akari/bot"
)

// route is one thing a person can want, and who may.
type route struct {
	name     string
	needs    need
	do       func(*Turn) error
	unmapped bool // works in a room that is not mapped yet, for staff
}

// need says who may take a route. docs/roles.md tells it to people, and a test
// holds the two together.
type need string

const (
	needsAnyone need = "anyone" // every person the bot knows
	needsStaff  need = "staff"  // vendor staff, whatever their role
	needsAdmin  need = "admin"  // vendor staff with that role
)

// allows tells whether the one who acts may take the route.
func (r route) allows(t *Turn) bool {
	switch r.needs {
	case needsAnyone:
		return true
	case needsStaff:
		return t.actor.staff
	}
	return t.actor.staff && t.Who.Person.Has(string(r.needs))
}

// maxAge is how old the fact about the one who acts may be.
func (r route) maxAge() time.Duration {
	if r.needs == needsAdmin {
		return maxAgeAct
	}
	return maxAgeRead
}

// presses, commands, words, forms and choices are THE list of everything that
// can be asked of the bot in chat; pages are in HTTP (http.go), and what the
// clock does is in Clocks.
var (
	presses = map[string]route{
		"faq.pick":      {needs: needsAnyone, do: (*Turn).pick},
		"faq.list":      {needs: needsAnyone, do: (*Turn).listQuestions},
		"faq.solved":    {needs: needsAnyone, do: (*Turn).solved},
		"faq.unsolved":  {needs: needsAnyone, do: (*Turn).unsolved},
		"gap.ask":       {needs: needsAnyone, do: (*Turn).escalate},
		"gap.write":     {needs: needsAnyone, do: (*Turn).writeQuestion},
		"gap.take":      {needs: needsStaff, do: (*Turn).takeGap},
		"gap.answer":    {needs: needsStaff, do: (*Turn).answerGapForm},
		"gap.add":       {needs: needsStaff, do: (*Turn).addEntryForm},
		"gap.list":      {needs: needsStaff, do: (*Turn).listGaps},
		"material.send": {needs: needsAnyone, do: (*Turn).sendMaterial},
		"material.list": {needs: needsAnyone, do: (*Turn).listMaterials},
		"material.ack":  {needs: needsAnyone, do: (*Turn).ackPressed},
		"material.used": {needs: needsAnyone, do: (*Turn).usedPressed},
		"material.undo": {needs: needsAnyone, do: (*Turn).undoPressed},
		"used.report":   {needs: needsAnyone, do: (*Turn).dealForm},
		"menu.show":     {needs: needsAnyone, do: (*Turn).showMenu},
		"help.show":     {needs: needsAnyone, do: (*Turn).showHelp},
		"room.map":      {needs: needsStaff, do: (*Turn).mapRoomForm, unmapped: true},
		"form.open":     {needs: needsAnyone, do: (*Turn).openForm, unmapped: true},
		"link.opened":   {needs: needsAnyone, do: (*Turn).nothing, unmapped: true},
	}
	// words can be typed to the bot on every platform; as a Slack command they
	// follow /akari.
	words = map[string]route{
		"help":      {needs: needsAnyone, do: (*Turn).showHelp, unmapped: true},
		"menu":      {needs: needsAnyone, do: (*Turn).showMenu},
		"faq":       {needs: needsAnyone, do: (*Turn).listQuestions},
		"materials": {needs: needsAnyone, do: (*Turn).listMaterials},
		"gaps":      {needs: needsStaff, do: (*Turn).listGaps},
		"versions":  {needs: needsStaff, do: (*Turn).listOldVersions},
		"link":      {needs: needsStaff, do: (*Turn).mapRoomForm, unmapped: true},
	}
	// synonyms of words, as people type them.
	synonyms = map[string]string{
		"ヘルプ": "help", "使い方": "help", "つかいかた": "help", "?": "help", "？": "help",
		"メニュー": "menu", "よくある質問": "faq", "資料": "materials", "資料一覧": "materials", "しりょう": "materials",
		"未回答": "gaps", "旧版": "versions", "質問一覧": "gaps", "ルーム登録": "link",
	}
	commands = map[string]route{
		"akari": {needs: needsAnyone, do: (*Turn).showHelp, unmapped: true},
	}
	forms = map[string]route{
		"gap.new":     {needs: needsAnyone, do: (*Turn).submitQuestion},
		"gap.answer":  {needs: needsStaff, do: (*Turn).submitAnswer},
		"gap.add":     {needs: needsStaff, do: (*Turn).submitEntry},
		"room.map":    {needs: needsStaff, do: (*Turn).submitRoom, unmapped: true},
		"used.report": {needs: needsAnyone, do: (*Turn).submitDeal},
	}
	choices = map[string]struct {
		needs need
		load  func(*Turn, string) ([]bot.Option, error)
	}{
		"partner.choices": {needs: needsStaff, load: (*Turn).partnerChoices},
	}
)

// routeOf finds what an inbound asks for. Everything that is said and is no
// word of ours is a question.
func routeOf(in bot.Inbound) route {
	named := func(m map[string]route, name string, otherwise func(*Turn) error) route {
		r, ok := m[name]
		if !ok {
			r = route{needs: needsAnyone, do: otherwise}
		}
		r.name = name
		return r
	}
	switch in.Kind {
	case bot.Pressed:
		return named(presses, in.Name, (*Turn).nothing)
	case bot.Submitted:
		return named(forms, in.Name, (*Turn).nothing)
	case bot.Commanded:
		if in.Name == "akari" {
			if w, ok := word(in.Text); ok {
				return named(words, w, nil)
			}
		}
		return named(commands, in.Name, (*Turn).showHelp)
	case bot.Opened:
		return route{name: "home.show", needs: needsAnyone, do: (*Turn).showHome}
	case bot.Said:
		if w, ok := word(in.Text); ok {
			return named(words, w, nil)
		}
		if strings.TrimSpace(in.Text) == "" {
			return route{name: "menu", needs: needsAnyone, do: (*Turn).showMenu}
		}
		return route{name: "faq.ask", needs: needsAnyone, do: (*Turn).ask}
	}
	return route{name: string(in.Kind), needs: needsAnyone, do: (*Turn).nothing}
}

// word reads a word of ours: "menu", "/akari menu", "メニュー".
func word(text string) (string, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(text, "/"), "akari "))
	if s, ok := synonyms[text]; ok {
		text = s
	}
	_, ok := words[text]
	return text, ok
}

// nothing keeps the row and does nothing more.
func (t *Turn) nothing() error {
	t.event.Outcome = "ignored"
	return nil
}
