package main

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// bare takes tags and anchors off a node. Aliases are refused: they have no use in
// a file of settings, and chains of them can be made to grow without bound.
func (b *binder) bare(n ast.Node) ast.Node {
	for {
		switch t := n.(type) {
		case *ast.TagNode:
			n = t.Value
		case *ast.AnchorNode:
			n = t.Value
		case *ast.AliasNode:
			b.at(lineOf(n), "aliases (*name) are not supported; write the value out")
			return nil
		case nil:
			return nil
		default:
			return n
		}
	}
}

// pairs gives the key-value pairs of a mapping.
func pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch t := n.(type) {
	case *ast.MappingNode:
		return t.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{t}, true
	}
	return nil, false
}

func keyText(key ast.MapKeyNode) string {
	if s, ok := key.(*ast.StringNode); ok {
		return s.Value
	}
	if token := key.GetToken(); token != nil {
		return token.Value
	}
	return key.String()
}

func isNull(n ast.Node) bool {
	_, ok := n.(*ast.NullNode)
	return ok
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	// The token of a mapping is its first colon; its first key may stand above.
	if values, ok := pairs(n); ok && len(values) > 0 {
		return lineOf(values[0].Key)
	}
	return n.GetToken().Position.Line
}

func keyLineOf(n ast.Node, keyLine int) int {
	if l := lineOf(n); l > 0 {
		return l
	}
	return keyLine
}

// raw is a scalar as it was written, with its variables replaced.
type raw struct {
	text     string
	kind     string // "text", "number", "truth"
	expanded bool   // at least one variable was replaced: the text has no YAML type
	shown    string // what a message may repeat: as written in the file, or the variable's name
}

// scalar reads one scalar and replaces its variables.
func (b *binder) scalar(path string, n ast.Node) (raw, bool) {
	r := raw{kind: "text"}
	switch t := n.(type) {
	case *ast.StringNode:
		r.text = t.Value
	case *ast.LiteralNode:
		r.text = t.Value.Value
	case *ast.IntegerNode, *ast.FloatNode:
		r.kind, r.text = "number", n.GetToken().Value
	case *ast.BoolNode:
		r.kind, r.text = "truth", n.GetToken().Value
	case *ast.InfinityNode, *ast.NanNode:
		r.text = n.GetToken().Value
	case nil:
		return raw{}, false
	case *ast.NullNode:
		return raw{expanded: true}, true
	default:
		b.at(lineOf(n), "%s must be a single value, not %s", path, describe(n))
		return raw{}, false
	}
	r.shown = r.text
	text, expanded, missing := expand(r.text, b.env)
	if missing != "" {
		b.missing[path] = Problem{File: b.file, Line: lineOf(n),
			Text: path + " uses ${" + missing + "}, which is not set in the environment and has no default (${" + missing + ":-…})"}
		return raw{}, false
	}
	r.text, r.expanded = text, expanded
	return r, true
}

func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a group of keys"
	case *ast.SequenceNode:
		return "a list"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case nil, *ast.NullNode:
		return "nothing"
	}
	return "this"
}

// expand replaces ${NAME} and ${NAME:-default}; $${ stays as ${. It answers the
// first name that is not set and has no default.
func expand(text string, env map[string]string) (out string, expanded bool, missing string) {
	var s strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			s.WriteString(text)
			return s.String(), expanded, missing
		}
		if i > 0 && text[i-1] == '$' {
			s.WriteString(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		end := strings.IndexByte(text[i:], '}')
		if end < 0 {
			s.WriteString(text)
			return s.String(), expanded, missing
		}
		name, fallback, hasFallback := strings.Cut(text[i+2:i+end], ":-")
		s.WriteString(text[:i])
		// Written out of the shell's habit: a variable that is set but empty falls
		// back too.
		if value := env[name]; value != "" {
			s.WriteString(value)
		} else if hasFallback {
			s.WriteString(fallback)
		} else if _, set := env[name]; !set && missing == "" {
			missing = name
		}
		expanded = true
		text = text[i+end+1:]
	}
}
