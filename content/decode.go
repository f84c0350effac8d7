package content

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// decoder turns nodes into entries and materials and names everything wrong on
// the way. Anything unknown or malformed makes the whole entry unservable: a
// misspelt "audiense" must never publish an entry to everybody.
type decoder struct {
	file  string
	probs []Problem
}

func (d *decoder) bad(line int, format string, args ...any) {
	d.probs = append(d.probs, Problem{File: d.file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// Bounds of one entry's texts, in characters. They keep a slip (a whole manual
// pasted into an answer) out of chat; platforms cut longer answers anyway.
const (
	maxQuestion = 500
	maxAnswer   = 10000
	maxKeyLen   = 100 // bytes
	maxList     = 500
)

var keyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)

// ValidKey says whether s may be the key of an entry or a material.
func ValidKey(s string) bool { return len(s) <= maxKeyLen && keyForm.MatchString(s) }

// walk hands every field of a mapping to its reader and names unknown and
// doubled ones.
func (d *decoder) walk(n *node, what string, readers map[string]func(*node)) bool {
	if n.kind != mapNode {
		d.bad(n.line, "%s must be a mapping, not %s", what, n.kind)
		return false
	}
	seen := map[string]bool{}
	for _, f := range n.fields {
		read, ok := readers[f.key]
		switch {
		case !ok:
			d.bad(f.line, "%s has an unknown field %q%s", what, f.key, nearest(f.key, sortedKeys(readers)))
		case seen[f.key]:
			d.bad(f.line, "%s has the field %q twice", what, f.key)
		default:
			seen[f.key] = true
			read(f.value)
		}
	}
	return true
}

func (d *decoder) str(n *node, what string, into *string) {
	switch n.kind {
	case textNode:
		s := strings.TrimSpace(n.text)
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			d.bad(n.line, "%s is not valid UTF-8 text", what)
			return
		}
		*into = s
	case nullNode:
		*into = ""
	case numberNode, boolNode:
		d.bad(n.line, "%s must be a text: put %q in quotes", what, n.text)
	default:
		d.bad(n.line, "%s must be a text, not %s", what, n.kind)
	}
}

func (d *decoder) list(n *node, what string) []string {
	if n.kind == nullNode {
		return nil
	}
	if n.kind != listNode {
		d.bad(n.line, "%s must be a list, not %s", what, n.kind)
		return nil
	}
	if len(n.items) > maxList {
		d.bad(n.line, "%s has %d items, more than %d", what, len(n.items), maxList)
		return nil
	}
	out := make([]string, 0, len(n.items))
	for _, it := range n.items {
		before := len(d.probs)
		var s string
		d.str(it, "each of "+what, &s)
		if len(d.probs) > before {
			continue
		}
		if s == "" {
			d.bad(it.line, "%s has an empty item", what)
			continue
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// text reads {ja: …, en: …}; a plain string is Japanese.
func (d *decoder) text(n *node, what string, limit int) Text {
	out := Text{}
	put := func(lang string, v *node) {
		var s string
		d.str(v, what, &s)
		if c := utf8.RuneCountInString(s); c > limit {
			d.bad(v.line, "%s is %d characters long; at most %d", what, c, limit)
			return
		}
		if s != "" {
			out[lang] = s
		}
	}
	if n.kind != mapNode {
		if n.kind == listNode {
			d.bad(n.line, "%s must be a text or {ja: …, en: …}, not a list", what)
			return out
		}
		put("ja", n)
		return out
	}
	d.byLang(n, what, put)
	return out
}

// texts reads {ja: […], en: […]}; a plain list is Japanese.
func (d *decoder) texts(n *node, what string, limit int) map[string][]string {
	out := map[string][]string{}
	put := func(lang string, v *node) {
		for _, s := range d.list(v, what) {
			if c := utf8.RuneCountInString(s); c > limit {
				d.bad(v.line, "one of %s is %d characters long; at most %d", what, c, limit)
				continue
			}
			out[lang] = append(out[lang], s)
		}
	}
	if n.kind == mapNode {
		d.byLang(n, what, put)
	} else {
		put("ja", n)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// languages are those that content may be written in (vendor.languages).
var languages = []string{"en", "ja"}

func (d *decoder) byLang(n *node, what string, put func(string, *node)) {
	readers := map[string]func(*node){}
	for _, l := range languages {
		readers[l] = func(v *node) { put(l, v) }
	}
	d.walk(n, what, readers)
}

func (d *decoder) date(n *node, what string, into *string) {
	before := len(d.probs)
	d.str(n, what, into)
	if len(d.probs) > before || *into == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, *into); err != nil {
		d.bad(n.line, "%s must be a day such as 2026-04-01, not %q", what, *into)
	}
}

func (d *decoder) owner(n *node, what string) (o Owner) {
	if n.kind == textNode { // a plain string is the person
		d.str(n, what, &o.Person)
		return o
	}
	if n.kind != nullNode {
		d.walk(n, what, map[string]func(*node){
			"person":     func(v *node) { d.str(v, "owner.person", &o.Person) },
			"department": func(v *node) { d.str(v, "owner.department", &o.Department) },
		})
	}
	return o
}

func (d *decoder) audience(n *node) (a Audience) {
	if n.kind == listNode { // a plain list is partner keys
		a.Partners = d.list(n, "audience")
		return a
	}
	if n.kind != nullNode {
		d.walk(n, "audience", map[string]func(*node){
			"partners": func(v *node) { a.Partners = d.list(v, "audience.partners") },
			"tiers":    func(v *node) { a.Tiers = d.list(v, "audience.tiers") },
			"tags":     func(v *node) { a.Tags = d.list(v, "audience.tags") },
		})
	}
	return a
}

func (d *decoder) key(n *node, what string, into *string) {
	before := len(d.probs)
	d.str(n, what+" key", into)
	if len(d.probs) == before && *into != "" && !ValidKey(*into) {
		d.bad(n.line, "key %q must be small letters, digits, dot, dash or underscore, begin with a letter or digit and have at most %d bytes", *into, maxKeyLen)
	}
}

// entry decodes one FAQ entry; ok is false if it must not be served.
func (d *decoder) entry(n *node) (e *Entry, ok bool) {
	before := len(d.probs)
	e = &Entry{File: d.file, Line: n.line}
	what := describe("entry", n)
	isMap := d.walk(n, what, map[string]func(*node){
		"key":         func(v *node) { d.key(v, "entry", &e.Key) },
		"question":    func(v *node) { e.Question = d.text(v, "question", maxQuestion) },
		"variants":    func(v *node) { e.Variants = d.texts(v, "variants", maxQuestion) },
		"not":         func(v *node) { e.Not = d.texts(v, "not", maxQuestion) },
		"answer":      func(v *node) { e.Answer = d.text(v, "answer", maxAnswer) },
		"materials":   func(v *node) { e.Materials = d.list(v, "materials") },
		"tags":        func(v *node) { e.Tags = d.list(v, "tags") },
		"owner":       func(v *node) { e.Owner = d.owner(v, "owner") },
		"audience":    func(v *node) { e.Audience = d.audience(v) },
		"valid_from":  func(v *node) { d.date(v, "valid_from", &e.ValidFrom) },
		"valid_until": func(v *node) { d.date(v, "valid_until", &e.ValidUntil) },
	})
	if !isMap {
		return nil, false
	}
	if n.get("key") == nil || (e.Key == "" && len(d.probs) == before) {
		d.bad(n.line, "entry has no key: give it one that never changes")
	}
	if len(e.Question) == 0 && !d.about(before, "question") {
		d.bad(lineOr(n.get("question"), n), "%s has no question", what)
	}
	if len(e.Answer) == 0 && !d.about(before, "answer") {
		d.bad(lineOr(n.get("answer"), n), "%s has no answer", what)
	}
	d.order(n, what, e.ValidFrom, e.ValidUntil)
	return e, len(d.probs) == before
}

// about says whether a problem since before already speaks of the field, so
// that a malformed question is not also called missing.
func (d *decoder) about(before int, field string) bool {
	return slices.ContainsFunc(d.probs[before:], func(p Problem) bool { return strings.HasPrefix(p.Text, field+" ") })
}

func (d *decoder) order(n *node, what, from, until string) {
	if from != "" && until != "" && from > until && len(from) == len(until) {
		d.bad(lineOr(n.get("valid_until"), n), "%s ends (valid_until %s) before it begins (valid_from %s)", what, until, from)
	}
}

// material decodes one material; ok is false if it must not be served.
func (d *decoder) material(n *node) (m *Material, ok bool) {
	before := len(d.probs)
	m = &Material{Source: d.file, Line: n.line, Version: 1}
	what := describe("material", n)
	var kind string
	isMap := d.walk(n, what, map[string]func(*node){
		"key":            func(v *node) { d.key(v, "material", &m.Key) },
		"kind":           func(v *node) { d.str(v, "kind", &kind) },
		"title":          func(v *node) { m.Title = d.text(v, "title", 200) },
		"description":    func(v *node) { m.Description = d.text(v, "description", 1000) },
		"file":           func(v *node) { d.str(v, "file", &m.File) },
		"url":            func(v *node) { d.str(v, "url", &m.URL) },
		"image":          func(v *node) { d.str(v, "image", &m.Image) },
		"captions":       func(v *node) { d.str(v, "captions", &m.Captions) },
		"complete_share": func(v *node) { m.CompleteShare = d.share(v) },
		"version":        func(v *node) { m.Version = d.version(v) },
		"old_links":      func(v *node) { d.oldLinks(v, &m.OldLinks) },
		"download":       func(v *node) { m.Download = d.flag(v, "download") },
		"tags":           func(v *node) { m.Tags = d.list(v, "tags") },
		"owner":          func(v *node) { m.Owner = d.owner(v, "owner") },
		"audience":       func(v *node) { m.Audience = d.audience(v) },
		"valid_from":     func(v *node) { d.date(v, "valid_from", &m.ValidFrom) },
		"valid_until":    func(v *node) { d.date(v, "valid_until", &m.ValidUntil) },
		"sha256":         func(v *node) { d.str(v, "sha256", &m.SHA256) },
		"file_name":      func(v *node) { d.str(v, "file_name", &m.FileName) },
		"type":           func(v *node) { d.str(v, "type", &m.Type) },
		"size":           func(v *node) { m.Size = d.size(v) },
	})
	if !isMap {
		return nil, false
	}
	if n.get("key") == nil || (m.Key == "" && len(d.probs) == before) {
		d.bad(n.line, "material has no key: give it one that never changes")
	}
	if len(m.Title) == 0 && !d.about(before, "title") {
		d.bad(lineOr(n.get("title"), n), "%s has no title", what)
	}
	d.order(n, what, m.ValidFrom, m.ValidUntil)
	d.shape(n, m, kind, what, before)
	return m, len(d.probs) == before
}

// shape checks that kind, file, url and the stored file's fields fit together.
func (d *decoder) shape(n *node, m *Material, kind, what string, before int) {
	if kind == "" {
		if !d.about(before, "kind") {
			d.bad(n.line, "%s has no kind: document, video, sheet, tool, image or office", what)
		}
		return
	}
	m.Kind = Kind(kind)
	if !slices.Contains(Kinds, m.Kind) {
		names := make([]string, len(Kinds))
		for i, k := range Kinds {
			names[i] = string(k)
		}
		d.bad(lineOr(n.get("kind"), n), "%s has an unknown kind %q%s", what, kind, nearest(kind, names))
		return
	}
	at := func(f string) int { return lineOr(n.get(f), n) }
	if m.Kind == Tool {
		if m.File != "" || m.SHA256 != "" {
			d.bad(at("file"), "%s is a tool: it has a url, not a file", what)
		}
		if u, err := url.Parse(m.URL); m.URL == "" {
			d.bad(n.line, "%s is a tool and needs a url", what)
		} else if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
			d.bad(at("url"), "%s: url must be an https address without a user name", what)
		}
		return
	}
	if m.URL != "" {
		d.bad(at("url"), "%s is a %s: only a tool has a url", what, m.Kind)
	}
	switch {
	case m.File != "" && m.SHA256 != "":
		d.bad(at("sha256"), "%s has both a file and a sha256: a file beside it, or a stored one", what)
	case m.File == "" && m.SHA256 == "":
		d.bad(n.line, "%s is a %s and needs a file", what, m.Kind)
	case m.SHA256 != "" && !shaForm(m.SHA256):
		d.bad(at("sha256"), "%s: sha256 must be 64 small hex digits", what)
	}
	if m.Type != "" && m.SHA256 != "" && !m.Kind.accepts(m.Type) {
		d.bad(at("type"), "%s is a %s, which is %s, but its type is %q", what, m.Kind, m.Kind.wants(), m.Type)
	}
}

func (d *decoder) version(n *node) int {
	v, err := strconv.Atoi(n.text)
	if n.kind != numberNode || err != nil || v < 1 || v > 1_000_000 {
		d.bad(n.line, "version must be a whole number from 1")
		return 1
	}
	return v
}

func (d *decoder) share(n *node) int {
	v, err := strconv.Atoi(n.text)
	if n.kind != numberNode || err != nil || v < 1 || v > 100 {
		d.bad(n.line, "complete_share must be a whole number of percent, 1 to 100")
		return 0
	}
	return v
}

func (d *decoder) oldLinks(n *node, into *string) {
	d.str(n, "old_links", into)
	if *into != "" && *into != "new" && *into != StaysOld {
		d.bad(n.line, "old_links must be new or old, not %q", *into)
	}
}

func (d *decoder) size(n *node) int64 {
	v, err := strconv.ParseInt(n.text, 10, 64)
	if n.kind != numberNode || err != nil || v < 0 {
		d.bad(n.line, "size must be a number of bytes")
	}
	return v
}

func (d *decoder) flag(n *node, what string) bool {
	if n.kind != boolNode {
		d.bad(n.line, "%s must be true or false", what)
	}
	return n.text == "true"
}

// describe names an entry or material by its key where it has a readable one.
func describe(noun string, n *node) string {
	if k := n.get("key"); k != nil && k.kind == textNode && k.text != "" && len(k.text) <= maxKeyLen {
		return noun + " " + k.text
	}
	return noun
}

func lineOr(n, otherwise *node) int {
	if n != nil && n.line > 0 {
		return n.line
	}
	return otherwise.line
}
