package handlers

import (
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// plain turns staff's Markdown into the plain text that every platform shows
// alike: no markup survives that a platform would read in its own way. Lists get
// 「・」 or numbers, links their address behind them, headings a line of their own.
func plain(markdown string) string {
	source := []byte(strings.ReplaceAll(markdown, "\r\n", "\n"))
	w := plainWriter{source: source}
	w.blocks(goldmark.DefaultParser().Parse(text.NewReader(source)), "", "\n\n")
	return strings.TrimSpace(w.b.String())
}

type plainWriter struct {
	source []byte
	b      strings.Builder
}

// blocks writes the blocks of a node one under the other; every line after the
// first of a block begins with indent.
func (w *plainWriter) blocks(n ast.Node, indent, between string) {
	first := true
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if !first {
			w.b.WriteString(between + indent)
		}
		first = false
		w.block(c, indent)
	}
}

func (w *plainWriter) block(n ast.Node, indent string) {
	switch n := n.(type) {
	case *ast.List:
		w.list(n, indent)
	case *ast.Blockquote:
		w.b.WriteString("｜")
		w.blocks(n, indent+"｜", "\n")
	case *ast.ThematicBreak:
		w.b.WriteString("――――")
	case *ast.CodeBlock, *ast.FencedCodeBlock, *ast.HTMLBlock:
		w.raw(n, indent)
	default:
		if n.Type() == ast.TypeBlock && n.FirstChild() != nil && n.FirstChild().Type() == ast.TypeBlock {
			w.blocks(n, indent, "\n")
			return
		}
		w.inlines(n, indent)
	}
}

func (w *plainWriter) list(l *ast.List, indent string) {
	number := l.Start
	first := true
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		if !first {
			w.b.WriteString("\n" + indent)
		}
		first = false
		if l.IsOrdered() {
			w.b.WriteString(strconv.Itoa(number) + ". ")
			number++
		} else {
			w.b.WriteString("・")
		}
		w.blocks(item, indent+"　", "\n")
	}
}

// raw writes lines as they are: HTML too, as the letters that it is.
func (w *plainWriter) raw(n ast.Node, indent string) {
	lines := n.Lines()
	for i := range lines.Len() {
		if i > 0 {
			w.b.WriteString("\n" + indent)
		}
		line := lines.At(i)
		w.b.WriteString(strings.TrimRight(string(line.Value(w.source)), "\n"))
	}
}

func (w *plainWriter) inlines(n ast.Node, indent string) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			w.b.Write(c.Value(w.source))
			if c.SoftLineBreak() || c.HardLineBreak() {
				w.b.WriteString("\n" + indent)
			}
		case *ast.String:
			w.b.Write(c.Value)
		case *ast.AutoLink:
			w.b.Write(c.URL(w.source))
		case *ast.RawHTML:
			for i := range c.Segments.Len() {
				s := c.Segments.At(i)
				w.b.Write(s.Value(w.source))
			}
		case *ast.Link:
			before := w.b.Len()
			w.inlines(c, indent)
			if to := string(c.Destination); w.b.String()[before:] != to {
				w.b.WriteString(" (" + to + ")")
			}
		default:
			w.inlines(c, indent)
		}
	}
}
