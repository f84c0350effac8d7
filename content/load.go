package content

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The three areas of a content folder.
const (
	areaFAQ       = "faq"
	areaMaterials = "materials"
	areaWords     = "words"
)

// source is one content folder: what its files hold now, each with its last
// good entries.
type source struct {
	fsys      fs.FS
	dir       string // as the operator wrote it; "" for embedded
	sample    bool   // built in: cannot change, and steps aside
	onlyWords bool
	files     map[string]*contentFile // YAML files by path
	sizes     map[string]fileStamp    // all other files below materials/
	trouble   []Problem               // about the folder as a whole
	buf       []byte                  // for comparing files
}

type fileStamp struct {
	size int64
	mod  time.Time
}

// contentFile is one YAML file.
type contentFile struct {
	name, area string
	hash       [sha256.Size]byte
	entries    []*Entry
	materials  []*Material
	words      map[string]string
	groups     []synonymGroup
	wordLines  map[string]int
	problems   []Problem
}

// lang is the language of a file of words: its name without the ending.
func (f *contentFile) lang() string {
	return strings.TrimSuffix(strings.TrimSuffix(path.Base(f.name), ".yaml"), ".yml")
}

func newSource(fsys fs.FS, dir string, sample bool) *source {
	return &source{fsys: fsys, dir: dir, sample: sample}
}

// scan reads what changed since the last scan and says whether anything did.
// YAML files are compared by their hash (two quick edits may share size and
// time), all others by size and time.
func (s *source) scan() bool {
	if s.sample && s.files != nil {
		return false // built in
	}
	first := s.files == nil
	if first {
		s.files, s.sizes = map[string]*contentFile{}, map[string]fileStamp{}
	}
	seen, sizes, trouble := map[string]bool{}, map[string]fileStamp{}, []Problem(nil)
	changed := false
	for _, area := range s.areas() {
		names, probs := s.list(area, sizes)
		trouble = append(trouble, probs...)
		if len(probs) > 0 { // keep what we had: the folder may be in the middle of a swap
			for n, f := range s.files {
				if f.area == area {
					seen[n] = true
				}
			}
			continue
		}
		for _, name := range names {
			seen[name] = true
			if s.readFile(name, area) {
				changed = true
			}
		}
	}
	for name := range s.files {
		if !seen[name] {
			delete(s.files, name)
			changed = true
		}
	}
	if !sameStamps(sizes, s.sizes) || !slices.Equal(trouble, s.trouble) {
		changed = true
	}
	s.sizes, s.trouble = sizes, trouble
	return changed || first
}

func (s *source) areas() []string {
	if s.onlyWords {
		return []string{areaWords, areaSynonyms}
	}
	return []string{areaFAQ, areaMaterials, areaWords, areaSynonyms}
}

// list finds the YAML files of one area and stamps all other files. A missing
// area is an empty one.
func (s *source) list(area string, sizes map[string]fileStamp) (names []string, probs []Problem) {
	err := fs.WalkDir(s.fsys, area, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			if p == area && errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			probs = append(probs, Problem{File: p, Text: "cannot be read: " + plainError(err)})
			return nil
		}
		if strings.HasPrefix(path.Base(p), ".") && p != area {
			if d.IsDir() { // Kubernetes keeps its own copies in ..data
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		if ext := strings.ToLower(path.Ext(p)); ext == ".yaml" || ext == ".yml" {
			names = append(names, p)
			return nil
		}
		if area != areaMaterials {
			return nil
		}
		if st, err := fs.Stat(s.fsys, p); err == nil {
			sizes[p] = fileStamp{st.Size(), st.ModTime()}
		}
		return nil
	})
	if err != nil {
		probs = append(probs, Problem{File: area, Text: "cannot be read: " + plainError(err)})
	}
	return names, probs
}

func sameStamps(a, b map[string]fileStamp) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || w.size != v.size || !w.mod.Equal(v.mod) {
			return false
		}
	}
	return true
}

// plainError drops the operation and path that a Problem already names.
func plainError(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// readFile loads one YAML file if it changed.
func (s *source) readFile(name, area string) bool {
	old := s.files[name]
	if old != nil && s.same(old) {
		return false
	}
	src, err := fs.ReadFile(s.fsys, name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && old == nil {
			return false // gone between listing and reading
		}
		f := &contentFile{name: name, area: area}
		if old != nil {
			*f = *old
		}
		f.problems = []Problem{{File: name, Text: "cannot be read: " + plainError(err)}}
		f.hash = [sha256.Size]byte{}
		same := old != nil && slices.Equal(old.problems, f.problems)
		s.files[name] = f
		return !same
	}
	f := loadFile(name, area, src, old)
	f.hash = sha256.Sum256(src)
	s.files[name] = f
	return true
}

// same says whether a file still holds what was read of it. It keeps nothing of the
// file: all content passes through here every few seconds.
func (s *source) same(old *contentFile) bool {
	f, err := s.fsys.Open(old.name)
	if err != nil {
		return false
	}
	defer f.Close()
	h := sha256.New()
	if s.buf == nil {
		s.buf = make([]byte, 64<<10)
	}
	// A file that writes itself would take a buffer of its own.
	if _, err := io.CopyBuffer(h, struct{ io.Reader }{f}, s.buf); err != nil {
		return false
	}
	return [sha256.Size]byte(h.Sum(nil)) == old.hash
}

// loadFile decodes one file. What is broken is named and, where old holds its
// last good state, served from there.
func loadFile(name, area string, src []byte, old *contentFile) *contentFile {
	f := &contentFile{name: name, area: area}
	d := &decoder{file: name}
	src = oneLineEnd(src)
	if area == areaWords {
		f.loadWords(d, src, old)
		f.problems = d.probs
		return f
	}
	if area == areaSynonyms {
		f.loadSynonyms(d, src, old)
		f.problems = d.probs
		return f
	}
	top := map[string]string{areaFAQ: "entries", areaMaterials: "materials"}[area]
	root, bad := parseYAML(src)
	if bad != nil {
		f.loadChunks(d, src, top, bad, old)
		f.problems = d.probs
		return f
	}
	if root.kind == nullNode {
		return f
	}
	found := false
	d.walk(root, "the file", map[string]func(*node){top: func(n *node) {
		found = true
		if n.kind == nullNode {
			return
		}
		if n.kind != listNode {
			d.bad(n.line, "%s must be a list, not %s", top, n.kind)
			f.keepAll(old)
			return
		}
		for _, it := range n.items {
			f.addItem(d, it, old)
		}
	}})
	if !found {
		f.keepAll(old)
	}
	compact(f.entries, old)
	f.problems = d.probs
	return f
}

// oneLineEnd makes every line end in \n, as all counting of lines here assumes.
func oneLineEnd(src []byte) []byte {
	if !bytes.ContainsRune(src, '\r') {
		return src
	}
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(src, []byte("\r"), []byte("\n"))
}

func (f *contentFile) loadWords(d *decoder, src []byte, old *contentFile) {
	root, bad := parseYAML(src)
	if bad != nil {
		d.bad(bad.line, "%s", bad.text)
		if old != nil {
			f.words, f.wordLines = old.words, old.wordLines
		}
		return
	}
	if !slices.Contains(languages, f.lang()) {
		d.bad(1, "words are kept in files named after their language: known are %s", strings.Join(languages, ", "))
		return
	}
	f.words, f.wordLines = d.words(root), map[string]int{}
	for _, fl := range root.fields {
		f.wordLines[fl.key] = fl.line
	}
}

// loadSynonyms keeps the last good groups of a file that is no YAML; of one that
// is, every sound group is used.
func (f *contentFile) loadSynonyms(d *decoder, src []byte, old *contentFile) {
	root, bad := parseYAML(src)
	if bad == nil {
		f.groups = d.synonymGroups(root)
		return
	}
	d.bad(bad.line, "%s", bad.text)
	if old != nil {
		f.groups = old.groups
	}
}

// addItem decodes one entry or material. If it is broken, its last good state
// under the same key stays.
func (f *contentFile) addItem(d *decoder, n *node, old *contentFile) {
	ok := false
	if f.area == areaFAQ {
		var e *Entry
		if e, ok = d.entry(n); ok {
			f.entries = append(f.entries, e)
		}
	} else {
		var m *Material
		if m, ok = d.material(n); ok {
			f.materials = append(f.materials, m)
		}
	}
	if k := n.get("key"); !ok && k != nil {
		f.keep(old, k.text)
	}
}

// keep takes over the last good state of what has this key.
func (f *contentFile) keep(old *contentFile, key string) {
	if old == nil || key == "" {
		return
	}
	for _, e := range old.entries {
		if e.Key == key {
			f.entries = append(f.entries, e)
		}
	}
	for _, m := range old.materials {
		if m.Key == key {
			f.materials = append(f.materials, m)
		}
	}
}

func (f *contentFile) keepAll(old *contentFile) {
	if old != nil {
		f.entries, f.materials = old.entries, old.materials
	}
}

var chunkKey = regexp.MustCompile(`(?m)^\s*(?:-\s+)?\{?\s*["']?key["']?\s*:\s*["']?([a-z0-9][a-z0-9._-]*)`)

// loadChunks reads a file that is not YAML as a whole, item by item. When no
// item can be told apart, the file's last good state stays as a whole.
func (f *contentFile) loadChunks(d *decoder, src []byte, top string, bad *lineError, old *contentFile) {
	parts := chunks(string(src), top)
	broken := 0
	for _, c := range parts {
		root, bad := parseYAML([]byte(c.text))
		if bad != nil || root.kind != listNode || len(root.items) != 1 {
			line, text := c.line, "not readable as YAML"
			if bad != nil {
				line, text = c.line+bad.line-1, bad.text
			}
			key := ""
			if m := chunkKey.FindStringSubmatch(c.text); m != nil {
				key = m[1]
				text += fmt.Sprintf(" (in %s)", key)
			}
			broken++
			d.bad(line, "%s", text)
			f.keep(old, key)
			continue
		}
		root.shift(c.line - 1)
		f.addItem(d, root.items[0], old)
	}
	if broken == 0 { // the fault is outside the items
		d.bad(bad.line, "%s", bad.text)
	}
	if len(f.entries) == 0 && len(f.materials) == 0 {
		f.keepAll(old)
	}
}

// synonymGroups lists what the source calls the same.
func (s *source) synonymGroups() (out []synonymGroup) {
	if s == nil {
		return nil
	}
	for _, f := range s.ordered() {
		out = append(out, f.groups...)
	}
	return out
}

// ordered gives the files by path: the order in which keys are claimed.
func (s *source) ordered() []*contentFile {
	var out []*contentFile
	for _, n := range sortedKeys(s.files) {
		out = append(out, s.files[n])
	}
	return out
}

func (s *source) problems() []Problem {
	out := slices.Clone(s.trouble)
	for _, f := range s.ordered() {
		out = append(out, f.problems...)
	}
	return out
}

func (s *source) wordProblems() []Problem {
	var out []Problem
	for _, f := range s.ordered() {
		if f.area == areaWords || f.area == areaSynonyms {
			out = append(out, f.problems...)
		}
	}
	return out
}
