package handlers

import (
	"fmt"
	"time"

	"akari/models"
)

// weekPoint is one week of the chart.
type weekPoint struct {
	week   models.Week
	counts models.Counts
	kept   bool // there is a record of it
}

// trendWeeks is how many weeks the chart shows, the digest's own among them.
const (
	trendWeeks = 8
	halfWeek   = 84 * time.Hour
)

// trendFigures are what the chart shows, in this order.
var trendFigures = []string{models.ActivePeople, models.Asked, models.Opened}

// readTrend reads the weeks before, and the same week of the half-year before,
// from the kept figures. An audience in another zone than the vendor's is shown
// the vendor's weeks of the same days.
func (d *Digests) readTrend(tx *models.Tx, a Audience, out *digestRead, r *weekReader) error {
	zone := d.h.Vendor.Zone
	own := models.WeekOf(out.week.Start.Add(halfWeek), zone) // the vendor's week around the middle of it
	var weeks []models.Week
	for w := own.Before(zone); len(weeks) < trendWeeks-1; w = w.Before(zone) {
		weeks = append(weeks, w)
	}
	sums, err := r.sums(tx, weeks, out.only, trendFigures...)
	if err != nil {
		return err
	}
	for i := len(weeks) - 1; i >= 0; i-- {
		c, kept := sums[weeks[i].Start]
		out.trend = append(out.trend, weekPoint{weeks[i], c, kept})
	}
	out.trend = append(out.trend, weekPoint{own, out.total, true})
	for !out.trend[0].kept { // a chart begins where the record does
		out.trend = out.trend[1:]
	}
	half, ok := models.SameWeekOfLastHalf(own, zone, d.FiscalStartMonth)
	if !ok {
		return nil
	}
	if sums, err = r.sums(tx, []models.Week{half}, out.only); err == nil {
		out.half, out.halfWeek = sums[half.Start], half
	}
	return err
}

// sums are figures of kept weeks by the moment a week begins; those over all
// partners are read once for all audiences.
func (r *weekReader) sums(tx *models.Tx, weeks []models.Week, only []models.ID, metrics ...string) (map[time.Time]models.Counts, error) {
	key := fmt.Sprint(weeks[0].ISO, len(weeks))
	if c, ok := r.summed[key]; ok && only == nil {
		return c, nil
	}
	c, err := tx.SumWeeks(weeks, only, metrics...)
	if only == nil && err == nil {
		r.summed[key] = c
	}
	return c, err
}
