package content

import "strings"

// functionWords are the words of English grammar: they say nothing about what a
// question is about, but how it is put. They count as one gram does, so that of two
// wordings about the same the one that is put alike wins: as words, "how" would be the
// rarest in a small list where only one entry asks how.
var functionWords = stopSet(`a an the i im i'm me my mine we our ours us you your yours u ur he him his she her hers it its it's they them their
	is am are was were be been being do does did doing done have has had having can could would will shall should may might must
	not no nor cannot can't cant don't dont yes of to in on at for from with without and or as by about into through during before after above below
	between against up down out off over under again further once until while that this these those there here then than
	what which who whom whose when where why how all any both each few more most much many other some such only own same so too very
	just now also because if but want need like get got know tell give let help`)

// greetings are dropped, also where letters are said longer: hiii, plzz.
var greetings = stopSet("hi helo hlo hey hy hye hie dear sir madam mam pls plz please kindly thank thanks thanx thankyou")

// japaneseStop are base forms that say nothing about what a question is about:
// auxiliaries that the dictionary calls independent, and what politeness adds.
var japaneseStop = stopSet(`する ある いる なる できる 出来る くださる 下さる 頂く いただく 願う お願い
	教える もらう 貰う くれる ほしい 欲しい 思う 知る わかる 分かる いう 言う ござる おる やる
	こと 事 もの 物 の ん よう 様 ため 為 とき 時 ところ 所 さん これ それ あれ この その あの
	ここ そこ です ます たい ない 良い よい いい すみません 場合`)

// questionWords are Japanese ones; they count as a gram, like functionWords.
var questionWords = stopSet("どう どうして なぜ どこ いつ 何 なに 誰 だれ どれ どの どんな どちら")

func stopSet(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// irregular gives the base form of verbs (and a few nouns) whose other forms no
// ending explains. What is also another word in its own right (left, saw, found) is
// not there.
var irregular = irregulars(`began begun begin; broke broken break; brought bring; built build; bought buy; caught catch;
	chose chosen choose; came come; dealt deal; drew drawn draw; drove driven drive; fell fallen fall; forgot forgotten forget; froze frozen freeze;
	gave given give; went gone go; grew grown grow; heard hear; held hold; hid hidden hide; kept keep; knew known know;
	learnt learn; lent lend; lost lose; made make; meant mean; met meet; paid pay; ran run; rewrote rewritten rewrite; rose risen rise; said say;
	sent send; shown show; sold sell; spent spend; spoke spoken speak; stolen steal; stuck stick; swore sworn swear; taken took take; taught teach; thought think; thrown threw throw;
	told tell; understood understand; withdrew withdrawn withdraw; woke woken wake; wore worn wear; won win; wrote written write;
	children child; men man; women woman; people person`)

func irregulars(list string) map[string]string {
	out := map[string]string{}
	for group := range strings.SplitSeq(list, ";") {
		forms := strings.Fields(group)
		for _, f := range forms[:len(forms)-1] {
			out[f] = forms[len(forms)-1]
		}
	}
	return out
}

// stem takes the commonest English endings off: plural, -ing, -ed, -ly. It is
// light on purpose: over-stemming joins words that are not the same.
func stem(w string) string {
	w = strings.ReplaceAll(strings.ReplaceAll(w, "’", "'"), "'", "")
	if base, ok := irregular[w]; ok {
		w = base
	}
	n := len(w)
	switch {
	case n <= 3 || !isPlainASCII(w):
		return w
	case strings.HasSuffix(w, "ies") && n > 4:
		return w[:n-3] + "y"
	case strings.HasSuffix(w, "sses"), strings.HasSuffix(w, "shes"), strings.HasSuffix(w, "ches"), strings.HasSuffix(w, "xes"):
		return w[:n-2]
	case strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && !strings.HasSuffix(w, "is"):
		return stem(w[:n-1])
	case strings.HasSuffix(w, "ing") && n > 5:
		return undouble(w[:n-3])
	case strings.HasSuffix(w, "ied") && n > 4:
		return w[:n-3] + "y"
	case strings.HasSuffix(w, "ed") && n > 4 && !strings.HasSuffix(w, "eed"):
		return undouble(w[:n-2])
	case strings.HasSuffix(w, "ly") && n > 5:
		return w[:n-2]
	case strings.HasSuffix(w, "e") && n > 4: // so that change and changing meet
		return w[:n-1]
	}
	return w
}

// undouble undoes what an ending did to the stem: stopp-ing, delet-ed.
func undouble(w string) string {
	n := len(w)
	if n > 3 && w[n-1] == w[n-2] && !strings.ContainsRune("lsz", rune(w[n-1])) {
		return w[:n-1]
	}
	return w
}

// squeezed is a word without letters said longer: hiii, plzz.
func squeezed(w string) string {
	b := make([]byte, 0, len(w))
	for i := range len(w) {
		if i == 0 || w[i] != w[i-1] {
			b = append(b, w[i])
		}
	}
	return string(b)
}
