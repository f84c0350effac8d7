package handlers

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-analyze/charts"

	"akari/bot"
	"akari/models"
	"akari/web"
)

// A chart's address carries its numbers, signed: it is drawn when it is asked for,
// needs no row and no file, shows the same for as long as its signature holds, and
// can show nothing that we did not put into it.

const (
	chartPrefix  = "trend-"
	chartSuffix  = ".png"
	chartVersion = 1
	chartWidth   = 1000 // pixels
	chartHeight  = 560
)

// trend is what a chart shows: some figures over weeks that follow one another.
type trend struct {
	lang   string
	first  time.Time // Monday of the first week, as a date
	counts [][]int64 // by week, then by trendFigures; nil = the week is not on record
}

// encode is the trend as a name: digits and letters only.
func (c trend) encode() string {
	b := []byte{chartVersion}
	b = binary.AppendUvarint(b, uint64(max(0, c.first.Unix()/86400))) //nolint:gosec // not negative
	b = append(b, byte(len(c.counts)))                                //nolint:gosec // a few weeks
	for _, week := range c.counts {
		if week == nil {
			b = append(b, 0)
			continue
		}
		b = append(b, 1)
		for _, n := range week {
			b = binary.AppendUvarint(b, uint64(max(0, n))) //nolint:gosec // not negative
		}
	}
	return chartPrefix + c.lang + "-" + base64.RawURLEncoding.EncodeToString(b) + chartSuffix
}

// parseTrend reads what encode wrote; ok is false for anything else.
func parseTrend(name string) (c trend, ok bool) {
	rest, ours := strings.CutPrefix(name, chartPrefix)
	rest, picture := strings.CutSuffix(rest, chartSuffix)
	lang, code, cut := strings.Cut(rest, "-")
	b, err := base64.RawURLEncoding.DecodeString(code)
	if !ours || !picture || !cut || err != nil || len(b) < 3 || b[0] != chartVersion {
		return c, false
	}
	b = b[1:]
	number := func() int64 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > math.MaxInt32*1000 {
			ok = false
			return 0
		}
		b = b[size:]
		return int64(n) //nolint:gosec // bounded above
	}
	ok = true
	c.lang, c.first = lang, time.Unix(number()*86400, 0).UTC()
	weeks := number()
	for i := int64(0); ok && i < weeks && weeks <= 60; i++ {
		if number() == 0 {
			c.counts = append(c.counts, nil)
			continue
		}
		week := make([]int64, len(trendFigures))
		for j := range week {
			week[j] = number()
		}
		c.counts = append(c.counts, week)
	}
	return c, ok && len(b) == 0 && len(c.counts) > 0
}

// trendOf is the chart of a digest; ok is false when there is nothing to show.
func (w digestWords) trendOf() (c trend, ok bool) {
	c.lang = w.lang
	for i, p := range w.read.trend {
		if i == 0 {
			local := p.week.Start.In(w.d.h.Vendor.Zone)
			c.first = time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
		}
		if !p.kept {
			c.counts = append(c.counts, nil)
			continue
		}
		week := make([]int64, len(trendFigures))
		for j, f := range trendFigures {
			week[j] = p.counts[f]
			ok = ok || week[j] > 0
		}
		c.counts = append(c.counts, week)
	}
	return c, ok
}

// chart is the picture of a digest; nil when there is nothing to show, or no font.
func (w digestWords) chart(now time.Time) *bot.Image {
	c, ok := w.trendOf()
	if !ok || len(w.d.h.Font) == 0 {
		return nil
	}
	name := c.encode()
	return &bot.Image{URL: w.d.h.PublicURL + "/m/" + sign(w.d.h.Secrets[0], name, chartUntil(now)) + "/" + url.PathEscape(name), Alt: w.say("digest.chart_alt", "weeks", len(c.counts))}
}

// chartLife is how long a chart's address works at least: a digest is read again
// when the next half-year is planned.
const chartLife = 3 * 365 * 24 * time.Hour

func chartUntil(now time.Time) int64 {
	return now.Truncate(pictureLife).Add(pictureLife+chartLife).Unix() / 86400
}

// trendRows tell in words what the chart shows.
func (w digestWords) trendRows() []string {
	c, ok := w.trendOf()
	if !ok || len(c.counts) < 2 || !slices.ContainsFunc(c.counts[:len(c.counts)-1], func(week []int64) bool { return week != nil }) {
		return nil
	}
	var rows []string
	for j, key := range trendFigures {
		var values []string
		for _, week := range c.counts {
			if week == nil {
				values = append(values, w.say("digest.no_record"))
				continue
			}
			values = append(values, fmt.Sprint(week[j]))
		}
		f, _ := models.FigureOf(key)
		rows = append(rows, w.say("digest.trend", "name", w.name(f), "values", strings.Join(values, " → ")))
	}
	return rows
}

// chartFont is the font as the chart library knows it.
const chartFont = "akari"

// drawing lets one chart be drawn at a time: the library keeps its fonts in one place.
var drawing sync.Mutex

// drawTrend draws a chart as PNG.
func (h *Handlers) drawTrend(c trend) ([]byte, error) {
	say := func(key string, args ...any) string { return h.Library.Say(c.lang, key, args...) }
	data := make([][]float64, len(trendFigures))
	names := make([]string, len(trendFigures))
	for j, key := range trendFigures {
		f, _ := models.FigureOf(key)
		if names[j] = f.EN; c.lang == "ja" {
			names[j] = f.JA
		}
		for _, week := range c.counts {
			v := charts.GetNullValue()
			if week != nil {
				v = float64(week[j])
			}
			data[j] = append(data[j], v)
		}
	}
	var weeks []string
	for i := range c.counts {
		day := c.first.AddDate(0, 0, 7*i)
		weeks = append(weeks, say("digest.chart_week", "month", int(day.Month()), "day", day.Day()))
	}
	drawing.Lock()
	defer drawing.Unlock()
	if err := charts.InstallFont(chartFont, h.Font); err != nil {
		return nil, fmt.Errorf("the font of charts: %w", err)
	}
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputPNG, Width: chartWidth, Height: chartHeight, Font: charts.GetFont(chartFont)})
	if err := p.BarChart(trendOptions(data, names, weeks, say("digest.chart_title", "weeks", len(weeks)))); err != nil {
		return nil, fmt.Errorf("drawing a chart: %w", err)
	}
	return p.Bytes()
}

// trendOptions is how the chart looks: blue, orange and green that also people who
// do not tell red from green tell apart, with the number above each bar.
func trendOptions(data [][]float64, names, weeks []string, title string) charts.BarChartOption {
	o := charts.NewBarChartOptionWithData(data)
	o.Theme = charts.GetTheme(charts.ThemeLight).WithBackgroundColor(charts.ColorWhite).WithSeriesColors([]charts.Color{
		{R: 0, G: 114, B: 178, A: 255}, {R: 230, G: 159, B: 0, A: 255}, {R: 0, G: 158, B: 115, A: 255}})
	font := charts.FontStyle{FontSize: 15, FontColor: charts.Color{R: 51, G: 51, B: 51, A: 255}, Font: charts.GetFont(chartFont)}
	large := font
	large.FontSize = 20
	o.Padding = charts.NewBoxEqual(24)
	o.Title = charts.TitleOption{Text: title, FontStyle: large}
	o.Legend = charts.LegendOption{SeriesNames: names, FontStyle: font, Offset: charts.OffsetRight, Padding: charts.NewBox(0, 0, 0, 24)}
	o.CategoryAxis.Labels, o.CategoryAxis.LabelFontStyle, o.CategoryAxis.LabelCount = weeks, font, len(weeks)
	whole := func(v float64) string { return thousands(int64(v) * 100) }
	o.ValueFormatter = whole
	o.ValueAxis[0].LabelFontStyle = font
	small := font
	small.FontSize = 12
	for i := range o.SeriesList {
		o.SeriesList[i].Label = charts.SeriesLabel{Show: charts.Ptr(true), FontStyle: small, ValueFormatter: whole}
	}
	return o
}

// serveChart draws what a signed name says.
func (h *Handlers) serveChart(w http.ResponseWriter, r *http.Request, c trend) {
	body, err := h.drawTrend(c)
	if err != nil {
		h.Log.Warn("a chart could not be drawn", "error", err)
		h.message(w, r, http.StatusNotFound, "page.missing")
		return
	}
	web.Secure(w)
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.Header().Set("Content-Type", "image/png")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
