package content

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"
)

const sheet = `キー,質問,質問（英）,言い換え,回答,資料,タグ,担当部署,担当者,対象,開始日,終了日,備考
price,価格表はどこですか,Where is the price list?,"料金表ほしい
いくらですか｜値段",ポータルにあります,price-list、guide,価格,営業部,s-ito,p-aoba;tier:gold;タグ：東日本,2026/4/1,2027年3月31日,見ない
,返品できますか？,,,できません,,,,,,,,
`

func checkSheet(t *testing.T, es []Entry, ps []Problem) {
	t.Helper()
	if len(ps) > 0 {
		t.Fatalf("problems:\n%s", listing(ps))
	}
	if len(es) != 2 {
		t.Fatalf("%d entries, want 2", len(es))
	}
	e := es[0]
	got := fmt.Sprintf("%s|%s|%s|%v|%s|%v|%v|%s|%s|%v|%s|%s", e.Key, e.Question["ja"], e.Question["en"], e.Variants["ja"], e.Answer["ja"],
		e.Materials, e.Tags, e.Owner.Department, e.Owner.Person, e.Audience, e.ValidFrom, e.ValidUntil)
	want := "price|価格表はどこですか|Where is the price list?|[料金表ほしい いくらですか 値段]|ポータルにあります|[price-list guide]|[価格]|営業部|s-ito|{[p-aoba] [gold] [東日本]}|2026-04-01|2027-03-31"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if es[1].Key != questionKey(Text{"ja": "返品できますか"}) || !ValidKey(es[1].Key) || !es[1].Audience.Everybody() {
		t.Errorf("the row without a key became %+v", es[1])
	}
}

func TestImportReadsWhatExcelWrites(t *testing.T) {
	sjis, err := japanese.ShiftJIS.NewEncoder().String(sheet)
	if err != nil {
		t.Fatal(err)
	}
	tabs := strings.ReplaceAll(sheet, ",", "\t")
	for name, src := range map[string]string{
		"utf-8": sheet, "bom": "\xef\xbb\xbf" + sheet, "shift_jis": sjis, "tabs": tabs,
		"semicolons": strings.ReplaceAll(strings.ReplaceAll(sheet, "p-aoba;tier:gold;", "p-aoba|tier:gold|"), ",", ";"),
		"crlf":       strings.ReplaceAll(sheet, "\n", "\r\n"),
		"empty rows": "\n,,,\n" + sheet + ",,,,\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			es, ps := ImportFAQ(strings.NewReader(src), "f.csv")
			checkSheet(t, es, ps)
		})
	}
	t.Run("utf-16", func(t *testing.T) {
		b := []byte{0xff, 0xfe}
		for _, r := range tabs {
			b = append(b, byte(r), byte(r>>8))
		}
		es, ps := ImportFAQ(bytes.NewReader(b), "f.txt")
		checkSheet(t, es, ps)
	})
}

func workbook(t *testing.T, rows [][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	if _, err := f.NewSheet("FAQ"); err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		if err := f.SetSheetRow("FAQ", fmt.Sprintf("A%d", i+1), &r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.SetCellValue("Sheet1", "A1", "表紙"); err != nil {
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestImportReadsAWorkbook(t *testing.T) {
	src := workbook(t, [][]any{
		{"question", "Answer", "variants", "valid_from", "lang"},
		{"How do I order?", "In the portal.", "ordering; place an order", 46113, "en"}, // 46113 is 2026-04-01
		{},
		{"いつ届きますか", "翌日です", "", "", ""},
	})
	es, ps := ImportFAQ(bytes.NewReader(src), "f.xlsx")
	if len(ps) > 0 || len(es) != 2 {
		t.Fatalf("%d entries, problems:\n%s", len(es), listing(ps))
	}
	if es[0].Question["en"] != "How do I order?" || es[0].ValidFrom != "2026-04-01" || len(es[0].Variants["en"]) != 2 || es[0].Question["ja"] != "" {
		t.Errorf("%+v", es[0])
	}
	if es[1].Line != 4 || es[1].Question["ja"] != "いつ届きますか" {
		t.Errorf("%+v, want row 4", es[1])
	}
}

// However a date is shown, its day is read: 4/1 typed into Japanese Excel shows as
// 4月1日, and a month alone as Apr-26.
func TestImportReadsDatesHoweverTheyAreShown(t *testing.T) {
	f := excelize.NewFile()
	for i, format := range []string{`m"月"d"日"`, "mmm-yy", "yyyy/m/d", "ggge年m月d日", "General"} {
		style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
		if err != nil {
			t.Fatal(err)
		}
		row := i + 2
		if err := errors.Join(
			f.SetSheetRow("Sheet1", "A1", &[]any{"質問", "回答", "開始日"}),
			f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", row), &[]any{"質問 " + format, "回答", 46113}), // 2026-04-01
			f.SetCellStyle("Sheet1", fmt.Sprintf("C%d", row), fmt.Sprintf("C%d", row), style)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	es, ps := ImportFAQ(b, "dates.xlsx")
	if len(ps) > 0 || len(es) != 5 {
		t.Fatalf("%d entries, problems:\n%s", len(es), listing(ps))
	}
	for _, e := range es {
		if e.ValidFrom != "2026-04-01" {
			t.Errorf("%s begins %s", e.Question["ja"], e.ValidFrom)
		}
	}
}

func TestImportNamesTheRowOfEveryProblem(t *testing.T) {
	es, ps := ImportFAQ(strings.NewReader(`key,question,answer,audience,valid_from,valid_until,lang
Bad Key,q,a,,,,
ok,q,a,,,,
ok,q2,a,,,,
no-answer,q,,,,,
bad-day,q,a,,soon,,
order,q,a,,2026-05-01,2026-04-01,
nobody,q,a,";",,,
odd,q,a,role:boss,,,
,,a,,,,
tongue,q,a,,,,fr
`), "f.csv")
	got := listing(ps)
	for _, want := range []string{
		`f.csv:2: key "Bad Key" must be`, `f.csv:4: the key ok is already in row 3`, `f.csv:5: entry no-answer has no answer`,
		`f.csv:6: 開始日 (valid_from) must be a day`, `f.csv:7: entry order ends`, `f.csv:8: 対象 (audience) ";" names nobody`,
		`f.csv:9: 対象 (audience) "role:boss" is not understood`, `f.csv:10: `, `f.csv:11: unknown language "fr"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if len(es) != 1 || es[0].Key != "ok" {
		t.Errorf("entries %+v, want only ok\n%s", es, got)
	}
}

// People write a title above their list, and call its columns what they like.
func TestATitleMayStandAboveTheHeader(t *testing.T) {
	title := "よくある質問一覧（2026年度）,,\n,,\n番号,質問内容,回答内容,カテゴリー\n"
	es, ps := ImportFAQ(strings.NewReader(title+"1,営業時間は？,9時からです,受付\n"), "f")
	if len(ps) > 0 || len(es) != 1 || es[0].Answer.In("ja") != "9時からです" || len(es[0].Tags) != 1 {
		t.Errorf("%d entries %+v, problems:\n%s", len(es), es, listing(ps))
	}
	if _, ps = ImportFAQ(strings.NewReader(title+"2,,9時からです,受付\n"), "f"); !strings.Contains(listing(ps), "f:4:") {
		t.Errorf("the problem does not name row 4:\n%s", listing(ps))
	}
}

func TestImportRefusesWhatItCannotUnderstand(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"empty":           {"", "the list is empty"},
		"no question":     {"キー,回答\na,b\n", "no column for the question"},
		"misspelt column": {"質問,回答,対像\nq,a,p-aoba\n", `unknown column "対像"`},
		"twice":           {"質問,question,回答\nq,q,a\n", "is there twice"},
		"old excel":       {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"},
		"damaged":         {"PK\x03\x04nonsense", "cannot be read"},
		"binary":          {"\x80\xff\x00\x81", "neither UTF-8 nor Shift_JIS"},
	} {
		es, ps := ImportFAQ(strings.NewReader(c.src), "f")
		if len(es) > 0 || !strings.Contains(listing(ps), c.want) {
			t.Errorf("%s: %d entries, problems:\n%s", name, len(es), listing(ps))
		}
	}
}

func TestTheSameQuestionHasTheSameKey(t *testing.T) {
	a := questionKey(Text{"ja": "ＡＰＩの使い方は？"})
	for _, s := range []string{"APIの使い方は?", " apiの使い方は ", "APIの使い方は。"} {
		if got := questionKey(Text{"ja": s}); got != a {
			t.Errorf("%q has key %s, want %s", s, got, a)
		}
	}
	if questionKey(Text{"ja": "別の質問"}) == a {
		t.Error("another question has the same key")
	}
}
