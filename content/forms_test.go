package content

import (
	"bytes"
	"encoding/binary"
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/ikawaha/kagome-dict/dict"
	"github.com/ikawaha/kagome-dict/ipa"
)

var update = flag.Bool("update", false, "write forms/forms.bin anew")

// What lies in the binary is what the dictionary of this version says, in this
// version's spelling of words.
func TestFormsAreTheDictionarys(t *testing.T) {
	fullAnalyzer(t) // takes what it needs first: it would otherwise get, and strip, this very dictionary
	made := makeForms(ipa.Dict())
	if *update {
		if err := os.WriteFile("forms/forms.bin", made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(made, []byte(formsFile)) {
		t.Fatalf("forms/forms.bin (%d bytes) is not what the dictionary gives (%d): run go test ./content -run TestForms -update", len(formsFile), len(made))
	}
}

// makeForms takes the base forms and readings out of the dictionary's features.
func makeForms(d *dict.Dict) []byte {
	saysNothing := map[string]bool{}
	for _, class := range []string{"助詞", "助動詞", "記号", "フィラー", "感動詞", "接続詞", "連体詞"} {
		saysNothing[class] = true
	}
	name := func(i, part int) string {
		if pos := d.POSTable.POSs[i]; part < len(pos) {
			return d.POSTable.NameList[pos[part]]
		}
		return ""
	}
	feature := func(i int, at int8) string {
		if at := int(at) - len(d.POSTable.POSs[i]); at >= 0 && at < len(d.Contents[i]) {
			return d.Contents[i][at]
		}
		return ""
	}
	var bases, readings []byte
	put := func(to *[]byte, word int, n uint64) {
		*to = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(*to, uint32(word)), n)
	}
	for i := range d.Contents {
		first, second := name(i, 0), name(i, 1)
		base := feature(i, d.ContentsMeta[dict.BaseFormIndex])
		switch {
		case saysNothing[first], second == "非自立", second == "接尾" && first == "動詞", second == "接頭" && first == "接頭詞", japaneseStop[base], questionWords[base]:
			put(&bases, i, 0)
			continue
		case base == "" || base == "*": // foreign words have none
		case !slices.Contains(d.Index.Search(base), i):
			put(&bases, i, hash(foldWord(base)))
		}
		if reading := foldText(feature(i, d.ContentsMeta[dict.ReadingIndex])); first == "名詞" && second != "固有名詞" && reading != "" {
			put(&readings, i, hash(reading))
		}
	}
	return slices.Concat(binary.LittleEndian.AppendUint32(nil, uint32(len(bases)/formsRecord)), bases, readings)
}
