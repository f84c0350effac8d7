package content_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"akari/content"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"
)

func TestOutcomesAreReadAsPeopleWriteThem(t *testing.T) {
	const list = "案件番号,代理店名,件名,ステージ,金額,通貨,受注日,資料,備考\r\n" +
		"Ａ－１,㈱青葉商事,\"基幹刷新, 一期\",受注,\"￥1,200,000\",,2026年11月5日,price-list、guide,x\r\n" +
		"A-2,南海システム,,Closed Won,△５００．５,usd,2026/1/9,,\r\n" +
		"A-3,海,,検討中,,,,,\r\n"
	shiftJIS, err := japanese.ShiftJIS.NewEncoder().String(list)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"UTF-8": list, "BOM": "\ufeff" + list, "Shift_JIS": shiftJIS, "tabs": strings.NewReplacer("\"基幹刷新, 一期\"", "基幹刷新、一期", "\"￥1,200,000\"", "￥1.200", ",", "\t").Replace(list)} {
		rows, problems := content.ImportOutcomes(strings.NewReader(text), "f.csv")
		if len(problems) > 0 || len(rows) != 3 {
			t.Errorf("%s: %v, %v", name, rows, problems)
			continue
		}
		if name == "tabs" {
			continue
		}
		want := []string{
			"{2 A-1  ㈱青葉商事 基幹刷新, 一期 won 120000000 JPY 2026-11-05  [price-list guide]}",
			"{3 A-2  南海システム  won -50050 USD 2026-01-09  []}",
			"{4 A-3  海  検討中 - JPY   []}",
		}
		for i, r := range rows {
			money := "-"
			if r.Amount != nil {
				money = fmt.Sprint(*r.Amount)
			}
			got := fmt.Sprintf("{%d %s %s %s %s %s %s %s %s %s %v}", r.Line, r.ExternalID, r.PartnerKey, r.PartnerName, r.Title, r.Stage, money, r.Currency, r.ClosedOn, r.PersonKey, r.Materials)
			if got != want[i] {
				t.Errorf("%s: %s, want %s", name, got, want[i])
			}
		}
	}
}

func TestOutcomesThatCannotBeReadAreNamed(t *testing.T) {
	for _, c := range []struct{ name, list, want string }{
		{"empty", "", "f.csv:1: the list is empty"},
		{"no id", "partner_key\np\n", "f.csv:1: there is no column external_id"},
		{"no partner", "external_id\na\n", "f.csv:1: there is no column for the partner"},
		{"twice", "external_id,id,partner_key\na,b,p\n", "is there twice"},
		{"no id in a row", "external_id,partner_key\n,p\n", "f.csv:2: external_id is empty"},
		{"the same id", "external_id,partner_key\na,p\nＡ,p\na,p\n", "f.csv:4: external_id \"a\" is in line 2 already"},
		{"nobody's", "external_id,partner_key,partner_name\na,,\n", "f.csv:2: there is neither"},
		{"amount", "external_id,partner_key,amount\na,p,about 5\n", "f.csv:2: amount must be a number"},
		{"three decimals", "external_id,partner_key,amount\na,p,1.005\n", "f.csv:2: amount has more than two decimals"},
		{"a huge amount", "external_id,partner_key,amount\na,p,9223372036854775807\n", "f.csv:2: amount must be a number"},
		{"day", "external_id,partner_key,closed_on\na,p,2026-02-30\n", "f.csv:2: closed_on must be a day"},
		{"a workbook", "PK\x03\x04", "save it as CSV"},
		{"a long title", "external_id,partner_key,title\na,p," + strings.Repeat("長", 501) + "\n", "f.csv:2: title has 501 characters"},
	} {
		_, problems := content.ImportOutcomes(strings.NewReader(c.list), "f.csv")
		all := ""
		for _, p := range problems {
			all += p.String() + "\n"
		}
		if !strings.Contains(all, c.want) {
			t.Errorf("%s: %q, want %q", c.name, all, c.want)
		}
	}
}

func TestCompaniesFold(t *testing.T) {
	for _, same := range []string{"青葉商事", "株式会社青葉商事", "青葉商事株式会社", "(株)青葉商事", "（株） 青葉商事", "㈱青葉商事", "青葉　商事(株)", "青葉商事㈱"} {
		if got := content.FoldCompany(same); got != "青葉商事" {
			t.Errorf("%s: %q", same, got)
		}
	}
	for a, b := range map[string]string{"ＡＢＣ Co., Ltd.": "abc", "ABC, Inc.": "abc", "アオバ": "アオバ", "ｱｵﾊﾞ": "アオバ", "株式会社": ""} {
		if got := content.FoldCompany(a); got != b {
			t.Errorf("%s: %q, want %q", a, got, b)
		}
	}
	if content.FoldCompany("青葉商事") == content.FoldCompany("青葉商会") {
		t.Error("two companies are one")
	}
}

func FuzzOutcomes(f *testing.F) {
	f.Add("external_id,partner_key,amount,closed_on\na,p,1,2026-01-01\n")
	f.Add("案件番号\t代理店名\t金額\n1\t㈱青葉\t△1.5\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, problems := content.ImportOutcomes(strings.NewReader(text), "f.csv")
		ids := map[string]bool{}
		for _, r := range rows {
			if r.ExternalID == "" || ids[r.ExternalID] || r.PartnerKey == "" && r.PartnerName == "" || r.ClosedOn != "" && len(r.ClosedOn) != 10 {
				t.Errorf("%+v", r)
			}
			ids[r.ExternalID] = true
		}
		if len(rows) == 0 && len(problems) == 0 && strings.Count(text, "\n") > 1 && strings.TrimSpace(text) == "" {
			t.Error("nothing was said about an empty list")
		}
	})
}

func TestTablesRunNoFormula(t *testing.T) {
	evil := []string{"=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", " =1", "\u3000＝1", "\n@x", "−1"}
	var b bytes.Buffer
	table, err := content.NewTable(&b, "csv", []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range evil {
		if err := table.Row([]any{e, int64(-5), nil}); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Row([]any{"普通の「文」, \"引用\"\n二行", 1200000.5, true}); err != nil {
		t.Fatal(err)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.String(), "\ufeffa,b,c\r\n") || !strings.HasSuffix(b.String(), "\r\n") {
		t.Errorf("%q", b.String())
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != len(evil)+2 {
		t.Fatal(len(rows), err)
	}
	for i, e := range evil {
		// csv.Reader makes one of \r\n inside a cell; the apostrophe is what counts.
		if got := rows[i+1]; !strings.HasPrefix(got[0], "'") || got[1] != "-5" || got[2] != "" {
			t.Errorf("%q became %q", e, got)
		}
	}
	if last := rows[len(rows)-1]; last[0] != "普通の「文」, \"引用\"\n二行" || last[1] != "1200000.5" || last[2] != "true" {
		t.Errorf("%q", last)
	}
}

func TestWorkbooksHoldTexts(t *testing.T) {
	var b bytes.Buffer
	table, err := content.NewTable(&b, "xlsx", []string{"text", "number"})
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Row([]any{"=1+1", int64(7)}); err != nil {
		t.Fatal(err)
	}
	if err := table.Row([]any{"あ\x00\x01い", nil}); err != nil {
		t.Fatal(err)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if formula, _ := f.GetCellFormula("Sheet1", "A2"); formula != "" {
		t.Errorf("a text became the formula %q", formula)
	}
	rows, err := f.GetRows("Sheet1")
	if err != nil || fmt.Sprint(rows) != "[[text number] [=1+1 7] [あい]]" {
		t.Errorf("%q %v", rows, err)
	}
}
