package content

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// words is every sentence by language and key.
type words map[string]map[string]string

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// Say words one sentence: the text of key in lang (else Japanese, English) with
// {name} replaced by the value that follows name in args. An unknown key comes
// back as itself, so that nothing is ever silent; a placeholder without a value
// stays as it is. Values are inserted as they are: escaping is the platforms'.
func (l *Library) Say(lang, key string, args ...any) string {
	w := l.cur.Load().words
	s, ok := w[lang][key]
	if !ok {
		for _, other := range [...]string{"ja", "en"} {
			if s, ok = w[other][key]; ok {
				break
			}
		}
	}
	if !ok {
		return key
	}
	if len(args) < 2 || !strings.Contains(s, "{") {
		return s
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(s) // one pass: a value never expands again
}

// HasWord says whether the key exists in any language.
func (l *Library) HasWord(key string) bool {
	for _, m := range l.cur.Load().words {
		if _, ok := m[key]; ok {
			return true
		}
	}
	return false
}

// Languages lists the languages there are words for.
func (l *Library) Languages() []string { return sortedKeys(l.cur.Load().words) }

// Keys lists every key of the words, in any language.
func (l *Library) Keys() []string {
	all := map[string]bool{}
	for _, m := range l.cur.Load().words {
		for k := range m {
			all[k] = true
		}
	}
	return sortedKeys(all)
}

// Missing lists "lang key" for every key that a language lacks, and for every
// key whose placeholders differ between languages.
func (l *Library) Missing() []string {
	w := l.cur.Load().words
	var out []string
	for _, k := range l.Keys() {
		want := ""
		for i, lang := range sortedKeys(w) {
			s, ok := w[lang][k]
			if !ok {
				out = append(out, lang+" "+k)
				continue
			}
			if have := placeholders(s); i == 0 || want == "" {
				want = have
			} else if have != want {
				out = append(out, fmt.Sprintf("%s %s has the placeholders %s, not %s", lang, k, have, want))
			}
		}
	}
	return out
}

var placeholder = regexp.MustCompile(`\{[a-z][a-z0-9_]*\}`)

// placeholders names the {…} of a sentence in order of the alphabet, or "none".
func placeholders(s string) string {
	found := placeholder.FindAllString(s, -1)
	if len(found) == 0 {
		return "none"
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " ")
}

// words decodes one file of words: a flat map of texts.
func (d *decoder) words(n *node) map[string]string {
	out := map[string]string{}
	if n.kind == nullNode {
		return out
	}
	if n.kind != mapNode {
		d.bad(n.line, "words must be a flat map of key: text, not %s", n.kind)
		return out
	}
	for _, f := range n.fields {
		before := len(d.probs)
		var s string
		if f.value.kind == textNode {
			s = f.value.text // white space belongs to the sentence
		} else {
			d.str(f.value, "word "+f.key, &s)
		}
		if len(d.probs) > before {
			continue
		}
		if _, twice := out[f.key]; twice {
			d.bad(f.line, "word %q is there twice", f.key)
			continue
		}
		out[f.key] = s
	}
	return out
}

// mergeWords lays the operator's words over the built-in ones, and names words
// that nothing says: they are typing errors.
func mergeWords(ground, main *source, probs []Problem) (words, []Problem) {
	w := words{}
	add := func(s *source, check bool) {
		for _, f := range s.ordered() {
			if f.area != areaWords {
				continue
			}
			m := w[f.lang()]
			if m == nil {
				m = map[string]string{}
				w[f.lang()] = m
			}
			for _, k := range sortedKeys(f.words) {
				if _, known := m[k]; check && !known && len(m) > 0 {
					probs = append(probs, Problem{File: f.name, Line: f.wordLines[k],
						Text: fmt.Sprintf("word %q is said nowhere%s", k, nearestOnly(k, sortedKeys(m)))})
					continue
				}
				m[k] = f.words[k]
			}
		}
	}
	if ground != nil {
		add(ground, false)
	}
	add(main, ground != nil)
	return w, probs
}

// nearestOnly is nearest without the list of everything known.
func nearestOnly(s string, known []string) string {
	if t := nearest(s, known); strings.HasPrefix(t, ": did") {
		return t
	}
	return ""
}
