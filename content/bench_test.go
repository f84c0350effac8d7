package content

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

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

// BenchmarkOneChanged10000 is one entry changed by a row among 10,000.
func BenchmarkOneChanged10000(b *testing.B) {
	var file strings.Builder
	file.WriteString("entries:\n")
	for _, d := range manyDocs(10_000) {
		fmt.Fprintf(&file, "  - {key: %s, question: %q, variants: {ja: [%q, %q, %q]}, answer: %q}\n", d.key, d.utterances[0].text, d.utterances[1].text, d.utterances[2].text, d.utterances[3].text, d.answer[0])
	}
	dir := b.TempDir()
	if err := os.Mkdir(dir+"/faq", 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(dir+"/faq/many.yaml", []byte(file.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	l, _, err := Open(Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	<-l.Ready()
	e, ok := l.AnyEntry("k77")
	if !ok {
		b.Fatal("the list was not read: ", l.Problems())
	}
	b.ResetTimer()
	for i := range b.N {
		e.Variants = map[string][]string{"ja": {fmt.Sprintf("新しい言い方その%d", i)}}
		if p := l.Overlay([]Row{{"faq", "k77", e.Body()}}); len(p) > 0 {
			b.Fatal(listing(p))
		}
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
