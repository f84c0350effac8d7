package content

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/ikawaha/kagome-dict/ipa"
	"github.com/ikawaha/kagome/v2/tokenizer"
	"golang.org/x/text/unicode/norm"
)

// plainBM25 is the textbook: one bag of terms per entry (question, variants and
// answer together), k1 1.2, b 0.75. It is what our search is measured against.
type plainBM25 struct {
	split func(string) []string
	ids   []string
	tf    []map[string]int
	lens  []float64
	df    map[string]int
	avg   float64
}

func newPlainBM25(docs []Doc, split func(string) []string, answers bool) *plainBM25 {
	b := &plainBM25{split: split, df: map[string]int{}}
	for _, d := range docs {
		tf := map[string]int{}
		ts := split(d.plain(answers))
		for _, t := range ts {
			tf[t]++
		}
		for t := range tf {
			b.df[t]++
		}
		b.ids, b.tf, b.lens = append(b.ids, d.ID), append(b.tf, tf), append(b.lens, float64(len(ts)))
		b.avg += float64(len(ts)) / float64(len(docs))
	}
	return b
}

// plain is an entry as one text.
func (d Doc) plain(answers bool) string {
	text := d.Question + "\n" + strings.Join(d.Variants, "\n")
	if answers {
		text += "\n" + d.Answer
	}
	return text
}

func (b *plainBM25) search(q string) Result {
	type hit struct {
		i int
		s float64
	}
	var hits []hit
	terms := b.split(q)
	for i, tf := range b.tf {
		s := 0.0
		for _, t := range terms {
			if f := float64(tf[t]); f > 0 {
				s += idf(len(b.ids), b.df[t]) * f * 2.2 / (f + 1.2*(0.25+0.75*b.lens[i]/b.avg))
			}
		}
		if s > 0 {
			hits = append(hits, hit{i, s})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		switch {
		case a.s > b.s:
			return -1
		case a.s < b.s:
			return 1
		}
		return 0
	})
	r := Result{Decision: Good}
	for _, h := range hits[:min(len(hits), maxHits)] {
		r.Hits = append(r.Hits, Hit{Key: b.ids[h.i], Score: h.s})
	}
	return r
}

func kagomeWords(t testing.TB) func(string) []string {
	tk, err := tokenizer.New(ipa.Dict(), tokenizer.OmitBosEos())
	if err != nil {
		t.Fatal(err)
	}
	return func(s string) []string {
		var out []string
		for _, tok := range tk.Tokenize(strings.ToLower(norm.NFKC.String(s))) {
			pos := tok.POS()
			if len(pos) > 0 && (pos[0] == "助詞" || pos[0] == "助動詞" || pos[0] == "記号") || strings.TrimSpace(tok.Surface) == "" {
				continue
			}
			w, ok := tok.BaseForm()
			if !ok || w == "*" {
				w = tok.Surface
			}
			out = append(out, w)
		}
		return out
	}
}

func plainBigrams(s string) []string {
	var out []string
	var word []rune
	flush := func() {
		for i := 0; i+1 < len(word); i++ {
			out = append(out, string(word[i:i+2]))
		}
		if len(word) == 1 {
			out = append(out, string(word))
		}
		word = word[:0]
	}
	for _, r := range strings.ToLower(norm.NFKC.String(s)) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == 'ー' {
			word = append(word, r)
		} else {
			flush()
		}
	}
	flush()
	return out
}

func englishWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(norm.NFKC.String(s)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

const sharedFAQ = "../../shared/data/faq/"

type labelledSet struct {
	name, corpus, queries string
}

var labelledSets = []labelledSet{
	{"support-ja", "support-ja/corpus.jsonl", "support-ja/queries.jsonl"},
	{"support-en", "support-ja/corpus.jsonl", "support-ja/queries_en.jsonl"},
	{"curekart", "hint3-curekart-en/corpus.jsonl", "hint3-curekart-en/queries.jsonl"},
	{"curekart+variants", "hint3-curekart-en/corpus_variants.jsonl", "hint3-curekart-en/queries.jsonl"},
}

func loadSet(t testing.TB, s labelledSet) ([]Doc, []Query) {
	t.Helper()
	if _, err := os.Stat(sharedFAQ); err != nil {
		t.Skip("the labelled sets are not beside this checkout")
	}
	docs, err := readSet(sharedFAQ+s.corpus, ReadDocs)
	if err != nil {
		t.Fatal(err)
	}
	queries, err := readSet(sharedFAQ+s.queries, ReadQueries)
	if err != nil {
		t.Fatal(err)
	}
	return docs, queries
}

// bestThreshold gives what a baseline's decision reaches at best when its
// threshold is chosen on the very queries it is judged by.
func bestThreshold(queries []Query, found []Result) float64 {
	type one struct {
		score float64
		right bool
		empty bool
	}
	var all []one
	for i, q := range queries {
		r := found[i]
		o := one{score: math.Inf(-1), empty: len(q.Relevant) == 0}
		if len(r.Hits) > 0 {
			o.score, o.right = r.Hits[0].Score, slices.Contains(q.Relevant, r.Hits[0].Key)
		}
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b one) int {
		if a.score < b.score {
			return -1
		} else if a.score > b.score {
			return 1
		}
		return 0
	})
	right := 0
	for _, o := range all {
		if o.right {
			right++
		}
	}
	best := right
	for _, o := range all { // raise the threshold above each in turn
		if o.right {
			right--
		}
		if o.empty {
			right++
		}
		best = max(best, right)
	}
	return float64(best) / float64(len(all))
}

// BenchmarkLabelledSets prints how well search does on the labelled sets beside
// this checkout, and how well plain BM25 does in the same run. It is a benchmark
// because the sets are not part of the project.
func BenchmarkLabelledSets(b *testing.B) {
	words := kagomeWords(b)
	registerKagome(b)
	for _, s := range labelledSets {
		b.Run(s.name, func(b *testing.B) {
			docs, queries := loadSet(b, s)
			var ev, small Evaluation
			for range b.N {
				var err error
				if ev, err = Evaluate(docs, queries, EvalOptions{}); err != nil {
					b.Fatal(err)
				}
				if small, err = Evaluate(docs, queries, EvalOptions{Small: true}); err != nil {
					b.Fatal(err)
				}
			}
			report := func(name string, e Evaluation, right float64) {
				fmt.Printf("%-42s hit@1 %.3f  hit@3 %.3f  mrr@10 %.3f  ndcg@10 %.3f  handled rightly %.3f  processor %.0f µs\n", name, e.Hit1, e.Hit3, e.MRR10, e.NDCG10, right, e.CPU)
			}
			fmt.Printf("\n%s: %d entries, %d queries (%d without an entry); answered %.3f, good %.3f; p50 %d µs, p99 %d µs, processor %.0f µs; index %d ms\n",
				s.name, ev.Entries, ev.Queries, ev.Unanswerable, ev.AnsweredRate, ev.GoodRate, ev.P50, ev.P99, ev.CPU, ev.IndexMS)
			report("ours", ev, ev.HandledRightly)
			report("ours, small", small, small.HandledRightly)
			for _, base := range []struct {
				name   string
				search func(answers bool) func(string) Result
			}{
				{"BM25 kagome", func(a bool) func(string) Result { return newPlainBM25(docs, words, a).search }},
				{"BM25 bigrams", func(a bool) func(string) Result { return newPlainBM25(docs, plainBigrams, a).search }},
				{"BM25 latin words", func(a bool) func(string) Result { return newPlainBM25(docs, englishWords, a).search }},
				{"Bleve cjk", func(a bool) func(string) Result { return newBleve(b, docs, "cjk", a) }},
				{"Bleve kagome", func(a bool) func(string) Result { return newBleve(b, docs, kagomeName, a) }},
				{"Bleve en", func(a bool) func(string) Result { return newBleve(b, docs, "en", a) }},
			} {
				for _, answers := range []bool{false, true} {
					search, name := base.search(answers), base.name
					if answers {
						name += " + answers"
					}
					found := make([]Result, len(queries))
					cpu := processorTime()
					for i, q := range queries {
						found[i] = search(q.Text)
					}
					cpu = processorTime() - cpu
					var e Evaluation
					e.tally(queries, found, make([]time.Duration, len(queries)), 10)
					e.CPU = float64(cpu.Microseconds()) / float64(len(queries))
					report(name+" (best threshold)", e, bestThreshold(queries, found))
				}
			}
			b.ReportMetric(ev.Hit1, "hit@1")
			b.ReportMetric(ev.MRR10, "mrr@10")
			b.ReportMetric(ev.HandledRightly, "right")
		})
	}
}

// manyDocs makes entries of believable size and vocabulary: products × things
// one asks, each with variants and an answer of about 120 characters.
func manyDocs(n int) []docText {
	products := strings.Fields("請求管理 契約管理 顧客台帳 電子署名 経費精算 勤怠管理 在庫管理 販売管理 予約受付 名刺管理 ワークフロー チャット連携 データ分析 メール配信 アンケート")
	things := strings.Fields("価格 見積書 導入手順 解約方法 権限設定 パスワード再発行 障害情報 連携設定 データ移行 CSV取込 API仕様 監査ログ 二要素認証 利用規約 研修動画 提案資料 導入事例 契約更新 請求書再発行 サポート窓口 バックアップ 通知設定 多言語対応 容量追加 キャンペーン申込")
	ways := []string{"%sの%sはどこで確認できますか", "%sの%sを教えてください", "%sで%sを変更したい", "%sの%sについて代理店から問い合わせがありました", "how do I change the %s of %s"}
	out := make([]docText, n)
	for i := range out {
		p, t := products[i%len(products)], things[i/len(products)%len(things)]
		edition := fmt.Sprintf("第%d版", i/(len(products)*len(things))+1)
		d := docText{key: fmt.Sprintf("k%d", i), labels: []string{p, t}}
		for _, w := range ways {
			d.utterances = append(d.utterances, utterance{"ja", fmt.Sprintf(w, p+edition, t)})
		}
		d.answer = []string{fmt.Sprintf("%sの%sは、パートナーポータルの「%s」メニューから確認できます(%s)。画面右上の設定ボタンを押し、対象のお客様を選んでから保存してください。反映まで最大で%d分かかります。ご不明な点は担当営業までお問い合わせください。", p, t, t, edition, i%60+1)}
		out[i] = d
	}
	return out
}

func fullAnalyzer(b testing.TB) *analyzer {
	b.Helper()
	a, err := newFullAnalyzer()
	if err != nil {
		b.Fatal(err)
	}
	return a
}

var everyone = func(int) bool { return true }

func BenchmarkSearch10000(b *testing.B) {
	for _, mode := range []string{"full", "small"} {
		b.Run(mode, func(b *testing.B) {
			ana := newAnalyzer()
			if mode == "full" {
				ana = fullAnalyzer(b)
			}
			x := newIndex(ana, manyDocs(10_000))
			questions := []string{
				"請求管理の見積書はどこですか", "パスワードを忘れたのですが再発行はどうやるんでしょうか", "電子署名 API仕様", "how do I change the password",
				"導入事例をお客様に見せたいのですが、製造業向けのものはありますか", "勤怠管理第3版のデータ移行", "あ", "キャンペーンの申込方法を教えてください",
			}
			times := make([]time.Duration, 0, b.N)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				start := time.Now()
				x.search(ana, nil, questions[i%len(questions)], everyone)
				times = append(times, time.Since(start))
			}
			b.StopTimer()
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
		})
	}
}

func BenchmarkIndex10000(b *testing.B) {
	for _, mode := range []string{"full", "small"} {
		b.Run(mode, func(b *testing.B) {
			ana := newAnalyzer()
			if mode == "full" {
				ana = fullAnalyzer(b)
			}
			docs := manyDocs(10_000)
			var x *index
			b.ResetTimer()
			for range b.N {
				x = newIndex(ana, docs)
			}
			b.StopTimer()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(x.bytes())/(1<<20), "index-MB")
			b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap-MB")
		})
	}
}

// bytes is about what the index takes in memory.
func (x *index) bytes() int {
	n := len(x.unitLang)*9 + len(x.keys)*24
	for v := range views {
		for _, p := range []*postings{&x.words[v], &x.grams[v]} {
			n += len(p.list)*4 + len(p.start)*4 + len(p.terms)*24
		}
	}
	return n
}
