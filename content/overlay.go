package content

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Row is content that staff, a seed or an import added or changed. It overlays
// the files by key; its body has the shape of a YAML entry or material.
type Row struct {
	Kind string // "faq" or "material"
	Key  string
	Body json.RawMessage
}

// Overlay names one row in force and the file it stands over.
type Overlay struct {
	Kind, Key string
	File      string // "" when the row adds something new
	Line      int
	under     *Entry // what the file says, of an entry
}

// String says the overlay in a line of `check`.
func (o Overlay) String() string {
	if o.File == "" {
		return fmt.Sprintf("%s %s comes from the database", o.Kind, o.Key)
	}
	return fmt.Sprintf("%s %s comes from the database and stands over %s:%d", o.Kind, o.Key, o.File, o.Line)
}

// Overlay puts these rows, and no others, over the files. It returns the
// problems of the rows. A broken row takes its key out of service: the file's
// entry might be older and wider than what staff meant.
func (l *Library) Overlay(rows []Row) []Problem {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = append([]Row(nil), rows...)
	l.rebuild()
	var out []Problem
	for _, p := range l.cur.Load().problems {
		if strings.HasPrefix(p.File, "row ") {
			out = append(out, p)
		}
	}
	return out
}

// Overlays lists the rows in force.
func (l *Library) Overlays() []Overlay { return append([]Overlay(nil), l.cur.Load().overlays...) }

// CheckRow says what is wrong with a row before it is written.
func CheckRow(r Row) []Problem {
	b := newBuilder()
	b.addRows([]Row{r})
	return b.problems
}

// CheckOver is CheckRow for a row that goes over this library's files: it may keep the
// file of the material that it changes.
func (l *Library) CheckOver(r Row) (out []Problem) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := newBuilder()
	if !(l.main.sample && l.hideSample) {
		b.addSource(l.main)
	}
	b.problems = nil
	b.addRows([]Row{r})
	return b.problems
}

// DecodeEntry reads an entry from a row's body, strictly.
func DecodeEntry(body []byte) (Entry, []Problem) {
	d := &decoder{file: "entry"}
	n, bad := parseJSON(body)
	if bad != nil {
		return Entry{}, []Problem{{File: d.file, Text: bad.text}}
	}
	e, ok := d.entry(n)
	if !ok {
		return Entry{}, d.probs
	}
	return *e, nil
}

// DecodeMaterial reads a material from a row's body, strictly.
func DecodeMaterial(body []byte) (Material, []Problem) {
	d := &decoder{file: "material"}
	n, bad := parseJSON(body)
	if bad != nil {
		return Material{}, []Problem{{File: d.file, Text: bad.text}}
	}
	m, ok := d.material(n)
	if !ok {
		return Material{}, d.probs
	}
	return *m, nil
}

func (b *builder) addRows(rows []Row) {
	seen := map[string]bool{}
	for _, r := range rows {
		d := &decoder{file: "row " + r.Kind + "/" + r.Key}
		id := r.Kind + " " + r.Key
		switch {
		case r.Kind != "faq" && r.Kind != "material":
			d.bad(0, "unknown kind of row %q: faq or material", r.Kind)
		case seen[id]:
			d.bad(0, "there are two rows for %s; the first is served", id)
		default:
			seen[id] = true
			if !b.addRow(d, r) {
				b.blocked[id] = true
			}
		}
		b.problems = append(b.problems, d.probs...)
	}
}

func (b *builder) addRow(d *decoder, r Row) bool {
	n, bad := parseJSON(r.Body)
	if bad != nil {
		d.bad(0, "%s", bad.text)
		return false
	}
	over := Overlay{Kind: r.Kind, Key: r.Key}
	if r.Kind == "faq" {
		e, ok := d.entry(n)
		if !ok || !sameKey(d, e.Key, r.Key) {
			return false
		}
		if old := b.entries[r.Key]; old != nil {
			over.File, over.Line, over.under = old.File, old.Line, old
		}
		b.entries[r.Key] = e
	} else {
		m, ok := d.material(n)
		if !ok || !sameKey(d, m.Key, r.Key) {
			return false
		}
		if old := b.materials[r.Key]; old != nil {
			over.File, over.Line = old.Source, old.Line
			// A row may change the words around a file that stays where it is.
			if m.File != "" && m.File == old.File {
				m.fsys, m.Source, m.Type, m.Size = old.fsys, old.Source, old.Type, old.Size
			}
			// A stored file may keep the cover and the captions that lie beside the old one.
			if m.SHA256 != "" && (m.Image != "" || m.Captions != "") && m.Image == old.Image && m.Captions == old.Captions {
				m.fsys, m.Source = old.fsys, old.Source
			}
		}
		if m.File != "" && m.fsys == nil {
			d.bad(0, "material %s: a row's file is a stored one (sha256), or the file its overlaid material has", r.Key)
			return false
		}
		if m.File == "" {
			delete(b.blocked, "material "+r.Key) // what stands in the file is not what is served
		}
		b.materials[r.Key] = m
	}
	b.overlays = append(b.overlays, over)
	return true
}

func sameKey(d *decoder, have, want string) bool {
	if have != want {
		d.bad(0, "the body's key %q is not the row's key %q", have, want)
	}
	return have == want
}
