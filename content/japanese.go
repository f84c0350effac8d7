package content

import (
	"slices"
	"strings"
)

// compounds are words that the IPA dictionary cuts to pieces and that partner
// support speaks of, each with its parts and, where it has kanji, its reading. Each is
// found whole and by its parts.
const compounds = `クラウド,クラウド
代理店,代理店,だいりてん
価格表,価格 表,かかくひょう
料金表,料金 表,りょうきんひょう
見積書,見積 書,みつもりしょ
請求書,請求 書,せいきゅうしょ
契約書,契約 書,けいやくしょ
申込書,申込 書,もうしこみしょ
注文書,注文 書,ちゅうもんしょ
納品書,納品 書,のうひんしょ
発注書,発注 書,はっちゅうしょ
提案書,提案 書,ていあんしょ
仕様書,仕様 書,しようしょ
導入事例,導入 事例,どうにゅうじれい
二要素認証,二 要素 認証,にようそにんしょう
多要素認証,多 要素 認証,たようそにんしょう
シングルサインオン,シングル サインオン
サインイン,サインイン
サインアウト,サインアウト
ログイン,ログイン
ログアウト,ログアウト
アカウント,アカウント
管理者,管理者,かんりしゃ
担当者,担当者,たんとうしゃ
問い合わせ,問い合わせ,といあわせ
問合せ,問合せ,といあわせ
問合わせ,問合わせ,といあわせ
申込み,申込み,もうしこみ
申し込み,申し込み,もうしこみ
見積,見積,みつもり
見積り,見積り,みつもり
見積もり,見積もり,みつもり
取消し,取消し,とりけし
取り消し,取り消し,とりけし
引落し,引落し,ひきおとし
引き落とし,引き落とし,ひきおとし
振込み,振込み,ふりこみ
振り込み,振り込み,ふりこみ
支払い,支払い,しはらい
受取り,受取り,うけとり
受け取り,受け取り,うけとり
締切り,締切り,しめきり
締め切り,締め切り,しめきり
切替え,切替え,きりかえ
切り替え,切り替え,きりかえ
貸出し,貸出し,かしだし
貸し出し,貸し出し,かしだし
無料体験,無料 体験,むりょうたいけん
値引,値引,ねびき
値引き,値引き,ねびき
取込み,取込み,とりこみ
取り込み,取り込み,とりこみ
払戻し,払戻し,はらいもどし
払い戻し,払い戻し,はらいもどし
乗換え,乗換え,のりかえ
乗り換え,乗り換え,のりかえ
引継ぎ,引継ぎ,ひきつぎ
引き継ぎ,引き継ぎ,ひきつぎ
〆切,〆切,しめきり
解約金,解約 金,かいやくきん
更新料,更新 料,こうしんりょう
支払方法,支払 方法,しはらいほうほう
キックバック,キックバック
リベート,リベート
オンボーディング,オンボーディング
ライセンス,ライセンス
プラン,プラン
`

// grammar are strings of hiragana that carry politeness, question and grammar.
// They are taken out before character pairs are made; what hiragana is left may
// be a word that somebody did not write in kanji or katakana.
var grammar = strings.NewReplacer(longestFirst(`でしょうか ましょうか ですか ますか ません ました ましたら ています ております
	でしょう ください くださいませ お願いします おねがいします いたします してほしい ほしいです したいです したいのですが したいんですが したいんですけど
	のですが んですが んですけど ですけど ですが けど けれど たいです たいの たい です ます した して する される された できますか できます できない できる
	について に関して における によって として とは という といった どうやって どうすれば どうしたら どのように どうやるの どうやる どう どこ いつ なに なぜ
	もらえますか もらえる いただけますか いただきたい いただく ありますか ありません ある いる おしえて 教えて ため とき ときに から まで より など では には へは への のに ので との`)...)

// longestFirst makes a Replacer's arguments that turn each word into a space,
// longer words winning over those they begin with.
func longestFirst(list string) []string {
	ws := strings.Fields(list)
	slices.SortStableFunc(ws, func(a, b string) int { return len(b) - len(a) })
	out := make([]string, 0, 2*len(ws))
	for _, w := range ws {
		out = append(out, w, " ")
	}
	return out
}
