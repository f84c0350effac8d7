// Command thesaurus makes content/thesaurus/thesaurus.bin: which words stand for which,
// out of the files of Debian's packages edict and wordnet-base.
//
//	go run ./internal/thesaurus -write content/thesaurus/thesaurus.bin
//
// It is run by hand where these packages or the analysis of words change.
package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"akari/content"
)

// How many words of each language one word may lead to: more would make it as
// common as all of them together.
const (
	mostJapanese = 12
	mostEnglish  = 5
)

type pair struct {
	from, to uint64
	weight   uint8
	japanese bool // the word that it leads to
}

type maker struct {
	term  func(string) (uint64, bool)
	pairs map[[2]uint64]pair
}

func main() {
	edict := flag.String("edict", "/usr/share/edict", "folder of edict and compdic")
	wordnet := flag.String("wordnet", "/usr/share/wordnet", "folder of WordNet's files")
	write := flag.String("write", "content/thesaurus/thesaurus.bin", "file to write")
	flag.Parse()
	if err := run(*edict, *wordnet, *write); err != nil {
		fmt.Fprintln(os.Stderr, "thesaurus:", err)
		os.Exit(1)
	}
}

func run(edict, wordnet, write string) error {
	term, err := content.Terms()
	if err != nil {
		return err
	}
	m := &maker{term: term, pairs: map[[2]uint64]pair{}}
	for _, name := range []string{"edict", "compdic"} {
		if err := m.edict(filepath.Join(edict, name), name == "compdic"); err != nil {
			return err
		}
	}
	if err := m.wordnet(wordnet); err != nil {
		return err
	}
	out := m.chosen()
	var b bytes.Buffer
	for _, p := range out {
		p.weight &^= 1 // the last bit says which language it leads to
		if p.japanese {
			p.weight |= 1
		}
		_ = binary.Write(&b, binary.LittleEndian, struct {
			From, To uint64
			Weight   uint8
		}{p.from, p.to, p.weight})
	}
	fmt.Printf("%d pairs, %d bytes\n", len(out), b.Len())
	return os.WriteFile(write, b.Bytes(), 0o644)
}

// add notes a pair, the best of its weights.
func (m *maker) add(from, to uint64, weight uint8, japanese bool) {
	if from == to {
		return
	}
	k := [2]uint64{from, to}
	if m.pairs[k].weight < weight {
		m.pairs[k] = pair{from, to, weight, japanese}
	}
}

// chosen gives the best pairs of every word, by word and then best first.
func (m *maker) chosen() (out []pair) {
	all := make([]pair, 0, len(m.pairs))
	for _, p := range m.pairs {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.weight, a.weight), cmp.Compare(a.to, b.to))
	})
	var of uint64
	var japanese, english int
	for _, p := range all {
		if p.from != of {
			of, japanese, english = p.from, 0, 0
		}
		if p.japanese {
			if japanese++; japanese > mostJapanese {
				continue
			}
		} else if english++; english > mostEnglish {
			continue
		}
		out = append(out, p)
	}
	return out
}
