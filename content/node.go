package content

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// node is a YAML or JSON value with the line it stands on. The two notations
// meet here, so that files and rows are read by one strict decoder.
type node struct {
	kind   nodeKind
	line   int
	text   string // of a scalar
	items  []*node
	fields []field
}

type field struct {
	key   string
	line  int
	value *node
}

type nodeKind int

const (
	nullNode nodeKind = iota
	textNode
	numberNode
	boolNode
	listNode
	mapNode
)

func (k nodeKind) String() string {
	return [...]string{"nothing", "a text", "a number", "true/false", "a list", "a mapping"}[k]
}

// get gives the field's value, or nil.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for _, f := range n.fields {
		if f.key == key {
			return f.value
		}
	}
	return nil
}

// lineError is what is wrong with a notation, and where.
type lineError struct {
	line int
	text string
}

// maxYAML bounds one file: 10,000 entries of 1 kB fit twice.
const maxYAML = 32 << 20

// maxDepth bounds nesting; the formats need six. It keeps a hostile file from
// exhausting the parser's stack.
const maxDepth = 40

// parseYAML reads one YAML document. It never panics, whatever the bytes.
func parseYAML(src []byte) (n *node, bad *lineError) {
	if len(src) > maxYAML {
		return nil, &lineError{1, fmt.Sprintf("the file is larger than %d MB; split it", maxYAML>>20)}
	}
	if !utf8.Valid(src) {
		return nil, &lineError{1 + bytes.Count(src[:invalidAt(src)], []byte("\n")), "not UTF-8 text: save the file as UTF-8"}
	}
	if line := tooDeep(src); line > 0 {
		return nil, &lineError{line, fmt.Sprintf("nested more than %d deep", maxDepth)}
	}
	defer func() {
		if r := recover(); r != nil { // the parser panics on some malformed input
			n, bad = nil, &lineError{1, "not readable as YAML"}
		}
	}()
	f, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, yamlError(err)
	}
	if len(f.Docs) == 0 {
		return &node{line: 1}, nil
	}
	if len(f.Docs) > 1 {
		return nil, &lineError{lineOf(f.Docs[1]), "one file is one document: remove the line ---"}
	}
	return fromAST(f.Docs[0].Body, 0)
}

// invalidAt is the place of the first byte that is not UTF-8.
func invalidAt(src []byte) int {
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(src)
}

func yamlError(err error) *lineError {
	var e interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &e) {
		line := 1
		if t := e.GetToken(); t != nil && t.Position != nil {
			line = t.Position.Line
		}
		return &lineError{line, "not readable as YAML: " + e.GetMessage()}
	}
	return &lineError{1, "not readable as YAML: " + err.Error()}
}

// tooDeep gives the line on which flow brackets or indentation nest too deeply,
// or 0. Quoted brackets count as well: no real content comes near the bound.
func tooDeep(src []byte) int {
	depth, line, indent, dashes, atStart := 0, 1, 0, 0, true
	for _, c := range src {
		switch c {
		case '\n':
			line++
			indent, dashes, atStart = 0, 0, true
			continue
		case '[', '{':
			depth++
			if depth > 4*maxDepth {
				return line
			}
		case ']', '}':
			depth = max(0, depth-1)
		}
		if !atStart {
			continue
		}
		switch c {
		case ' ':
			indent++
		case '-', '?', ':': // compact nesting: "- - - x"
			dashes++
		default:
			atStart = false
		}
		if indent > 16*maxDepth || dashes > 2*maxDepth {
			return line
		}
	}
	return 0
}

func lineOf(n ast.Node) int {
	if n == nil {
		return 0
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func fromAST(n ast.Node, depth int) (*node, *lineError) {
	if depth > maxDepth {
		return nil, &lineError{lineOf(n), fmt.Sprintf("nested more than %d deep", maxDepth)}
	}
	out := &node{line: lineOf(n)}
	switch v := n.(type) {
	case nil:
	case *ast.NullNode:
	case *ast.StringNode:
		out.kind, out.text = textNode, v.Value
	case *ast.LiteralNode:
		out.kind, out.text = textNode, v.Value.Value
	case *ast.IntegerNode:
		out.kind, out.text = numberNode, v.Token.Value
	case *ast.FloatNode:
		out.kind, out.text = numberNode, v.Token.Value
	case *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = numberNode, n.GetToken().Value
	case *ast.BoolNode:
		out.kind, out.text = boolNode, v.Token.Value
	case *ast.SequenceNode:
		out.kind = listNode
		for _, it := range v.Values {
			c, bad := fromAST(it, depth+1)
			if bad != nil {
				return nil, bad
			}
			out.items = append(out.items, c)
		}
	case *ast.MappingNode:
		return fromMapping(out, v.Values, depth)
	case *ast.MappingValueNode:
		return fromMapping(out, []*ast.MappingValueNode{v}, depth)
	default:
		return nil, &lineError{out.line, "anchors, aliases, tags and merges are not used here: write the value out"}
	}
	return out, nil
}

func fromMapping(out *node, values []*ast.MappingValueNode, depth int) (*node, *lineError) {
	out.kind = mapNode
	for i, kv := range values {
		line := lineOf(kv.Key)
		if i == 0 {
			out.line = line
		}
		var key string
		switch k := kv.Key.(type) {
		case *ast.StringNode:
			key = k.Value
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
			key = kv.Key.GetToken().Value
		default:
			return nil, &lineError{line, "a field's name must be a plain word"}
		}
		c, bad := fromAST(kv.Value, depth+1)
		if bad != nil {
			return nil, bad
		}
		if c.line == 0 {
			c.line = line
		}
		out.fields = append(out.fields, field{key, line, c})
	}
	return out, nil
}

// parseJSON reads one JSON value, keeping duplicate names visible.
func parseJSON(src []byte) (*node, *lineError) {
	if len(src) > maxYAML {
		return nil, &lineError{0, "larger than it may be"}
	}
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	n, err := jsonValue(d, 0)
	if err == nil {
		if _, err2 := d.Token(); err2 != io.EOF {
			err = errors.New("something follows the value")
		}
	}
	if err != nil {
		return nil, &lineError{0, "not readable as JSON: " + err.Error()}
	}
	return n, nil
}

func jsonValue(d *json.Decoder, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested more than %d deep", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch v := t.(type) {
	case string:
		return &node{kind: textNode, text: v}, nil
	case json.Number:
		return &node{kind: numberNode, text: v.String()}, nil
	case bool:
		return &node{kind: boolNode, text: fmt.Sprint(v)}, nil
	case json.Delim:
		return jsonCompound(d, v, depth)
	}
	return &node{}, nil
}

func jsonCompound(d *json.Decoder, open json.Delim, depth int) (*node, error) {
	out := &node{kind: listNode}
	if open == '{' {
		out.kind = mapNode
	}
	for d.More() {
		var key string
		if open == '{' {
			t, err := d.Token()
			if err != nil {
				return nil, err
			}
			key = t.(string)
		}
		c, err := jsonValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		if open == '{' {
			out.fields = append(out.fields, field{key: key, value: c})
		} else {
			out.items = append(out.items, c)
		}
	}
	_, err := d.Token()
	return out, err
}

// shift moves the node's lines down by n: for parts parsed on their own.
func (n *node) shift(by int) {
	if n == nil {
		return
	}
	n.line += by
	for _, it := range n.items {
		it.shift(by)
	}
	for i := range n.fields {
		n.fields[i].line += by
		n.fields[i].value.shift(by)
	}
}

// chunk is the text of one list item of a file that cannot be read whole.
type chunk struct {
	line int // of its first line, 1-based
	text string
}

// chunks cuts the list under the top-level name into its items by indentation
// alone, so that one unreadable item does not take the others with it.
func chunks(src, name string) []chunk {
	lines := strings.SplitAfter(src, "\n")
	i := 0
	for ; i < len(lines); i++ {
		rest, ok := strings.CutPrefix(lines[i], name+":")
		if ok && (strings.TrimSpace(rest) == "" || strings.HasPrefix(strings.TrimSpace(rest), "#")) {
			break
		}
	}
	var out []chunk
	indent := -1
	for i++; i < len(lines); i++ {
		l := strings.TrimRight(lines[i], "\r\n")
		body := strings.TrimLeft(l, " ")
		in := len(l) - len(body)
		dash := body == "-" || strings.HasPrefix(body, "- ")
		switch {
		case body == "" || strings.HasPrefix(body, "#"):
		case indent < 0 && !dash:
			return nil
		case dash && (indent < 0 || in == indent):
			indent = in
			out = append(out, chunk{line: i + 1})
		case in == 0 && body[0] != '\t': // the next top-level field
			return out
		}
		if len(out) > 0 {
			out[len(out)-1].text += lines[i]
		}
	}
	return out
}
