package handlers_test

import (
	"context"
	"strings"
	"testing"

	"akari/content"
	"akari/models"
	"akari/models/modelstest"
)

// hear lets the house's content follow the rows, as every process does.
func (h *house) hear(t *testing.T) {
	t.Helper()
	var rows []content.Row
	err := h.store.View(context.Background(), func(tx *models.Tx) error {
		os, err := tx.Overlays()
		for _, o := range os {
			rows = append(rows, content.Row{Kind: o.Kind, Key: o.Key, Body: []byte(o.Body)})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if p := h.lib.Overlay(rows); len(p) > 0 {
		t.Fatal(p)
	}
}

const weakQuestion = "商談の延長と期限切れ後の取り扱い"

func TestStaffTakeWhatMembersTeach(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		staff, rep := h.As("s-ito").In("direct-s-ito"), h.As("aoba-01").In("direct-aoba-01")
		said(t, staff.Say("学習候補").See(), "学習候補はありません")
		said(t, rep.Say(weakQuestion).See(), "商談登録の有効期限は何日ですか")
		said(t, rep.Press("商談登録の有効期限").See(), "90日間")
		rep.Press("解決した").See()

		lines := staff.Say("学習候補").See()
		said(t, lines, "学習候補：1件", "言い換えに追加："+"「"+weakQuestion, "FAQ：商談登録の有効期限は何日ですか", "選択 1・解決した 1・解決しない 0", "最近の質問1件で試した結果", "採用", "見送り")
		staff.Press("採用").See()
		if errs := staff.Submit(map[string]string{"wording": "案件登録はいつまで有効"}); len(errs) == 0 {
			t.Fatal("a wording that is there already was taken")
		}
		if errs := staff.Submit(map[string]string{"wording": weakQuestion}); len(errs) > 0 {
			t.Fatal(errs)
		}
		staff.Wait("言い換えを追加しました")
		h.hear(t)
		e, _ := h.lib.AnyEntry("deal-registration")
		if got := strings.Join(e.Variants["ja"], "/"); got != "案件登録はいつまで有効/商談登録の期限/"+weakQuestion || len(e.Materials) != 1 {
			t.Fatalf("%+v", e)
		}
		said(t, staff.Say("学習候補").See(), "学習候補はありません")

		// Another partner gets the answer, and never the words of the first.
		other := h.As("minami-01").In("direct-minami-01")
		said(t, other.Say("商談の延長と期限切れの取り扱い").See(), "90日間")
		other.Say("よくある質問").See()
		unsaid(t, other.All(), weakQuestion)
		same(t, "acts", h.acts(t, "lesson."), "lesson.take deal-registration done")
	})
}

func TestStaffTakeBackWhatDidNotHelp(t *testing.T) {
	h := newHouse(t, "sqlite")
	staff, rep := h.As("s-ito").In("direct-s-ito"), h.As("aoba-01").In("direct-aoba-01")
	const asked = "デモ環境の貸し出しの解約"
	lines := rep.Say(asked).See()
	if strings.Contains(strings.Join(lines, "\n"), "無償で30日間") {
		rep.Press("解決しない").See()
	} else {
		rep.Press("デモ環境の貸し出しはできますか").See()
		rep.Press("解決しない").See()
		rep.Press("解決しない").See()
	}
	said(t, staff.Say("lessons").See(), "この質問には出さない：「"+asked, "解決しない")
	staff.Press("採用").See()
	if errs := staff.Submit(map[string]string{"wording": asked}); len(errs) > 0 {
		t.Fatal(errs)
	}
	staff.Wait("出さないようにしました")
	h.hear(t)
	unsaid(t, h.As("minami-01").In("direct-minami-01").Say(asked).See(), "無償で30日間", "デモ環境の貸し出しはできますか")
	said(t, h.As("minami-01").In("direct-minami-01").Say("デモ環境の貸し出しはできますか").See(), "無償で30日間")
}

func TestWhatStaffPassIsNotSuggestedAgain(t *testing.T) {
	h := newHouse(t, "sqlite")
	staff, rep := h.As("s-ito").In("direct-s-ito"), h.As("aoba-01").In("direct-aoba-01")
	said(t, rep.Say("学習候補").See(), "担当者だけ")
	rep.Say(weakQuestion).See()
	rep.Press("商談登録の有効期限").See()
	staff.Say("学習候補").See()
	said(t, staff.Press("見送り").See(), "見送りました")
	rep.Say(weakQuestion + "。").See()
	rep.Press("商談登録の有効期限").See()
	said(t, staff.Say("学習候補").See(), "学習候補はありません")
	same(t, "acts", h.acts(t, "lesson."), "lesson.pass deal-registration done")
}

// Cards are few, and say how many are to come.
func TestMoreSuggestionsThanCards(t *testing.T) {
	h := newHouse(t, "sqlite")
	staff, rep := h.As("s-ito").In("direct-s-ito"), h.As("aoba-01").In("direct-aoba-01")
	for _, q := range []string{weakQuestion, "登録した商談の今後の扱い", "期限を過ぎた案件の扱い方", weakQuestion + "と連絡"} {
		rep.Say(q).See()
		rep.Press("商談登録の有効期限").See()
	}
	said(t, staff.Say("学習候補").See(), "学習候補：4件", "ほか1件は、上の候補をご判断いただいた後に表示します")
	staff.Press("見送り").See()
	lines := staff.Say("学習候補").See()
	said(t, lines, "学習候補：3件")
	unsaid(t, lines, "ほか")
}

// acts answers the audit log's acts that begin so, as "action object result".
func (h *house) acts(t *testing.T, prefix string) (out []string) {
	t.Helper()
	for _, r := range modelstest.Table(t, h.driver, h.dsn, "SELECT action, object, result FROM v_audit WHERE action LIKE '"+prefix+"%' ORDER BY at") {
		out = append(out, r["action"]+" "+r["object"]+" "+r["result"])
	}
	return out
}
