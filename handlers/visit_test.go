package handlers

import (
	"bufio"
	"os"
	"strings"
	"testing"
	"time"

	"akari/models"
)

func TestClassesFollowFromFacts(t *testing.T) {
	early, late := int64(1000), int64(60_000)
	seen := models.Spans{{0, 2500}}
	person := models.Facts{Agent: "00", Script: true, Spans: seen, Early: &late}
	with := func(change func(*models.Facts)) models.Facts {
		f := person
		change(&f)
		return f
	}
	for _, c := range []struct {
		name          string
		facts         models.Facts
		gestures      int
		agent         string
		class, reason string
	}{
		{"somebody reads", person, 0, "", "human", "visible"},
		{"nobody knows when it was delivered", with(func(f *models.Facts) { f.Early = nil }), 0, "", "human", "visible"},
		{"too short", with(func(f *models.Facts) { f.Spans = models.Spans{{0, 1900}} }), 5, "", "suspect", "not_visible_yet"},
		{"in two pieces", with(func(f *models.Facts) { f.Spans = models.Spans{{0, 1900}, {5000, 5100}} }), 0, "", "human", "visible"},
		{"never on screen", with(func(f *models.Facts) { f.Spans = nil }), 9, "", "suspect", "not_visible_yet"},
		{"no script", with(func(f *models.Facts) { f.Script = false }), 0, "", "suspect", "no_script"},
		{"at once, without a hand", with(func(f *models.Facts) { f.Early = &early }), 0, "", "suspect", "early_without_hand"},
		{"at once, with a hand", with(func(f *models.Facts) { f.Early = &early }), 1, "", "human", "visible"},
		{"one of many, without a hand", with(func(f *models.Facts) { f.Burst = 3 }), 0, "", "scanner", "burst"},
		{"one of many, with a hand", with(func(f *models.Facts) { f.Burst = 3 }), 1, "", "human", "visible"},
		{"driven, with a hand", with(func(f *models.Facts) { f.Webdriver = true }), 9, "", "scanner", "webdriver"},
		{"a robot by name", person, 9, "scanner", "scanner", "agent"},
		{"a preview by name", person, 9, "preview", "preview", "agent"},
		{"no name", with(func(f *models.Facts) { f.Agent = "" }), 9, "", "scanner", "no_agent"},
		{"fetched beforehand", with(func(f *models.Facts) { f.Purpose = "prefetch" }), 9, "", "preview", "prefetch"},
		{"staff", with(func(f *models.Facts) { f.Staff = true }), 9, "scanner", "staff", "staff_link"},
		{"a test", with(func(f *models.Facts) { f.Test = true }), 9, "", "test", "test_link"},
	} {
		if class, reason := classOf(c.facts, c.gestures, c.agent, 2*time.Second); class != c.class || reason != c.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", c.name, class, reason, c.class, c.reason)
		}
	}
	if class, _ := classOf(models.Facts{Agent: "00", Script: true}, 0, "", 0); class == models.ClassHuman {
		t.Error("links.visible_min of 0 makes a human of who saw nothing")
	}
}

func TestWhatCannotBeTravelled(t *testing.T) {
	summer, winter := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		a, b string
		at   time.Time
		want time.Duration
	}{
		{"Asia/Tokyo", "Asia/Tokyo", winter, 0},
		{"Asia/Tokyo", "Asia/Singapore", winter, 0},
		{"Asia/Shanghai", "Asia/Kabul", winter, 0}, // neighbours
		{"Pacific/Pago_Pago", "Pacific/Apia", winter, 0},
		{"Asia/Tokyo", "Asia/Kolkata", winter, 0},
		{"Asia/Tokyo", "Europe/London", winter, 4*time.Hour + 30*time.Minute},
		{"Asia/Tokyo", "Europe/London", summer, 4 * time.Hour},
		{"Asia/Tokyo", "America/Los_Angeles", winter, 3*time.Hour + 30*time.Minute}, // the short way, over the Pacific
		{"Asia/Tokyo", "America/New_York", winter, 5 * time.Hour},
		{"Asia/Tokyo", "Etc/GMT+5", winter, 0},
		{"Asia/Tokyo", "Atlantic/Reykjavik", winter, 0}, // what Firefox says when it says nothing
		{"Asia/Tokyo", "Local", winter, 0},
		{"Asia/Tokyo", "", winter, 0},
		{"Asia/Tokyo", "Europe/../Europe/London", winter, 0},
		{"Asia/Tokyo", "Nowhere/Land", winter, 0},
	} {
		if got := travel(east(c.a, c.at), east(c.b, c.at)); got != c.want {
			t.Errorf("%s to %s takes %s, want %s", c.a, c.b, got, c.want)
		}
		if got := travel(east(c.b, c.at), east(c.a, c.at)); got != c.want {
			t.Errorf("%s to %s takes %s, want %s", c.b, c.a, got, c.want)
		}
	}
}

// readers are browsers in which people at partners read, with the in-app browsers
// of the platforms.
var readers = []string{
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari Line/15.8.0",
	"Mozilla/5.0 (Linux; Android 15; Pixel 9 Build/AP4A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36 Line/15.8.0/IAB",
	"Mozilla/5.0 (Linux; Android 14; SO-51D; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/138.0.7204.63 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0",
	"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
	"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/139.0.7258.76 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.45.64 Chrome/138.0.7204.100 Electron/37.2.0 Safari/537.36",
	"Mozilla/5.0 (Linux; Android 13; SH-53C) AppleWebKit/537.36 (KHTML, like Gecko) Silk/138.1.1 like Chrome/138.0.7204.168 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 389.0.0.47.84",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/380.0.782 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) YJApp-IOS jp.co.yahoo.ipn.appli/4.158.0",
}

func TestTheRobotsListKnowsRobotsAndSparesReaders(t *testing.T) {
	rs := NewRobots()
	for _, agent := range readers {
		if class := rs.agent(agent); class != "" {
			t.Errorf("a reader is taken for a %s: %s", class, agent)
		}
	}
	f, err := os.Open("testdata/agents.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	known, missed := 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		known++
		if rs.agent(lines.Text()) == "" {
			missed++
			t.Logf("not known: %s", lines.Text())
		}
	}
	if known < 1500 || missed*200 > known {
		t.Errorf("%d of %d robots are not known", missed, known)
	}
}

func TestAnOperatorAddsRobots(t *testing.T) {
	rs := NewRobots()
	if err := rs.Add(strings.NewReader("# ours\n\nAcmeScan/[0-9]+\npreview ^Intra-?Preview\n"), "robots.txt"); err != nil {
		t.Fatal(err)
	}
	for agent, class := range map[string]string{"Mozilla/5.0 acmescan/7": "scanner", "IntraPreview 1": "preview", readers[0]: ""} {
		if got := rs.agent(agent); got != class {
			t.Errorf("%s: %q, want %q", agent, got, class)
		}
	}
	for list, says := range map[string]string{"(": "robots.txt:1", "ok\n.*\n": "robots.txt:2", strings.Repeat("a", 1001): "robots.txt:1"} {
		if err := rs.Add(strings.NewReader(list), "robots.txt"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.20q: %v", list, err)
		}
	}
}
