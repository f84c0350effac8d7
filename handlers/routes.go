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
	looks    bool // only shows something or hands out a form: a fact of a day will do
	asks     bool // a word that, from a member, is a question like any other
}

// need says who may take a route. docs/roles.md tells it to people, and a test
// holds the two together.
type need string

const (
	needsAnyone   need = "anyone" // every person the bot knows
	needsStaff    need = "staff"  // vendor staff, whatever their role
	needsAdmin    need = "admin"  // vendor staff with that role
	needsSender   need = "sender"
	needsApprover need = "approver"
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

// maxAge is how old the fact about the one who acts may be (rulings 11): who has
// just lost their account must not launch anything.
func (r route) maxAge() time.Duration {
	if r.looks || r.needs == needsAnyone || r.needs == needsStaff {
		return maxAgeRead
	}
	return maxAgeAct
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
		"lesson.take":   {needs: needsStaff, do: (*Turn).takeLessonForm},
		"lesson.pass":   {needs: needsStaff, do: (*Turn).passLesson},
		"material.send": {needs: needsAnyone, do: (*Turn).sendMaterial},
		"material.list": {needs: needsAnyone, do: (*Turn).listMaterials},
		"material.ack":  {needs: needsAnyone, do: (*Turn).ackPressed},
		"material.used": {needs: needsAnyone, do: (*Turn).usedPressed},
		"material.undo": {needs: needsAnyone, do: (*Turn).undoPressed},
		"used.report":   {needs: needsAnyone, do: (*Turn).dealForm},

		"partner.message":  {needs: needsStaff, do: (*Turn).draftMessage},
		"partner.campaign": {needs: needsSender, do: (*Turn).smallCampaign},
		"support.record":   {needs: needsStaff, do: (*Turn).supportForm},
		"play.new":         {needs: needsSender, do: (*Turn).makePlay},
		"owner.hand":       {needs: needsAdmin, do: (*Turn).ownerForm, looks: true},
		"staff.open":       {needs: needsStaff, do: (*Turn).handDashboard},

		"menu.show":   {needs: needsAnyone, do: (*Turn).showMenu},
		"help.show":   {needs: needsAnyone, do: (*Turn).showHelp},
		"room.map":    {needs: needsStaff, do: (*Turn).mapRoomForm, unmapped: true},
		"form.open":   {needs: needsAnyone, do: (*Turn).openForm, unmapped: true},
		"link.opened": {needs: needsAnyone, do: (*Turn).nothing, unmapped: true},

		"campaign.new":        {needs: needsSender, do: (*Turn).composeCampaign, looks: true},
		"campaign.edit":       {needs: needsSender, do: (*Turn).editCampaign, looks: true},
		"campaign.list":       {needs: needsStaff, do: (*Turn).listCampaigns},
		"campaign.show":       {needs: needsStaff, do: (*Turn).showCampaign},
		"campaign.preview":    {needs: needsStaff, do: (*Turn).previewCampaign},
		"campaign.sample":     {needs: needsStaff, do: (*Turn).samplePressed},
		"campaign.why":        {needs: needsStaff, do: (*Turn).whyForm},
		"campaign.test":       {needs: needsSender, do: (*Turn).testCampaign},
		"campaign.ask":        {needs: needsSender, do: (*Turn).askApproval},
		"campaign.approve":    {needs: needsApprover, do: (*Turn).approveCampaign},
		"campaign.launch":     {needs: needsSender, do: (*Turn).launchCampaign},
		"campaign.resume":     {needs: needsSender, do: (*Turn).resumeCampaign},
		"campaign.pause":      {needs: needsStaff, do: (*Turn).pauseCampaign},
		"campaign.cancel":     {needs: needsStaff, do: (*Turn).cancelCampaign},
		"campaign.remind":     {needs: needsSender, do: (*Turn).remindCampaign, looks: true},
		"campaign.remind_now": {needs: needsSender, do: (*Turn).remindNow},
		"campaign.resend":     {needs: needsSender, do: (*Turn).resendPressed},
		"campaign.recall":     {needs: needsSender, do: (*Turn).recallForm, looks: true},
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
		"lessons":   {needs: needsStaff, do: (*Turn).listLessons},
		"link":      {needs: needsStaff, do: (*Turn).mapRoomForm, unmapped: true},
		"campaign":  {needs: needsStaff, do: (*Turn).campaignWord, asks: true},
		"digest":    {needs: needsStaff, do: (*Turn).digestWord, asks: true},
		"outcome":   {needs: needsStaff, do: (*Turn).outcomeForm, asks: true},
		"dashboard": {needs: needsStaff, do: (*Turn).handDashboard, asks: true},
	}
	// synonyms of words, as people type them.
	synonyms = map[string]string{
		"ヘルプ": "help", "使い方": "help", "何ができますか": "help", "つかいかた": "help", "?": "help", "？": "help",
		"メニュー": "menu", "よくある質問": "faq", "資料": "materials", "資料一覧": "materials", "しりょう": "materials",
		"未回答": "gaps", "旧版": "versions", "学習候補": "lessons", "学習": "lessons", "質問一覧": "gaps", "ルーム登録": "link",
		"キャンペーン": "campaign", "配信": "campaign",
		"ダイジェスト": "digest", "成果": "outcome", "ダッシュボード": "dashboard",
	}
	commands = map[string]route{
		"akari":    {needs: needsAnyone, do: (*Turn).showHelp, unmapped: true},
		"campaign": {needs: needsStaff, do: (*Turn).campaignWord, unmapped: true},
	}
	forms = map[string]route{
		"gap.new":     {needs: needsAnyone, do: (*Turn).submitQuestion},
		"gap.answer":  {needs: needsStaff, do: (*Turn).submitAnswer},
		"gap.add":     {needs: needsStaff, do: (*Turn).submitEntry},
		"lesson.take": {needs: needsStaff, do: (*Turn).submitLesson},
		"room.map":    {needs: needsStaff, do: (*Turn).submitRoom, unmapped: true},
		"owner.hand":  {needs: needsAdmin, do: (*Turn).submitOwner},
		"used.report": {needs: needsAnyone, do: (*Turn).submitDeal},

		"support.record": {needs: needsStaff, do: (*Turn).submitSupport},
		"outcome.report": {needs: needsStaff, do: (*Turn).submitOutcome},

		"campaign.new":    {needs: needsSender, do: (*Turn).submitCampaign, unmapped: true},
		"campaign.why":    {needs: needsStaff, do: (*Turn).submitWhy},
		"campaign.recall": {needs: needsSender, do: (*Turn).submitRecall},
	}
	choices = map[string]struct {
		needs need
		load  func(*Turn, string) ([]bot.Option, error)
	}{
		"partner.choices":    {needs: needsStaff, load: (*Turn).partnerChoices},
		"campaign.partners":  {needs: needsStaff, load: (*Turn).campaignPartners},
		"campaign.people":    {needs: needsStaff, load: (*Turn).campaignPeople},
		"campaign.tags":      {needs: needsStaff, load: (*Turn).campaignTags},
		"campaign.staff":     {needs: needsStaff, load: (*Turn).campaignStaff},
		"campaign.materials": {needs: needsStaff, load: (*Turn).campaignMaterials},
		"campaign.images":    {needs: needsStaff, load: (*Turn).campaignImages},
		"campaign.others":    {needs: needsStaff, load: (*Turn).campaignOthers},
		"campaign.audiences": {needs: needsStaff, load: (*Turn).campaignAudiences},
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

// word reads a word of ours: "menu", "/akari menu", "メニュー", "campaign 12".
func word(text string) (string, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(text, "/"), "akari "))
	if name, _, ok := aboutCampaign(text); ok {
		return name, true
	}
	if s, ok := synonyms[text]; ok {
		text = s
	}
	_, ok := words[text]
	return text, ok
}

// aboutCampaign reads "campaign", "campaign list", "キャンペーン 12", "配信一覧":
// the word and what it is to do. Anything else behind the word is a question.
func aboutCampaign(text string) (name, what string, ok bool) {
	for _, begin := range []string{"campaign", "キャンペーン", "配信"} {
		if rest, found := strings.CutPrefix(text, begin); found {
			rest = strings.TrimSpace(rest)
			switch {
			case rest == "" || rest == "new" || rest == "作成" || rest == "新規":
				return "campaign", "", true
			case rest == "list" || rest == "一覧":
				return "campaign", "list", true
			case strings.Trim(rest, "0123456789") == "" && len(rest) < 18:
				return "campaign", rest, true
			}
		}
	}
	return "", "", false
}

// nothing keeps the row and does nothing more.
func (t *Turn) nothing() error {
	t.event.Outcome = "ignored"
	return nil
}
