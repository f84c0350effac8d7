package web

import (
	"bytes"
	"compress/gzip"
	"path"
	"sync"
)

// small holds static files compressed once, when first asked for: some 0.6 MB in
// all, of which most readers need three.
var small sync.Map // name → []byte, nil when compressing gains nothing

// zipped answers a static file compressed, or nil where that gains nothing.
func zipped(name string, body []byte) []byte {
	switch path.Ext(name) {
	case ".png", ".bcmap": // compressed already
		return nil
	}
	if done, ok := small.Load(name); ok {
		return done.([]byte)
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil { // the level is a constant
		panic(err)
	}
	_, err = z.Write(body)
	if err := z.Close(); err != nil {
		return nil
	}
	out := b.Bytes()
	if err != nil || len(out) >= len(body)*9/10 {
		out = nil
	}
	small.Store(name, out)
	return out
}
