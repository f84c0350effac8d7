package content

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/ikawaha/kagome-dict/dict"
	"github.com/ikawaha/kagome-dict/ipa"
	"github.com/ikawaha/kagome/v2/tokenizer"
)

// terms is what is left of a text for searching: words in their base form and
// character grams, each as a 64-bit hash. Doubles are kept: they are counted.
type terms struct {
	words, grams []uint64

	// Filled where spell is set: how the words were written, the readings of
	// those in kanji, and the stretches of kana (folded, without ー).
	spell    bool
	spelled  []spelling
	readings []reading
	kana     [][]rune
	alts     []alternative // of a question: what may stand for its words
	read     bool          // a stretch of kana was read as a word
	next     []uint64      // its neighbouring words, for the classifier
	latin    []string      // its Latin words as written, in order; "" for Japanese between them
	all      []uint64      // its words with those that say nothing to ranking, for the classifier
}

func (t *terms) reset() {
	t.words, t.grams, t.all, t.latin = t.words[:0], t.grams[:0], t.all[:0], t.latin[:0]
	t.read = false
	t.spelled, t.readings, t.kana, t.alts = t.spelled[:0], t.readings[:0], t.kana[:0], t.alts[:0]
}

// meant drops the triples of Latin words that have a Japanese meaning which somebody
// wrote: with them a part of a product's name in Latin letters (Managed, Search)
// would outweigh what is meant.
func (t *terms) meant(known func(uint64) bool) {
	var drop terms
	for _, s := range t.spelled {
		for _, a := range t.alts {
			if a.of == s.term && a.japanese && isPlainASCII(s.text) && known(a.term) {
				latinGrams(s.text, &drop)
				break
			}
		}
	}
	if len(drop.grams) > 0 {
		t.grams = slices.DeleteFunc(t.grams, func(g uint64) bool { return slices.Contains(drop.grams, g) })
	}
}

// maxAlternatives bounds what one question may also mean.
const maxAlternatives = 64

func (t *terms) alt(a alternative) {
	for _, b := range t.alts {
		if b.of == a.of && b.term == a.term && b.kind == a.kind {
			return
		}
	}
	if len(t.alts) < maxAlternatives {
		t.alts = append(t.alts, a)
	}
}

// analyzer turns texts into terms. With a tokenizer words are Japanese words;
// without, a Japanese run only has grams.
type analyzer struct {
	ja  *tokenizer.Tokenizer // nil in small mode and until the dictionary is loaded
	lex *lexicon
}

func newAnalyzer() *analyzer { return &analyzer{lex: newLexicon()} }

// newFullAnalyzer is an analyzer that knows Japanese words.
func newFullAnalyzer() (*analyzer, error) {
	t, err := japaneseWords()
	if err != nil {
		return nil, err
	}
	return &analyzer{ja: t, lex: newLexicon()}, nil
}

// japaneseWords loads the Japanese dictionary: about a second, once a process.
var japaneseWords = sync.OnceValues(func() (*tokenizer.Tokenizer, error) {
	recs, err := dict.NewUserDicRecords(strings.NewReader(userRecords()))
	if err != nil {
		return nil, err
	}
	user, err := recs.NewUserDict()
	if err != nil {
		return nil, err
	}
	d := ipa.DictShrink()
	d.POSTable.POSs = nil // the words' classes: what search needs of them is in formsFile
	return tokenizer.New(d, tokenizer.OmitBosEos(), tokenizer.UserDict(user))
})

// userRecords writes the compounds in kagome's form: surface, parts, readings (as
// many as parts; here each is the whole's), class.
func userRecords() string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(compounds), "\n") {
		surface, rest, _ := strings.Cut(line, ",")
		parts, reading, _ := strings.Cut(rest, ",")
		if reading == "" {
			reading = surface
		}
		b.WriteString(surface + "," + parts + "," + strings.TrimSpace(strings.Repeat(reading+" ", len(strings.Fields(parts)))) + ",複合語\n")
	}
	return b.String()
}

// analyze adds the terms of one text to t. It never panics and its work is
// bounded by limit characters.
func (a *analyzer) analyze(text string, limit int, t *terms) {
	runs(normalize(text, limit), func(r run) {
		if r.japanese {
			t.latin = append(t.latin, "")
			a.japanese(r.text, t)
			return
		}
		w := r.text
		if len(w) > 64 { // no word: a key, a hash, noise
			w = cut(w, 32)
		}
		t.latin = append(t.latin, w)
		s := stem(w)
		t.all = append(t.all, hash(s))
		switch {
		case greetings[squeezed(w)] || s == "":
			return
		case functionWords[w]:
			t.grams = append(t.grams, hash(s))
			return
		}
		t.words = append(t.words, hash(s))
		if t.spell && !unicode.IsDigit(rune(s[0])) {
			t.spelled = append(t.spelled, spelling{s, hash(s)})
		}
		latinGrams(s, t)
	})
}

// japanese adds the words and character pairs of a stretch of Japanese.
func (a *analyzer) japanese(s string, t *terms) {
	pairs(s, t)
	if t.spell {
		kanaStretches(s, t)
	}
	if a.ja == nil {
		return
	}
	defer func() { _ = recover() }() // a tokenizer's panic costs words, never the process
	from := len(t.words)
	defer func() { t.all = append(t.all, t.words[from:]...) }()
	for _, tok := range a.ja.Analyze(s, tokenizer.Normal) {
		switch tok.Class {
		case tokenizer.KNOWN:
			t.addKnown(tok)
		case tokenizer.USER:
			whole := foldWord(tok.Surface)
			t.words = append(t.words, hash(whole))
			if t.spell && isKatakana([]rune(tok.Surface)[0]) {
				t.spelled = append(t.spelled, spelling{whole, hash(whole)})
			}
			x := tok.UserExtra()
			if x == nil {
				break
			}
			if t.spell && x.Readings[0] != tok.Surface {
				t.readings = append(t.readings, reading{hash(foldText(x.Readings[0])), hash(whole)})
			}
			if len(x.Tokens) > 1 {
				for _, p := range x.Tokens {
					t.words = append(t.words, hash(foldWord(p)))
				}
			}
		case tokenizer.UNKNOWN:
			if w := foldWord(tok.Surface); w != "" && strings.ContainsFunc(tok.Surface, func(r rune) bool { return !isHiragana(r) }) {
				t.words = append(t.words, hash(w))
				if t.spell && strings.IndexFunc(w, func(r rune) bool { return !isKatakana(r) }) < 0 {
					t.spelled = append(t.spelled, spelling{w, hash(w)})
				}
			}
		}
	}
}

// addKnown adds a word of the dictionary, if it says anything.
func (t *terms) addKnown(tok tokenizer.Token) {
	term, inflected := baseTerm(tok.ID)
	switch {
	case questionWords[tok.Surface]:
		t.grams = append(t.grams, hash(tok.Surface))
		return
	case inflected && term == 0, japaneseStop[tok.Surface]:
		return
	}
	if r, n := utf8.DecodeRuneInString(tok.Surface); n == len(tok.Surface) && isKana(r) {
		return // a splinter of a word that the dictionary does not know
	}
	if !inflected {
		term = hash(foldWord(tok.Surface))
	}
	t.words = append(t.words, term)
	if !t.spell {
		return
	}
	kana, han := true, 0
	for _, r := range tok.Surface {
		kana = kana && isKana(r)
		if isHan(r) {
			han++
		}
	}
	if kana {
		t.spelled = append(t.spelled, spelling{foldWord(tok.Surface), term})
	} else if han >= 2 {
		if h, ok := readingOf(tok.ID); ok {
			t.readings = append(t.readings, reading{h, term})
		}
	}
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

// kanaStretches adds what stands in kana between grammar and other writing.
func kanaStretches(s string, t *terms) {
	for part := range strings.SplitSeq(grammar.Replace(s), " ") {
		var row []rune
		for _, r := range part + " " {
			switch {
			case r == 'ー':
			case isKana(r):
				row = append(row, fold(r))
			default:
				if len(row) >= minReading {
					t.kana = append(t.kana, row)
				}
				row = nil
			}
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

// surfaces gives the words of a text as they can be shown, each with its term.
func (a *analyzer) surfaces(text string) (out []spelling) {
	runs(normalize(text, maxQueryRunes), func(r run) {
		parts := []string{r.text}
		if r.japanese {
			if a.ja == nil {
				return
			}
			parts = parts[:0]
			for _, tok := range a.ja.Analyze(r.text, tokenizer.Normal) {
				parts = append(parts, tok.Surface)
			}
		}
		for _, p := range parts {
			var t terms
			if a.analyze(p, maxQueryRunes, &t); len(t.words) > 0 {
				out = append(out, spelling{p, t.words[0]})
			}
		}
	})
	return out
}
