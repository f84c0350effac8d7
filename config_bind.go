package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// binder lays a YAML document over a Config and remembers where each value stood,
// so that a contradiction found later can still name its line. It binds by hand
// and not through the library's decoder, because the decoder stops at the first
// fault and prints the source around it, which may hold a secret.
type binder struct {
	file     string
	env      map[string]string
	problems []Problem
	notes    []Problem
	places   map[string]place   // path → where its value was given
	missing  map[string]Problem // path → a variable that is not set
}

// place is where a value was given: a line of the file or a variable.
type place struct {
	line     int
	variable string
}

func newBinder(file string, env map[string]string) *binder {
	return &binder{file: file, env: env, places: map[string]place{}, missing: map[string]Problem{}}
}

func (b *binder) at(line int, format string, args ...any) {
	b.problems = append(b.problems, Problem{File: b.file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// about reports a problem with the value of path, wherever that was given.
func (b *binder) about(path, format string, args ...any) {
	b.problems = append(b.problems, b.problem(path, fmt.Sprintf(format, args...)))
}

// problem names the line on which path was given, or else that of its group.
func (b *binder) problem(path, text string) Problem {
	where, given := b.places[path]
	for group := path; !given && strings.Contains(group, "."); {
		group = group[:strings.LastIndexByte(group, '.')]
		where, given = b.places[group]
	}
	if where.variable != "" {
		return Problem{File: environmentFile, Text: where.variable + ": " + path + " " + text}
	}
	return Problem{File: b.file, Line: where.line, Text: path + " " + text}
}

// document binds a whole file.
func (b *binder) document(text []byte, c *Config) {
	defer func() {
		if recover() != nil { // the parser panics on some malformed input
			b.at(0, "this is not YAML")
		}
	}()
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // editors on Windows add it
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		b.syntax(text, err)
		return
	}
	bodies := 0
	for _, doc := range file.Docs {
		if doc == nil || doc.Body == nil {
			continue
		}
		if _, isComment := doc.Body.(*ast.CommentGroupNode); isComment {
			continue
		}
		if bodies++; bodies > 1 {
			b.at(lineOf(doc.Body), "a second document begins here; keep everything in one")
			return
		}
		b.mapping("", doc.Body, reflect.ValueOf(c).Elem())
	}
}

// syntax words what the YAML parser says, without its excerpt of the source.
func (b *binder) syntax(text []byte, err error) {
	var e *yaml.SyntaxError
	if errors.As(err, &e) && e.GetToken() != nil && e.GetToken().Position != nil {
		// The parser's message may quote what it met, and that may be a secret.
		message, _, _ := strings.Cut(quoted.ReplaceAllStringFunc(e.GetMessage(), func(found string) string {
			if len(found) <= 4 { // single characters help
				return found
			}
			return "…"
		}), "\n")
		line := e.GetToken().Position.Line
		if lines := bytes.Split(text, []byte("\n")); line <= len(lines) && bytes.Contains(lines[line-1], []byte("${")) {
			message += "; inside { } and [ ] a value with ${…} needs quotes"
		}
		b.at(line, "this is not YAML: %s", message)
		return
	}
	b.at(0, "this is not YAML")
}

// quoted is what the YAML parser quotes.
var quoted = regexp.MustCompile("\"[^\"]*(?:\"|$)|'[^']*(?:'|$)|`[^`]*(?:`|$)")

// mapping binds the keys of n to the fields of the struct v.
func (b *binder) mapping(path string, n ast.Node, v reflect.Value) {
	n = b.bare(n)
	if n == nil || isNull(n) {
		return // the key without anything under it: the defaults stay
	}
	values, ok := pairs(n)
	if !ok {
		b.at(lineOf(n), "%s must hold keys, not %s", or(path, "the file"), describe(n))
		return
	}
	seen := map[string]int{}
	for _, kv := range values {
		key := keyText(kv.Key)
		keyLine := lineOf(kv.Key)
		if first, twice := seen[key]; twice {
			b.at(keyLine, "%s stands twice, first on line %d", join(path, key), first)
			continue
		}
		seen[key] = keyLine
		b.pair(path, key, keyLine, kv.Value, v, seen)
	}
}

func (b *binder) pair(path, key string, keyLine int, value ast.Node, v reflect.Value, seen map[string]int) {
	if field, lone, ok := fieldOf(v, key); ok {
		if at, both := seen[key+"_file"]; both && isSecret(field) {
			b.at(keyLine, "%s and %s_file (line %d) are both given; keep one", join(path, key), key, at)
			return
		}
		b.places[join(path, key)] = place{line: keyLine}
		b.value(join(path, key), keyLine, value, field, lone)
		return
	}
	if base, isFile := strings.CutSuffix(key, "_file"); isFile {
		if field, _, ok := fieldOf(v, base); ok && isSecret(field) {
			if at, both := seen[base]; both {
				b.at(keyLine, "%s and %s (line %d) are both given; keep one", join(path, key), base, at)
				return
			}
			b.places[join(path, base)] = place{line: keyLine}
			b.secretFile(join(path, base), keyLine, value, field)
			return
		}
	}
	b.at(keyLine, "unknown key %s; the nearest known key is %s", join(path, clip(key)), nearestKey(path, key))
}

// value binds one value, whatever its kind.
func (b *binder) value(path string, keyLine int, n ast.Node, field reflect.Value, lone bool) {
	n = b.bare(n)
	switch {
	case field.Kind() == reflect.Struct && field.Type() != secretType:
		b.mapping(path, n, field)
	case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct && field.Type().Elem() != secretType:
		b.records(path, n, field)
	case n == nil || isNull(n):
		if field.Kind() == reflect.Pointer {
			field.SetZero() // empty is a value of its own, e.g. campaign.approval_over
		}
	case field.Kind() == reflect.Slice:
		b.list(path, n, field, lone)
	default:
		raw, ok := b.scalar(path, n)
		if !ok {
			return
		}
		if raw.expanded && raw.text == "" && !takesText(field) {
			return // ${NAME:-} that is empty: as if the key were not there
		}
		if err := setScalar(field, raw); err != nil {
			b.at(keyLineOf(n, keyLine), "%s %s", path, err)
		}
	}
}

// records binds a list of maps.
func (b *binder) records(path string, n ast.Node, field reflect.Value) {
	field.SetZero()
	if n == nil || isNull(n) {
		return
	}
	items, ok := n.(*ast.SequenceNode)
	if !ok {
		b.at(lineOf(n), "%s must be a list, not %s", path, describe(n))
		return
	}
	// Elements are bound in place: places are remembered by path with an index.
	field.Set(reflect.MakeSlice(field.Type(), len(items.Values), len(items.Values)))
	for i, item := range items.Values {
		itemPath := fmt.Sprintf("%s[%d]", path, i)
		b.places[itemPath] = place{line: lineOf(item)}
		b.mapping(itemPath, item, field.Index(i))
	}
}

// list binds a list of strings or secrets. A lone word is taken as a list of one
// where the key says so, and ${NAME} may bring several, comma-separated.
func (b *binder) list(path string, n ast.Node, field reflect.Value, lone bool) {
	items, isSequence := n.(*ast.SequenceNode)
	if !isSequence {
		raw, ok := b.scalar(path, n)
		switch {
		case !ok:
		case raw.expanded:
			setList(field, splitList(raw.text))
		case lone:
			setList(field, []string{raw.text})
		default:
			b.at(lineOf(n), "%s must be a list such as [a, b], not %s", path, describe(n))
		}
		return
	}
	var texts []string
	for _, item := range items.Values {
		raw, ok := b.scalar(path, b.bare(item))
		if !ok {
			continue
		}
		if raw.text == "" {
			if !raw.expanded {
				b.at(lineOf(item), "%s has an empty item", path)
			}
			continue
		}
		texts = append(texts, raw.text)
	}
	setList(field, texts)
}

// secretFile reads the file that key x_file names.
func (b *binder) secretFile(path string, keyLine int, n ast.Node, field reflect.Value) {
	n = b.bare(n)
	if n == nil || isNull(n) {
		return
	}
	raw, ok := b.scalar(path+"_file", n)
	if !ok || raw.text == "" {
		return
	}
	if why := readSecret(raw.text, field); why != "" {
		b.at(keyLine, "%s_file: %s", path, why)
	}
}

// readSecret puts the content of a file into a Secret or a list of them.
func readSecret(name string, field reflect.Value) (why string) {
	content, err := os.ReadFile(name)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return fmt.Sprintf("%s cannot be read: %v", name, err)
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return name + " is empty"
	}
	if field.Kind() == reflect.Slice {
		setList(field, strings.Fields(text))
		return ""
	}
	field.Set(reflect.ValueOf(NewSecret(text)))
	return ""
}

var (
	secretType   = reflect.TypeFor[Secret]()
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[Size]()
)

func isSecret(field reflect.Value) bool {
	t := field.Type()
	return t == secretType || t.Kind() == reflect.Slice && t.Elem() == secretType
}

// takesText tells that the empty text is a value of the field.
func takesText(field reflect.Value) bool {
	return field.Kind() == reflect.String || field.Type() == secretType || field.Kind() == reflect.Slice
}

// fieldOf finds the field of v that key names.
func fieldOf(v reflect.Value, key string) (field reflect.Value, lone, ok bool) {
	for f, fv := range v.Fields() {
		if tag := f.Tag.Get("yaml"); tag == key && tag != "-" {
			return fv, f.Tag.Get("lone") == "true", true
		}
	}
	return reflect.Value{}, false, false
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

// clip keeps a key that somebody mistyped, or a whole secret pasted at the place of
// one, from filling the line.
func clip(key string) string {
	if r := []rune(key); len(r) > 40 {
		return string(r[:12]) + "…"
	}
	return key
}
