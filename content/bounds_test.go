package content

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// pdfOf is as much of a PDF as counting its pages looks at.
func pdfOf(pages, hidden int) []byte {
	var b, stream bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	for i := range pages {
		fmt.Fprintf(&b, "%d 0 obj<</Type /Page/Parent 1 0 R>>endobj\n", i+2)
	}
	b.WriteString("1 0 obj<</Type/Pages/Count 9>>endobj\n")
	if hidden > 0 {
		z := zlib.NewWriter(&stream)
		for range hidden {
			_, _ = z.Write([]byte("<</Parent 1 0 R/Type/Page>>\n"))
		}
		z.Close()
		fmt.Fprintf(&b, "99 0 obj<</Type /ObjStm/Filter/FlateDecode/Length %d>>stream\r\n%s\nendstream endobj\n", stream.Len(), stream.Bytes())
	}
	b.WriteString("%%EOF\n")
	return b.Bytes()
}

// pngOf is a picture that says it has this size; what it holds is small.
func pngOf(width, height int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		panic(err)
	}
	header := b.Bytes()[12:29] // IHDR: its name, width, height and five bytes; its checksum follows
	binary.BigEndian.PutUint32(header[4:], uint32(width))
	binary.BigEndian.PutUint32(header[8:], uint32(height))
	binary.BigEndian.PutUint32(b.Bytes()[29:], crc32.ChecksumIEEE(header))
	return b.Bytes()
}

func TestPagesAreCountedAlsoInCompressedObjects(t *testing.T) {
	for _, c := range []struct{ open, hidden int }{{0, 0}, {12, 0}, {0, 12}, {3, 2500}} {
		if got := pdfPages(pdfOf(c.open, c.hidden)); got != c.open+c.hidden {
			t.Errorf("%d pages and %d hidden ones: counted %d", c.open, c.hidden, got)
		}
	}
}

// A file that unpacks to far more than it is costs bounded work: what lies beyond
// the bounds is not seen.
func TestASmallFileThatHoldsMuchIsBounded(t *testing.T) {
	bomb := func(streams, spaces int) []byte {
		var b, packed bytes.Buffer
		z := zlib.NewWriter(&packed)
		_, _ = z.Write(bytes.Repeat([]byte{' '}, spaces))
		_, _ = z.Write([]byte("<</Type/Page>>\n"))
		z.Close()
		b.WriteString("%PDF-1.7\n")
		for range streams {
			fmt.Fprintf(&b, "1 0 obj<</Type/ObjStm>>stream\n%s\nendstream\n", packed.Bytes())
		}
		return b.Bytes()
	}
	if n := pdfPages(bomb(1, inflateOne)); n != 0 {
		t.Errorf("%d pages were seen beyond the bound of one stream", n)
	}
	const large = inflateOne - 1<<20
	if n := pdfPages(bomb(12, large)); n != inflateAll/large {
		t.Errorf("%d pages were seen, want %d: the bound of all streams", n, inflateAll/large)
	}
}

func TestFilesOfAMaterialAreBounded(t *testing.T) {
	many := pdfOf(MaxPages+1, 0)
	for _, c := range []struct {
		name string
		kind Kind
		body []byte
		size int64 // pretended; 0 = its own
		want string
	}{
		{"a document", Document, pdfOf(12, 0), 0, ""},
		{"a page renamed to .pdf", Document, []byte("<!doctype html><script>1</script>"), 0, "looks like text/html"},
		{"a program renamed to .mp4", Video, []byte("MZ\x90\x00"), 0, "looks like"},
		{"a picture as a document", Document, pngOf(4, 4), 0, "looks like image/png"},
		{"too many pages", Document, many, 0, "2001 pages"},
		{"too large", Document, pdfOf(1, 0), MaxDocument + 1, "may have 100"},
		{"a large video", Video, []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00"), MaxDocument + 1, ""},
		{"a larger video", Video, []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00"), MaxVideo + 1, "may have 512"},
		{"a picture", Image, pngOf(40, 40), 0, ""},
		{"a picture of many pixels", Image, pngOf(10_000, 5_001), 0, "pixels"},
		{"half a picture", Image, pngOf(40, 40)[:20], 0, "cannot be read"},
	} {
		files := fstest.MapFS{"f": {Data: c.body}}
		size := c.size
		if size == 0 {
			size = int64(len(c.body))
		}
		err := CheckFile(c.kind, sniff(c.body[:min(len(c.body), sniffLen)], c.name), size, func() (fs.File, error) { return files.Open("f") })
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// What is not what it says is not served at all, and a row with good bytes puts
// it right.
func TestAWrongFileIsNotServed(t *testing.T) {
	dir, stored := t.TempDir(), t.TempDir()
	for name, body := range map[string]string{
		"materials/materials.yaml": "materials:\n  - {key: bad, kind: document, title: 偽, file: bad.pdf}\n  - {key: good, kind: document, title: 本物, file: good.pdf, old_links: old, version: 2}\n  - {key: odd, kind: document, title: x, file: good.pdf, old_links: maybe}\n",
		"materials/bad.pdf":        "<!doctype html><script>alert(1)</script>",
		"materials/good.pdf":       string(pdfOf(2, 0)),
		"faq/a.yaml":               "entries: []\n",
	} {
		path := dir + "/" + name
		if err := os.MkdirAll(path[:strings.LastIndexByte(path, '/')], 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l, problems, err := Open(Options{Dir: dir, Files: os.DirFS(stored), Embedded: Sample(), Zone: time.UTC, Now: time.Now, Small: true})
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(problems); !strings.Contains(text, "looks like text/html") || !strings.Contains(text, "old_links must be new or old") {
		t.Errorf("the problems are %v", problems)
	}
	if _, ok := l.AnyMaterial("bad"); ok {
		t.Error("a page with a script is served as a document")
	}
	if m, ok := l.AnyMaterial("good"); !ok || m.OldLinks != StaysOld {
		t.Errorf("the good one is %+v", m)
	}
	sha, size, mime, err := StoreFile(stored, bytes.NewReader(pdfOf(3, 0)))
	if err != nil {
		t.Fatal(err)
	}
	row := Material{Key: "bad", Kind: Document, Title: Text{"ja": "本物"}, Version: 2, SHA256: sha, Size: size, Type: mime}
	if ps := l.Overlay([]Row{{Kind: "material", Key: "bad", Body: row.Body()}}); len(ps) > 0 {
		t.Fatal(ps)
	}
	if m, ok := l.AnyMaterial("bad"); !ok || m.Version != 2 {
		t.Errorf("the row does not stand in its place: %+v", m)
	}
}
