package content

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Kind is what a material is.
type Kind string

// The kinds of material.
const (
	Document Kind = "document" // PDF
	Video    Kind = "video"    // MP4 or WebM
	Sheet    Kind = "sheet"    // a campaign sheet: PDF
	Tool     Kind = "tool"     // an address on an allowed host
	Image    Kind = "image"    // PNG, JPEG, GIF or WebP
	Office   Kind = "office"   // Word, Excel, PowerPoint
)

// Kinds lists every kind.
var Kinds = []Kind{Document, Video, Sheet, Tool, Image, Office}

// Material is a document, video, campaign sheet or tool address that the
// vendor wants used.
type Material struct {
	Key         string `json:"key"` // never changes
	Kind        Kind   `json:"kind"`
	Title       Text   `json:"title,omitempty"`
	Description Text   `json:"description,omitempty"`
	File        string `json:"file,omitempty"`     // relative to where it was written; never for a tool
	URL         string `json:"url,omitempty"`      // only for a tool
	Image       string `json:"image,omitempty"`    // optional cover picture, relative like File
	Captions    string `json:"captions,omitempty"` // of a video, WebVTT, relative like File
	Version     int    `json:"version,omitempty"`
	Download    bool   `json:"download,omitempty"` // the member may download the file
	// CompleteShare is the share of a document's pages, in percent, that make it
	// completed; 0 = the usual one (see docs/figures.md).
	CompleteShare int      `json:"complete_share,omitempty"`
	Tags          []string `json:"tags,omitempty"`
	Owner         Owner    `json:"owner,omitzero"`
	Audience      Audience `json:"audience,omitzero"`
	ValidFrom     string   `json:"valid_from,omitempty"`
	ValidUntil    string   `json:"valid_until,omitempty"`

	// OldLinks says what a link opens that was handed out for an older version: new
	// (the newest, with a note; the default) or old (the one it was handed out for,
	// where its bytes are stored; see docs/privacy.md on what is kept).
	OldLinks string `json:"old_links,omitempty"`

	// Of a row's file, whose bytes lie content-addressed in storage.dir.
	SHA256   string `json:"sha256,omitempty"` // lower-case hex
	FileName string `json:"file_name,omitempty"`
	Type     string `json:"type,omitempty"` // MIME type
	Size     int64  `json:"size,omitempty"` // bytes

	Source string `json:"-"` // the file (or row) it was written in
	Line   int    `json:"-"`
	fsys   fs.FS  // where File lies; nil = storage
}

// StaysOld is the value of OldLinks that keeps old links on the old version.
const StaysOld = "old"

// Body is the material in the shape of a Row's body.
func (m Material) Body() json.RawMessage {
	b, err := json.Marshal(m)
	if err != nil { // strings and maps of strings always marshal
		panic(err)
	}
	return b
}

// Name is the file name a person sees when the material's file is saved.
func (m Material) Name() string {
	if m.FileName != "" {
		return m.FileName
	}
	if m.File != "" {
		return path.Base(m.File)
	}
	return m.Key
}

// State is whether a material can be given to a reader, and if not, why.
type State int

// The states of a material for a reader on a day.
const (
	Unknown State = iota // no material has this key
	Served               // may be given now
	NotFor               // exists, but the reader is outside its audience: say no more than for Unknown
	Expired              // its last day is past
	NotYet               // its first day is still to come
)

// String names the state in a log.
func (s State) String() string {
	return [...]string{"unknown", "served", "not_for", "expired", "not_yet"}[s]
}

// Material gives the material with this key and whether r may have it today.
// The material is filled unless its state is Unknown or NotFor.
func (l *Library) Material(key string, r Reader) (Material, State) {
	m := l.cur.Load().matByID[key]
	if m == nil {
		return Material{}, Unknown
	}
	if !m.Audience.Includes(r) {
		return Material{}, NotFor
	}
	return *m, validOn(m.ValidFrom, m.ValidUntil, l.today())
}

// AnyMaterial gives the material with this key whatever its validity and
// audience: for staff pages and checks, never for partners.
func (l *Library) AnyMaterial(key string) (Material, bool) {
	m := l.cur.Load().matByID[key]
	if m == nil {
		return Material{}, false
	}
	return *m, true
}

// Materials lists what r may have today, by key.
func (l *Library) Materials(r Reader) []Material {
	day := l.today()
	var out []Material
	for _, m := range l.cur.Load().materials {
		if m.served(r, day) {
			out = append(out, *m)
		}
	}
	return out
}

// AllMaterials lists every material, also expired ones, by key: for staff.
func (l *Library) AllMaterials() []Material {
	ms := l.cur.Load().materials
	out := make([]Material, len(ms))
	for i, m := range ms {
		out[i] = *m
	}
	return out
}

func (m *Material) served(r Reader, day string) bool {
	return validOn(m.ValidFrom, m.ValidUntil, day) == Served && m.Audience.Includes(r)
}

// ErrNoFile means that a material has no file: a tool, or a row without bytes.
var ErrNoFile = errors.New("material has no file")

// OpenFile opens the material's bytes. The caller closes them.
func (l *Library) OpenFile(m Material) (fs.File, error) {
	if m.SHA256 != "" {
		if l.opts.Files == nil {
			return nil, fmt.Errorf("material %s: no storage for uploaded files (storage.dir)", m.Key)
		}
		if !shaForm(m.SHA256) {
			return nil, fmt.Errorf("material %s: sha256 is not 64 hex digits", m.Key)
		}
		return l.opts.Files.Open(StoredPath(m.SHA256))
	}
	return l.openBeside(m, m.File)
}

// OpenImage opens the material's cover picture. The caller closes it.
func (l *Library) OpenImage(m Material) (fs.File, error) {
	return l.openBeside(m, m.Image)
}

// OpenCaptions opens a video's captions. The caller closes them.
func (l *Library) OpenCaptions(m Material) (fs.File, error) {
	return l.openBeside(m, m.Captions)
}

// Captioned tells whether captions lie beside the material's file.
func (m Material) Captioned() bool { return m.Captions != "" && m.fsys != nil }

func (l *Library) openBeside(m Material, name string) (fs.File, error) {
	if name == "" || m.fsys == nil {
		return nil, fmt.Errorf("material %s: %w", m.Key, ErrNoFile)
	}
	p := path.Join(path.Dir(m.Source), name)
	if !fs.ValidPath(p) {
		return nil, fmt.Errorf("material %s: file %q leaves the content folder", m.Key, name)
	}
	return m.fsys.Open(p)
}

// accepts tells whether a material of a kind may have a MIME type.
func (k Kind) accepts(mime string) bool {
	switch k {
	case Document, Sheet:
		return mime == "application/pdf"
	case Video:
		return mime == "video/mp4" || mime == "video/webm"
	case Image:
		return slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, mime)
	case Office:
		return strings.HasPrefix(mime, "application/vnd.openxmlformats-officedocument.") || mime == "application/x-ole-storage"
	}
	return false
}

// wants says in words what file a kind needs.
func (k Kind) wants() string {
	switch k {
	case Document, Sheet:
		return "a PDF"
	case Video:
		return "an MP4 or WebM video"
	case Image:
		return "a PNG, JPEG, GIF or WebP picture"
	case Office:
		return "a Word, Excel or PowerPoint file"
	}
	return "no file"
}

// head answers a file's first bytes and its length, for checks.
func head(fsys fs.FS, name string) ([]byte, int64, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if st.IsDir() {
		return nil, 0, &os.PathError{Op: "open", Path: name, Err: errors.New("is a folder")}
	}
	buf := make([]byte, sniffLen)
	n := 0
	for n < len(buf) {
		k, err := f.Read(buf[n:])
		n += k
		if err != nil {
			break
		}
	}
	return buf[:n], st.Size(), nil
}
