package content

import (
	_ "embed"
	"encoding/binary"
	"sort"
)

// thesaurusFile is made by internal/thesaurus out of EDICT and WordNet: records
// of a word's term, a term that may stand for it and how surely (0..255), by
// word and best first. The last bit says that it leads to Japanese. It is read where it lies in the binary.
//
//go:embed thesaurus/thesaurus.bin
var thesaurusFile string

const thesaurusRecord = 17

// thesaurusWeight is what a general translation or synonym is worth: of a
// first sense about what staff keep in synonyms.yaml, of others less.
const thesaurusWeight = 0.85

// thesaurus gives t what the dictionaries say may stand for its words.
func thesaurus(t *terms, known func(uint64) bool) {
	n := len(thesaurusFile) / thesaurusRecord
	for _, w := range t.words {
		i := sort.Search(n, func(i int) bool { return thesaurusTerm(i, 0) >= w })
		for ; i < n && thesaurusTerm(i, 0) == w; i++ {
			to, sure := thesaurusTerm(i, 8), thesaurusFile[i*thesaurusRecord+16]
			if known(to) {
				t.alt(alternative{of: w, term: to, weight: thesaurusWeight * float64(sure) / 255, japanese: sure&1 == 1})
			}
		}
	}
}

func thesaurusTerm(record, at int) uint64 {
	at += record * thesaurusRecord
	return binary.LittleEndian.Uint64([]byte(thesaurusFile[at : at+8]))
}

// Terms gives the function that tells which term a single word becomes, and
// whether it is one: for making the thesaurus.
func Terms() (func(word string) (uint64, bool), error) {
	a, err := newFullAnalyzer()
	if err != nil {
		return nil, err
	}
	return a.oneWord, nil
}
