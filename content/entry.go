package content

import (
	"encoding/json"
	"slices"
	"strings"
)

// Entry is one question with its variants, its answer and its related materials.
type Entry struct {
	Key        string              `json:"key"` // never changes
	Question   Text                `json:"question,omitempty"`
	Variants   map[string][]string `json:"variants,omitempty"` // other wordings, by language
	Not        map[string][]string `json:"not,omitempty"`      // questions that this entry does not answer, by language
	Answer     Text                `json:"answer,omitempty"`   // plain text
	Materials  []string            `json:"materials,omitempty"`
	Tags       []string            `json:"tags,omitempty"`
	Owner      Owner               `json:"owner,omitzero"`
	Audience   Audience            `json:"audience,omitzero"`
	ValidFrom  string              `json:"valid_from,omitempty"`  // YYYY-MM-DD in the vendor's zone, inclusive
	ValidUntil string              `json:"valid_until,omitempty"` // inclusive
	File       string              `json:"-"`                     // where it was written
	Line       int                 `json:"-"`
}

// Body is the entry in the shape of a Row's body.
func (e Entry) Body() json.RawMessage {
	b, err := json.Marshal(e)
	if err != nil { // strings and maps of strings always marshal
		panic(err)
	}
	return b
}

// Entry gives the entry with this key if r may see it today.
func (l *Library) Entry(key string, r Reader) (Entry, bool) {
	e := l.cur.Load().entryByID[key]
	if e == nil || validOn(e.ValidFrom, e.ValidUntil, l.today()) != Served || !e.Audience.Includes(r) {
		return Entry{}, false
	}
	return *e, true
}

// AnyEntry gives the entry with this key whatever its validity and audience:
// for staff pages and checks, never for partners.
func (l *Library) AnyEntry(key string) (Entry, bool) {
	e := l.cur.Load().entryByID[key]
	if e == nil {
		return Entry{}, false
	}
	return *e, true
}

// FileEntry gives the entry as its file has it, whatever lies over it: for staff pages
// and checks, never for partners.
func (l *Library) FileEntry(key string) (Entry, bool) {
	s := l.cur.Load()
	for _, o := range s.overlays {
		if o.Kind == "faq" && o.Key == key {
			if o.under == nil {
				return Entry{}, false
			}
			return *o.under, true
		}
	}
	return l.AnyEntry(key)
}

// Entries lists what r may see today, by key.
func (l *Library) Entries(r Reader) []Entry {
	day := l.today()
	var out []Entry
	for _, e := range l.cur.Load().entries {
		if validOn(e.ValidFrom, e.ValidUntil, day) == Served && e.Audience.Includes(r) {
			out = append(out, *e)
		}
	}
	return out
}

// AllEntries lists every entry, also expired ones, by key: for staff and checks.
func (l *Library) AllEntries() []Entry {
	es := l.cur.Load().entries
	out := make([]Entry, len(es))
	for i, e := range es {
		out[i] = *e
	}
	return out
}

// languages lists the languages the entry's question has, ja first.
func (e *Entry) languages() []string {
	ls := sortedKeys(e.Question)
	if i := slices.Index(ls, "ja"); i > 0 {
		ls[0], ls[i] = ls[i], ls[0]
	}
	return ls
}

// compact copies the texts of a file's entries into one piece of memory. As the
// decoder leaves them each lies among what it needed for a moment, which keeps a
// third more from being used again than the texts take. What stems from old is being
// read, and is left alone.
func compact(entries []*Entry, old *contentFile) {
	if old != nil {
		kept := map[*Entry]bool{}
		for _, e := range old.entries {
			kept[e] = true
		}
		entries = slices.DeleteFunc(slices.Clone(entries), func(e *Entry) bool { return kept[e] })
	}
	n := 0
	for _, e := range entries {
		e.eachText(func(s string) string { n += len(s); return s })
	}
	var b strings.Builder
	b.Grow(n) // to the full: what is cut out of it below stays part of it
	for _, e := range entries {
		e.eachText(func(s string) string {
			at := b.Len()
			b.WriteString(s)
			return b.String()[at:]
		})
	}
}

// eachText replaces every longer text of the entry.
func (e *Entry) eachText(by func(string) string) {
	e.Key = by(e.Key)
	for _, t := range []Text{e.Question, e.Answer} {
		for lang, s := range t {
			t[lang] = by(s)
		}
	}
	for _, m := range []map[string][]string{e.Variants, e.Not} {
		for _, list := range m {
			for i, s := range list {
				list[i] = by(s)
			}
		}
	}
}
