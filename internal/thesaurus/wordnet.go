package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// What English words are worth to each other.
const (
	sameSynset = 255 // both mean this first of all
	nextSynset = 150 // one of them does
	derived    = 215 // deliver, delivery
)

type synset struct {
	words   []string
	derived [][2]string // place of the word here; part of speech, synset and place there
}

// wordnet reads words of one synset, and words derived from each other.
func (m *maker) wordnet(dir string) error {
	sets := map[string]*synset{}
	seen := map[string]bool{}  // words that stand in texts
	first := map[string]bool{} // word + synset: it is the word's first sense
	for pos, name := range map[string]string{"n": "noun", "v": "verb", "a": "adj", "r": "adv"} {
		if err := lines(filepath.Join(dir, "data."+name), func(f []string) { sets[pos+f[0]] = parseSynset(f) }); err != nil {
			return err
		}
		if err := lines(filepath.Join(dir, "index."+name), func(f []string) {
			n, _ := strconv.Atoi(f[2])
			tagged, _ := strconv.Atoi(f[len(f)-n-1])
			senses := f[len(f)-n:]
			if tagged > 0 { // with no text counted the order means nothing
				seen[f[0]] = true
				first[f[0]+" "+pos+senses[0]] = true
			}
		}); err != nil {
			return err
		}
	}
	for id, s := range sets {
		for i, a := range s.words {
			for _, b := range s.words[i+1:] {
				fa, fb := first[a+" "+id], first[b+" "+id]
				switch {
				case !seen[a] || !seen[b]:
				case fa && fb:
					m.both(a, b, sameSynset)
				case fa || fb:
					m.both(a, b, nextSynset)
				}
			}
		}
		for _, d := range s.derived {
			place, _ := strconv.ParseInt(d[0], 16, 32)
			to := sets[d[1][:9]]
			there, _ := strconv.ParseInt(d[1][9:], 16, 32)
			if to == nil || place < 1 || there < 1 || int(place) > len(s.words) || int(there) > len(to.words) {
				continue
			}
			if a, b := s.words[place-1], to.words[there-1]; seen[a] || seen[b] {
				m.both(a, b, derived)
			}
		}
	}
	return nil
}

// parseSynset reads a line of a data file: offset, file, kind, number of words
// (in hex), each with an id, number of pointers, each of four fields.
func parseSynset(f []string) *synset {
	s := &synset{}
	n, _ := strconv.ParseInt(f[3], 16, 32)
	at := 4
	for range n {
		word, _, _ := strings.Cut(f[at], "(") // a marker of where an adjective stands
		s.words = append(s.words, strings.ToLower(word))
		at += 2
	}
	pointers, _ := strconv.Atoi(f[at])
	at++
	for range pointers {
		if f[at] == "+" {
			s.derived = append(s.derived, [2]string{f[at+3][:2], f[at+2] + f[at+1] + f[at+3][2:]})
		}
		at += 4
	}
	return s
}

func (m *maker) both(a, b string, weight uint8) {
	if strings.ContainsAny(a+b, "_-.'0123456789") {
		return
	}
	x, ok := m.term(a)
	y, also := m.term(b)
	if ok && also {
		m.add(x, y, weight, false)
		m.add(y, x, weight, false)
	}
}

func lines(name string, each func([]string)) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		if !strings.HasPrefix(sc.Text(), "  ") { // the licence at the head
			each(strings.Fields(sc.Text()))
		}
	}
	return sc.Err()
}
