package main

import (
	"bufio"
	"os"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/japanese"
)

var (
	inBrackets = regexp.MustCompile(`\([^()]*\)`)
	notFirst   = regexp.MustCompile(`\((?:[2-9]|1[0-9])\)`)
	archaic    = regexp.MustCompile(`\((?:arch|obs|obsc|vulg|derog|sl|X|rare)\)`)
)

// A translation's weight falls with its place: later senses are other meanings.
const (
	firstGloss = 255
	nextGloss  = 215
	otherSense = 150
	rareWord   = 60 // what a word that EDICT does not call common loses
)

// edict reads pairs of single words out of a file in EDICT's form. computing
// says that all its words belong to the field, common or not.
func (m *maker) edict(name string, computing bool) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	sc := bufio.NewScanner(japanese.EUCJP.NewDecoder().Reader(f))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		line := sc.Text()
		common := strings.Contains(line, "(P)")
		head, rest, ok := strings.Cut(line, " ")
		if !ok || (!common && !computing) {
			continue
		}
		head = strings.ReplaceAll(head, "・", "")
		ja, one := m.term(head)
		if !one {
			continue
		}
		_, rest, _ = strings.Cut(rest, "/")
		sense, place := 1, 0
		for gloss := range strings.SplitSeq(rest, "/") {
			if notFirst.MatchString(gloss) {
				sense, place = 2, 0
			}
			if archaic.MatchString(gloss) {
				continue
			}
			word := strings.TrimSpace(inBrackets.ReplaceAllString(gloss, ""))
			word = strings.TrimPrefix(word, "to ")
			en, one := m.term(word)
			if !one {
				place++
				continue
			}
			weight := uint8(nextGloss)
			switch {
			case sense > 1:
				weight = otherSense
			case place == 0:
				weight = firstGloss
			}
			if !common {
				weight -= rareWord
			}
			place++
			m.add(en, ja, weight, true)
			m.add(ja, en, weight, false)
		}
	}
	return sc.Err()
}
