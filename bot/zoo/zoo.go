// Package zoo holds one message of every sort that the bot says, so that each
// platform can show how it renders them all. Test support: nothing in the
// program imports it.
package zoo

import (
	"fmt"
	"net/url"
	"strings"

	"akari/bot"
)

// Case is one canonical message.
type Case struct {
	Name    string
	Message bot.Message
}

const host = "https://akari.example.co.jp"

// Messages are the canonical messages, each made anew at every call.
func Messages() []Case {
	return append(append(answers(), shelves()...), others()...)
}

// Shared are the messages that may stand in a room which several people read:
// none that is private or opens a personal link.
func Shared() []Case {
	var out []Case
	for _, c := range Messages() {
		if !c.Message.Private && c.Message.Form == nil {
			out = append(out, c)
		}
	}
	return out
}

func press(label, name string, pairs ...string) bot.Button {
	return bot.Button{Label: label, Press: bot.NewPress(name, pairs...)}
}

func primary(b bot.Button) bot.Button { b.Style = bot.Primary; return b }
func danger(b bot.Button) bot.Button  { b.Style = bot.Danger; return b }

func rating() []bot.Button {
	return []bot.Button{
		primary(press("解決した", "faq.solved", "q", "q-price-01")),
		press("解決しない", "faq.unsolved", "q", "q-price-01"),
	}
}

func answers() []Case {
	return []Case{
		{"answer_plain", bot.Message{Text: "商談登録の有効期限は、登録日から90日間です。期限の7日前に担当者へお知らせします。\n\nA deal registration is valid for 90 days."}},
		{"answer_materials", bot.Message{
			Text: "最新の価格表は2026年10月版です。旧版(2026年4月版)は10月1日以降のお見積りにはお使いいただけません。",
			Buttons: append([]bot.Button{
				press("資料:2026年10月 価格表", "material.send", "m", "price-2026-10"),
				press("資料:料金シミュレーター", "material.send", "m", "tool-price"),
				press("資料:価格改定Q&A", "material.send", "m", "price-qa"),
			}, rating()...),
		}},
		{"answer_weak", bot.Message{
			Text: "お探しの内容に近いものを3つ見つけました。あてはまるものを押してください。",
			Buttons: []bot.Button{
				press("無料トライアルの期間は延長できますか?", "faq.pick", "q", "q-trial-02", "n", "1"),
				press("トライアル環境のデータを本番環境へ引き継げますか?", "faq.pick", "q", "q-trial-05", "n", "2"),
				press("お客様がトライアルを申し込むときの手順を教えてください", "faq.pick", "q", "q-trial-01", "n", "3"),
				press("担当者に聞く", "gap.ask", "t", "01JDX3"),
			},
		}},
		{"answer_none", bot.Message{
			Text:    "申し訳ございません。ご質問への回答が見つかりませんでした。担当者がお調べしますので、下のボタンでお知らせください。",
			Buttons: []bot.Button{primary(press("担当者に聞く", "gap.ask", "t", "01JDX4"))},
		}},
		{"answer_english", bot.Message{
			Text: "Your margin is calculated from the list price at the date of order, not of the quotation.",
			Buttons: []bot.Button{
				press("Partner price list (October 2026)", "material.send", "m", "price-2026-10"),
				primary(press("Solved", "faq.solved", "q", "q-margin")), press("Not solved", "faq.unsolved", "q", "q-margin"),
			},
		}},
		{"answer_very_long", bot.Message{Text: veryLong(), Buttons: rating()}},
		{"hostile_markup", bot.Message{
			Text:    "<!channel> <@U1> <https://evil.example|x> <m userId=\"all\"> {user} {{user}} *b* _i_ ~s~ `c` & < > &amp; $ \\n \"q\" [t](https://evil.example) ```\n> quote\n<!here> @all",
			Buttons: []bot.Button{press("<!channel> & <b>{user}*", "faq.solved", "q", "a&b<c>\"d\" %{}")},
		}},
		{"emoji_and_scripts", bot.Message{
			Text:    "ご家族向け👨‍👩‍👧‍👦プランは🇯🇵国内限定です👍🏽。か\u3099き\u309a、e\u0301、각, नमस्ते, ไทย, שלום עולם, مرحبا بالعالم، 𠮷野家、葛\U000E0100城市、①㈱㍻、ABC、ハンカク",
			Buttons: []bot.Button{press("👨‍👩‍👧‍👦👨‍👩‍👧‍👦🇯🇵🇯🇵👍🏽か\u3099ご確認ください👩🏾‍🚀👩🏾‍🚀👩🏾‍🚀👩🏾‍🚀שלום", "faq.solved", "q", "emoji")},
		}},
	}
}

func shelf(n int) []bot.Card {
	titles := []string{"2026年10月 価格表", "製品紹介資料(15分版)", "導入事例集 製造業編", "競合比較シート", "操作研修動画 第1回", "料金シミュレーター"}
	var cards []bot.Card
	for i := range n {
		key := fmt.Sprintf("m-%02d", i+1)
		cards = append(cards, bot.Card{
			Title: fmt.Sprintf("%s %d", titles[i%len(titles)], i+1),
			Text:  "対象:ゴールドパートナー様\n更新日:2026年10月1日 / 第3版",
			Image: &bot.Image{URL: host + "/m/card/" + key + ".png", Alt: titles[i%len(titles)] + "の表紙"},
			Buttons: []bot.Button{
				primary(press("資料を受け取る", "material.send", "m", key)),
				press("商談で使った", "material.used", "m", key),
			},
		})
	}
	return cards
}

func shelves() []Case {
	long := shelf(1)
	long[0].Title = "【重要】2026年度下期 パートナー様向け販売促進キャンペーン総合ご案内資料(価格改定・新機能・お申込み手順・よくあるご質問を含む改訂第3版)"
	long[0].Text = strings.Repeat("本資料では、下期の販売促進策とお申込みの手順を順にご説明しています。", 12)
	long[0].Buttons = append(long[0].Buttons,
		press("内容を確認しました", "material.ack", "m", "m-01"), press("担当者に聞く", "gap.ask", "m", "m-01"),
		press("旧版との違い", "material.diff", "m", "m-01"), press("取り消す", "material.undo", "m", "m-01"))
	return []Case{
		{"shelf_12", bot.Message{Text: "資料は12件あります。新しい順にご案内します。", Cards: shelf(12)}},
		{"card_one", bot.Message{Text: "こちらの資料が見つかりました。", Cards: shelf(1)}},
		{"card_long", bot.Message{Text: "こちらの資料が見つかりました。", Cards: long, Buttons: rating()}},
		{"image_only", bot.Message{Image: &bot.Image{URL: host + "/m/charts/2026-W48.png", Alt: "11月第4週の動き:開封32件、閲覧完了18件"}}},
		{"image_text", bot.Message{
			Text:    "先週(2026年度下期 第8週)のまとめです。\n動いたこと:新価格表の閲覧完了が18件(前週比+6)。\n止まったこと:3社で30日間お問い合わせがありません。\n決めること:冬季キャンペーンの対象を広げるか。",
			Image:   &bot.Image{URL: host + "/m/charts/2026-W48.png", Alt: "11月第4週の動き"},
			Buttons: []bot.Button{press("3社に連絡する", "digest.contact", "w", "2026-W48")},
		}},
		{"personal_link", bot.Message{
			Text:    "田中様専用の資料リンクです。ほかの方へは転送しないでください。有効期限:2026年12月25日",
			Buttons: []bot.Button{primary(bot.Button{Label: "開く", Open: host + "/v/3kQ9xT2mVbL0aZ8yWc1RdA"})},
			Private: true,
		}},
		{"buttons_30", bot.Message{Text: "ご覧になりたい分野を押してください。", Buttons: thirty()}},
		{"labels_long", bot.Message{
			Text: "下のいずれかを押してください。",
			Buttons: []bot.Button{
				press("2026年10月1日から適用される新価格体系における既存のお客様の更新契約のお取り扱いについて(ゴールドおよびシルバーパートナー様向け・第3版)をご確認のうえ回答する", "faq.pick", "q", "q-renew-01"),
				press("2026年10月1日から適用される新価格体系における新規のお客様の契約のお取り扱いについて(ゴールドおよびシルバーパートナー様向け・第3版)をご確認のうえ回答する", "faq.pick", "q", "q-renew-02"),
				{Label: "パートナーポータルにある料金シミュレーター(2026年度下期対応版・見積書の自動作成機能つき)をブラウザーで開く", Open: host + "/v/7pLw"},
			},
			Private: true,
		}},
	}
}

func thirty() []bot.Button {
	var out []bot.Button
	for i := range 30 {
		out = append(out, press(fmt.Sprintf("分野%02d", i+1), "help.topic", "t", fmt.Sprint(i+1)))
	}
	return out
}

func others() []Case {
	ask := Form()
	choose := LoadForm()
	return []Case{
		{"gap_notice", bot.Message{
			Text: "【未回答のご質問】\n青葉商事 田中様より(LINE WORKS)\n「教育機関向けの割引は、専門学校も対象になりますか?」\n\n同じご質問:2社・3件\n担当:営業企画部 伊藤\n回答期限:11月26日(木) 15:00",
			Buttons: []bot.Button{
				primary(press("回答する", "gap.answer", "g", "412")), press("担当を替える", "gap.assign", "g", "412"),
				press("対応中にする", "gap.take", "g", "412"), danger(press("回答しない", "gap.close", "g", "412")),
			},
		}},
		{"form_answer", bot.Message{Text: "ご質問への回答を入力してください。", Form: &ask, Private: true}},
		{"form_choice", bot.Message{Text: "このルームはどのパートナー様のものですか。", Form: &choose, Private: true}},
		{"menu", bot.Message{
			Text: "△△社 パートナー支援窓口です。ご質問はそのまま入力してください。よく使われるものは、下のボタンからどうぞ。",
			Buttons: []bot.Button{
				press("資料を探す", "material.list"), press("よくあるご質問", "faq.list"),
				press("担当者に聞く", "gap.ask"), press("使い方", "help.show"),
			},
		}},
		{"greeting", bot.Message{
			Text:    "はじめまして。△△社 パートナー支援窓口(自動応答)です。\n製品・価格・販促資料についてのご質問に、24時間お答えします。このルームでは、@あかり と付けて話しかけてください。\n\nご質問の内容と資料の閲覧状況を、パートナー支援の改善のために記録します。\nHello, this is the partner support desk. Mention me to ask in English.",
			Buttons: []bot.Button{press("使い方", "help.show"), press("記録される内容", "help.privacy")},
		}},
		{"campaign_confirm", bot.Message{
			Text: "【要確認】新価格表のご案内\n青葉商事 御中\n\n平素よりお世話になっております。2026年12月1日より新価格を適用いたします。\n12月5日(土)までに内容をご確認ください。\n\n△△社 パートナー支援窓口(自動配信)",
			Buttons: []bot.Button{
				press("資料:新価格表", "material.send", "m", "price-2026-12", "c", "81"),
				primary(press("内容を確認しました", "ack.confirm", "c", "81", "v", "3")),
			},
		}},
		{"minimal", bot.Message{Text: "承知しました。"}},
	}
}

func veryLong() string {
	paragraphs := []string{
		"パートナー契約の更新手続きについて、順にご説明します。まず、更新の対象となる契約をパートナーポータルの「契約一覧」でご確認ください。",
		"更新の申請は、満了日の60日前から受け付けています。申請には、直近1年間の販売実績、担当者名簿、研修の修了状況の3点が必要です。",
		"ゴールドパートナー様は、年間の新規契約が12件以上、または認定資格者が3名以上であることが更新の条件です。条件に満たない場合は、営業担当へご相談ください。",
		"価格の取り扱いは、発注日の価格表が基準になります。見積書の有効期限が残っていても、改定日以降の発注には新価格が適用されますのでご注意ください。",
		"For partners outside Japan, please submit the same documents in English. The review takes about ten business days, and the result is sent to your registered contact.",
	}
	var b strings.Builder
	for i := 0; len([]rune(b.String())) < 6000; i++ {
		fmt.Fprintf(&b, "%d. %s\n\n", i+1, paragraphs[i%len(paragraphs)])
	}
	return strings.TrimSpace(b.String())
}

// Form is the form with which staff answer a gap: lines, a choice and a date.
func Form() bot.Form {
	return bot.Form{
		Name: "gap.answer", Draft: "0193578c-4d3e-7a11-9c57-3f2d8a61b001", Args: url.Values{"g": {"412"}},
		Title: "ご質問への回答", Submit: "回答を送る", Cancel: "閉じる",
		Text: "青葉商事 田中様のご質問:「教育機関向けの割引は、専門学校も対象になりますか?」",
		Fields: []bot.Field{
			{Name: "answer", Label: "回答", Kind: bot.Lines, Required: true, Max: 2000, Hint: "そのままお客様に届きます。"},
			{Name: "note", Label: "社内メモ", Kind: bot.Line, Max: 200},
			{Name: "faq", Label: "FAQに追加", Kind: bot.Choice, Required: true, Value: []string{"yes"},
				Options: []bot.Option{{Label: "追加を依頼する", Value: "yes"}, {Label: "追加しない", Value: "no"}}},
			{Name: "topics", Label: "分野", Kind: bot.Choices,
				Options: []bot.Option{{Label: "価格", Value: "price"}, {Label: "契約", Value: "contract"}, {Label: "製品", Value: "product"}}},
			{Name: "until", Label: "回答の有効期限", Kind: bot.Date, Value: []string{"2027-03-31"}},
		},
		Open: host + "/f/9vXa2Jt0QmK", Label: "回答フォームを開く",
	}
}

// LoadForm is a form whose choices are loaded while typing.
func LoadForm() bot.Form {
	return bot.Form{
		Name: "room.map", Draft: "0193578c-4d3e-7a11-9c57-3f2d8a61b002", Args: url.Values{"r": {"C0AOBA"}},
		Title: "パートナーの選択", Submit: "決定", Cancel: "閉じる",
		Fields: []bot.Field{{Name: "partner", Label: "パートナー", Kind: bot.Choice, Load: "partner.choices", Required: true, Hint: "社名の一部を入力してください。"}},
		Open:   host + "/f/5kTq8Lw1ZpB", Label: "パートナーを選ぶ",
	}
}
