package content

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
)

func sampleSearch(t *testing.T, small bool) *Library {
	t.Helper()
	src := `entries:
  - key: password
    question: {ja: パスワードを忘れたときの再発行方法, en: How can I reset a forgotten password?}
    variants: {ja: [ログインできない], en: [cannot log in]}
    answer: ログイン画面の「パスワードをお忘れの方」から再発行できます
  - key: quote
    question: {ja: 見積書の作り方, en: How to make a quotation}
    variants: {ja: [見積もりを出したい]}
    answer: 見積シミュレーターをお使いください
  - key: server
    question: サーバー障害の情報はどこで見られますか
    answer: ステータスページをご覧ください
  - key: api
    question: ＡＰＩ連携の仕様書はありますか
    answer: 開発者サイトにあります
  - key: apply
    question: キャンペーンへの申し込み期限
    answer: 月末です
  - key: trial
    question: 無料お試し期間は何日ですか
    answer: 三十日です
  - key: cloud
    question: クラウド版の容量を増やすには
    answer: 管理画面から追加できます
`
	l, probs, err := Open(Options{Embedded: fstest.MapFS{"faq/a.yaml": {Data: []byte(src)}, "words/ja.yaml": {Data: []byte("a: b\n")}}, Small: small})
	if err != nil {
		t.Fatal(err)
	}
	if len(probs) > 0 {
		t.Fatal(listing(probs))
	}
	<-l.Ready()
	return l
}

func TestSearchUnderstandsHowPeopleWrite(t *testing.T) {
	for _, small := range []bool{false, true} {
		l := sampleSearch(t, small)
		silent := 0
		for _, c := range []struct{ text, want string }{
			{"パスワード忘れた", "password"}, {"ﾊﾟｽﾜｰﾄﾞを忘れました", "password"}, {"ぱすわーど", "password"},
			{"forgotten passwords", "password"}, {"I forgot my password", "password"}, {"ログイン出来ません", "password"},
			{"見積りはどうやって作るんでしょうか", "quote"}, {"見積書 作成", "quote"}, {"making quotations", "quote"},
			{"サーバの障害", "server"}, {"サーバーが落ちた 障害情報", "server"},
			{"apiの仕様書がほしいんですけど", "api"}, {"API 連携", "api"},
			{"キャンペーンの申込期限っていつ", "apply"}, {"申込みの期限", "apply"},
			{"お試しは何日間？", "trial"}, {"くらうどの容量", "cloud"}, {"クラウド　容量　追加", "cloud"},
		} {
			r := l.Search(c.text, Reader{})
			if len(r.Hits) == 0 || r.Hits[0].Key != c.want {
				t.Errorf("small %v: %q found %+v, want %s first", small, c.text, r.Hits, c.want)
			} else if r.Decision == None {
				if silent++; !small {
					t.Errorf("%q found %s (%.2f) and stayed silent", c.text, r.Hits[0].Key, r.Hits[0].Score)
				}
			}
		}
		if silent > 4 { // without a dictionary less is certain
			t.Errorf("small %v: silent on %d questions that have an entry", small, silent)
		}
		for _, s := range []string{"今日の天気は", "お昼ごはん何食べた？", "who won the match yesterday", "ok", "はい", "🎉", ""} {
			if r := l.Search(s, Reader{}); r.Decision != None {
				t.Errorf("small %v: %q was answered (%s) with %+v", small, s, r.Decision, r.Hits[0])
			}
		}
		if r := l.Search("見積書の作り方", Reader{}); r.Decision != Good || r.Hits[0].Lang != "ja" {
			t.Errorf("small %v: the entry's own question: %+v", small, r)
		}
		if r := l.Search("How to make a quotation", Reader{}); r.Decision != Good || r.Hits[0].Lang != "en" {
			t.Errorf("small %v: the entry's own English question: %+v", small, r)
		}
	}
}

func TestOneWordingMatchingWellCountsAsTheEntryMatchingWell(t *testing.T) {
	many := docText{key: "many", answer: []string{"x"}}
	for i := range 40 {
		many.utterances = append(many.utterances, utterance{"ja", fmt.Sprintf("請求書の%d番目の質問", i)})
	}
	one := docText{key: "one", utterances: []utterance{{"ja", "請求書の再発行"}}, answer: []string{"x"}}
	x := newIndex(newAnalyzer(), []docText{many, one})
	if r := x.search(newAnalyzer(), nil, "請求書の再発行", everyone); r.Hits[0].Key != "one" {
		t.Errorf("forty wordings together beat the one that fits: %+v", r)
	}
}

func TestAVeryLongQuestionIsBounded(t *testing.T) {
	l := sampleSearch(t, false)
	for _, s := range []string{strings.Repeat("あ", 100_000), strings.Repeat("見積書の作り方 ", 20_000), strings.Repeat("a", 100_000), strings.Repeat("👨‍👩‍👧", 30_000), strings.Repeat("\xff", 100_000), strings.Repeat("﷽", 50_000), strings.Repeat("e\u0301", 50_000)} {
		cost := func(s string) float64 {
			return testing.AllocsPerRun(1, func() { l.Search(s, Reader{}); l.MaterialsNamed(s, Reader{}) })
		}
		// Without a bound it would be eight times as much; what else runs counts, too.
		if part, whole := cost(s[:len(s)/8]), cost(s); whole > 4*part+1000 {
			t.Errorf("%d bytes cost %.0f allocations, an eighth of them %.0f", len(s), whole, part)
		}
	}
}

// An updated index must answer like one built anew, whatever was added, changed
// and removed.
func TestAnUpdatedIndexAnswersLikeANewOne(t *testing.T) {
	ana := newAnalyzer()
	rng := rand.New(rand.NewPCG(1, 2))
	docs := manyDocs(600)
	x := newOrUpdated(ana, docs, nil)
	for round := range 20 {
		next := append([]docText(nil), docs...)
		for range 5 {
			i := rng.IntN(len(next))
			switch rng.IntN(3) {
			case 0:
				next = append(next[:i:i], next[i+1:]...)
			case 1:
				d := next[i]
				d.utterances = append(d.utterances[:len(d.utterances):len(d.utterances)], utterance{"en", fmt.Sprintf("entirely new wording %d", round)})
				next[i] = d
			default:
				next = append(next, docText{key: fmt.Sprintf("new%d-%d", round, i), utterances: []utterance{{"ja", fmt.Sprintf("追加された質問その%d-%d", round, i)}}, answer: []string{"答え"}})
			}
		}
		docs = next
		x = newOrUpdated(ana, docs, x)
		fresh := newIndex(ana, docs)
		for _, q := range []string{"請求管理の価格はどこ", "entirely new wording 3", "追加された質問", "勤怠管理 監査ログ", "how do I change the password"} {
			a, b := x.search(ana, nil, q, everyone), fresh.search(ana, nil, q, everyone)
			// Average lengths differ a little, so a score on the border may fall either way.
			if d := a.Decision - b.Decision; d > 1 || d < -1 || len(a.Hits) != len(b.Hits) {
				t.Fatalf("round %d %q: updated %s with %d hits, new %s with %d", round, q, a.Decision, len(a.Hits), b.Decision, len(b.Hits))
			}
			for i := range a.Hits {
				if d := a.Hits[i].Score - b.Hits[i].Score; d > 0.02 || d < -0.02 {
					t.Fatalf("round %d %q: hit %d scores %.4f after updates, %.4f anew", round, q, i, a.Hits[i].Score, b.Hits[i].Score)
				}
			}
		}
	}
	if x.drift == 0 {
		t.Error("no round was an update: the test tested nothing")
	}
}
