package content

import (
	"testing"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	_ "github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/cjk"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/registry"
)

// The word splitter of the plain BM25 baseline as a tokenizer of Bleve.
type bleveWords struct{ split func(string) []string }

func (b bleveWords) Tokenize(text []byte) analysis.TokenStream {
	var out analysis.TokenStream
	for i, w := range b.split(string(text)) {
		out = append(out, &analysis.Token{Term: []byte(w), Start: i, End: i + 1, Position: i + 1, Type: analysis.Ideographic})
	}
	return out
}

const kagomeName = "kagome-baseline"

func registerKagome(b testing.TB) {
	words := kagomeWords(b)
	_ = registry.RegisterTokenizer(kagomeName, func(map[string]any, *registry.Cache) (analysis.Tokenizer, error) {
		return bleveWords{words}, nil
	}) // a second registration of the same is refused, and does not matter
}

// newBleve indexes docs with Bleve's own analyzer of that name.
func newBleve(b testing.TB, docs []Doc, analyzer string, answers bool) func(string) Result {
	b.Helper()
	m := bleve.NewIndexMapping()
	if analyzer == kagomeName {
		if err := m.AddCustomAnalyzer(kagomeName, map[string]any{"type": "custom", "tokenizer": kagomeName}); err != nil {
			b.Fatal(err)
		}
	}
	m.DefaultAnalyzer = analyzer
	m.ScoringModel = "bm25"
	doc := mapping.NewDocumentMapping()
	field := mapping.NewTextFieldMapping()
	field.Analyzer, field.Store, field.IncludeTermVectors = analyzer, false, false
	doc.AddFieldMappingsAt("text", field)
	m.DefaultMapping = doc
	x, err := bleve.NewMemOnly(m)
	if err != nil {
		b.Fatal(err)
	}
	batch := x.NewBatch()
	for _, d := range docs {
		if err := batch.Index(d.ID, map[string]any{"text": d.plain(answers)}); err != nil {
			b.Fatal(err)
		}
	}
	if err := x.Batch(batch); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = x.Close() })
	return func(q string) Result {
		match := bleve.NewMatchQuery(q)
		match.SetField("text")
		found, err := x.Search(bleve.NewSearchRequestOptions(match, maxHits, 0, false))
		if err != nil {
			b.Fatal(err)
		}
		r := Result{Decision: Good}
		for _, h := range found.Hits {
			r.Hits = append(r.Hits, Hit{Key: h.ID, Score: h.Score})
		}
		return r
	}
}
