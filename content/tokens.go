package content

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/ikawaha/kagome-dict/dict"
	"github.com/ikawaha/kagome-dict/ipa"
	"github.com/ikawaha/kagome/v2/tokenizer"
)

// terms is what is left of a text for searching: words in their base form and
// character grams, each as a 64-bit hash. Doubles are kept: they are counted.
type terms struct {
	words, grams []uint64
}

func (t *terms) reset() { t.words, t.grams = t.words[:0], t.grams[:0] }

// analyzer turns texts into terms. With a tokenizer words are Japanese words;
// without, a Japanese run only has grams.
type analyzer struct {
	ja *tokenizer.Tokenizer // nil in small mode and until the dictionary is loaded
	// known caches, per dictionary entry, the hash of its folded base form, or
	// 0 when it says nothing: the look-up of features is the dearest part.
	known sync.Map // int → uint64
}

func newAnalyzer() *analyzer { return &analyzer{} }

// compounds are words that the IPA dictionary cuts to pieces and that partner
// support speaks of. Each is found whole and by its parts.
const compounds = `クラウド,クラウド
代理店,代理店
価格表,価格 表
料金表,料金 表
見積書,見積 書
請求書,請求 書
契約書,契約 書
申込書,申込 書
注文書,注文 書
納品書,納品 書
発注書,発注 書
提案書,提案 書
仕様書,仕様 書
導入事例,導入 事例
二要素認証,二 要素 認証
多要素認証,多 要素 認証
シングルサインオン,シングル サインオン
サインイン,サインイン
サインアウト,サインアウト
ログイン,ログイン
ログアウト,ログアウト
アカウント,アカウント
管理者,管理者
担当者,担当者
問い合わせ,問い合わせ
問合せ,問合せ
問合わせ,問合わせ
申込み,申込み
申し込み,申し込み
見積,見積
見積り,見積り
見積もり,見積もり
取消し,取消し
取り消し,取り消し
引落し,引落し
引き落とし,引き落とし
振込み,振込み
振り込み,振り込み
支払い,支払い
受取り,受取り
受け取り,受け取り
締切り,締切り
締め切り,締め切り
切替え,切替え
切り替え,切り替え
貸出し,貸出し
貸し出し,貸し出し
無料体験,無料 体験
解約金,解約 金
更新料,更新 料
支払方法,支払 方法
キックバック,キックバック
リベート,リベート
オンボーディング,オンボーディング
ライセンス,ライセンス
プラン,プラン
`

// newFullAnalyzer loads the Japanese dictionary: about a second and 90 MB.
func newFullAnalyzer() (*analyzer, error) {
	recs, err := dict.NewUserDicRecords(strings.NewReader(userRecords()))
	if err != nil {
		return nil, err
	}
	user, err := recs.NewUserDict()
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.New(ipa.Dict(), tokenizer.OmitBosEos(), tokenizer.UserDict(user))
	if err != nil {
		return nil, err
	}
	return &analyzer{ja: t}, nil
}

// userRecords writes the compounds in kagome's form: surface, parts, readings
// (unused here, but as many as parts), class.
func userRecords() string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(compounds), "\n") {
		surface, parts, _ := strings.Cut(line, ",")
		b.WriteString(surface + "," + parts + "," + parts + ",複合語\n")
	}
	return b.String()
}

// analyze adds the terms of one text to t. It never panics and its work is
// bounded by limit characters.
func (a *analyzer) analyze(text string, limit int, t *terms) {
	runs(normalize(text, limit), func(r run) {
		if r.japanese {
			a.japanese(r.text, t)
			return
		}
		w := r.text
		if len(w) > 64 { // no word: a key, a hash, noise
			w = cut(w, 32)
		}
		s := stem(w)
		if englishStop[w] || s == "" {
			return
		}
		t.words = append(t.words, hash(s))
		latinGrams(s, t)
	})
}

// japanese adds the words and character pairs of a stretch of Japanese.
func (a *analyzer) japanese(s string, t *terms) {
	pairs(s, t)
	if a.ja == nil {
		return
	}
	defer func() { _ = recover() }() // a tokenizer's panic costs words, never the process
	for _, tok := range a.ja.Analyze(s, tokenizer.Normal) {
		switch tok.Class {
		case tokenizer.KNOWN:
			h, ok := a.known.Load(tok.ID)
			if !ok {
				h = knownWord(tok)
				a.known.Store(tok.ID, h)
			}
			if h := h.(uint64); h != 0 {
				t.words = append(t.words, h)
			}
		case tokenizer.USER:
			whole := foldWord(tok.Surface)
			t.words = append(t.words, hash(whole))
			if x := tok.UserExtra(); x != nil && len(x.Tokens) > 1 {
				for _, p := range x.Tokens {
					t.words = append(t.words, hash(foldWord(p)))
				}
			}
		case tokenizer.UNKNOWN:
			if w := foldWord(tok.Surface); w != "" && strings.ContainsFunc(tok.Surface, func(r rune) bool { return !isHiragana(r) }) {
				t.words = append(t.words, hash(w))
			}
		}
	}
}

// knownWord is the hash of the folded base form of a dictionary word, or 0 for
// particles, auxiliaries, endings and other words without a subject.
func knownWord(tok tokenizer.Token) uint64 {
	pos := tok.POS()
	if len(pos) > 0 && slices.Contains([]string{"助詞", "助動詞", "記号", "フィラー", "感動詞", "接続詞", "連体詞"}, pos[0]) {
		return 0
	}
	if len(pos) > 1 && (pos[1] == "非自立" || (pos[1] == "接尾" && pos[0] == "動詞") || (pos[1] == "接頭" && pos[0] == "接頭詞")) {
		return 0
	}
	if utf8.RuneCountInString(tok.Surface) == 1 && isKana([]rune(tok.Surface)[0]) {
		return 0 // a splinter of a word that the dictionary does not know
	}
	base, ok := tok.BaseForm()
	if !ok || base == "" || base == "*" { // user and foreign words have none
		base = tok.Surface
	}
	if japaneseStop[base] || japaneseStop[tok.Surface] {
		return 0
	}
	return hash(foldWord(base))
}

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

// pairs adds the character pairs of a Japanese stretch, in one spelling. Hiragana
// pairs count only where three or more stand together: less is okurigana.
func pairs(s string, t *terms) {
	const word = 3
	for part := range strings.SplitSeq(grammar.Replace(s), " ") {
		var prev rune
		var prevHira bool
		n, left := 0, 0 // characters so far; hiragana left in this row of it
		long := false   // the row is long enough to be a word
		for i, r := range part {
			if r == 'ー' {
				continue
			}
			hira := isHiragana(r)
			switch {
			case !hira:
				left = 0
			case left == 0:
				left = hiraganaRow(part[i:])
				long = left >= word
			default:
				left--
			}
			f := fold(r)
			if n > 0 && (long || !hira || !prevHira) {
				t.grams = append(t.grams, gram(prev, f, 0))
			}
			prev, prevHira = f, hira
			n++
		}
		if n == 1 {
			t.grams = append(t.grams, gram(prev, 0, 0))
		}
	}
}

// hiraganaRow counts the hiragana that s begins with.
func hiraganaRow(s string) int {
	n := 0
	for _, r := range s {
		if r == 'ー' {
			continue
		}
		if !isHiragana(r) {
			break
		}
		n++
	}
	return n
}

// latinGrams adds the padded character triples of a word, so that a typing
// error costs three of them and not the word.
func latinGrams(w string, t *terms) {
	a, b := rune('^'), rune(0)
	n := 0
	for _, r := range w {
		if n > 0 {
			t.grams = append(t.grams, gram(a, b, r))
			a, b = b, r
		} else {
			b = r
		}
		n++
	}
	t.grams = append(t.grams, gram(a, b, '$'))
}

// gram packs up to three characters (21 bits each) into one number.
func gram(a, b, c rune) uint64 { return uint64(a)<<42 | uint64(b)<<21 | uint64(c) }

// isPair says whether a gram is a pair (Japanese) and not a triple (Latin).
func isPair(g uint64) bool { return g&(1<<21-1) == 0 }

// hash is FNV-1a of 64 bits: of 10⁶ words two collide with a chance of 3·10⁻⁸.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
