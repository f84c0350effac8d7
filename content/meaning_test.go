package content

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestLoanWordsAreTheirOriginalsBySound(t *testing.T) {
	for _, c := range []struct{ kana, latin string }{
		{"フォルダー", "folder"}, {"メールボックス", "mailbox"}, {"サブスクリプション", "subscription"}, {"ポリシー", "policy"}, {"ライセンス", "license"},
		{"ブラウザー", "browser"}, {"テンプレート", "template"}, {"カレンダー", "calendar"}, {"セキュリティ", "security"}, {"マネージャー", "manager"},
		{"ポータル", "portal"}, {"ワークフロー", "workflow"}, {"デバイス", "device"}, {"ストレージ", "storage"}, {"チケット", "ticket"}, {"ドメイン", "domain"},
	} {
		if a, b := soundOf(c.kana), soundOf(c.latin); a != b {
			t.Errorf("%s is %s, %s is %s", c.kana, a, c.latin, b)
		}
	}
	for _, c := range []struct{ a, b string }{{"フォルダー", "border"}, {"メール", "password"}, {"ポータル", "portrait"}, {"プラン", "trial"}} {
		if soundOf(c.a) == soundOf(c.b) {
			t.Errorf("%s and %s sound alike: %s", c.a, c.b, soundOf(c.a))
		}
	}
}

func TestOneError(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"password", "pasword", true}, {"password", "passwrod", true}, {"password", "passwordd", true}, {"password", "passward", true},
		{"password", "pasward", false}, {"invoice", "advice", false}, {"キャンペン", "キャンペイン", true}, {"", "a", true}, {"same", "same", false},
	} {
		if oneError(c.a, c.b) != c.want || oneError(c.b, c.a) != c.want {
			t.Errorf("%q and %q: want %v", c.a, c.b, c.want)
		}
	}
}

// A question's words are taken for those of an entry by typing error, reading,
// sound and synonym, in both languages.
func TestOtherWordsFindTheEntry(t *testing.T) {
	l := sampleSearch(t, false)
	for _, c := range []struct{ text, want string }{
		{"pasword", "password"}, {"passwrod reset", "password"}, {"みつもりの作り方", "quote"}, {"しょうがいの情報", "server"},
		{"キャンペイン 申込", "apply"}, {"cloud storage", "cloud"}, {"campaign deadline", "apply"}, {"server status", "server"},
	} {
		r := l.Search(c.text, Reader{})
		if len(r.Hits) == 0 || r.Hits[0].Key != c.want {
			t.Errorf("%q found %+v, want %s first", c.text, r.Hits, c.want)
		}
	}
}

// What a question is about decides, in a list however small; how it is put only where
// that is all that tells entries apart.
func TestHowAQuestionIsPutCountsLittle(t *testing.T) {
	docs := []Doc{
		{ID: "expiry", Question: "How do I know the expiry date?", Answer: "-", Lang: "en"},
		{ID: "original", Question: "Original goods and genuine spare parts", Answer: "-", Lang: "en"},
		{ID: "have", Question: "They had these goods", Answer: "-", Lang: "en"},
		{ID: "buy", Question: "I want to get goods", Answer: "-", Lang: "en"},
		{ID: "place", Question: "倉庫の在庫はどこ", Answer: "-", Lang: "ja"},
		{ID: "amount", Question: "倉庫の在庫はどれ", Answer: "-", Lang: "ja"},
	}
	r, _, err := evalReady(docs, EvalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"How do I know that goods are original?", "original"}, {"I want to get the goods", "buy"},
		{"どこに倉庫の在庫がありますか", "place"}, {"倉庫の在庫は、どれですか", "amount"},
	} {
		if got := r.ask(c.text); len(got.Hits) == 0 || got.Hits[0].Key != c.want {
			t.Errorf("%q found %+v, want %s first", c.text, got.Hits, c.want)
		}
	}
}

// English words are written together and apart.
func TestLatinCompoundsAreFoundWholeAndSplit(t *testing.T) {
	docs := []Doc{
		{ID: "pin", Question: "Our pincode", Answer: "-", Lang: "en"},
		{ID: "sign", Question: "Where can members sign up?", Answer: "-", Lang: "en"},
		{ID: "code", Question: "Our promotion code", Answer: "-", Lang: "en"},
		{ID: "name", Question: "Signatures", Answer: "-", Lang: "en"},
	}
	r, _, err := evalReady(docs, EvalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"our pin code", "pin"}, {"our signup", "sign"},
	} {
		if got := r.ask(c.text); len(got.Hits) == 0 || got.Hits[0].Key != c.want {
			t.Errorf("%q found %+v, want %s first", c.text, got.Hits, c.want)
		}
	}
}

// What the compounds' list adds to the dictionary can be written in kana too, and is
// told apart by what its parts have in common.
func TestCompoundsAreFoundByTheirReading(t *testing.T) {
	ana := fullAnalyzer(t)
	var docs []docText
	for _, w := range []string{"納品書", "発注書", "担当者", "受け取り", "解約金", "乗り換え"} {
		docs = append(docs, docText{key: w, utterances: []utterance{{"ja", w + "について"}}})
	}
	x := newIndex(ana, docs)
	for kana, want := range map[string]string{"のうひんしょください": "納品書", "はっちゅうしょ": "発注書", "たんとうしゃはだれ": "担当者", "うけとり": "受け取り", "かいやくきん いくら": "解約金", "のりかえたい": "乗り換え"} {
		r := x.search(ana, nil, kana, everyone)
		if len(r.Hits) == 0 || r.Hits[0].Key != want {
			t.Errorf("%s found %+v, want %s first", kana, r.Hits, want)
		}
	}
}

const faultySynonyms = `same:
  - [お得意さま, 上得意]
  - [ひとつだけ]
  - {a: b}
means:
  - {from: [ぽちっと], to: [発注]}
  - {from: [あ]}
  - {frm: [い], to: [う]}
sme: []
`

func TestSynonymsAreReadStrictlyAndOverlaid(t *testing.T) {
	dir := write(t, map[string]string{"synonyms.yaml": faultySynonyms, "faq/a.yaml": `entries:
  - {key: vip, question: 上得意への対応, answer: はい}
  - {key: order, question: 発注の手順, answer: はい}
  - {key: press, question: ぽちっと機能の説明, answer: はい}
  - {key: discount, question: 値引きの申請, answer: はい}
  - {key: other, question: 資料の場所, answer: はい}
`})
	l, probs := open(t, Options{Dir: dir, Embedded: Sample()})
	<-l.Ready()
	for _, want := range []string{"synonyms.yaml:3: a group of same needs at least 2", "synonyms.yaml:4:", "synonyms.yaml:7: each of means needs from and to", `unknown field "frm"`, `unknown field "sme"`} {
		if !strings.Contains(listing(probs), want) {
			t.Errorf("no problem says %q in:\n%s", want, listing(probs))
		}
	}
	find := func(text string) string {
		var keys []string
		for _, h := range l.Search(text, Reader{}).Hits {
			keys = append(keys, h.Key)
		}
		return strings.Join(keys, " ")
	}
	if got := find("お得意さま"); !strings.HasPrefix(got, "vip") {
		t.Errorf("a group of two found %q", got)
	}
	if got := find("ぽちっとしたい"); !strings.Contains(got, "order") {
		t.Errorf("from does not mean to: %q", got)
	}
	if got := find("発注"); strings.Contains(got, "press") {
		t.Errorf("to means from: %q", got)
	}
	if got := find("ディスカウント"); !strings.HasPrefix(got, "discount") {
		t.Errorf("the built-in groups are gone: %q", got)
	}
	put(t, dir, "synonyms.yaml", "same:\n  - [ほげ, 資料]\n")
	if probs := l.Reload(); len(probs) > 0 {
		t.Error(listing(probs))
	}
	if got := find("ほげ"); !strings.HasPrefix(got, "other") {
		t.Errorf("changed synonyms found %q", got)
	}
}

func TestTheBuiltInSynonymsAreSound(t *testing.T) {
	gs := builtInSynonyms()
	if len(gs) < 100 {
		t.Errorf("%d groups", len(gs))
	}
}

// twinClasses are entries that only what their many wordings have in common
// tells apart.
func twinClasses() []docText {
	wordings := func(key, lead string, things ...string) docText {
		d := docText{key: key, answer: []string{key}}
		for _, s := range things {
			d.utterances = append(d.utterances, utterance{"en", fmt.Sprintf(lead, s)})
		}
		return d
	}
	things := []string{"parcel", "package", "box", "order", "item", "shipment", "delivery", "bottle", "tablet pack", "kit", "supplement"}
	return []docText{
		wordings("late", "my %s still did not arrive, how long", things...), wordings("wrong", "the %s has broken contents", things...),
		wordings("change", "send my %s to another address", things...), {key: "hours", utterances: []utterance{{"en", "opening hours of the shop"}}, answer: []string{"x"}},
	}
}

func TestManyWordingsAreLearnedAndSayWhoDecided(t *testing.T) {
	ana := newAnalyzer()
	x := newIndex(ana, twinClasses())
	if x.classes == nil || len(x.classes.classes) != 3 {
		t.Fatalf("classifier %+v", x.classes)
	}
	for text, want := range map[string]string{"vitamins did not arrive": "late", "broken jar": "wrong", "another address please": "change", "opening hours": "hours"} {
		r := x.search(ana, nil, text, everyone)
		if len(r.Hits) == 0 || r.Hits[0].Key != want {
			t.Errorf("%q found %+v, want %s", text, r.Hits, want)
			continue
		}
		if h := r.Hits[0]; (want != "hours") != (h.Views.Classifier > 0) || (h.By != ByRanking && h.By != ByClassifier) {
			t.Errorf("%q: %+v", text, h)
		}
	}
	again := newIndex(ana, twinClasses())
	if !slices.Equal(again.classes.weights, x.classes.weights) {
		t.Error("the same entries were learned differently")
	}
}

// After updates the classifier speaks of the entries that are there.
func TestTheClassifierFollowsUpdates(t *testing.T) {
	ana := newAnalyzer()
	docs := append(twinClasses(), manyDocs(40)...)
	x := newOrUpdated(ana, docs, nil)
	docs = append([]docText{{key: "first", utterances: []utterance{{"en", "something new"}}, answer: []string{"x"}}}, docs...)
	x = newOrUpdated(ana, docs, x)
	if x.anew || x.classes == nil {
		t.Fatal("no update, or the classifier is gone")
	}
	if r := x.search(ana, nil, "vitamins did not arrive", everyone); r.Hits[0].Key != "late" {
		t.Errorf("moved entries: %+v", r.Hits)
	}
	x = newOrUpdated(ana, slices.DeleteFunc(slices.Clone(docs), func(d docText) bool { return d.key == "late" }), x)
	for _, h := range x.search(ana, nil, "vitamins did not arrive", everyone).Hits {
		if h.Key == "late" {
			t.Errorf("a removed entry is found: %+v", h)
		}
	}
}

func TestTrainingIsBounded(t *testing.T) {
	var docs []docText
	for i := range 3000 {
		d := docText{key: fmt.Sprint(i)}
		for j := range 12 {
			d.utterances = append(d.utterances, utterance{"en", fmt.Sprintf("wording %d of thing %d", j, i)})
		}
		docs = append(docs, d)
	}
	ana := newAnalyzer()
	if n := testing.AllocsPerRun(1, func() {
		if train(ana, docs, classBudget) != nil {
			t.Error("three thousand classes were learned")
		}
	}); n > 10_000 { // learning takes more for every wording
		t.Errorf("deciding not to learn took %.0f allocations for %d entries", n, len(docs))
	}
}

func questions(texts ...string) (out []Question) {
	for _, q := range texts {
		out = append(out, Question{Text: q})
	}
	return out
}

// What staff say an entry does not answer, it does not answer, in whatever
// politeness; and the effect of saying so can be seen before.
func TestNegativeExamplesAndReplay(t *testing.T) {
	l := sampleSearch(t, false)
	asked := []string{"クラウドの値段を増やすには", "見積書の作り方", "サーバー障害の情報"}
	if got := l.Search(asked[0], Reader{}); got.Decision == None || got.Hits[0].Key != "cloud" {
		t.Fatalf("before: %+v", got)
	}
	e, _ := l.AnyEntry("cloud")
	e.Not = map[string][]string{"ja": {"クラウドの値段を増やしたいです"}}
	row := Row{"faq", "cloud", e.Body()}
	res, probs := l.Replay(questions(asked...), []Row{row})
	if len(probs) > 0 || res.Questions != 3 || len(res.Changed) != 1 || res.Changed[0].Question != asked[0] {
		t.Fatalf("replayed %+v, problems %v", res, probs)
	}
	if got := l.Search(asked[0], Reader{}); got.Hits[0].Key != "cloud" {
		t.Error("a replay changed the content")
	}
	if probs := l.Overlay([]Row{row}); len(probs) > 0 {
		t.Fatal(listing(probs))
	}
	for _, h := range l.Search(asked[0], Reader{}).Hits {
		if h.Key == "cloud" {
			t.Errorf("still found: %+v", h)
		}
	}
	if got := l.Search("クラウド版の容量を増やすには", Reader{}); got.Decision == None || got.Hits[0].Key != "cloud" {
		t.Errorf("its own question is not answered any more: %+v", got)
	}
	if _, probs := l.Replay(questions(asked...), []Row{{"faq", "x", []byte(`{"key":"x"}`)}}); len(probs) == 0 {
		t.Error("a broken row was replayed")
	}
	e.Variants = map[string][]string{"ja": {"天気の話"}}
	e.Not = nil
	if res, _ := l.Replay(questions("天気の話"), []Row{{"faq", "cloud", e.Body()}}); res.Answered != 1 {
		t.Errorf("a new variant answers %d", res.Answered)
	}
}

// What the general dictionaries say is enough to find an entry in the other
// language, and another word of the same; what they do not say is not.
func TestDictionariesLeadToTheOtherLanguage(t *testing.T) {
	docs := []Doc{
		{ID: "lawyer", Question: "弁護士の紹介", Answer: "法務部が紹介します。", Lang: "ja"},
		{ID: "heating", Question: "暖房の故障", Answer: "総務部へ。", Lang: "ja"},
		{ID: "parking", Question: "駐車場の利用", Answer: "受付へ。", Lang: "ja"},
		{ID: "wage", Question: "When is the salary paid", Answer: "On the 25th.", Lang: "en"},
	}
	ev, err := Evaluate(docs, []Query{
		{ID: "en", Text: "a lawyer", Relevant: []string{"lawyer"}},
		{ID: "en2", Text: "Where may I find parking", Relevant: []string{"parking"}},
		{ID: "ja", Text: "給料の支払い", Relevant: []string{"wage"}},
		{ID: "same", Text: "attorney", Relevant: []string{"lawyer"}},
		{ID: "word", Text: "payday for wages", Relevant: []string{"wage"}},
	}, EvalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if ev.Hit1 != 1 {
		for _, m := range ev.Misses {
			t.Errorf("%s: %s", m.Text, m.why())
		}
		t.Error("hit@1", ev.Hit1)
	}
	n := len(thesaurusFile) / thesaurusRecord
	if n < 100_000 || len(thesaurusFile)%thesaurusRecord != 0 {
		t.Fatalf("%d bytes", len(thesaurusFile))
	}
	for i := 1; i < n; i++ {
		if thesaurusTerm(i, 0) < thesaurusTerm(i-1, 0) {
			t.Fatal("not in order at", i)
		}
	}
}

// Beside a Japanese meaning that somebody wrote the letters of a word count no more;
// where nobody wrote it, they are all there is.
func TestLettersGiveWayToMeaning(t *testing.T) {
	for _, written := range []bool{true, false} {
		q := terms{spell: true}
		newAnalyzer().analyze("manage teams", maxQueryRunes, &q)
		before := len(q.grams)
		q.alt(alternative{of: hash(stem("manage")), term: hash("管理"), japanese: true})
		q.meant(func(t uint64) bool { return written && t == hash("管理") })
		if lost := before - len(q.grams); (lost > 0) != written || len(q.grams) == 0 {
			t.Errorf("written %v: %d of %d triples gone", written, lost, before)
		}
	}
}

// Which questions an entry would answer is seen of what is there and of a draft.
func TestQuestionsThatAnEntryWouldAnswer(t *testing.T) {
	l := sampleSearch(t, false)
	asked := []string{"天気の話", "クラウド版の容量を増やすには", "サーバー障害の情報"}
	var questions []Question
	for _, a := range asked {
		questions = append(questions, Question{Text: a})
	}
	got, probs := l.WouldAnswer("cloud", questions)
	if len(probs) > 0 || len(got) == 0 || got[0].Question != asked[1] || !got[0].Answers() || got[0].First != "cloud" {
		t.Fatalf("as it is: %+v %v", got, probs)
	}
	for _, a := range got {
		if a.Question == asked[0] {
			t.Errorf("what has nothing to do with it is found: %+v", a)
		}
	}
	e, _ := l.AnyEntry("cloud")
	e.Variants = map[string][]string{"ja": {"天気の話"}}
	got, _ = l.WouldAnswer("cloud", questions, Row{"faq", "cloud", e.Body()})
	if !slices.ContainsFunc(got, func(a Asked) bool { return a.Question == asked[0] && a.Place == 1 && a.Decision != None }) {
		t.Errorf("a draft's new wording: %+v", got)
	}
	if _, probs := l.WouldAnswer("cloud", questions, Row{"faq", "cloud", []byte(`{}`)}); len(probs) == 0 {
		t.Error("a broken draft was asked")
	}
	e.Audience.Tiers = []string{"gold"} // who may not see it is not answered by it
	if got, _ = l.WouldAnswer("cloud", questions, Row{"faq", "cloud", e.Body()}); len(got) > 0 {
		t.Errorf("asked by those whom it is not for: %+v", got)
	}
}

// Readers never wait and never see half a state while content changes.
func TestSearchingWhileContentChanges(t *testing.T) {
	l := sampleSearch(t, false)
	e, _ := l.AnyEntry("quote")
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for _, q := range []string{"みつもり", "見積書の作り方", "pasword", "campaign"} {
					for _, h := range l.Search(q, Reader{}).Hits {
						if h.Key == "" || !(h.Score >= 0 && h.Score <= 1) {
							t.Errorf("%q: %+v", q, h)
						}
					}
				}
			}
		})
	}
	for i := range 30 {
		e.Variants = map[string][]string{"ja": {fmt.Sprintf("新しい言い方%d", i)}}
		l.Overlay([]Row{{"faq", "quote", e.Body()}})
		l.Replay(questions("新しい言い方"), nil)
	}
	close(stop)
	wg.Wait()
}

// Words that stand in different wordings of the same entries may be the same; ones
// that stand side by side are not.
func TestReportSuggestsWordsOfOneLanguage(t *testing.T) {
	docs := []Doc{
		{ID: "a", Question: "レガシの停止", Answer: "x", Lang: "ja", Variants: []string{"従来の接続が使えない"}},
		{ID: "b", Question: "レガシの認証", Answer: "x", Lang: "ja", Variants: []string{"従来のログイン"}},
		{ID: "c", Question: "請求書の送付", Answer: "x", Lang: "ja", Variants: []string{"請求書を郵便で"}},
		{ID: "d", Question: "送付と郵便", Answer: "x", Lang: "ja", Variants: []string{"郵便の宛先", "送付先"}},
	}
	ev, err := Evaluate(docs, []Query{{ID: "1", Text: "レガシ", Relevant: []string{"b"}}}, EvalOptions{Report: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := ev.Report.Alike; !slices.Contains(got, Alike{"レガシ", "従来", 2}) || slices.ContainsFunc(got, func(a Alike) bool { return a.A == "送付" || a.B == "送付" }) {
		t.Errorf("%+v", got)
	}
}

func TestReportForWriters(t *testing.T) {
	docs := []Doc{
		{ID: "a", Question: "請求書の再発行", Answer: "x", Lang: "ja", Variants: []string{"請求書をもう一度ほしい", "請求書 再送"}},
		{ID: "b", Question: "請求書の再発行は", Answer: "x", Lang: "ja"},
		{ID: "c", Question: "海の色", Answer: "x", Lang: "ja", Variants: []string{"研修の録画", "price list"}},
		{ID: "d", Question: "研修の録画を見たい", Answer: "x", Lang: "ja"},
		{ID: "e", Question: "price list of this year", Answer: "x", Lang: "en"},
	}
	ev, err := Evaluate(docs, []Query{{ID: "1", Text: "請求書の再発行", Relevant: []string{"c"}}}, EvalOptions{Report: true})
	if err != nil {
		t.Fatal(err)
	}
	r := ev.Report
	if len(r.Twins) == 0 || r.Twins[0].A != "a" || r.Twins[0].B != "b" {
		t.Errorf("twins %+v", r.Twins)
	}
	if !slices.Contains(r.Unfound, Stray{"c", "研修の録画", "d"}) {
		t.Errorf("unfound %+v", r.Unfound)
	}
	if slices.Contains(r.Unfindable, "a") {
		t.Errorf("unfindable %v", r.Unfindable)
	}
	if m := ev.Misses[0]; m.Won != "a" || m.WonViews.Question < 0.5 || !strings.Contains(m.why(), "question ") {
		t.Errorf("miss %+v: %s", m, m.why())
	}
	var b strings.Builder
	if err := ev.print(&b, 0); err != nil || !strings.Contains(b.String(), "nearly the same") {
		t.Errorf("%v\n%s", err, b.String())
	}
}
