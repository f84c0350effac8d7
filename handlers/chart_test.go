package handlers

import (
	"bytes"
	"image/png"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/image/font/sfnt"

	"akari/bot/line"
	"akari/content"
)

func drawer(t *testing.T) *Handlers {
	t.Helper()
	lib, broken, err := content.Open(content.Options{Embedded: content.Sample(), Zone: time.UTC, Now: time.Now, Small: true})
	if err != nil || len(broken) > 0 {
		t.Fatal(err, broken)
	}
	return New(Options{Library: lib, Font: line.Font()})
}

var eightWeeks = trend{lang: "ja", first: time.Date(2026, 9, 28, 0, 0, 0, 0, time.UTC),
	counts: [][]int64{nil, {8, 12, 20}, {9, 15, 26}, {7, 9, 14}, {12, 21, 41}, {13, 18, 39}, {11, 16, 33}, {15, 24, 47}}}

func TestTrendsComeBackFromTheirNames(t *testing.T) {
	for _, c := range []trend{eightWeeks, {lang: "en", first: time.Unix(0, 0).UTC(), counts: [][]int64{{0, 0, 0}}}} {
		got, ok := parseTrend(c.encode())
		if !ok || !reflect.DeepEqual(got, c) {
			t.Errorf("%+v, %v", got, ok)
		}
		if n := len(c.encode()); n > 120 {
			t.Errorf("a name of %d characters", n)
		}
	}
	for _, name := range []string{"", "trend-ja-.png", "trend-ja-AQ.png", "trend-ja-AQEJ.png", "guide.pdf", eightWeeks.encode()[:30] + ".png", "trend-ja-Af________________8B.png"} {
		if c, ok := parseTrend(name); ok {
			t.Errorf("%q is read as %+v", name, c)
		}
	}
}

func TestChartIsDrawnWithItsLabels(t *testing.T) {
	h := drawer(t)
	for _, lang := range []string{"ja", "en"} {
		c := eightWeeks
		c.lang = lang
		body, err := h.drawTrend(c)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(body))
		if err != nil || img.Bounds().Dx() != chartWidth || img.Bounds().Dy() != chartHeight {
			t.Fatal(err, img.Bounds())
		}
		if len(body) > 200_000 {
			t.Errorf("%d bytes", len(body))
		}
		if dir := os.Getenv("AKARI_PICTURES"); dir != "" {
			if err := os.WriteFile(dir+"/chart-"+lang+".png", body, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	// A character that the font has not would be a box.
	f, err := sfnt.Parse(line.Font())
	if err != nil {
		t.Fatal(err)
	}
	var buffer sfnt.Buffer
	for _, key := range []string{"digest.chart_title", "digest.chart_week"} {
		for _, lang := range []string{"ja", "en"} {
			for _, r := range h.Library.Say(lang, key) + "動いた人質問開封" {
				if i, err := f.GlyphIndex(&buffer, r); err != nil || i == 0 || r == utf8.RuneError {
					t.Errorf("%s: the font has no %q", key, r)
				}
			}
		}
	}
}

func TestChartAddressesAreSigned(t *testing.T) {
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	name := eightWeeks.encode()
	secret := []byte("0123456789abcdef0123456789abcdef")
	signature := sign(secret, name, chartUntil(now))
	if strings.Contains(signature, "/") || chartUntil(now) < now.AddDate(3, 0, 0).Unix()/86400 {
		t.Error("a chart's address does not last three years")
	}
	other := eightWeeks
	other.counts = [][]int64{{1, 2, 3}}
	if sign(secret, other.encode(), chartUntil(now)) == signature {
		t.Error("other numbers have the same signature")
	}
}
