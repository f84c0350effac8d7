package content

import (
	"slices"
	"strings"
	"sync"

	"github.com/ikawaha/kagome-dict/dict"
	"github.com/ikawaha/kagome-dict/ipa"
)

// forms is what search keeps of the dictionary's features, by number of the
// word: 12 MB in place of the 70 MB that the features take.
type forms struct {
	term []uint64 // of the folded base form; 0 where it says nothing, or asWritten
	// Folded readings of common nouns, one after the other: of word i from
	// at[i] to at[i+1].
	at   []uint32
	read string
}

// asWritten marks a word that has no base form.
const asWritten = 1

func (f *forms) reading(i int) string { return f.read[f.at[i]:f.at[i+1]] }

// dictionary loads the IPA dictionary and takes its features away when what
// search needs of them has been noted. The package keeps the dictionary for as
// long as the process lives, so this is done once, and whoever else in the
// process would want the features does not find them.
var dictionary = sync.OnceValues(func() (*dict.Dict, *forms) {
	d := ipa.Dict()
	f := newForms(d)
	d.Contents, d.POSTable.POSs = nil, nil
	return d, f
})

func newForms(d *dict.Dict) *forms {
	n := len(d.Contents)
	f := &forms{term: make([]uint64, n), at: make([]uint32, n+1)}
	saysNothing := make([]bool, len(d.POSTable.NameList))
	for i, name := range d.POSTable.NameList {
		saysNothing[i] = slices.Contains([]string{"助詞", "助動詞", "記号", "フィラー", "感動詞", "接続詞", "連体詞"}, name)
	}
	name := func(i, part int) string {
		if pos := d.POSTable.POSs[i]; part < len(pos) {
			return d.POSTable.NameList[pos[part]]
		}
		return ""
	}
	base, reading := int(d.ContentsMeta[dict.BaseFormIndex]), int(d.ContentsMeta[dict.ReadingIndex])
	feature := func(i, at int) string {
		if at -= len(d.POSTable.POSs[i]); at >= 0 && at < len(d.Contents[i]) {
			return d.Contents[i][at]
		}
		return ""
	}
	var b strings.Builder
	for i := range n {
		f.at[i] = uint32(b.Len())
		first, second := name(i, 0), name(i, 1)
		if len(d.POSTable.POSs[i]) > 0 && saysNothing[d.POSTable.POSs[i][0]] {
			continue
		}
		if second == "非自立" || (second == "接尾" && first == "動詞") || (second == "接頭" && first == "接頭詞") {
			continue
		}
		switch w := feature(i, base); {
		case w == "" || w == "*": // foreign words have none
			f.term[i] = asWritten
		case !japaneseStop[w]:
			f.term[i] = hash(foldWord(w))
		}
		if first == "名詞" && second != "固有名詞" && f.term[i] != 0 {
			b.WriteString(foldText(feature(i, reading)))
		}
	}
	f.at[n] = uint32(b.Len())
	f.read = strings.Clone(b.String())
	return f
}
