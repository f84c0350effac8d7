package content

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"
)

// Bounds of one import: far more than a person keeps in Excel, far less than
// what exhausts memory (a small XLSX can unfold to gigabytes).
const (
	maxImportBytes = 32 << 20
	maxImportRows  = 50_000
	maxImportCols  = 100
	maxUnzipped    = 256 << 20
)

// ImportFAQ reads entries from a CSV (UTF-8 with or without BOM, or Shift_JIS;
// comma, tab or semicolon) or an XLSX (its first sheet with a header). The first
// filled row, or one below a title, holds the column names, in Japanese or English,
// in any order. Every
// problem names its row; rows with problems are left out. The key of a row
// without one comes from its question, so that importing the same list again
// changes the same entries.
func ImportFAQ(r io.Reader, name string) ([]Entry, []Problem) {
	src, err := io.ReadAll(io.LimitReader(r, maxImportBytes+1))
	if err == nil && len(src) > maxImportBytes {
		err = fmt.Errorf("larger than %d MB: split it", maxImportBytes>>20)
	}
	var rows []importRow
	if err == nil {
		switch {
		case bytes.HasPrefix(src, []byte("PK\x03\x04")):
			rows, err = xlsxRows(src)
		case bytes.HasPrefix(src, []byte("\xd0\xcf\x11\xe0")):
			err = errors.New("this is an old .xls or a password-protected file: save it as .xlsx without a password")
		default:
			rows, err = csvRows(src)
		}
	}
	if err != nil {
		return nil, []Problem{{File: name, Text: "cannot be read: " + err.Error()}}
	}
	im := importer{file: name, seen: map[string]int{}}
	im.read(rows)
	return im.entries, im.probs
}

// importRow is one row and its number as the person sees it.
type importRow struct {
	n     int
	cells []string
	raw   []string // of a workbook: the values without their number formats
}

func (r importRow) empty() bool {
	for _, c := range r.cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

func xlsxRows(src []byte) (out []importRow, err error) {
	defer func() {
		if p := recover(); p != nil { // the library panics on some damaged files
			out, err = nil, errors.New("the workbook is damaged")
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(src), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped / 4, RawCellValue: false, ShortDatePattern: "yyyy-mm-dd"})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var first []importRow
	for i, sheet := range f.GetSheetList() {
		rows, err := sheetRows(f, sheet)
		if err != nil {
			return nil, fmt.Errorf("sheet %s: %w", sheet, err)
		}
		if len(rows) > 0 {
			if columns, _ := headerColumns(rows[headerAt(rows)].cells); columns["question"] != nil {
				return rows, nil
			}
		}
		if i == 0 {
			first = rows
		}
	}
	return first, nil // no sheet has a header: the first one's problem is told
}

func sheetRows(f *excelize.File, sheet string) (out []importRow, err error) {
	rows, err := f.Rows(sheet)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	// The same rows again without number formats: Excel shows a date that was typed
	// as 4/1 as 4月1日, and its year stands only in the value.
	values, err := f.Rows(sheet)
	if err != nil {
		return nil, err
	}
	defer values.Close()
	for n := 1; rows.Next() && values.Next(); n++ {
		cells, err := rows.Columns()
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", n, err)
		}
		raw, err := values.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", n, err)
		}
		if len(cells) > maxImportCols {
			cells = cells[:maxImportCols]
		}
		r := importRow{n, cells, raw}
		if r.empty() { // sheets are often formatted far below their last row
			continue
		}
		if out = append(out, r); len(out) > maxImportRows {
			return nil, fmt.Errorf("more than %d rows: split it", maxImportRows)
		}
	}
	return out, rows.Error()
}

func csvRows(src []byte) ([]importRow, error) {
	text, err := decodeText(src)
	if err != nil {
		return nil, err
	}
	c := csv.NewReader(bufio.NewReader(strings.NewReader(text)))
	c.Comma = separator(text)
	c.FieldsPerRecord = -1
	c.LazyQuotes = true
	var out []importRow
	for {
		cells, err := c.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := c.FieldPos(0)
		if len(cells) > maxImportCols {
			cells = cells[:maxImportCols]
		}
		r := importRow{line, cells, nil}
		if r.empty() {
			continue
		}
		if out = append(out, r); len(out) > maxImportRows {
			return nil, fmt.Errorf("more than %d rows: split it", maxImportRows)
		}
	}
}

// DecodeText makes UTF-8 of a list as Excel and other systems write it; see
// ImportOutcomes for what it may be.
func DecodeText(src []byte) (string, error) { return decodeText(src) }

// decodeText makes UTF-8 of UTF-8 (with or without BOM), UTF-16 with BOM (what
// Excel calls Unicode text) or Shift_JIS (what Excel in Japan writes as CSV).
func decodeText(src []byte) (string, error) {
	switch {
	case bytes.HasPrefix(src, []byte("\xef\xbb\xbf")):
		src = src[3:]
	case bytes.HasPrefix(src, []byte("\xff\xfe")), bytes.HasPrefix(src, []byte("\xfe\xff")):
		return decodeUTF16(src), nil
	}
	if utf8.Valid(src) {
		return string(src), nil
	}
	out, err := japanese.ShiftJIS.NewDecoder().Bytes(src)
	if err != nil || bytes.ContainsRune(out, utf8.RuneError) {
		return "", errors.New("the text is neither UTF-8 nor Shift_JIS: save it as \"CSV UTF-8\"")
	}
	return string(out), nil
}

func decodeUTF16(src []byte) string {
	hi, lo := 1, 0
	if src[0] == 0xfe {
		hi, lo = 0, 1
	}
	var units []uint16
	for i := 2; i+1 < len(src); i += 2 {
		units = append(units, uint16(src[i+hi])<<8|uint16(src[i+lo]))
	}
	return string(utf16.Decode(units))
}

// separator is the one of comma, tab and semicolon that the header uses most.
func separator(text string) rune {
	head := strings.TrimLeft(text, "\r\n \t")
	if i := strings.IndexAny(head, "\r\n"); i >= 0 {
		head = head[:i]
	}
	best, n := ',', strings.Count(head, ",")
	for _, c := range "\t;" {
		if k := strings.Count(head, string(c)); k > n {
			best, n = c, k
		}
	}
	return best
}
