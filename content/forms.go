package content

import (
	_ "embed"
	"encoding/binary"
	"sort"
)

// formsFile is what search needs of the IPA dictionary's features (base forms and
// readings), made by `go test ./content -run TestForms -update`. Loading the features
// themselves takes more than 100 MB for a moment. It is read where it lies in the
// binary: the number of words in the first of two tables, then both, each in
// the order of the dictionary's numbers of words.
//
//   - the term of a word's folded base form, 0 where the word says nothing; a word
//     that is not there stands in its base form
//   - the hash of the folded reading of a common noun
//
//go:embed forms/forms.bin
var formsFile string

const (
	formsHead   = 4
	formsRecord = 12
)

// baseTerm gives the term of a word's base form: 0 where it says nothing, and not
// ok where it stands in its base form.
func baseTerm(word int) (term uint64, ok bool) {
	return formsFind(formsHead, formsBases(), word)
}

// readingOf gives the hash of a common noun's folded reading.
func readingOf(word int) (uint64, bool) {
	from := formsHead + formsBases()*formsRecord
	return formsFind(from, (len(formsFile)-from)/formsRecord, word)
}

func formsBases() int { return int(formsNumber(0)) }

func formsNumber(at int) uint32 { return binary.LittleEndian.Uint32([]byte(formsFile[at : at+4])) }

// formsFind looks a word up in the table of n records that begins at from.
func formsFind(from, n, word int) (uint64, bool) {
	i := sort.Search(n, func(i int) bool { return int(formsNumber(from+i*formsRecord)) >= word })
	at := from + i*formsRecord
	if i == n || int(formsNumber(at)) != word {
		return 0, false
	}
	return binary.LittleEndian.Uint64([]byte(formsFile[at+4 : at+formsRecord])), true
}
