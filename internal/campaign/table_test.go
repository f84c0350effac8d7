package campaign_test

import (
	"bytes"
	"encoding/csv"
	"strings"
)

// addsUp fails the test unless the rows of a campaign's table add up to its report,
// to the unit.
func (g *rig) addsUp(id int64) {
	g.t.Helper()
	var b bytes.Buffer
	if err := g.mind.WriteCampaign(g.t.Context(), &b, "csv", id); err != nil {
		g.t.Fatal(err)
	}
	text := strings.TrimPrefix(b.String(), "\ufeff")
	if text == b.String() {
		g.t.Error("Excel would not know that it is UTF-8")
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		g.t.Fatal(err)
	}
	at, got := map[string]int{}, map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	var missing []string
	for _, row := range rows[1:] {
		if kind := row[at["kind"]]; kind != "reader" {
			got["recipients"]++
			got[row[at["state"]]]++
		}
		for _, what := range []string{"opened_at", "completed_at", "acknowledged_at", "used_at", "sent_at"} {
			if row[at[what]] != "" {
				got[what]++
			}
		}
		if row[at["owes_acknowledgement"]] == "1" {
			missing = append(missing, row[at["person_key"]])
		}
	}
	r := g.report(id)
	for name, want := range map[string]int{"recipients": r.AudienceSize, "sent": r.Sent, "sent_at": r.Sent, "failed": r.Failed, "unconfirmed": r.Unconfirmed, "held": r.Held, "skipped": r.Skipped, "cancelled": r.Cancelled,
		"queued": r.Queued, "opened_at": r.Opened, "completed_at": r.Completed, "acknowledged_at": r.Acknowledged, "used_at": r.Used} {
		if got[name] != want {
			g.t.Errorf("%s: the table has %d, the report %d\n%s", name, got[name], want, text)
		}
	}
	if len(missing) != len(r.Missing) {
		g.t.Errorf("the table misses %v, the report %v", missing, r.Missing)
	}
}
