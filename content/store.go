package content

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

var shaPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

func shaForm(s string) bool { return shaPattern.MatchString(s) }

// StoredPath is where a stored file lies below storage.dir: ab/abcdef….
// sha must be 64 small hex digits.
func StoredPath(sha string) string { return sha[:2] + "/" + sha }

// MaxStored is the largest file that may be stored: 512 MB, a long training video.
const MaxStored = 512 << 20

// Why a file is not stored.
var (
	ErrFileLarge = fmt.Errorf("the file is larger than %d MB", MaxStored>>20)
	ErrFileEmpty = errors.New("the file is empty")
)

// StoreFile writes the bytes of r below dir under their own SHA-256 and says
// what they look like. The file is complete and on disk before it has its name,
// readable by its owner only; storing the same bytes again changes nothing.
func StoreFile(dir string, r io.Reader) (sha string, size int64, mime string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", 0, "", fmt.Errorf("while storing a file (storage.dir): %w", err)
	}
	tmp, err := os.CreateTemp(dir, ".incoming-*") // CreateTemp makes it 0600
	if err != nil {
		return "", 0, "", fmt.Errorf("while storing a file (storage.dir): %w", err)
	}
	defer func() {
		_ = tmp.Close()
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	h := sha256.New()
	var first headKeeper
	size, err = io.Copy(io.MultiWriter(tmp, h, &first), io.LimitReader(r, MaxStored+1))
	if err == nil && size > MaxStored {
		err = ErrFileLarge
	}
	if err == nil && size == 0 {
		err = ErrFileEmpty
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err != nil {
		return "", 0, "", fmt.Errorf("while storing a file: %w", err)
	}
	sha = hex.EncodeToString(h.Sum(nil))
	target := filepath.Join(dir, filepath.FromSlash(StoredPath(sha)))
	if err = os.MkdirAll(filepath.Dir(target), 0o700); err == nil {
		err = os.Rename(tmp.Name(), target)
	}
	if err != nil {
		return "", 0, "", fmt.Errorf("while storing a file: %w", err)
	}
	syncDir(filepath.Dir(target))
	mime = sniff(first.buf.Bytes(), "")
	if mime == "application/zip" {
		mime = sniffArchive(target)
	}
	return sha, size, mime, nil
}

// sniffArchive looks for the part that tells the office formats apart, which
// need not be among an archive's first bytes.
func sniffArchive(name string) string {
	z, err := zip.OpenReader(name)
	if err != nil {
		return "application/zip"
	}
	defer z.Close()
	for _, f := range z.File {
		switch f.Name {
		case "word/document.xml":
			return openXML + "wordprocessingml.document"
		case "xl/workbook.xml":
			return openXML + "spreadsheetml.sheet"
		case "ppt/presentation.xml":
			return openXML + "presentationml.presentation"
		}
	}
	return "application/zip"
}

// syncDir makes the new name durable; file systems that cannot are left alone.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// sniffLen is how much of a file its type is read from.
const sniffLen = 4096

type headKeeper struct{ buf bytes.Buffer }

func (k *headKeeper) Write(p []byte) (int, error) {
	if room := sniffLen - k.buf.Len(); room > 0 {
		k.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

const openXML = "application/vnd.openxmlformats-officedocument."

// sniff tells a file's MIME type from its first bytes. The name only tells the
// office formats apart, which are all ZIP archives or OLE files inside.
func sniff(head []byte, name string) string {
	switch {
	case bytes.HasPrefix(bytes.TrimLeft(head[:min(len(head), 1024)], "\xef\xbb\xbf\r\n\t "), []byte("%PDF-")):
		return "application/pdf"
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return "application/x-ole-storage"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		for _, k := range [...][3]string{
			{"word/", ".docx", "wordprocessingml.document"},
			{"xl/", ".xlsx", "spreadsheetml.sheet"},
			{"ppt/", ".pptx", "presentationml.presentation"},
		} {
			office := bytes.Contains(head, []byte("[Content_Types].xml")) || bytes.Contains(head, []byte("_rels/.rels"))
			if bytes.Contains(head, []byte(k[0])) || (office && strings.EqualFold(path.Ext(name), k[1])) {
				return openXML + k[2]
			}
		}
		return "application/zip"
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		return "video/mp4"
	}
	t := http.DetectContentType(head)
	if i := strings.IndexByte(t, ';'); i > 0 {
		t = t[:i]
	}
	return t
}
