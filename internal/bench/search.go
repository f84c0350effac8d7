package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"akari/content"

	"github.com/goccy/go-yaml"
)

// searchEntries is the size that the aim of p99 ≤ 2 ms is for.
const searchEntries = 10_000

type entry struct {
	Key      string `yaml:"key"`
	Question any    `yaml:"question"` // a text, or texts by language
	Answer   any    `yaml:"answer"`
	Variants any    `yaml:"variants"` // a list, or lists by language
}

func japanese(v any) any {
	if m, ok := v.(map[string]any); ok {
		return m["ja"]
	}
	return v
}

func text(v any) string {
	s, _ := japanese(v).(string)
	return s
}

func texts(v any) (out []string) {
	list, _ := japanese(v).([]any)
	for _, one := range list {
		out = append(out, text(one))
	}
	return out
}

// search runs akari faq test on the sample's entries, told again and again for
// other products, departments and years until there are 10,000.
func search(ctx context.Context, bin, dir string) error {
	entries, err := sample()
	if err != nil {
		return err
	}
	corpus, queries := filepath.Join(dir, "corpus.jsonl"), filepath.Join(dir, "queries.jsonl")
	if err := grow(entries, corpus, queries); err != nil {
		return err
	}
	for _, small := range []string{"false", "true"} {
		cmd := exec.CommandContext(ctx, bin, "faq", "test", "--json", "--corpus", corpus, "--queries", queries)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "AKARI_CONTENT_SMALL="+small)
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("akari faq test: %w", err)
		}
		var r struct {
			Queries int     `json:"queries"`
			Entries int     `json:"entries"`
			P50     int     `json:"p50_us"`
			P99     int     `json:"p99_us"`
			CPU     float64 `json:"cpu_us"`
			Index   int     `json:"index_ms"`
		}
		if err := json.Unmarshal(out, &r); err != nil {
			return fmt.Errorf("akari faq test --json: %w", err)
		}
		name := map[string]string{"false": "dictionary", "true": "content.small"}[small]
		fmt.Printf("%-52s %12s   p50 %d µs, processor %.0f µs, index %d ms (%d queries)\n",
			fmt.Sprintf("search among %d entries, %s: p99", r.Entries, name), fmt.Sprintf("%d µs", r.P99), r.P50, r.CPU, r.Index, r.Queries)
	}
	return nil
}

func sample() (out []entry, err error) {
	files, err := fs.Glob(content.Sample(), "faq/*.yaml")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("the sample has no FAQ: %w", err)
	}
	for _, name := range files {
		b, err := fs.ReadFile(content.Sample(), name)
		if err != nil {
			return nil, err
		}
		var file struct {
			Entries []entry `yaml:"entries"`
		}
		if err := yaml.Unmarshal(b, &file); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, file.Entries...)
	}
	return out, nil
}

var (
	products    = []string{"勤怠クラウド", "経費精算", "給与明細", "電子契約", "在庫管理", "予約受付", "名刺管理", "工程表", "入退室", "安否確認", "人事評価", "営業日報"}
	departments = []string{"本社", "支店", "工場", "店舗", "病院", "学校", "自治体", "海外拠点", "倉庫", "研究所", "個人事業主", "グループ会社"}
)

// told is an entry of the sample as it is told for the i-th time.
func told(entries []entry, i int) (id string, d content.Doc) {
	e, round := entries[i%len(entries)], i/len(entries)
	product, department := products[round%len(products)], departments[round/len(products)%len(departments)]
	id = fmt.Sprintf("%s-%d", e.Key, round)
	return id, content.Doc{ID: id, Lang: "ja", Question: fmt.Sprintf("%s向けの%sで、%s", department, product, text(e.Question)),
		Answer: product + "（" + department + "）の場合です。" + text(e.Answer), Variants: texts(e.Variants)}
}

// fillContent writes a folder of content with n entries.
func fillContent(dir string, n int) error {
	entries, err := sample()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "faq"), 0o700); err != nil {
		return err
	}
	const inFile = 1000
	for at := 0; at < n; at += inFile {
		var file struct {
			Entries []entry `yaml:"entries"`
		}
		for i := at; i < min(n, at+inFile); i++ {
			id, d := told(entries, i)
			file.Entries = append(file.Entries, entry{Key: id, Question: d.Question, Answer: d.Answer, Variants: d.Variants})
		}
		b, err := yaml.Marshal(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "faq", fmt.Sprintf("%d.yaml", at/inFile)), b, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func grow(entries []entry, corpus, queries string) error {
	c, err := os.Create(corpus)
	if err != nil {
		return err
	}
	defer c.Close()
	q, err := os.Create(queries)
	if err != nil {
		return err
	}
	defer q.Close()
	to, ask := json.NewEncoder(c), json.NewEncoder(q)
	for i := range searchEntries {
		id, d := told(entries, i)
		err := to.Encode(d)
		if err == nil && i%10 == 0 {
			words := d.Question
			if v := d.Variants; len(v) > 0 {
				round := i / len(entries)
				words = products[round%len(products)] + " " + departments[round/len(products)%len(departments)] + " " + v[i%len(v)]
			}
			err = ask.Encode(map[string]any{"id": fmt.Sprint("q", i), "text": words, "relevant": []string{id}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
