package content

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/unicode/norm"
)

// headers are the column names by field; the first is what a template would say.
var headers = map[string][]string{
	"key":         {"キー", "key", "id", "識別子"},
	"question":    {"質問", "question", "質問内容", "質問文", "質問(日)", "question_ja", "q"},
	"question_en": {"質問(英)", "質問(英語)", "question_en", "英語の質問"},
	"variants":    {"言い換え", "variants", "言いかえ", "variants_ja", "別の聞き方", "言い換え(日)"},
	"variants_en": {"言い換え(英)", "variants_en"},
	"answer":      {"回答", "answer", "回答内容", "回答文", "回答(日)", "answer_ja", "答え", "a"},
	"answer_en":   {"回答(英)", "回答(英語)", "answer_en", "英語の回答"},
	"materials":   {"資料", "materials", "関連資料"},
	"tags":        {"タグ", "tags", "分類", "カテゴリ", "カテゴリー"},
	"department":  {"担当部署", "department", "部署"},
	"owner":       {"担当者", "owner", "person"},
	"audience":    {"対象", "audience", "対象代理店", "公開先", "公開対象"},
	"valid_from":  {"開始日", "valid_from", "公開開始日", "公開開始"},
	"valid_until": {"終了日", "valid_until", "公開終了日", "公開終了"},
	"lang":        {"言語", "lang", "language"},
}

// remarks are columns that people keep for themselves; they are left alone.
var remarks = map[string]bool{"備考": true, "メモ": true, "コメント": true, "no": true, "no.": true, "#": true, "番号": true, "note": true, "notes": true, "comment": true, "remarks": true, "更新日": true, "最終更新日": true, "更新日時": true, "作成日": true, "作成者": true, "更新者": true}

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

// mostTitleRows is how many rows of title may stand above the header.
const mostTitleRows = 10

// headerAt finds the row that names a question and an answer: people write a title
// above their list. 0 when there is none, so that the first row's problems are told.
func headerAt(rows []importRow) int {
	for i, r := range rows[:min(len(rows), mostTitleRows)] {
		c, _ := headerColumns(r.cells)
		if (c["question"] != nil || c["question_en"] != nil) && (c["answer"] != nil || c["answer_en"] != nil) {
			return i
		}
	}
	return 0
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
	rows = rows[headerAt(rows):]
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
	day := func(field, what string) string {
		if c := im.columns[field]; c != nil && c.at < len(r.raw) {
			if d, ok := excelDay(r.raw[c.at]); ok {
				return d
			}
		}
		return im.day(r.n, what, get(field))
	}
	e.ValidFrom = day("valid_from", "開始日 (valid_from)")
	e.ValidUntil = day("valid_until", "終了日 (valid_until)")
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
	if d, ok := excelDay(t); ok {
		return d
	}
	im.bad(row, "%s must be a day such as 2026-04-01 or 2026/4/1, not %q", what, s)
	return ""
}

// excelDay reads Excel's day number, as a date cell holds it.
func excelDay(s string) (string, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || n <= 36526 || n >= 73051 { // 2000-01-01 … 2100-01-01
		return "", false
	}
	d, err := excelize.ExcelDateToTime(n, false)
	return d.Format(time.DateOnly), err == nil
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
