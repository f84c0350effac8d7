package content

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/unicode/norm"
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
// filled row holds the column names, in Japanese or English, in any order. Every
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
		for _, r := range rows {
			if r.empty() {
				continue
			}
			if columns, _ := headerColumns(r.cells); columns["question"] != nil {
				return rows, nil
			}
			break
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
	for n := 1; rows.Next(); n++ {
		cells, err := rows.Columns()
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", n, err)
		}
		if len(cells) > maxImportCols {
			cells = cells[:maxImportCols]
		}
		r := importRow{n, cells}
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
		r := importRow{line, cells}
		if r.empty() {
			continue
		}
		if out = append(out, r); len(out) > maxImportRows {
			return nil, fmt.Errorf("more than %d rows: split it", maxImportRows)
		}
	}
}

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

// headers are the column names by field; the first is what a template would say.
var headers = map[string][]string{
	"key":         {"キー", "key", "id", "識別子"},
	"question":    {"質問", "question", "質問(日)", "question_ja", "q"},
	"question_en": {"質問(英)", "question_en", "英語の質問"},
	"variants":    {"言い換え", "variants", "言いかえ", "variants_ja", "別の聞き方", "言い換え(日)"},
	"variants_en": {"言い換え(英)", "variants_en"},
	"answer":      {"回答", "answer", "回答(日)", "answer_ja", "答え", "a"},
	"answer_en":   {"回答(英)", "answer_en", "英語の回答"},
	"materials":   {"資料", "materials", "関連資料"},
	"tags":        {"タグ", "tags", "分類", "カテゴリ"},
	"department":  {"担当部署", "department", "部署"},
	"owner":       {"担当者", "owner", "person"},
	"audience":    {"対象", "audience", "対象代理店"},
	"valid_from":  {"開始日", "valid_from", "公開開始日"},
	"valid_until": {"終了日", "valid_until", "公開終了日"},
	"lang":        {"言語", "lang", "language"},
}

// remarks are columns that people keep for themselves; they are left alone.
var remarks = map[string]bool{"備考": true, "メモ": true, "コメント": true, "no": true, "no.": true, "#": true, "番号": true, "note": true, "notes": true, "comment": true, "remarks": true, "更新日": true, "更新者": true}

// column is where a field stands.
type column struct{ at int }

func headerName(s string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(norm.NFKC.String(s))), " ", "")
}

// headerColumns finds the fields among the cells of a header, and names the
// cells that are none or doubled.
func headerColumns(cells []string) (map[string]*column, []string) {
	found := map[string]*column{}
	var strange []string
	var known []string
	for _, f := range sortedKeys(headers) {
		known = append(known, headers[f]...)
	}
	for i, c := range cells {
		name := headerName(c)
		if name == "" {
			continue
		}
		field := ""
		for f, names := range headers {
			for _, n := range names {
				if n == name {
					field = f
				}
			}
		}
		switch {
		case field == "" && remarks[name]:
		case field == "":
			strange = append(strange, fmt.Sprintf("unknown column %q%s", strings.TrimSpace(c), nearestOnly(name, known)))
		case found[field] != nil:
			strange = append(strange, fmt.Sprintf("the column %q (%s) is there twice", strings.TrimSpace(c), field))
		default:
			found[field] = &column{i}
		}
	}
	return found, strange
}

type importer struct {
	file    string
	columns map[string]*column
	entries []Entry
	probs   []Problem
	seen    map[string]int // key → row
}

func (im *importer) bad(row int, format string, args ...any) {
	im.probs = append(im.probs, Problem{File: im.file, Line: row, Text: fmt.Sprintf(format, args...)})
}

func (im *importer) read(rows []importRow) {
	if len(rows) == 0 {
		im.bad(1, "the list is empty: its first row must hold the column names (質問, 回答, …)")
		return
	}
	columns, strange := headerColumns(rows[0].cells)
	for _, s := range strange {
		im.bad(rows[0].n, "%s", s)
	}
	if columns["question"] == nil && columns["question_en"] == nil {
		im.bad(rows[0].n, "there is no column for the question (質問 or question)")
	}
	if columns["answer"] == nil && columns["answer_en"] == nil {
		im.bad(rows[0].n, "there is no column for the answer (回答 or answer)")
	}
	if len(im.probs) > 0 { // a misspelt 対象 must not publish the whole list to everybody
		return
	}
	im.columns = columns
	for _, r := range rows[1:] {
		im.row(r)
	}
}

// row turns one row into an entry through the same strict decoder that reads
// files, so that what may be imported is what may be written.
func (im *importer) row(r importRow) {
	get := func(field string) string {
		c := im.columns[field]
		if c == nil || c.at >= len(r.cells) {
			return ""
		}
		return strings.TrimSpace(strings.ReplaceAll(r.cells[c.at], "\r\n", "\n"))
	}
	lang, other := "ja", "en"
	switch strings.ToLower(get("lang")) {
	case "", "ja", "jp", "日本語":
	case "en", "英語", "english":
		lang, other = "en", "ja"
	default:
		im.bad(r.n, "unknown language %q: ja or en", get("lang"))
		return
	}
	e := Entry{Key: get("key"), Question: Text{}, Answer: Text{}, Variants: map[string][]string{}}
	put := func(t Text, l, s string) {
		if s != "" && t[l] == "" {
			t[l] = s
		}
	}
	put(e.Question, lang, get("question"))
	put(e.Question, "en", get("question_en"))
	put(e.Answer, lang, get("answer"))
	put(e.Answer, "en", get("answer_en"))
	e.Variants[lang] = splitList(get("variants"), "\n;；|｜")
	e.Variants["en"] = append(e.Variants["en"], splitList(get("variants_en"), "\n;；|｜")...)
	if len(e.Variants[other]) == 0 {
		delete(e.Variants, other)
	}
	e.Materials = splitList(get("materials"), "\n;；|｜,，、")
	e.Tags = splitList(get("tags"), "\n;；|｜,，、")
	e.Owner = Owner{Person: get("owner"), Department: get("department")}
	before := len(im.probs)
	e.Audience = im.audience(r.n, get("audience"))
	e.ValidFrom = im.day(r.n, "開始日 (valid_from)", get("valid_from"))
	e.ValidUntil = im.day(r.n, "終了日 (valid_until)", get("valid_until"))
	if e.Key == "" {
		e.Key = questionKey(e.Question)
	}
	d := decoder{file: im.file}
	checked, ok := im.decode(&d, e)
	for _, p := range d.probs {
		p.Line = r.n
		im.probs = append(im.probs, p)
	}
	if !ok || len(im.probs) > before {
		return
	}
	if first := im.seen[checked.Key]; first > 0 {
		im.bad(r.n, "the key %s is already in row %d", checked.Key, first)
		return
	}
	im.seen[checked.Key] = r.n
	checked.Line = r.n
	im.entries = append(im.entries, *checked)
}

func (im *importer) decode(d *decoder, e Entry) (*Entry, bool) {
	n, bad := parseJSON(e.Body())
	if bad != nil {
		d.bad(0, "%s", bad.text)
		return nil, false
	}
	return d.entry(n)
}

// splitList cuts a cell at any of the separators and drops what is empty.
func splitList(s, separators string) []string {
	var out []string
	for _, p := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if p = strings.TrimSpace(strings.TrimLeft(p, "・ ")); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// audience reads a list of partner keys; tier:gold and tag:東日本 pick by tier
// and tag. 全員, すべて, all and an empty cell are everybody.
func (im *importer) audience(row int, s string) (a Audience) {
	switch strings.ToLower(s) {
	case "", "全員", "すべて", "全て", "全代理店", "all", "everybody":
		return a
	}
	for _, p := range splitList(s, "\n;；|｜,，、") {
		kind, v, found := strings.Cut(strings.Replace(p, "：", ":", 1), ":")
		v = strings.TrimSpace(v)
		switch {
		case !found:
			a.Partners = append(a.Partners, p)
		case v == "":
			im.bad(row, "対象 (audience) %q names nobody", p)
		case kind == "tier" || kind == "ランク" || kind == "ティア":
			a.Tiers = append(a.Tiers, v)
		case kind == "tag" || kind == "タグ":
			a.Tags = append(a.Tags, v)
		case kind == "partner" || kind == "代理店":
			a.Partners = append(a.Partners, v)
		default:
			im.bad(row, "対象 (audience) %q is not understood: a partner's key, tier:… or tag:…", p)
		}
	}
	if a.Everybody() { // something stood there and came to nothing: never publish by accident
		im.bad(row, "対象 (audience) %q names nobody", s)
	}
	return a
}

// day reads a date as people and Excel write it.
func (im *importer) day(row int, what, s string) string {
	if s == "" {
		return ""
	}
	t := strings.TrimSpace(norm.NFKC.String(s))
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日", "20060102", "2006-1-2 15:04:05", "2006/1/2 15:04", "2006-01-02T15:04:05Z07:00", "2006/1/2 15:04:05"} {
		if d, err := time.Parse(layout, t); err == nil {
			return d.Format(time.DateOnly)
		}
	}
	// A date cell without a date format arrives as Excel's day number.
	if n, err := strconv.ParseFloat(t, 64); err == nil && n > 36526 && n < 73051 { // 2000-01-01 … 2100-01-01
		if d, err := excelize.ExcelDateToTime(n, false); err == nil {
			return d.Format(time.DateOnly)
		}
	}
	im.bad(row, "%s must be a day such as 2026-04-01 or 2026/4/1, not %q", what, s)
	return ""
}

// questionKey makes the key of a question that has none. It follows what the
// question says and not how it is typed (width, case, spaces, final marks).
func questionKey(q Text) string {
	s := q.In("ja")
	s = strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(s))), " ")
	s = strings.TrimRight(s, "?!。. ")
	if s == "" {
		return ""
	}
	h := sha256.Sum256([]byte(s))
	return "q-" + hex.EncodeToString(h[:])[:12]
}
