package main

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"akari/content"

	"github.com/ikawaha/kagome-dict/ipa"
	"github.com/ikawaha/kagome/v2/tokenizer"
	"golang.org/x/text/unicode/norm"
)

// best is how many entries a baseline gives.
const best = 10

// found is one entry that a baseline found.
type found struct {
	id    string
	score float64
}

// plainBM25 is the textbook: one bag of terms per entry (question, variants and
// answer together), k1 1.2, b 0.75. It is what our search is measured against.
type plainBM25 struct {
	split func(string) []string
	ids   []string
	tf    []map[string]int
	lens  []float64
	df    map[string]int
	avg   float64
}

func newPlainBM25(docs []content.Doc, split func(string) []string, answers bool) *plainBM25 {
	b := &plainBM25{split: split, df: map[string]int{}}
	for _, d := range docs {
		tf := map[string]int{}
		ts := split(plain(d, answers))
		for _, t := range ts {
			tf[t]++
		}
		for t := range tf {
			b.df[t]++
		}
		b.ids, b.tf, b.lens = append(b.ids, d.ID), append(b.tf, tf), append(b.lens, float64(len(ts)))
		b.avg += float64(len(ts)) / float64(len(docs))
	}
	return b
}

// plain is an entry as one text.
func plain(d content.Doc, answers bool) string {
	text := d.Question + "\n" + strings.Join(d.Variants, "\n")
	if answers {
		text += "\n" + d.Answer
	}
	return text
}

func (b *plainBM25) search(q string) []found {
	type hit struct {
		i int
		s float64
	}
	var hits []hit
	terms := b.split(q)
	for i, tf := range b.tf {
		s := 0.0
		for _, t := range terms {
			if f := float64(tf[t]); f > 0 {
				s += math.Log(1+(float64(len(b.ids)-b.df[t])+0.5)/(float64(b.df[t])+0.5)) * f * 2.2 / (f + 1.2*(0.25+0.75*b.lens[i]/b.avg))
			}
		}
		if s > 0 {
			hits = append(hits, hit{i, s})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.s, a.s) })
	var out []found
	for _, h := range hits[:min(len(hits), best)] {
		out = append(out, found{b.ids[h.i], h.s})
	}
	return out
}

func kagomeWords() (func(string) []string, error) {
	tk, err := tokenizer.New(ipa.Dict(), tokenizer.OmitBosEos())
	if err != nil {
		return nil, err
	}
	return func(s string) []string {
		var out []string
		for _, tok := range tk.Tokenize(strings.ToLower(norm.NFKC.String(s))) {
			pos := tok.POS()
			if len(pos) > 0 && (pos[0] == "助詞" || pos[0] == "助動詞" || pos[0] == "記号") || strings.TrimSpace(tok.Surface) == "" {
				continue
			}
			w, ok := tok.BaseForm()
			if !ok || w == "*" {
				w = tok.Surface
			}
			out = append(out, w)
		}
		return out
	}, nil
}

func plainBigrams(s string) []string {
	var out []string
	var word []rune
	flush := func() {
		for i := 0; i+1 < len(word); i++ {
			out = append(out, string(word[i:i+2]))
		}
		if len(word) == 1 {
			out = append(out, string(word))
		}
		word = word[:0]
	}
	for _, r := range strings.ToLower(norm.NFKC.String(s)) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == 'ー' {
			word = append(word, r)
		} else {
			flush()
		}
	}
	flush()
	return out
}

func latinWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(norm.NFKC.String(s)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
