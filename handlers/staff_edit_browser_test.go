package handlers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"akari/bot"
	"akari/models"

	"github.com/chromedp/chromedp"
)

// put types over what stands in a field.
func (s *screen) put(id, text string) {
	s.t.Helper()
	on[bool](s, "(f => { f.focus(); f.select ? f.select() : 0; return true })(document.getElementById('f-"+id+"'))")
	if text == "" {
		s.key("\b")
		return
	}
	s.key(text)
}

// send presses a button of the form.
func (s *screen) send(do string) {
	s.t.Helper()
	s.do(chromedp.Click(chromedp.CSS("form.change button[value='" + do + "']")))
}

func TestStaffEditInABrowser(t *testing.T) {
	for _, one := range []struct {
		name          string
		width, height int64
		lang          string
	}{{"desktop", 1280, 900, "ja"}, {"phone", 390, 844, "en"}} {
		t.Run(one.name, func(t *testing.T) {
			h := newHouse(t, "sqlite")
			var room models.Room
			err := h.store.InTx(context.Background(), func(tx *models.Tx) (err error) {
				room, err = tx.AddRoom(bot.Address{Platform: "playground", Connection: "playground", Room: "C0NEWROOM"})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			s := newScreen(t, one.width, one.height, false)
			shot := func(name string) {
				t.Helper()
				if s.wide() {
					t.Errorf("%s is wider than the screen", name)
				}
				s.shot("staff-edit-" + name + "-" + one.name)
			}
			s.at(h, h.way("s-ito"))
			s.do(chromedp.Click(chromedp.CSS("form button[type=submit]")))
			s.until("location.pathname === '/staff' && document.querySelector('.tile')")

			// A partner, with a slip: told at the field, and what was typed stays.
			s.at(h, "/staff/partners/p-aoba?lang="+one.lang)
			s.do(chromedp.Click(chromedp.CSS("a[href='/staff/partners/p-aoba/edit']")))
			s.until("document.querySelector('form.change')")
			shot("partner")
			s.put("region", "関東")
			s.put("time_zone", "Tokyo")
			s.quiet.Store(true) // 422 is what is wanted
			s.send("partner.change")
			s.until("document.querySelector('#f-time_zone-e') && document.querySelector('#f-region').value === '関東'")
			shot("partner-wrong")
			on[bool](s, "(document.querySelector('.trouble a').click(), true)")
			if got := on[string](s, "location.hash"); got != "#f-time_zone" {
				t.Error("the list of what is wrong leads to", got)
			}
			s.put("time_zone", "Asia/Tokyo")
			s.key("\r") // Enter saves
			s.until("location.pathname === '/staff/partners/p-aoba' && document.querySelector('.done-note')")
			if got := h.partner(t, "p-aoba"); got.Region != "関東" || got.TimeZone != "Asia/Tokyo" {
				t.Errorf("%+v", got)
			}

			// A room, from the list.
			s.at(h, "/staff/rooms?whose=none")
			shot("rooms")
			s.do(chromedp.Click(chromedp.CSS("td a[href='/staff/rooms/" + room.ID.String() + "']")))
			s.until("document.querySelector('#f-whose')")
			shot("room")
			on[bool](s, "(document.getElementById('f-whose').value = 'p-minami', true)")
			s.send("room.map")
			s.until("document.querySelector('.done-note') && document.querySelector('button[value=\"room.unmap\"]')")
			shot("room-mapped")

			// A person, and a code for them.
			s.at(h, "/staff/people?q=aoba")
			shot("people")
			s.do(chromedp.Click(chromedp.CSS("td a[href='/staff/people/aoba-01']")))
			s.until("document.querySelector('#f-role')")
			s.send("person.invite")
			s.until("/[2-9A-Z]{5}-[2-9A-Z]{5}/.test(document.querySelector('.done-note').textContent)")
			shot("person")

			// An FAQ entry: tried, then saved.
			h.As("aoba-01").In("direct-aoba-01").Say("保守契約の更新手続きを教えてください").See()
			s.at(h, "/staff/faq")
			shot("faq")
			s.do(chromedp.Click(chromedp.CSS("a[href='/staff/faq/_new']")))
			s.until("document.querySelector('#f-question_ja')")
			shot("entry-new")
			s.put("question_ja", "保守契約の更新手続きは")
			s.put("answer_ja", "更新は満了の1か月前までに、パートナーポータルからお申し込みください。")
			on[bool](s, "(document.querySelector('input[name=materials][value=guide]').click(), true)")
			s.send("look")
			s.until("document.querySelector('#look .bubble') && document.querySelector('td .good')")
			if got := on[float64](s, "document.getElementById('look').getBoundingClientRect().top"); got > float64(one.height)/2 {
				t.Error("what would come of it is out of sight:", got)
			}
			shot("entry-look")
			if got := on[string](s, "document.querySelector('#f-answer_ja').value"); !strings.Contains(got, "1か月前") {
				t.Error("what was typed is lost:", got)
			}
			s.send("entry.add")
			s.until("document.querySelector('.done-note') && document.querySelector('button[value=\"entry.withdraw\"]')")
			shot("entry-saved")

			// A material with a file; then a slip that does not lose it.
			s.at(h, "/staff/materials")
			s.do(chromedp.Click(chromedp.CSS("a[href='/staff/materials/_new']")))
			s.until("document.querySelector('#f-file')")
			shot("material-new")
			on[bool](s, "(() => { const d = new DataTransfer(); d.items.add(new File(["+fmt.Sprintf("%q", pdf)+"], '価格表 2027.pdf')); document.getElementById('f-file').files = d.files; return true })()")
			s.put("key", "Price 2027")
			s.send("material.add")
			s.until("document.querySelector('#f-key-e') && document.querySelector('#f-title_ja-e') && document.querySelector('#f-file-h').textContent.includes('価格表 2027.pdf')")
			shot("material-wrong")
			s.put("key", "price-2027")
			s.put("title_ja", "新価格表")
			s.send("material.add")
			s.until("location.pathname === '/staff/materials/price-2027/edit' && document.querySelector('.done-note')")
			shot("material-saved")

			// An audience, counted before it is kept.
			s.at(h, "/staff/audiences/_new")
			s.put("audience_name", "ゴールド")
			on[bool](s, "(document.querySelector('input[name=tiers][value=gold]').click(), true)")
			shot("audience-new")
			s.send("look")
			s.until("document.querySelector('.done-note') && document.querySelector('input[name=tiers][value=gold]').checked")
			s.send("audience.save")
			s.until("document.querySelector('button[value=\"audience.drop\"]')")
			shot("audience-saved")
			s.at(h, "/staff/audiences")
			shot("audiences")

			// A list of results, pasted, with a row that is not certain.
			s.at(h, "/staff/outcomes/_import")
			on[bool](s, "(document.getElementById('f-list').value = '外部ID,代理店名,件名,段階,金額\\nB-1,青葉商事,新規導入,受注,1200000\\nB-2,あおば,更新,見積,5000', true)")
			s.send("look")
			s.until("document.querySelector('#f-row_3')")
			shot("import-look")
			s.put("row_3", "p-aoba")
			on[bool](s, "(document.getElementById('f-row_3').scrollIntoView({block: 'center'}), true)")
			shot("import-row")
			s.send("outcome.import")
			s.until("document.querySelector('.done-note') && !document.querySelector('#f-row_3')")
			shot("import-done")
			if acts := strings.Join(h.acts(t, ""), " "); !strings.Contains(acts, "partner.change") || !strings.Contains(acts, "room.map") || !strings.Contains(acts, "person.invite") {
				t.Error(acts)
			}
		})
	}
}
