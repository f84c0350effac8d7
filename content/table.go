package content

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Table writes rows as a file that opens in Excel, one at a time: memory does not
// grow with their number.
type Table interface {
	Row(cells []any) error // string, int64, float64, bool or nil
	Close() error          // must be called; the file is complete after it
}

// NewTable begins a table with its column names. Formats are "csv" (UTF-8 with
// BOM, CRLF, no cell that a spreadsheet would run) and "xlsx".
func NewTable(w io.Writer, format string, columns []string) (Table, error) {
	head := make([]any, len(columns))
	for i, c := range columns {
		head[i] = c
	}
	switch format {
	case "csv":
		t := &csvTable{w: bufio.NewWriterSize(w, 64<<10)}
		if _, err := t.w.WriteString("\ufeff"); err != nil {
			return nil, err
		}
		return t, t.Row(head)
	case "xlsx":
		t := &xlsxTable{out: w, file: excelize.NewFile(), head: head}
		return t, t.sheet()
	}
	return nil, fmt.Errorf("a table can be csv or xlsx, not %q", format)
}

type csvTable struct{ w *bufio.Writer }

// Row writes one line as RFC 4180 has it.
func (t *csvTable) Row(cells []any) error {
	for i, c := range cells {
		if i > 0 {
			t.w.WriteByte(',') //nolint:errcheck // told by the last write
		}
		s := ""
		switch v := c.(type) {
		case nil:
		case string:
			s = SafeCell(v)
		case float64:
			s = strconv.FormatFloat(v, 'f', -1, 64)
		default:
			s = fmt.Sprint(v)
		}
		if strings.ContainsAny(s, ",\"\r\n") || strings.TrimSpace(s) != s {
			s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
		t.w.WriteString(s) //nolint:errcheck // told by the last write
	}
	_, err := t.w.WriteString("\r\n")
	return err
}

// Close writes what is left.
func (t *csvTable) Close() error { return t.w.Flush() }

// SafeCell makes a text that no spreadsheet takes for a formula: one that begins
// with = + - @, their full-width forms, a tab or a line break, also behind white
// space, gets an apostrophe before it.
func SafeCell(s string) string {
	if s == "" {
		return s
	}
	if strings.ContainsRune("\t\r\n\x00", rune(s[0])) {
		return "'" + s
	}
	trimmed := strings.TrimLeft(s, " \u00a0\u3000\ufeff\t\r\n")
	if trimmed != "" {
		if r, _ := firstRune(trimmed); strings.ContainsRune("=+-@＝＋－＠−", r) {
			return "'" + s
		}
	}
	return s
}

// maxSheetRows is what a sheet of Excel holds.
const maxSheetRows = 1_048_576

type xlsxTable struct {
	out    io.Writer
	file   *excelize.File
	stream *excelize.StreamWriter
	head   []any
	sheets int
	row    int
}

// sheet begins the next sheet.
func (t *xlsxTable) sheet() error {
	if t.stream != nil {
		if err := t.stream.Flush(); err != nil {
			return err
		}
	}
	t.sheets++
	name := fmt.Sprintf("Sheet%d", t.sheets)
	if t.sheets > 1 {
		if _, err := t.file.NewSheet(name); err != nil {
			return err
		}
	}
	var err error
	if t.stream, err = t.file.NewStreamWriter(name); err != nil {
		return err
	}
	t.row = 0
	return t.Row(t.head)
}

// Row writes one row. Texts are written as texts: Excel runs none of them.
func (t *xlsxTable) Row(cells []any) error {
	if t.row == maxSheetRows {
		if err := t.sheet(); err != nil {
			return err
		}
	}
	t.row++
	clean := make([]any, len(cells))
	for i, c := range cells {
		if s, ok := c.(string); ok {
			c = xlsxText(s)
		}
		clean[i] = c
	}
	return t.stream.SetRow(fmt.Sprintf("A%d", t.row), clean)
}

// xlsxText cuts to what a cell holds and drops what XML cannot.
func xlsxText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if r := []rune(s); len(r) > excelize.TotalCellChars {
		return string(r[:excelize.TotalCellChars])
	}
	return s
}

// Close writes the workbook.
func (t *xlsxTable) Close() error {
	err := t.stream.Flush()
	if err == nil {
		_, err = t.file.WriteTo(t.out)
	}
	if cerr := t.file.Close(); err == nil {
		err = cerr
	}
	return err
}
