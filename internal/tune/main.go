// Command tune fits the three chances of content's decision on labelled sets
// and reports what they reach on sets that they have not seen.
//
//	go run ./internal/tune                 report
//	go run ./internal/tune -write content/decide_weights.go
//
// The sets are read where they lie (-sets), never copied.
package main

import (
	"errors"
	"flag"
	"fmt"
	"go/format"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"akari/content"
)

// set is one labelled set. Sets of one family share their questions or their
// entries, so they are left out together.
type set struct {
	name, family, corpus, queries string
	examples                      []content.Example
}

func main() {
	dir := flag.String("sets", "../shared/data/faq", "folder of the labelled sets")
	write := flag.String("write", "", "Go file to write the weights to")
	flag.Parse()
	sets := []set{
		{name: "support-ja", family: "support", corpus: "support-ja/corpus.jsonl", queries: "support-ja/queries.jsonl"},
		{name: "support-en", family: "support", corpus: "support-ja/corpus.jsonl", queries: "support-ja/queries_en.jsonl"},
		{name: "curekart", family: "curekart", corpus: "hint3-curekart-en/corpus.jsonl", queries: "hint3-curekart-en/queries.jsonl"},
		{name: "curekart+variants", family: "curekart", corpus: "hint3-curekart-en/corpus_variants.jsonl", queries: "hint3-curekart-en/queries.jsonl"},
		{name: "sample", family: "sample", corpus: "", queries: "content/testdata/colloquial.jsonl"},
	}
	if err := run(*dir, *write, sets); err != nil {
		fmt.Fprintln(os.Stderr, "tune:", err)
		os.Exit(1)
	}
}

func run(dir, write string, sets []set) error {
	for i := range sets {
		if err := sets[i].load(dir); err != nil {
			return err
		}
	}
	for _, s := range sets {
		fmt.Printf("  %-18s %s  <- fitted on itself\n", s.name, fitAll([]set{s}).judge(s.examples))
	}
	for _, family := range []string{"support", "curekart", "sample", ""} {
		var in []set
		for _, s := range sets {
			if s.family != family {
				in = append(in, s)
			}
		}
		m := fitAll(in)
		if family == "" {
			fmt.Println("fitted on all:")
		} else {
			fmt.Printf("fitted without %s:\n", family)
		}
		for _, s := range sets {
			note := ""
			if s.family == family {
				note = "  <- not seen"
			}
			fmt.Printf("  %-18s %s%s\n", s.name, m.judge(s.examples), note)
		}
		if family == "" {
			m.print()
			if write != "" {
				return m.write(write)
			}
		}
	}
	return nil
}

func (s *set) load(dir string) error {
	queries, err := read(s.queriesPath(dir), content.ReadQueries)
	if err != nil {
		return err
	}
	var o content.EvalOptions
	var docs []content.Doc
	if s.corpus == "" {
		if o.Library, _, err = content.Open(content.Options{}); err != nil {
			return err
		}
	} else if docs, err = read(filepath.Join(dir, s.corpus), content.ReadDocs); err != nil {
		return err
	}
	for _, o.Small = range []bool{false, true} {
		es, err := content.Examples(docs, queries, o)
		if err != nil {
			return err
		}
		s.examples = append(s.examples, es...)
	}
	return nil
}

func (s *set) queriesPath(dir string) string {
	if s.corpus == "" {
		return s.queries
	}
	return filepath.Join(dir, s.queries)
}

func read[T any](name string, parse func(r io.Reader, name string) ([]T, []content.Problem)) ([]T, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out, probs := parse(f, name)
	if len(probs) > 0 {
		return nil, errors.New(probs[0].String())
	}
	return out, nil
}

// models are the three chances.
type models struct{ first, some, none []float64 }

// smallWeight is what an example without the dictionary counts: that mode is
// rare, and must not be far off.
const smallWeight = 0.2

// emptyShare is the least share of examples without an answer in each set: a
// set whose every question has an entry teaches silence by those examples
// whose entries were taken away.
const emptyShare = 0.2

func fitAll(sets []set) models {
	var rows []row
	for _, s := range sets {
		var real, realEmpty, gone float64
		for _, e := range s.examples {
			switch {
			case e.Nothing:
			case e.Gone:
				gone++
			case e.Empty:
				real, realEmpty = real+1, realEmpty+1
			default:
				real++
			}
		}
		// (realEmpty + w·gone) / (real + w·gone) = emptyShare
		w := max(0, (emptyShare*real-realEmpty)/(gone*(1-emptyShare)))
		total := real + w*gone
		for _, e := range s.examples {
			if e.Nothing {
				continue
			}
			weight := 1 / total // every set counts alike
			if e.Gone {
				weight *= w
			}
			if e.Small {
				weight *= smallWeight
			}
			rows = append(rows, row{e: e, weight: weight})
		}
	}
	return models{
		first: fit(rows, func(e content.Example) bool { return e.First }),
		some:  fit(rows, func(e content.Example) bool { return e.Some }),
		none:  fit(rows, func(e content.Example) bool { return e.Empty }),
	}
}

// judge says what the decision reaches on a set's own questions, as `faq test` does.
func (m models) judge(es []content.Example) string {
	n, right, answered, good, goodRight, all := 0, 0, 0, 0, 0, 0
	var cal calibration
	for _, e := range es {
		if e.Gone || e.Small {
			continue
		}
		n++
		var first, none float64
		if !e.Nothing {
			first, none = chance(m.first, e.Evidence), chance(m.none, e.Evidence)
		}
		if !e.Nothing {
			cal.add(max(first, chance(m.some, e.Evidence)), e.Some)
		}
		silent := e.Nothing || none > first
		if !silent {
			answered++
		}
		if (silent && e.Empty) || (!silent && e.First) {
			right++
		}
		if e.First {
			all++
		}
		if !silent && first >= goodFrom {
			good++
			if e.First {
				goodRight++
			}
		}
	}
	f := func(a, b int) float64 { return float64(a) / float64(max(1, b)) }
	return fmt.Sprintf("handled rightly %.3f  answered %.3f  good %.3f (of them right %.3f)  first right %.3f  score off by %.3f", f(right, n), f(answered, n), f(good, n), f(goodRight, good), f(all, n), cal.error())
}

// calibration compares what the score says with how often it is so, in ten steps.
type calibration struct{ said, was, count [10]float64 }

func (c *calibration) add(score float64, is bool) {
	i := min(len(c.count)-1, int(score*float64(len(c.count))))
	c.said[i] += score
	c.count[i]++
	if is {
		c.was[i]++
	}
}

// error is by how much the score is off, on average over the questions.
func (c *calibration) error() float64 {
	off, n := 0.0, 0.0
	for i := range c.count {
		off += math.Abs(c.said[i] - c.was[i])
		n += c.count[i]
	}
	return off / max(1, n)
}

const goodFrom = 0.6

func (m models) print() {
	for i, name := range append(content.EvidenceNames(), "constant") {
		fmt.Printf("  %-10s first %6.2f  some %6.2f  none %6.2f\n", name, m.first[i], m.some[i], m.none[i])
	}
}

func (m models) write(name string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "package content\n\n// Written by `go run ./internal/tune -write %s` on %s. Every set counts alike;\n// docs/search.md says what the weights reach on sets that they have not seen.\nvar (\n", name, time.Now().UTC().Format(time.DateOnly))
	for _, v := range []struct {
		name, says string
		w          []float64
	}{
		{"firstAnswers", "the first hit answers", m.first}, {"oneOfThree", "one of the first three does", m.some}, {"nothingAnswers", "no entry does", m.none},
	} {
		fmt.Fprintf(&b, "// %s is the chance that %s.\n%s = chanceModel{", v.name, v.says, v.name)
		for _, x := range v.w {
			fmt.Fprintf(&b, "%.2f, ", x)
		}
		b.WriteString("}\n")
	}
	b.WriteString(")\n")
	src, err := format.Source([]byte(b.String()))
	if err != nil {
		return err
	}
	return os.WriteFile(name, src, 0o644)
}
