package models_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"akari/models"
	"akari/models/modelstest"
)

// BenchmarkWeek measures what one week's figures cost in a log of N events
// (AKARI_BENCH_EVENTS, 1,000,000): 1,000 partners with 20 people each, over 52 weeks
// (AKARI_BENCH_WEEKS).
// MariaDB only: it makes rows by itself.
func BenchmarkWeek(b *testing.B) {
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	n, weeks := number("AKARI_BENCH_EVENTS", 1_000_000), number("AKARI_BENCH_WEEKS", 52)
	dsn := modelstest.DSN(b, "mysql")
	store := modelstest.Connect(b, "mysql", dsn, time.Now)
	db := modelstest.Raw(b, "mysql", dsn)
	last := models.LastWeek(time.Now(), time.UTC)
	begin := last.End.AddDate(0, 0, -7*weeks)
	for _, sql := range []string{
		"INSERT INTO partners (id,`key`,name,tier,tags,region,language,time_zone,department,sample,created_at,updated_at) SELECT UNHEX(LPAD(HEX(seq),32,'0')),CONCAT('p-',seq),CONCAT('partner ',seq),'','[]','','','','',0,UTC_TIMESTAMP(),UTC_TIMESTAMP() FROM seq_1_to_1000",
		"INSERT INTO people (id,`key`,side,partner_id,name,department,roles,language,sample,created_at,updated_at) SELECT UNHEX(LPAD(HEX(100000+seq),32,'0')),CONCAT('m-',seq),'member',UNHEX(LPAD(HEX(1+seq MOD 1000),32,'0')),'','','rep','',0,UTC_TIMESTAMP(),UTC_TIMESTAMP() FROM seq_1_to_20000",
	} {
		if _, err := db.Exec(sql); err != nil {
			b.Skip("SKIPPED: this server makes no sequences: ", err)
		}
	}
	const chunk = 250_000
	for from := 1; from <= n; from += chunk {
		to := min(n, from+chunk-1)
		// Every eighth is a page view of a visit, whose class is joined; one in fifty is a scanner's.
		_, err := db.Exec(fmt.Sprintf(`INSERT INTO events (id,kind,class,platform,connection,partner_id,person_id,object_kind,object_key,object_version,link_id,visit,page,amount,occurred_at,recorded_at,detail)
SELECT UNHEX(LPAD(HEX(seq),32,'0')), ELT(1+seq MOD 8,'page_viewed','asked','answered','requested','delivered','opened','rated','completed'),
 CASE WHEN seq MOD 8 IN (0,4,5) THEN NULL ELSE 'human' END, 'slack','slack', UNHEX(LPAD(HEX(1+(seq*7919) MOD 20000 MOD 1000),32,'0')), UNHEX(LPAD(HEX(100000+(seq*7919) MOD 20000),32,'0')),
 'material', CONCAT('m', seq MOD 40), 1, CASE WHEN seq MOD 8 IN (0,5) THEN UNHEX(LPAD(HEX(seq DIV 16),32,'0')) END, CASE WHEN seq MOD 8 IN (0,5) THEN 'v' END, 1, 3000,
 t, t, '{"solved":1}' FROM (SELECT seq, TIMESTAMPADD(MICROSECOND, seq * %d, '%s') AS t FROM seq_%d_to_%d) s`,
			last.End.Sub(begin).Microseconds()/int64(n), begin.Format("2006-01-02 15:04:05"), from, to))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := db.Exec(fmt.Sprintf("INSERT INTO visits (link_id,visit,class,reason,rule_version,started_at) SELECT UNHEX(LPAD(HEX(seq),32,'0')),'v',IF(seq MOD 50 = 0,'scanner','human'),'',1,UTC_TIMESTAMP() FROM seq_%d_to_%d", from/16+1, to/16)); err != nil {
			b.Fatal(err)
		}
	}
	period := models.Period{From: last.Start, To: last.End}
	for name, what := range map[string]func(*models.Tx) error{
		"figures": func(t *models.Tx) error {
			c, err := t.Count(period)
			if err == nil && len(c.Partners) < 900 {
				b.Errorf("only %d partners counted", len(c.Partners))
			}
			return err
		},
		"materials": func(t *models.Tx) error { _, err := t.CountMaterials(period); return err },
		"known":     func(t *models.Tx) error { _, err := t.KnownMembers(); return err },
	} {
		b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
			for b.Loop() {
				if err := store.View(b.Context(), what); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run(fmt.Sprintf("rebuild/%d", n), func(b *testing.B) {
		for b.Loop() {
			if _, err := store.RebuildWeeks(b.Context(), time.UTC, 0, last.Before(time.UTC).Start, last.End); err != nil {
				b.Fatal(err)
			}
		}
	})
	// What a digest over all partners reads, from kept weeks.
	b.Run(fmt.Sprintf("digest/%d", n), func(b *testing.B) {
		half, _ := models.SameWeekOfLastHalf(last, time.UTC, 4)
		weeks := []models.Week{last.Before(time.UTC)}
		for len(weeks) < 7 {
			weeks = append(weeks, weeks[len(weeks)-1].Before(time.UTC))
		}
		for b.Loop() {
			err := store.View(b.Context(), func(t *models.Tx) error {
				for _, read := range []func() error{
					func() error { _, err := t.CountWeek(last); return err },
					func() error { _, err := t.CountWeek(last.Before(time.UTC)); return err },
					func() error {
						_, err := t.SumWeeks(weeks, nil, models.ActivePeople, models.Asked, models.Opened)
						return err
					},
					func() error { _, err := t.SumWeeks([]models.Week{half}, nil); return err },
					func() error { _, err := t.CountMaterials(period); return err },
					func() error { _, err := t.KnownMembers(); return err },
					func() error { _, err := t.CorrectionsIn(last, nil); return err },
				} {
					if err := read(); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	v, err := store.VerifyWeeks(b.Context(), time.Time{}, time.Time{})
	if err != nil || len(v.Differences) > 0 || v.Cells < 1000 {
		b.Errorf("%d cells, %d differences, %v", v.Cells, len(v.Differences), err)
	}
}
