package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"akari/content"
)

// setsDir is where the labelled sets lie, seen from the project's root. They are
// no part of the project, and are read in place.
const setsDir = "../shared/data/faq"

var sets = []struct{ name, corpus, queries string }{
	{"support-ja", "support-ja/corpus.jsonl", "support-ja/queries.jsonl"},
	{"support-ja, English questions", "support-ja/corpus.jsonl", "support-ja/queries_en.jsonl"},
	{"curekart", "hint3-curekart-en/corpus.jsonl", "hint3-curekart-en/queries.jsonl"},
	{"curekart with variants", "hint3-curekart-en/corpus_variants.jsonl", "hint3-curekart-en/queries.jsonl"},
}

// labelled prints how well akari faq test does on the labelled sets, and how well
// the baselines do in the same run.
func labelled(ctx context.Context, bin, dir string) error {
	if _, err := os.Stat(setsDir); err != nil {
		return errors.New("the labelled sets are not beside this checkout (" + setsDir + ")")
	}
	words, err := kagomeWords()
	if err != nil {
		return err
	}
	if err := registerKagome(words); err != nil {
		return err
	}
	for _, s := range sets {
		corpus, asked := filepath.Join(setsDir, s.corpus), filepath.Join(setsDir, s.queries)
		docs, err := readSet(corpus, content.ReadDocs)
		if err != nil {
			return err
		}
		queries, err := readSet(asked, content.ReadQueries)
		if err != nil {
			return err
		}
		for _, small := range []string{"false", "true"} {
			if err := ours(ctx, bin, dir, s.name, corpus, asked, small); err != nil {
				return err
			}
		}
		for _, b := range []struct {
			name  string
			split func(string) []string
		}{{"BM25 over bigrams", plainBigrams}, {"BM25 over kagome words", words}, {"BM25 over Latin words", latinWords}} {
			for _, answers := range []bool{false, true} {
				x := newPlainBM25(docs, b.split, answers)
				if err := baseline(queries, title(b.name, answers), func(q string) ([]found, error) { return x.search(q), nil }); err != nil {
					return err
				}
			}
		}
		for _, analyzer := range []string{"cjk", kagomeName, "en"} {
			for _, answers := range []bool{false, true} {
				x, err := bleveIndex(docs, analyzer, answers)
				if err != nil {
					return err
				}
				err = baseline(queries, title("Bleve, "+analyzer, answers), func(q string) ([]found, error) { return bleveSearch(x, q) })
				if err = errors.Join(err, x.Close()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func title(name string, answers bool) string {
	if answers {
		return name + " + answers"
	}
	return name
}

// ours is what akari faq test says of itself; its decision is as shipped.
func ours(ctx context.Context, bin, dir, name, corpus, queries, small string) error {
	cmd := exec.CommandContext(ctx, bin, "faq", "test", "--json", "--corpus", corpus, "--queries", queries, "--config", filepath.Join(dir, "none.yaml"))
	if err := os.WriteFile(filepath.Join(dir, "none.yaml"), []byte("content: {small: "+small+"}\n"), 0o600); err != nil {
		return err
	}
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("akari faq test: %w", err)
	}
	var r content.Evaluation
	if err := json.Unmarshal(out, &r); err != nil {
		return fmt.Errorf("akari faq test --json: %w", err)
	}
	if small == "true" {
		line("ours, content.small", r.Hit1, r.MRR10, r.HandledRightly, r.CPU)
		return nil
	}
	fmt.Printf("\n%s: %d entries, %d questions, %d without an entry; ours answers %.3f\n", name, r.Entries, r.Queries, r.Unanswerable, r.AnsweredRate)
	fmt.Printf("  %-34s %8s %8s %10s %10s\n", "", "Hit@1", "MRR@10", "rightly*", "processor")
	line("ours", r.Hit1, r.MRR10, r.HandledRightly, r.CPU)
	return nil
}

func line(name string, hit1, mrr, right, us float64) {
	fmt.Printf("  %-34s %8.3f %8.3f %10.3f %7.0f µs\n", name, hit1, mrr, right, us)
}

// baseline measures a search that gives entries with scores. Its decision is the
// threshold that is best on the very queries it is judged by.
func baseline(queries []content.Query, name string, search func(string) ([]found, error)) error {
	results := make([][]found, len(queries))
	began := processorTime()
	for i, q := range queries {
		var err error
		if results[i], err = search(q.Text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	us := float64((processorTime() - began).Microseconds()) / float64(len(queries))
	var hits, mrr, with float64
	for i, q := range queries {
		if len(q.Relevant) == 0 {
			continue
		}
		with++
		for rank, f := range results[i] {
			if slices.Contains(q.Relevant, f.id) {
				mrr += 1 / float64(rank+1)
				if rank == 0 {
					hits++
				}
				break
			}
		}
	}
	line(name, hits/with, mrr/with, bestThreshold(queries, results), us)
	return nil
}

// bestThreshold is the share handled rightly under the best threshold.
func bestThreshold(queries []content.Query, results [][]found) float64 {
	type one struct {
		score        float64
		right, empty bool
	}
	all := make([]one, len(queries))
	right := 0 // with no threshold at all
	for i, q := range queries {
		all[i] = one{score: math.Inf(-1), empty: len(q.Relevant) == 0}
		if r := results[i]; len(r) > 0 {
			all[i].score, all[i].right = r[0].score, slices.Contains(q.Relevant, r[0].id)
		} else if all[i].empty {
			all[i].empty = false // silent whatever the threshold
			right++
		}
		if all[i].right {
			right++
		}
	}
	slices.SortFunc(all, func(a, b one) int { return cmp.Compare(a.score, b.score) })
	most := right
	for _, o := range all { // raise the threshold above each in turn
		if o.right {
			right--
		}
		if o.empty {
			right++
		}
		most = max(most, right)
	}
	return float64(most) / float64(len(all))
}

func readSet[T any](name string, parse func(io.Reader, string) ([]T, []content.Problem)) ([]T, error) {
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

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
