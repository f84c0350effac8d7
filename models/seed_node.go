package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// seedNode is a value of a seed file with the line it stands on. YAML and JSON meet
// here, so that one strict reader serves both.
type seedNode struct {
	line   int
	kind   seedKind
	text   string // of a scalar
	items  []*seedNode
	fields []seedField
}

type seedField struct {
	key   string
	line  int
	value *seedNode
}

type seedKind int

const (
	seedNothing seedKind = iota
	seedText
	seedNumber
	seedTruth
	seedList
	seedMap
)

func (k seedKind) String() string {
	return [...]string{"nothing", "text", "a number", "true or false", "a list", "a group of keys"}[k]
}

// seedDepth bounds nesting: a seed needs seven levels.
const seedDepth = 32

// SeedMax bounds a seed file: 200,000 people fit.
const SeedMax = 64 << 20

type seedFault struct {
	line int
	text string
}

func (f *seedFault) Error() string { return f.text }

func parseSeed(src []byte) (*seedNode, error) {
	if trimmed := bytes.TrimLeft(src, " \t\r\n\ufeff"); len(trimmed) > 0 && trimmed[0] == '{' {
		return parseSeedJSON(src)
	}
	return parseSeedYAML(src)
}

func parseSeedYAML(src []byte) (n *seedNode, err error) {
	defer func() {
		if recover() != nil { // the parser panics on some malformed input
			n, err = nil, &seedFault{1, "this is neither YAML nor JSON"}
		}
	}()
	file, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	var bad *yaml.SyntaxError
	if errors.As(err, &bad) && bad.GetToken() != nil {
		return nil, &seedFault{bad.GetToken().Position.Line, "this is not YAML: " + bad.GetMessage()}
	}
	if err != nil {
		return nil, &seedFault{1, "this is not YAML"}
	}
	switch len(file.Docs) {
	case 0:
		return &seedNode{line: 1}, nil
	case 1:
		return seedFromYAML(file.Docs[0].Body, 0)
	}
	return nil, &seedFault{yamlLine(file.Docs[1].Body), "a second document begins here; keep everything in one"}
}

func yamlLine(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1
	}
	return n.GetToken().Position.Line
}

func seedFromYAML(n ast.Node, depth int) (*seedNode, error) {
	if depth > seedDepth {
		return nil, &seedFault{yamlLine(n), "nested too deeply"}
	}
	out := &seedNode{}
	if n != nil {
		out.line = yamlLine(n)
	}
	switch v := n.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
	case *ast.StringNode:
		out.kind, out.text = seedText, v.Value
	case *ast.LiteralNode:
		out.kind, out.text = seedText, v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode:
		out.kind, out.text = seedNumber, n.GetToken().Value
	case *ast.BoolNode:
		out.kind, out.text = seedTruth, n.GetToken().Value
	case *ast.SequenceNode:
		out.kind = seedList
		for _, item := range v.Values {
			child, err := seedFromYAML(item, depth+1)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, child)
		}
	case *ast.MappingNode:
		return out, out.addPairs(v.Values, depth)
	case *ast.MappingValueNode:
		return out, out.addPairs([]*ast.MappingValueNode{v}, depth)
	default:
		return nil, &seedFault{out.line, "anchors, aliases and tags are not used in a seed; write the value out"}
	}
	return out, nil
}

func (n *seedNode) addPairs(pairs []*ast.MappingValueNode, depth int) error {
	n.kind = seedMap
	for i, kv := range pairs {
		line := yamlLine(kv.Key)
		if i == 0 {
			n.line = line
		}
		child, err := seedFromYAML(kv.Value, depth+1)
		if err != nil {
			return err
		}
		if child.line == 0 {
			child.line = line
		}
		key := ""
		if s, ok := kv.Key.(*ast.StringNode); ok {
			key = s.Value
		} else if kv.Key.GetToken() != nil {
			key = kv.Key.GetToken().Value
		}
		n.fields = append(n.fields, seedField{key, line, child})
	}
	return nil
}

// jsonSeed reads JSON and knows on which line it is.
type jsonSeed struct {
	d        *json.Decoder
	newlines []int // offsets of line ends
}

func parseSeedJSON(src []byte) (*seedNode, error) {
	j := &jsonSeed{d: json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(src, []byte("\ufeff"))))}
	j.d.UseNumber()
	for i, c := range src {
		if c == '\n' {
			j.newlines = append(j.newlines, i)
		}
	}
	n, err := j.value(0)
	if err == nil {
		if _, after := j.d.Token(); after != io.EOF {
			err = &seedFault{j.line(), "something follows the end of the JSON"}
		}
	}
	var fault *seedFault
	if err != nil && !errors.As(err, &fault) {
		return nil, &seedFault{j.line(), "this is not JSON: " + err.Error()}
	}
	return n, err
}

func (j *jsonSeed) line() int { return 1 + sort.SearchInts(j.newlines, int(j.d.InputOffset())) }

func (j *jsonSeed) value(depth int) (*seedNode, error) {
	if depth > seedDepth {
		return nil, &seedFault{j.line(), "nested too deeply"}
	}
	token, err := j.d.Token()
	if err != nil {
		return nil, err
	}
	n := &seedNode{line: j.line()}
	switch v := token.(type) {
	case string:
		n.kind, n.text = seedText, v
	case json.Number:
		n.kind, n.text = seedNumber, v.String()
	case bool:
		n.kind, n.text = seedTruth, fmt.Sprint(v)
	case json.Delim:
		return n, j.inside(n, v, depth)
	}
	return n, nil
}

func (j *jsonSeed) inside(n *seedNode, open json.Delim, depth int) error {
	n.kind = seedMap
	if open == '[' {
		n.kind = seedList
	}
	for j.d.More() {
		if n.kind == seedList {
			child, err := j.value(depth + 1)
			if err != nil {
				return err
			}
			n.items = append(n.items, child)
			continue
		}
		name, err := j.d.Token()
		if err != nil {
			return err
		}
		line := j.line()
		child, err := j.value(depth + 1)
		if err != nil {
			return err
		}
		n.fields = append(n.fields, seedField{name.(string), line, child})
	}
	_, err := j.d.Token() // the closing bracket
	return err
}

// json writes the node as JSON, for content whose shape is checked elsewhere.
func (n *seedNode) json(b *strings.Builder) {
	switch n.kind {
	case seedText:
		text, _ := json.Marshal(n.text) // a string always marshals
		b.Write(text)
	case seedNumber:
		if json.Valid([]byte(n.text)) {
			b.WriteString(n.text)
			return
		}
		text, _ := json.Marshal(n.text) // a number only YAML can write, such as 0x10 or 1_000
		b.Write(text)
	case seedTruth:
		b.WriteString(strings.ToLower(n.text))
	case seedList:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			item.json(b)
		}
		b.WriteByte(']')
	case seedMap:
		b.WriteByte('{')
		for i, f := range n.fields {
			if i > 0 {
				b.WriteByte(',')
			}
			name, _ := json.Marshal(f.key)
			b.Write(name)
			b.WriteByte(':')
			f.value.json(b)
		}
		b.WriteByte('}')
	default:
		b.WriteString("null")
	}
}
