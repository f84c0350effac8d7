package content

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// spelling is a word as it was written, with the term that it became.
type spelling struct {
	text string
	term uint64
}

// reading is how a word in kanji is read, as the hash of its folded kana, with the
// term that it became.
type reading struct{ hash, term uint64 }

// alternative is a term that may stand for a word of the question, for less
// than the word itself. Of 0 it stands for something that is no single word.
type alternative struct {
	of, term uint64
	kind     termKind
	weight   float64
	japanese bool // a translation into Japanese
}

// What an alternative is worth beside the word itself.
const (
	typoWeight    = 0.8
	readingWeight = 0.9
	soundWeight   = 0.7
	synonymWeight = 0.8
	// One word for two that are written apart; one of the two for the whole.
	compoundWeight = 0.9
	partWeight     = 0.6
)

// lexicon knows how the words of the indexed texts are written, so that a
// question's unknown word can be taken for one of them: by a typing error, by
// sound (フォルダー, folder), by reading (みつもり, 見積). It only grows, up to
// maxSpellings; words that are no longer anywhere simply find nothing.
type lexicon struct {
	mu      sync.RWMutex
	seen    map[uint64]bool
	sound   map[uint64][]spelling
	typo    map[uint64][]spelling // by the word, and the word without any one letter
	reading map[uint64][]uint64
}

// maxSpellings bounds the lexicon: some 60 MB at the very most.
const maxSpellings = 60_000

func newLexicon() *lexicon {
	return &lexicon{seen: map[uint64]bool{}, sound: map[uint64][]spelling{}, typo: map[uint64][]spelling{}, reading: map[uint64][]uint64{}}
}

// learn takes over the spellings and readings of an indexed text.
func (x *lexicon) learn(t *terms) {
	for _, s := range t.spelled {
		x.once(s.term, func() {
			s.text = strings.Clone(s.text)
			if n := soundOf(s.text); len(n) >= shortSound {
				x.sound[hash(n)] = append(x.sound[hash(n)], s)
			}
			if utf8.RuneCountInString(s.text) >= typoFrom(s.text) {
				for _, k := range shortened(s.text) {
					x.typo[k] = append(x.typo[k], s)
				}
			}
			if !isPlainASCII(s.text) { // a katakana word that somebody writes in hiragana
				x.reading[hash(s.text)] = append(x.reading[hash(s.text)], s.term)
			}
		})
	}
	for _, s := range t.readings {
		x.once(s.term, func() { x.reading[s.hash] = append(x.reading[s.hash], s.term) })
	}
}

func (x *lexicon) once(term uint64, do func()) {
	x.mu.RLock()
	known := x.seen[term]
	x.mu.RUnlock()
	if known {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.seen[term] && len(x.seen) < maxSpellings {
		x.seen[term] = true
		do()
	}
}

// shortSound is the fewest consonants that tell words apart; with so few the
// vowels are compared too.
const shortSound = 2

// typoFrom is the fewest letters of a word in which an error is looked for: in
// shorter ones every other word is one error away.
func typoFrom(w string) int {
	if isPlainASCII(w) {
		return 5
	}
	return 4
}

// shortened gives the keys of a word and of it without any one letter.
func shortened(w string) []uint64 {
	rs := []rune(w)
	out := []uint64{hash(w)}
	for i := range rs {
		out = append(out, hash(string(rs[:i])+string(rs[i+1:])))
	}
	return out
}

// alternatives adds to t what may stand for its words. known says whether a
// term occurs in the index.
func (x *lexicon) alternatives(t *terms, known func(uint64) bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, s := range t.spelled {
		x.bySound(t, s, known)
		n := utf8.RuneCountInString(s.text)
		if n < typoFrom(s.text) || n > 24 || known(s.term) {
			continue
		}
		for _, k := range shortened(s.text) {
			for _, c := range x.typo[k] {
				if c.term != s.term && known(c.term) && oneError(s.text, c.text) {
					t.alt(alternative{of: s.term, term: c.term, weight: typoWeight})
				}
			}
		}
	}
	for _, stretch := range t.kana {
		x.byReading(t, stretch, known)
	}
	t.compounds(known)
}

// compounds lets two neighbouring Latin words stand for the one that they are written
// as elsewhere (pin code, log in), and a word that is nowhere for its two parts.
func (t *terms) compounds(known func(uint64) bool) {
	const short = 3 // letters of a part, at least
	for i, w := range t.latin {
		if i > 0 && len(w) > 1 && len(t.latin[i-1]) > 1 {
			if whole := hash(stem(t.latin[i-1] + w)); known(whole) {
				t.alt(alternative{of: hash(stem(t.latin[i-1])), term: whole, weight: compoundWeight})
				t.alt(alternative{of: hash(stem(w)), term: whole, weight: compoundWeight})
			}
		}
		if !isPlainASCII(w) || known(hash(stem(w))) {
			continue
		}
		for k := short; k < len(w)-1; k++ {
			head, tail := hash(stem(w[:k])), hash(stem(w[k:]))
			if known(head) && (functionWords[w[k:]] || (len(w)-k >= short && known(tail))) {
				t.alt(alternative{of: hash(stem(w)), term: head, weight: partWeight})
				t.alt(alternative{of: hash(stem(w)), term: tail, weight: partWeight})
			}
		}
	}
}

func (x *lexicon) bySound(t *terms, s spelling, known func(uint64) bool) {
	n := soundOf(s.text)
	if len(n) < shortSound {
		return
	}
	for _, c := range x.sound[hash(n)] {
		if isPlainASCII(c.text) != isPlainASCII(s.text) && known(c.term) && (len(n) > shortSound || vowelsAgree(s.text, c.text)) {
			t.alt(alternative{of: s.term, term: c.term, weight: soundWeight, japanese: !isPlainASCII(c.text)})
		}
	}
}

// vowelsAgree compares the first vowel of a short loan word and its original.
func vowelsAgree(a, b string) bool {
	if isPlainASCII(b) {
		a, b = b, a
	}
	latin := strings.IndexAny(a, "aeiouy")
	if latin < 0 || len(a) < 3 {
		return false
	}
	rows := map[byte]string{'a': "アカガサザタダナハバパマヤラワァャエテデケゲセメベペヘネレ", 'e': "エケゲセゼテデネヘベペメレェイキギシジチニヒビピミリィ",
		'i': "イキギシジチニヒビピミリィアカガサザタダナハバパマヤラワァ", 'o': "オコゴソゾトドノホボポモヨロォョアカガサザタダナハバパマヤラワァ",
		'u': "ウクグスズツヌフブプムユルュアカガサザタダナハバパマヤラワァ", 'y': "イキギシジチニヒビピミリィア"}
	r, size := utf8.DecodeRuneInString(b)
	if size == 0 {
		return false
	}
	if small, n := utf8.DecodeRuneInString(b[size:]); n > 0 && strings.ContainsRune("ァィェォャュョ", small) {
		r = small
	}
	fits := strings.ContainsRune(rows[a[latin]], r)
	if !fits && latin+1 < len(a) && a[latin+1] == 'r' { // server is サーバー
		fits = strings.ContainsRune("アカガサザタダナハバパマヤラワァ", r)
	}
	return fits && len(a) <= 3*utf8.RuneCountInString(b)+1
}

// byReading finds words written in kanji by their reading in a stretch of kana:
// the longest first, at least three kana.
func (x *lexicon) byReading(t *terms, stretch []rune, known func(uint64) bool) {
	for i := 0; i+minReading <= len(stretch); i++ {
		for n := min(len(stretch)-i, maxReading); n >= minReading; n-- {
			found := false
			for _, term := range x.reading[hash(string(stretch[i:i+n]))] {
				if known(term) && !slices.Contains(t.words, term) {
					t.alt(alternative{term: term, weight: readingWeight})
					found, t.read = true, true
				}
			}
			if found {
				i += n - 1
				break
			}
		}
	}
}

const minReading, maxReading = 3, 10

// oneError says whether a and b differ by one letter: missing, added, another,
// or two neighbours swapped.
func oneError(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(y)-len(x) > 1 {
		return false
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	if len(x) < len(y) {
		return string(x[i:]) == string(y[i+1:])
	}
	if i == len(x) {
		return false
	}
	if string(x[i+1:]) == string(y[i+1:]) {
		return true
	}
	return i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && string(x[i+2:]) == string(y[i+2:])
}
