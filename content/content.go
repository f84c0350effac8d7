// Package content is what we know and how we word it: the FAQ, the materials
// and every sentence the bot can say, loaded from files, overlaid by rows, and
// searched in memory.
package content

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// Options say where the content lies and how it is read.
type Options struct {
	// Dir is the operator's content folder (content.dir). Empty means the
	// embedded sample. It is only ever read.
	Dir string
	// Embedded is the content built into the binary; nil means Sample(). Its
	// words are the ground under the words of Dir.
	Embedded fs.FS
	// Files is where the bytes of uploaded materials lie (storage.dir), content
	// addressed: ab/abcdef… by SHA-256. Nil when there is no storage.
	Files fs.FS
	// Zone is the vendor's zone: valid_from and valid_until are days there.
	// Nil means UTC.
	Zone *time.Location
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
	// Small keeps the Japanese dictionary (about 40 MB) out of memory: search
	// then works on character pairs alone.
	Small bool
}

// Library holds the content. It is safe for concurrent use, and readers never
// wait: they read one immutable snapshot that writers replace as a whole.
type Library struct {
	opts  Options
	clock func() time.Time
	zone  *time.Location
	ana   *analyzer

	cur atomic.Pointer[snapshot]

	mu         sync.Mutex // guards everything below and the making of snapshots
	main       *source    // Dir, or the sample when Dir is empty
	ground     *source    // the embedded content, for its words; nil when main is it
	rows       []Row
	hideSample bool
	ready      chan struct{} // closed when the full tokenizer (if any) is in use
	closeReady sync.Once
	tidying    atomic.Bool
}

// snapshot is one consistent state of the content; nothing in it ever changes.
type snapshot struct {
	entries   []*Entry // sorted by key
	entryByID map[string]*Entry
	materials []*Material // sorted by key
	matByID   map[string]*Material
	words     words
	overlays  []Overlay
	problems  []Problem
	index     *index
	titles    *index         // the materials by title
	docs      []docText      // what the index read of the entries
	groups    []synonymGroup // what synonyms are made of
	synonyms  *synonyms
	ana       *analyzer // what made the indexes, so what must read questions
}

// Problem is one thing wrong with the content, told to the person who keeps it.
type Problem struct {
	File string // path inside the content folder, or "row faq/KEY"
	Line int    // 1-based; 0 where a line makes no sense
	Text string // what is wrong and what to do

	// Of a list of results that comes by a page: what is wrong in a word, and what
	// it is about, for other languages.
	Why, Value string
}

// String writes the problem as editors understand it: file:line: text.
func (p Problem) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
	}
	return p.File + ": " + p.Text
}

// Open loads the content. Problems do not stop it: what is broken is named and
// the rest is served. The error is for a folder that cannot be read at all.
// Unless Small is set, the Japanese dictionary is loaded in the background;
// until then questions are answered from character pairs.
func Open(o Options) (*Library, []Problem, error) {
	if o.Embedded == nil {
		o.Embedded = Sample()
	}
	l := &Library{opts: o, clock: o.Now, zone: o.Zone, ana: newAnalyzer(), ready: make(chan struct{})}
	if l.clock == nil {
		l.clock = time.Now
	}
	if l.zone == nil {
		l.zone = time.UTC
	}
	if o.Dir == "" {
		l.main = newSource(o.Embedded, "", true)
	} else {
		st, err := os.Stat(o.Dir)
		if err != nil {
			return nil, nil, fmt.Errorf("content folder cannot be read (content.dir): %w", err)
		}
		if !st.IsDir() {
			return nil, nil, errors.New("content.dir must be a folder, but " + o.Dir + " is a file")
		}
		l.main = newSource(os.DirFS(o.Dir), o.Dir, false)
		l.ground = newSource(o.Embedded, "", true)
		l.ground.onlyWords = true
	}
	l.mu.Lock()
	l.scan()
	l.rebuild()
	l.mu.Unlock()
	if o.Small {
		l.closeReady.Do(func() { close(l.ready) })
	} else {
		go l.loadDictionary()
	}
	return l, l.Problems(), nil
}

// Ready is closed as soon as search works at full strength: at once in small
// mode, else when the Japanese dictionary has been loaded.
func (l *Library) Ready() <-chan struct{} { return l.ready }

// loadDictionary swaps the tokenizer in; readers see the old index until the
// new one is complete.
func (l *Library) loadDictionary() {
	defer l.closeReady.Do(func() { close(l.ready) })
	full, err := newFullAnalyzer()
	if err != nil {
		return // the dictionary is compiled in; without it bigrams keep answering
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ana = full
	l.rebuild()
	debug.FreeOSMemory() // loading leaves half as much garbage as the dictionary is large
}

// Problems lists everything wrong with what is loaded now, by file and line.
func (l *Library) Problems() []Problem {
	return append([]Problem(nil), l.cur.Load().problems...)
}

// Reload looks at the files again and swaps what changed in. A file that broke
// keeps its last good entries. It returns the problems there are now.
func (l *Library) Reload() []Problem {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.scan() {
		l.rebuild()
	}
	return l.Problems()
}

// Watch reloads whenever files changed (names, sizes, times, then hashes),
// looking every so often until ctx ends. report is called after each change
// with the problems there are then; it may be nil.
func (l *Library) Watch(ctx context.Context, every time.Duration, report func([]Problem)) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		l.mu.Lock()
		changed := l.scan()
		if changed {
			l.rebuild()
		}
		l.mu.Unlock()
		if changed && report != nil {
			report(l.Problems())
		}
	}
}

// HideSample makes the embedded sample's FAQ and materials step aside (its
// words stay). It does nothing to content from a folder or from rows.
func (l *Library) HideSample(hide bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hideSample == hide {
		return
	}
	l.hideSample = hide
	if l.main.sample {
		l.rebuild()
	}
}

// scan brings both sources up to date and says whether anything changed.
func (l *Library) scan() bool {
	changed := l.main.scan()
	if l.ground != nil && l.ground.scan() {
		changed = true
	}
	return changed
}

// rebuild makes a new snapshot from the sources and rows. mu must be held.
func (l *Library) rebuild() {
	s := l.assemble(l.rows)
	l.cur.Store(s)
	if len(s.entries) > manyEntries && l.tidying.CompareAndSwap(false, true) {
		time.AfterFunc(tidyAfter, func() {
			l.tidying.Store(false)
			debug.FreeOSMemory()
		})
	}
}

// tidyAfter is how long changes may follow each other before their garbage is
// handed back to the system: a process at rest would keep it for minutes.
const tidyAfter = 2 * time.Second

// assemble makes the snapshot that these rows would give. mu must be held.
func (l *Library) assemble(rows []Row) *snapshot {
	b := newBuilder()
	if !(l.main.sample && l.hideSample) {
		b.addSource(l.main)
	}
	b.addRows(rows)
	s := b.finish(l.files())
	var ground *source
	if l.ground != nil {
		ground = l.ground
		s.problems = append(s.problems, ground.problems()...)
	}
	s.words, s.problems = mergeWords(ground, l.main, s.problems)
	if l.main.sample && l.hideSample {
		s.problems = append(s.problems, l.main.wordProblems()...)
	}
	sortProblems(s.problems)
	s.ana = l.ana
	s.index, s.titles = l.buildIndexes(s)
	s.groups = append(l.ground.synonymGroups(), l.main.synonymGroups()...)
	if cur := l.cur.Load(); cur != nil && cur.ana == l.ana && slices.EqualFunc(cur.groups, s.groups, synonymGroup.equal) {
		s.synonyms = cur.synonyms
	} else {
		s.synonyms = newSynonyms(l.ana, s.groups)
	}
	return s
}

// manyEntries is from where on the garbage of a build (up to 10 kB an entry) is
// worth handing back to the system.
const manyEntries = 2000

func (l *Library) files() fs.FS { return l.opts.Files }

func sortProblems(ps []Problem) {
	sort.SliceStable(ps, func(i, j int) bool {
		if ps[i].File != ps[j].File {
			return ps[i].File < ps[j].File
		}
		return ps[i].Line < ps[j].Line
	})
}

// today is the vendor's calendar day, as YYYY-MM-DD: days compare as strings.
func (l *Library) today() string {
	return l.clock().In(l.zone).Format(time.DateOnly)
}
