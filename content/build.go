package content

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// builder lays files and rows over each other and checks them against one
// another.
type builder struct {
	entries   map[string]*Entry
	materials map[string]*Material
	blocked   map[string]bool // "faq KEY": a broken row stands here, so nothing is served
	overlays  []Overlay
	problems  []Problem
}

func newBuilder() *builder {
	return &builder{entries: map[string]*Entry{}, materials: map[string]*Material{}, blocked: map[string]bool{}}
}

func (b *builder) bad(file string, line int, format string, args ...any) {
	b.problems = append(b.problems, Problem{File: file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// addSource takes a folder's files in the order of their paths: of two entries
// with one key the first is served.
func (b *builder) addSource(s *source) {
	b.problems = append(b.problems, s.problems()...)
	for _, f := range s.ordered() {
		for _, e := range f.entries {
			if first := b.entries[e.Key]; first != nil {
				b.bad(e.File, e.Line, "entry %s is already in %s:%d; that one is served", e.Key, first.File, first.Line)
				continue
			}
			b.entries[e.Key] = e
		}
		for _, m := range f.materials {
			if first := b.materials[m.Key]; first != nil {
				b.bad(m.Source, m.Line, "material %s is already in %s:%d; that one is served", m.Key, first.Source, first.Line)
				continue
			}
			c := *m
			c.fsys = s.fsys
			b.materials[m.Key] = &c
			b.checkFile(&c)
		}
	}
}

// checkFile looks at the first bytes of the material's file and cover: a Word
// file renamed to .pdf is found here and not by a partner's phone.
func (b *builder) checkFile(m *Material) {
	if m.File != "" {
		if mime, size, ok := b.sniffBeside(m, "file", m.File); ok {
			m.Type, m.Size = mime, size
			if !m.Kind.accepts(mime) {
				b.bad(m.Source, m.Line, "material %s is a %s, which is %s, but %s looks like %s", m.Key, m.Kind, m.Kind.wants(), m.File, mime)
				b.blocked["material "+m.Key] = true // never served as what it is not
			} else if err := checkedFile(m.Kind, mime, m.fsys, path.Join(path.Dir(m.Source), m.File)); err != nil {
				b.bad(m.Source, m.Line, "material %s: %s: %s", m.Key, m.File, plainError(err))
				b.blocked["material "+m.Key] = true
			}
		}
	}
	if m.Captions != "" {
		if mime, _, ok := b.sniffBeside(m, "captions", m.Captions); ok && (m.Kind != Video || path.Ext(m.Captions) != ".vtt") {
			b.bad(m.Source, m.Line, "material %s: captions are a WebVTT file (.vtt) beside a video, but %s looks like %s", m.Key, m.Captions, mime)
		}
	}
	if m.Image != "" {
		if mime, _, ok := b.sniffBeside(m, "image", m.Image); ok && mime != "image/png" && mime != "image/jpeg" {
			b.bad(m.Source, m.Line, "material %s: its cover must be a PNG or JPEG picture, but %s looks like %s", m.Key, m.Image, mime)
		}
	}
}

func (b *builder) sniffBeside(m *Material, what, name string) (mime string, size int64, ok bool) {
	p := path.Join(path.Dir(m.Source), name)
	if path.IsAbs(name) || strings.Contains(name, `\`) || !fs.ValidPath(p) {
		b.bad(m.Source, m.Line, "material %s: %s %q must be a path beside the file it is written in", m.Key, what, name)
		return "", 0, false
	}
	buf, size, err := head(m.fsys, p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		b.bad(m.Source, m.Line, "material %s: %s %s does not exist", m.Key, what, p)
	case err != nil:
		b.bad(m.Source, m.Line, "material %s: %s %s cannot be read: %s", m.Key, what, p, plainError(err))
	case size == 0:
		b.bad(m.Source, m.Line, "material %s: %s %s is empty", m.Key, what, p)
	default:
		return sniff(buf, name), size, true
	}
	return "", 0, false
}

// finish checks references and makes the snapshot without its index.
func (b *builder) finish(stored fs.FS) *snapshot {
	s := &snapshot{entryByID: map[string]*Entry{}, matByID: map[string]*Material{}, overlays: b.overlays}
	for _, k := range sortedKeys(b.materials) {
		m := b.materials[k]
		if b.blocked["material "+k] {
			continue
		}
		if m.SHA256 != "" && !b.checkStored(m, stored) {
			continue
		}
		s.materials = append(s.materials, m)
		s.matByID[k] = m
	}
	for _, k := range sortedKeys(b.entries) {
		e := b.entries[k]
		if b.blocked["faq "+k] {
			continue
		}
		for _, ref := range e.Materials {
			if s.matByID[ref] == nil {
				b.bad(e.File, e.Line, "entry %s names the material %q, which does not exist%s", k, ref, nearestOnly(ref, sortedKeys(s.matByID)))
			}
		}
		s.entries = append(s.entries, e)
		s.entryByID[k] = e
	}
	s.problems = b.problems
	return s
}

// checkStored looks at a stored file; false = it must not be served.
func (b *builder) checkStored(m *Material, stored fs.FS) bool {
	if stored == nil {
		b.bad(m.Source, 0, "material %s has a stored file, but there is no storage (storage.dir)", m.Key)
		return true
	}
	st, err := fs.Stat(stored, StoredPath(m.SHA256))
	switch {
	case err != nil:
		b.bad(m.Source, 0, "material %s: its stored file %s cannot be read: %s", m.Key, StoredPath(m.SHA256), plainError(err))
	case m.Size != 0 && st.Size() != m.Size:
		b.bad(m.Source, 0, "material %s: its stored file has %d bytes, not %d", m.Key, st.Size(), m.Size)
	default:
		m.Size = st.Size()
		if err := checkedFile(m.Kind, m.Type, stored, StoredPath(m.SHA256)); err != nil && m.Type != "" {
			b.bad(m.Source, 0, "material %s: its stored file: %s", m.Key, plainError(err))
			return false
		}
	}
	return true
}
