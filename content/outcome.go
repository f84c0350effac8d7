package content

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// OutcomeRow is one row of a list of results, as it is written there.
type OutcomeRow struct {
	Line        int
	ExternalID  string
	PartnerKey  string
	PartnerName string
	Title       string
	Stage       string // meeting, quote, won, lost, or as it is written
	Amount      *int64 // hundredths
	Currency    string // JPY unless told
	ClosedOn    string // YYYY-MM-DD or ""
	PersonKey   string
	Materials   []string
}

// outcomeHeaders are the column names by field, after headerName.
var outcomeHeaders = map[string][]string{
	"external_id":  {"external_id", "外部id", "id", "案件id", "商談id", "案件番号", "商談番号", "管理番号"},
	"partner_key":  {"partner_key", "代理店キー", "代理店コード", "代理店id", "パートナーキー"},
	"partner_name": {"partner_name", "代理店名", "代理店", "パートナー名", "パートナー", "販売店名", "会社名"},
	"title":        {"title", "件名", "案件名", "商談名", "タイトル"},
	"stage":        {"stage", "段階", "ステージ", "フェーズ", "状態", "結果"},
	"amount":       {"amount", "金額", "受注金額", "見積金額"},
	"currency":     {"currency", "通貨"},
	"closed_on":    {"closed_on", "完了日", "受注日", "クローズ日", "成約日", "日付"},
	"person_key":   {"person_key", "担当者キー", "人物キー", "代理店担当者キー"},
	"materials":    {"materials", "資料", "使った資料", "利用資料"},
}

var stages = map[string]string{
	"meeting": "meeting", "商談": "meeting", "面談": "meeting", "訪問": "meeting", "打合せ": "meeting",
	"quote": "quote", "quoted": "quote", "見積": "quote", "見積り": "quote", "見積もり": "quote", "見積提出": "quote", "提案": "quote",
	"won": "won", "受注": "won", "成約": "won", "契約": "won", "closedwon": "won",
	"lost": "lost", "失注": "lost", "closedlost": "lost",
}

// ImportOutcomes reads results from a CSV: UTF-8 with or without BOM, UTF-16 or
// Shift_JIS; comma, tab or semicolon. The first filled row names the columns, in
// Japanese or English, in any order. Every problem names its line, and its row
// is left out.
func ImportOutcomes(r io.Reader, name string) ([]OutcomeRow, []Problem) {
	src, err := io.ReadAll(io.LimitReader(r, maxImportBytes+1))
	if err == nil && len(src) > maxImportBytes {
		err = fmt.Errorf("larger than %d MB: split it", maxImportBytes>>20)
	}
	if err == nil && bytes.HasPrefix(src, []byte("PK\x03\x04")) {
		err = fmt.Errorf("this is an Excel workbook: save it as CSV")
	}
	var rows []importRow
	if err == nil {
		rows, err = csvRows(src)
	}
	if err != nil {
		return nil, []Problem{{File: name, Text: "cannot be read: " + err.Error(), Why: "unreadable"}}
	}
	im := outcomeImporter{file: name, seen: map[string]int{}}
	im.read(rows)
	return im.rows, im.probs
}

type outcomeImporter struct {
	file    string
	columns map[string]int
	rows    []OutcomeRow
	probs   []Problem
	seen    map[string]int // external id → line
}

func (im *outcomeImporter) bad(line int, why, value, format string, args ...any) {
	im.probs = append(im.probs, Problem{File: im.file, Line: line, Text: fmt.Sprintf(format, args...), Why: why, Value: value})
}

func (im *outcomeImporter) read(rows []importRow) {
	if len(rows) == 0 {
		im.bad(1, "empty", "", "the list is empty: its first row must hold the column names (external_id, partner_key or partner_name, …)")
		return
	}
	im.header(rows[0])
	if len(im.probs) > 0 {
		return
	}
	for _, r := range rows[1:] {
		before := len(im.probs)
		row := im.row(r)
		if len(im.probs) == before {
			im.rows = append(im.rows, row)
		}
	}
}

// header finds the columns. Unknown ones are left alone: such lists are exported
// from other systems, with columns of their own.
func (im *outcomeImporter) header(r importRow) {
	im.columns = map[string]int{}
	for i, c := range r.cells {
		name := headerName(c)
		for field, names := range outcomeHeaders {
			for _, n := range names {
				if n != name {
					continue
				}
				if _, twice := im.columns[field]; twice {
					im.bad(r.n, "twice", strings.TrimSpace(c), "the column %q (%s) is there twice", strings.TrimSpace(c), field)
				}
				im.columns[field] = i
			}
		}
	}
	if _, ok := im.columns["external_id"]; !ok {
		im.bad(r.n, "no_id", "", "there is no column external_id (外部ID, 案件番号): by it the same result is known again")
	}
	_, key := im.columns["partner_key"]
	if _, named := im.columns["partner_name"]; !key && !named {
		im.bad(r.n, "no_partner", "", "there is no column for the partner (partner_key or partner_name, 代理店名)")
	}
}

func (im *outcomeImporter) row(r importRow) OutcomeRow {
	get := func(field string) string {
		if i, ok := im.columns[field]; ok && i < len(r.cells) {
			return strings.TrimSpace(r.cells[i])
		}
		return ""
	}
	row := OutcomeRow{
		Line: r.n, ExternalID: norm.NFKC.String(get("external_id")), PartnerKey: norm.NFKC.String(get("partner_key")), PartnerName: get("partner_name"),
		Title: get("title"), Stage: get("stage"), Currency: strings.ToUpper(norm.NFKC.String(get("currency"))), PersonKey: norm.NFKC.String(get("person_key")),
	}
	switch before, twice := im.seen[row.ExternalID]; {
	case row.ExternalID == "":
		im.bad(r.n, "id_empty", "", "external_id is empty")
	case twice:
		im.bad(r.n, "id_twice", row.ExternalID, "external_id %q is in line %d already", row.ExternalID, before)
	default:
		im.seen[row.ExternalID] = r.n
	}
	if row.PartnerKey == "" && row.PartnerName == "" {
		im.bad(r.n, "partner_empty", "", "there is neither partner_key nor partner_name")
	}
	folded := strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(norm.NFKC.String(row.Stage)))
	if s, ok := stages[folded]; ok {
		row.Stage = s
	}
	for _, long := range []struct {
		name, text string
		most       int
	}{{"external_id", row.ExternalID, 190}, {"title", row.Title, 500}, {"stage", row.Stage, 64}, {"currency", row.Currency, 8}} {
		if n := len([]rune(long.text)); n > long.most {
			im.bad(r.n, "long", long.name, "%s has %d characters, %d are possible", long.name, n, long.most)
		}
	}
	if row.Currency == "" {
		row.Currency = "JPY"
	}
	var err error
	if row.Amount, err = ParseAmount(get("amount")); err != nil {
		im.bad(r.n, "amount", get("amount"), "amount %s", err)
	}
	if row.ClosedOn, err = ParseDay(get("closed_on")); err != nil {
		im.bad(r.n, "day", get("closed_on"), "closed_on %s", err)
	}
	row.Materials = strings.FieldsFunc(norm.NFKC.String(get("materials")), func(c rune) bool { return c == ',' || c == ';' || c == '、' || c == '|' || unicode.IsSpace(c) })
	return row
}

// ParseAmount reads an amount as people write it, in hundredths.
func ParseAmount(text string) (*int64, error) {
	s := norm.NFKC.String(text)
	s = strings.NewReplacer(",", "", " ", "", "¥", "", "円", "", "$", "", "€", "").Replace(s)
	if s == "" {
		return nil, nil
	}
	sign := int64(1)
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "△") || strings.HasPrefix(s, "▲") {
		_, size := firstRune(s)
		sign, s = -1, s[size:]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > 2 {
		if strings.Trim(fraction[2:], "0") != "" {
			return nil, fmt.Errorf("has more than two decimals: %q", text)
		}
		fraction = fraction[:2]
	}
	n, err := strconv.ParseUint(whole, 10, 63)
	cents, err2 := strconv.ParseUint((fraction + "00")[:2], 10, 8)
	if err != nil || err2 != nil || n > math.MaxInt64/100-1 {
		return nil, fmt.Errorf("must be a number such as 1200000, not %q", text)
	}
	v := sign * (int64(n)*100 + int64(cents)) //nolint:gosec // bounded above
	return &v, nil
}

func firstRune(s string) (rune, int) {
	for i, r := range s {
		return r, i + len(string(r))
	}
	return 0, 0
}

// ParseDay reads a day as people and other systems write it.
func ParseDay(text string) (string, error) {
	s := strings.TrimSpace(norm.NFKC.String(text))
	if s == "" {
		return "", nil
	}
	s = strings.NewReplacer("年", "-", "月", "-", "日", "", "/", "-", ".", "-").Replace(s)
	if i := strings.IndexAny(s, "T "); i > 0 {
		s = s[:i]
	}
	for _, form := range []string{"2006-1-2", "20060102"} {
		if d, err := time.Parse(form, s); err == nil && d.Year() >= 1900 {
			return d.Format(time.DateOnly), nil
		}
	}
	return "", fmt.Errorf("must be a day such as 2026-11-30, not %q", text)
}

// companyForms are what a company's name says about its legal form, after NFKC.
var companyForms = []string{
	"株式会社", "(株)", "有限会社", "(有)", "合同会社", "(同)", "合資会社", "(資)", "一般社団法人", "(一社)", "協同組合",
	"co.,ltd.", "co.,ltd", "co.ltd.", "co.ltd", ",ltd.", ",ltd", ",inc.", ",inc", "inc.", "ltd.", "k.k.", "corp.",
}

// FoldCompany makes one of the ways to write a company's name: 全角/半角, upper and
// lower case, spaces, dots and the legal form do not matter.
func FoldCompany(name string) string {
	s := strings.ToLower(norm.NFKC.String(name))
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '・' || r == '･' {
			return -1
		}
		return r
	}, s)
	for _, form := range companyForms {
		s = strings.TrimSuffix(strings.TrimPrefix(s, form), form)
	}
	return s
}
