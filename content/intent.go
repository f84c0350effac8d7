package content

import "strings"

// intent is what kinds of answer a question asks for, as a set.
type intent uint16

const (
	asksWhen intent = 1 << iota
	asksWhere
	asksPrice
	asksWho
	asksWhy
	asksHow
	asksWhat
	asksMay
	tellsTrouble
)

// intentWords are the question words and phrases by which people say what kind of
// answer they want, as they stand in a normalised text. Words that ranking drops
// for saying nothing about the subject are heard here.
var intentWords = []struct {
	is    intent
	words []string
}{
	{asksWhen, strings.Fields("いつ 何時 何日 何月 期限 期間 締切 締め切り 〆切 まで有効 受付時間 営業時間 deadline")},
	{asksWhen, []string{"when ", "how long", "what time", "due date"}},
	{asksWhere, strings.Fields("どこ 何処 どちらに 場所 ありか where")},
	{asksPrice, strings.Fields("いくら 価格 料金 値段 費用 金額 おいくら 単価 price cost pricing")},
	{asksPrice, []string{"how much"}},
	{asksWho, strings.Fields("誰 だれ どなた 担当者 連絡先 窓口")},
	{asksWho, []string{"who ", "whom", "contact"}},
	{asksWhy, strings.Fields("なぜ 何故 どうして なんで 原因 理由 why")},
	{asksHow, strings.Fields("方法 手順 やり方 仕方 しかた どうやって どうやる どうすれ どうしたら 使い方 作り方 するには 進め方 流れ")},
	{asksHow, []string{"how to", "how do", "how can", "how should", "steps"}},
	{asksWhat, []string{"とは", "って何", "ってなに", "何ですか", "なんですか", "意味", "違い", "what is", "what are", "what's", "difference", "meaning of"}},
	{asksMay, []string{"可能", "できますか", "できる?", "できるか", "いいですか", "よいですか", "良いですか", "大丈夫", "can i", "may i", "can we", "possible", "allowed"}},
	{tellsTrouble, []string{"できない", "出来ない", "できません", "されない", "されません", "エラー", "失敗", "動かない", "動作しない", "届かない", "不具合", "つながらない", "開けない", "見れない", "見られない",
		"cannot", "can't", "cant ", "can not", "unable", "error", "fail", "not work", "doesn't", "does not", "didn't", "won't", "issue", "problem"}},
}

// intentOf reads a text's intents.
func intentOf(text string) (is intent) {
	for _, group := range intentWords {
		for _, w := range group.words {
			if strings.Contains(text, w) {
				is |= group.is
				break
			}
		}
	}
	return is
}

// suits is how well what a wording is about suits what is asked: 1 where both say
// the same, -1 where both say something else, 0 where one says nothing.
func (a intent) suits(b intent) float32 {
	switch {
	case a == 0 || b == 0:
		return 0
	case a&b != 0:
		return 1
	}
	return -1
}
