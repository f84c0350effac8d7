package handlers_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"akari/models"
)

// On the page, several materials are acknowledged together or each at its end, and
// what was pressed is shown as done.
func TestInTheBrowserSeveralMaterialsAreAcknowledged(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int64{{1280, 900}, {390, 844}} {
		t.Run(fmt.Sprint(size[0]), func(t *testing.T) {
			t.Parallel()
			g := newGallery(t, "sqlite")
			var id models.ID
			err := g.store.InTx(context.Background(), func(tx *models.Tx) error {
				p, err := tx.PersonByKey("aoba-01")
				if err != nil {
					return err
				}
				campaign := int64(41)
				var lms []models.LinkMaterial
				for _, key := range []string{"price-list", "demo-video", "product-guide"} {
					m, _ := g.lib.AnyMaterial(key)
					lms = append(lms, models.LinkMaterial{MaterialKey: key, MaterialVersion: m.Version})
				}
				l, err := tx.NewLink(models.Link{PersonID: p.ID, PartnerID: p.PartnerID, CampaignID: &campaign, Language: "ja", ExpiresAt: tx.Now().Add(24 * 3600e9)}, lms...)
				id = l.ID
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			s := newScreen(t, size[0], size[1], false)
			s.do(chromedp.Navigate(g.address(id)))
			s.until(`document.body.innerText.includes("3件中0件確認済み")`)
			s.shot(fmt.Sprintf("list-%d", size[0]))
			s.do(chromedp.Navigate(g.address(id) + "?m=1"))
			s.until(firstPage)
			s.tap("内容を確認しました")
			there := `(() => { const r = document.querySelector("#after .done").getBoundingClientRect(); return r.top > 0 && r.bottom < innerHeight && document.querySelector("#page-5[data-drawn]") !== null })()`
			s.until(`document.body.innerText.includes("3件中1件確認済み") && ` + there)
			s.tap("商談で使った")
			s.until(`document.body.innerText.includes("商談名を記録する") && ` + there)
			s.shot(fmt.Sprintf("marks-%d", size[0]))
			if over := on[int](s, `document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
				t.Errorf("%d px wider than the screen", over)
			}
			s.do(chromedp.Navigate(g.address(id)))
			s.tap("内容を確認しました(残り2件)")
			s.until(`document.body.innerText.includes("3件中3件確認済み")`)
			s.shot(fmt.Sprintf("list-done-%d", size[0]))
			if n := g.count("SELECT COUNT(*) FROM v_ack WHERE undone_at IS NULL AND person_key = 'aoba-01'"); n != 3 {
				t.Errorf("%d acknowledgements", n)
			}
			s.tap("取り消す(確認)")
			s.until(`document.body.innerText.includes("3件中0件確認済み")`)
			if n := g.count("SELECT COUNT(*) FROM v_ack WHERE undone_at IS NULL"); n != 0 {
				t.Errorf("%d acknowledgements stay", n)
			}
		})
	}
}
