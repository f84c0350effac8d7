"""Writes the hearing sheet (Excel) with the standard library alone: one sheet
with questions, boxes to fill in and a formula that suggests a plan."""
import sys
import zipfile
from xml.sax.saxutils import escape

rows = [  # item, how to ask, example answer, why
    ("1か月の注文数", "月に何件くらい届きますか", 1800, "ライト1,000、スタンダード5,000、エンタープライズ30,000伝票まで"),
    ("FAXの割合(%)", "10件のうち何件がFAXですか", 70, "30%を超えたらFAX-OCRをお勧めします"),
    ("取引先の数", "注文は何社から届きますか", 180, "ライト50社、スタンダード300社、エンタープライズは無制限"),
    ("受注に関わる人数", "入力と確認は何人でしていますか", 12, "ライト10ID、スタンダード30ID、エンタープライズ100ID"),
    ("1件の入力時間(分)", "1件の入力は何分かかりますか", 5, "効果の計算に使います"),
    ("今の基幹システム", "受注はどのシステムに入れますか", "販売管理(社内サーバー)", "社内にあれば基幹連携アダプタ"),
    ("困っている部署", "いちばん困るのはどなたですか", "受注課", "次回に同席していただく方を決めます"),
    ("EDIの取引先", "専用の画面やEDIはありますか", "小売2社", "あればEDI連携オプション"),
    ("承認の流れ", "金額で承認は変わりますか", "50万円以上は部長", "ライトに承認はありません"),
    ("決定の時期", "いつ頃までにお決めになりますか", "2027年2月", "商談登録に必要です"),
]


def text(ref, value, style):
    return f'<c r="{ref}" s="{style}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def number(ref, value, style):
    return f'<c r="{ref}" s="{style}"><v>{value}</v></c>'


body = ['<row r="1" ht="30" customHeight="1">' + text("A1", "ヒアリングシート(ミナト受発注クラウド)", 1) + "</row>",
        '<row r="2">' + text("A2", "初回訪問でうかがう項目です。記入欄の値は例ですので、上書きしてください。", 0) + "</row>",
        '<row r="4" ht="22" customHeight="1">' + "".join(text(f"{c}4", v, 2) for c, v in zip("ABCD", ("項目", "聞き方の例", "記入欄", "見るところ"))) + "</row>"]
for i, (item, ask, answer, why) in enumerate(rows, 5):
    cell = number if isinstance(answer, (int, float)) else text
    body.append(f'<row r="{i}" ht="22" customHeight="1">' + text(f"A{i}", item, 4) + text(f"B{i}", ask, 3) + cell(f"C{i}", answer, 5) + text(f"D{i}", why, 3) + "</row>")
plan = 'IF(OR(C5>5000,C7>300,C8>30),"エンタープライズ",IF(OR(C5>1000,C7>50,C8>10),"スタンダード","ライト"))'
body.append('<row r="16" ht="24" customHeight="1">' + text("A16", "プランの目安", 4) + f'<c r="B16" s="6" t="str"><f>{escape(plan)}</f><v>スタンダード</v></c></row>')
body.append('<row r="17" ht="24" customHeight="1">' + text("A17", "入力時間の削減(時間/月)", 4) + '<c r="B17" s="6"><f>ROUND(C5*C9/60*0.62,0)</f><v>93</v></c>' + text("D17", "導入企業38社の平均(62%減)で計算します", 3) + "</row>")

ns = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
border = '<border><left style="thin"><color rgb="FFD5DFE6"/></left><right style="thin"><color rgb="FFD5DFE6"/></right><top style="thin"><color rgb="FFD5DFE6"/></top><bottom style="thin"><color rgb="FFD5DFE6"/></bottom><diagonal/></border>'


def font(size, colour, bold=False):
    return f'<font>{"<b/>" if bold else ""}<sz val="{size}"/><color rgb="FF{colour}"/><name val="BIZ UDPゴシック"/><family val="3"/><charset val="128"/></font>'


def fill(colour):
    return f'<fill><patternFill patternType="solid"><fgColor rgb="FF{colour}"/></patternFill></fill>'


align = '<alignment vertical="center" wrapText="1"/>'
styles = f'''<styleSheet {ns}><fonts count="4">{font(11, "22303C")}{font(16, "12355B", True)}{font(11, "FFFFFF", True)}{font(11, "12355B", True)}</fonts>
<fills count="6"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>{fill("12355B")}{fill("EEF4F7")}{fill("FDF4E3")}{fill("E3F3F1")}</fills>
<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>{border}</borders><cellStyleXfs count="1"><xf/></cellStyleXfs>
<cellXfs count="7"><xf/><xf fontId="1" applyFont="1"/><xf fontId="2" fillId="2" borderId="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">{align}</xf><xf borderId="1" applyBorder="1" applyAlignment="1">{align}</xf><xf fontId="3" fillId="3" borderId="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">{align}</xf><xf fillId="4" borderId="1" applyFill="1" applyBorder="1" applyAlignment="1"><alignment horizontal="left" vertical="center" wrapText="1"/></xf><xf fontId="3" fillId="5" borderId="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1"><alignment horizontal="left" vertical="center"/></xf></cellXfs></styleSheet>'''
files = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {ns} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="ヒアリング" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": styles,
    "xl/worksheets/sheet1.xml": f'<worksheet {ns}><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><cols><col min="1" max="1" width="26" customWidth="1"/><col min="2" max="2" width="34" customWidth="1"/><col min="3" max="3" width="26" customWidth="1"/><col min="4" max="4" width="62" customWidth="1"/></cols><sheetData>{"".join(body)}</sheetData><pageSetup paperSize="9" orientation="landscape" fitToHeight="1"/></worksheet>',
}
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z:
    for name, content in files.items():
        info = zipfile.ZipInfo(name, (2026, 10, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        z.writestr(info, (head + content).encode())
