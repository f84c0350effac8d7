package models

import "slices"

// Figure is one thing that is counted, defined once: the digest, the pages, the
// exports and report verify all count by this table.
type Figure struct {
	Key     string // metric in v_weekly, figure in a digest
	JA, EN  string
	Kinds   []string // of the events it is made from
	Product bool     // counts what the product did (no class), not what people did (class human)
	People  bool     // different people (of a partner whose log knows none: the partner), not rows
	Detail  string   // only those whose detail holds this
	Share   bool     // of what named people did, which says how much hangs on one: kept, not told by itself
	Formula string   // over v_event, of one partner and week
	Not     string   // what it does not say
}

// deeds are what somebody does of their own will, once each time.
var deeds = []string{Asked, Picked, Rated, Escalated, Requested, Opened, Completed, ToolOpened, "acknowledged", "used"}

// actingKinds are what shows that somebody uses what they are given: deeds, and
// reading and watching, which are reported as often as they go on.
var actingKinds = append(slices.Clone(deeds), PageViewed, VideoWatched)

// What says how much of a partner's activity hangs on one person.
const (
	ActivePeople = "active_people"
	NamedActs    = "named_acts"
	MostActs     = "most_acts"
)

// Figures are all that is counted, in the order in which they are shown.
var Figures = []Figure{
	{Key: ActivePeople, JA: "動いた人", EN: "Active people", Kinds: actingKinds, People: true, Not: "that nobody else looked: reading a shared room leaves no trace"},
	{Key: NamedActs, JA: "人の操作", EN: "Acts of named people", Kinds: deeds, People: true, Share: true, Not: "how long they read or watched: a question and an opened link are one each"},
	{Key: MostActs, JA: "うち最も多い1人", EN: "… of the busiest of them", Kinds: deeds, People: true, Share: true, Not: "who it was"},
	{Key: Asked, JA: "質問", EN: "Questions", Not: "that an answer helped"},
	{Key: "asked_people", JA: "質問した人", EN: "People who asked", Kinds: []string{Asked}, People: true, Not: "how much each of them asked"},
	{Key: Answered, JA: "回答", EN: "Answers", Not: "that it was the right one"},
	{Key: Unanswered, JA: "回答なし", EN: "No answer found", Not: "that a person was asked"},
	{Key: Rated, JA: "評価", EN: "Ratings", Not: "anything about those who pressed nothing"},
	{Key: "solved", JA: "解決", EN: "Solved", Kinds: []string{Rated}, Detail: `"solved":1`, Not: "that it stayed solved; one person may press twice"},
	{Key: Escalated, JA: "担当者へ", EN: "Passed to staff", Not: "that each is a new question"},
	{Key: Requested, JA: "資料依頼", EN: "Material requests", Not: "that the link was opened; refused requests count too"},
	{Key: Delivered, JA: "配信済", EN: "Delivered", Product: true, Not: "that anybody saw it"},
	{Key: DeliveryFailed, JA: "不達", EN: "Not delivered", Product: true, Not: "that the next message will fail too"},
	{Key: Opened, JA: "開封", EN: "Opened", Not: "that anything was read"},
	{Key: "opened_people", JA: "開封した人", EN: "People who opened", Kinds: []string{Opened}, People: true, Not: "that they read it"},
	{Key: PageViewed, JA: "ページ閲覧", EN: "Page views", Detail: `"view":1`, Not: "that it was understood, nor for how long: see v_view.visible_ms"},
	{Key: VideoWatched, JA: "動画視聴", EN: "Video reports", Not: "how long: see v_event.detail"},
	{Key: Completed, JA: "閲覧完了", EN: "Completed", Not: "that it was understood"},
	{Key: ToolOpened, JA: "ツール利用", EN: "Tools opened", Not: "what was done there"},
	{Key: "acknowledged", JA: "確認済", EN: "Acknowledged", Not: "that it was not undone: see ack_undone"},
	{Key: "ack_undone", JA: "確認の取り消し", EN: "Acknowledgements undone", Not: "why"},
	{Key: "used", JA: "活用", EN: "Used", Not: "that the deal was won"},
	{Key: OutcomeReported, JA: "成果報告", EN: "Outcomes reported", Not: "that support brought it about"},
	{Key: Joined, JA: "参加", EN: "Joined", Not: "who can read along"},
	{Key: Left, JA: "退出", EN: "Left", Not: "why"},
}

// MaterialFunnel are the steps a material goes through, in order; never merged.
var MaterialFunnel = []string{Delivered, Opened, Completed, "acknowledged", "used"}

func init() {
	for i := range Figures {
		f := &Figures[i]
		if len(f.Kinds) == 0 {
			f.Kinds = []string{f.Key}
		}
		f.Formula = formula(*f)
	}
}

// formula words a figure as it is recounted by hand.
func formula(f Figure) string {
	what := "COUNT(*)"
	if f.People {
		what = "COUNT(DISTINCT person_key)"
	}
	kinds := ""
	for i, k := range f.Kinds {
		if i > 0 {
			kinds += ", "
		}
		kinds += "'" + k + "'"
	}
	where := " WHERE kind IN (" + kinds + ")"
	if len(f.Kinds) == 1 {
		where = " WHERE kind = " + kinds
	}
	if f.Product {
		where += " AND class IS NULL"
	} else {
		where += " AND class = 'human'"
	}
	switch f.Key {
	case NamedActs:
		where += " AND person_key IS NOT NULL"
		what = "COUNT(*)"
	case MostActs:
		return "SELECT MAX(n) FROM (SELECT COUNT(*) AS n" + where + " AND person_key IS NOT NULL GROUP BY person_key) x"
	}
	if f.Detail != "" {
		where += " AND detail LIKE '%" + f.Detail + "%'"
	}
	return what + where
}

// FigureOf answers a figure by its key.
func FigureOf(key string) (Figure, bool) {
	for _, f := range Figures {
		if f.Key == key {
			return f, true
		}
	}
	return Figure{}, false
}
