package main

import (
	"akari/content"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	_ "github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/cjk"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/registry"
)

// bleveWords is the word splitter of the plain BM25 baseline as a tokenizer of Bleve.
type bleveWords struct{ split func(string) []string }

// Tokenize is what Bleve calls.
func (b bleveWords) Tokenize(text []byte) analysis.TokenStream {
	var out analysis.TokenStream
	for i, w := range b.split(string(text)) {
		out = append(out, &analysis.Token{Term: []byte(w), Start: i, End: i + 1, Position: i + 1, Type: analysis.Ideographic})
	}
	return out
}

const kagomeName = "kagome-baseline"

func registerKagome(words func(string) []string) error {
	return registry.RegisterTokenizer(kagomeName, func(map[string]any, *registry.Cache) (analysis.Tokenizer, error) {
		return bleveWords{words}, nil
	})
}

// bleveIndex indexes docs with Bleve's own analyzer of that name, as BM25.
func bleveIndex(docs []content.Doc, analyzer string, answers bool) (bleve.Index, error) {
	m := bleve.NewIndexMapping()
	if analyzer == kagomeName {
		if err := m.AddCustomAnalyzer(kagomeName, map[string]any{"type": "custom", "tokenizer": kagomeName}); err != nil {
			return nil, err
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
		return nil, err
	}
	batch := x.NewBatch()
	for _, d := range docs {
		if err := batch.Index(d.ID, map[string]any{"text": plain(d, answers)}); err != nil {
			return nil, err
		}
	}
	return x, x.Batch(batch)
}

func bleveSearch(x bleve.Index, q string) ([]found, error) {
	match := bleve.NewMatchQuery(q)
	match.SetField("text")
	r, err := x.Search(bleve.NewSearchRequestOptions(match, best, 0, false))
	if err != nil {
		return nil, err
	}
	var out []found
	for _, h := range r.Hits {
		out = append(out, found{h.ID, h.Score})
	}
	return out, nil
}
