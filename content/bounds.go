package content

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	_ "image/gif"  // to read sizes of
	_ "image/jpeg" //
	_ "image/png"  //
	"io"
	"io/fs"
	"regexp"
	"sync"
)

// What a material's file may be at most. A phone on a train must be able to show
// it, and one file must not be able to fill memory or a browser.
const (
	MaxDocument = 100 << 20        // bytes of a document, sheet or office file
	MaxImage    = 20 << 20         // bytes of a picture
	MaxVideo    = int64(MaxStored) // bytes of a video
	MaxPages    = 2000             // pages of a document or sheet
	maxPixels   = 50_000_000       // of a picture: 8,000 × 6,000 and a bit
)

func (k Kind) maxBytes() int64 {
	switch k {
	case Video:
		return MaxVideo
	case Image:
		return MaxImage
	}
	return MaxDocument
}

// FileFault is why a file cannot be a material's.
type FileFault struct {
	Why  string // type, size, pages, pixels, unreadable
	Type string // what the file looks like, as MIME type
	Have int64  // megabytes, pages or millions of pixels that it has
	Most int64  // and that it may have
	text string
}

// Error says it in English; Why and the numbers are for other languages.
func (f *FileFault) Error() string { return f.text }

// CheckFile says what is wrong with a file for a material of a kind: of another
// type than its name promises, too large, too many pages or pixels (a *FileFault).
// mime is what its first bytes look like; open is called only when more must be read.
func CheckFile(k Kind, mime string, size int64, open func() (fs.File, error)) error {
	if !k.accepts(mime) {
		return &FileFault{Why: "type", Type: mime, text: fmt.Sprintf("a %s is %s, but the file looks like %s", k, k.wants(), mime)}
	}
	if most := k.maxBytes(); size > most {
		have := (size + 1<<20 - 1) >> 20
		return &FileFault{Why: "size", Have: have, Most: most >> 20, text: fmt.Sprintf("the file has %d MB; a %s may have %d", have, k, most>>20)}
	}
	switch {
	case mime == "application/pdf":
		return checkPages(open)
	case k == Image && mime != "image/webp": // no decoder of the standard library reads WebP
		return checkPixels(open)
	}
	return nil
}

func checkPages(open func() (fs.File, error)) error {
	f, err := open()
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxDocument+1))
	if err != nil {
		return err
	}
	if n := pdfPages(b); n > MaxPages {
		return &FileFault{Why: "pages", Have: int64(n), Most: MaxPages, text: fmt.Sprintf("the document has about %d pages; %d are the most", n, MaxPages)}
	}
	return nil
}

func checkPixels(open func() (fs.File, error)) error {
	f, err := open()
	if err != nil {
		return err
	}
	defer f.Close()
	c, _, err := image.DecodeConfig(f)
	if err != nil {
		return &FileFault{Why: "unreadable", text: fmt.Sprintf("the picture cannot be read: %s", err)}
	}
	if c.Width*c.Height > maxPixels {
		return &FileFault{Why: "pixels", Have: int64(c.Width) * int64(c.Height) / 1_000_000, Most: maxPixels / 1_000_000, text: fmt.Sprintf("the picture has %d × %d pixels; %d million are the most", c.Width, c.Height, maxPixels/1_000_000)}
	}
	return nil
}

var (
	pdfPage     = regexp.MustCompile(`/Type\s*/Page[^a-zA-Z]`)
	pdfObjects  = regexp.MustCompile(`/Type\s*/ObjStm`)
	pdfContents = regexp.MustCompile(`stream\r?\n`)
)

// Object streams are inflated up to these bounds: a small file can hold much.
const (
	inflateOne = 8 << 20
	inflateAll = 64 << 20
)

// pdfPages counts the page objects of a PDF: those that stand in the open and
// those in compressed object streams (ISO 32000-1, 7.5.7 and 7.7.3.3). 0 = none
// can be seen, as in an encrypted file. A file that was changed several times may
// still hold pages that it no longer shows: the count is an upper one.
func pdfPages(b []byte) int {
	n, left := len(pdfPage.FindAllIndex(b, -1)), int64(inflateAll)
	for _, at := range pdfObjects.FindAllIndex(b, -1) {
		rest := b[at[1]:min(at[1]+4096, len(b))] // a dictionary is short
		start := pdfContents.FindIndex(rest)
		if start == nil || left <= 0 || n > MaxPages {
			continue
		}
		z, err := zlib.NewReader(bytes.NewReader(b[at[1]+start[1]:]))
		if err != nil {
			continue // another filter
		}
		plain, _ := io.ReadAll(io.LimitReader(z, min(inflateOne, left))) // what can be read of a broken one counts
		left -= int64(len(plain))
		n += len(pdfPage.FindAllIndex(append(plain, '\n'), -1))
	}
	return n
}

// checked remembers what was found in a file, so that loading again does not read
// every page again.
var checked sync.Map

// checkedFile is CheckFile, once for a file that does not change.
func checkedFile(k Kind, mime string, fsys fs.FS, name string) error {
	st, err := fs.Stat(fsys, name)
	if err != nil {
		return err
	}
	key := fmt.Sprint(k, "\x00", mime, "\x00", name, "\x00", st.Size(), "\x00", st.ModTime().UnixNano())
	if known, ok := checked.Load(key); ok && !st.ModTime().IsZero() {
		err, _ := known.(error)
		return err
	}
	err = CheckFile(k, mime, st.Size(), func() (fs.File, error) { return fsys.Open(name) })
	if err == nil {
		checked.Store(key, nil)
	} else {
		checked.Store(key, err)
	}
	return err
}
