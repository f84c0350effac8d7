package content

import "testing"

func TestAmountsAreWrittenInOneWay(t *testing.T) {
	for in, want := range map[string]string{
		"10GB":              "10gb",
		"１０ギガ":              "10gb",
		"10 ギガバイト":          "10gb",
		"3ヶ月":               "3ヶ月",
		"三か月":               "3ヶ月",
		"３ヵ月後":              "3ヶ月後",
		"十二カ月":              "12ヶ月",
		"1,000円":            "1000円",
		"１０，０００円":           "10000円",
		"1万円":               "10000円",
		"一万五千円":             "15000円",
		"3万人":               "30000人",
		"1億2千万円":            "120000000円",
		"25パーセント":           "25%",
		"十分な容量":             "十分な容量",
		"一般の方":              "一般の方",
		"二要素認証":             "二要素認証",
		"五十音":               "五十音",
		"1,2,3":             "1,2,3",
		"5.7.750":           "5.7.750",
		"2026年":             "2026年",
		"万が一":               "万が一",
		"999999999999999億円": "999999999999999億円",
		"office 365 100":    "office 365 100",
		"九九九九九九九九九九九九九九九九九九年": "九九九九九九九九九九九九九九九九九九年",
	} {
		if got := normalize(in, 100); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// Whichever way an amount or a question word is written, the same entry is found.
func TestAmountsAndQuestionWordsTellEntriesApart(t *testing.T) {
	docs := []Doc{
		{ID: "10gb", Question: "10GBプランの申し込み方法", Answer: "a", Lang: "ja"},
		{ID: "50gb", Question: "50GBプランの申し込み方法", Answer: "b", Lang: "ja"},
		{ID: "3m", Question: "無料期間は3ヶ月ですか", Answer: "c", Lang: "ja"},
		{ID: "6m", Question: "無料期間は6ヶ月ですか", Answer: "d", Lang: "ja"},
		{ID: "when", Question: "請求書はいつ届きますか", Answer: "e", Lang: "ja"},
		{ID: "where", Question: "請求書はどこで見られますか", Answer: "f", Lang: "ja"},
		{ID: "why", Question: "請求書が届かない原因", Answer: "g", Lang: "ja"},
	}
	for _, small := range []bool{false, true} {
		ev, err := Evaluate(docs, []Query{
			{ID: "1", Text: "５０ギガのプランを申し込みたい", Relevant: []string{"50gb"}},
			{ID: "2", Text: "10 ギガバイト プラン", Relevant: []string{"10gb"}},
			{ID: "3", Text: "六か月無料", Relevant: []string{"6m"}},
			{ID: "4", Text: "無料は三カ月?", Relevant: []string{"3m"}},
			{ID: "5", Text: "請求書って何日", Relevant: []string{"when"}},
			{ID: "6", Text: "請求書の場所", Relevant: []string{"where"}},
			{ID: "7", Text: "請求書がなぜか届かない", Relevant: []string{"why"}},
		}, EvalOptions{Small: small})
		if err != nil {
			t.Fatal(err)
		}
		for i, q := range ev.Lines {
			if want := []string{"50gb", "10gb", "6m", "3m", "when", "where", "why"}[i]; len(q.IDs) == 0 || q.IDs[0] != want {
				t.Errorf("small %v: question %s finds %v, want %s", small, q.QID, q.IDs, want)
			}
		}
	}
}
