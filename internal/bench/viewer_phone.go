package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// The phone: Lighthouse's "slow 4G" (1.6 Mbit/s down, 750 kbit/s up, 150 ms) and a
// processor four times as slow as this one.
const (
	phoneDown    = 1.6e6 / 8
	phoneUp      = 750e3 / 8
	phoneLatency = 150
	phoneSlower  = 4
)

// phone measures how long after the press on a link the first page is on screen,
// with nothing kept from before and when the renderer is kept.
func phone(ctx context.Context, bin, dir string) error {
	path, err := exec.LookPath("chromium")
	if named := os.Getenv("AKARI_TEST_CHROMIUM"); named != "" {
		path, err = named, nil
	}
	if err != nil {
		return errors.New("there is no Chromium")
	}
	b, err := openPages(ctx, bin, dir, "sqlite", filepath.Join(dir, "akari.db"), 8)
	if err != nil {
		return err
	}
	defer b.p.Kill()
	fmt.Printf("\nfirst page of a 14-page PDF on a phone (slow 4G, processor ÷ %d), from the press on the link\n", phoneSlower)
	fmt.Printf("  %-38s %10s %10s %10s\n", "", "largest", "cover", "sharp page")
	for i, kept := range []string{"nothing kept", "renderer kept"} {
		home := filepath.Join(dir, "browser")
		opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Headless,
			chromedp.NoFirstRun, chromedp.UserDataDir(home), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.UserAgent(browserName))
		if err := phoneOnce(ctx, opts, b.links[i], kept); err != nil {
			return err
		}
	}
	return nil
}

const phoneMarks = `new Promise((done) => {
  const t = { largest: 0, cover: 0, sharp: 0 };
  new PerformanceObserver((l) => { for (const e of l.getEntries()) t.largest = e.startTime; }).observe({ type: "largest-contentful-paint", buffered: true });
  const end = Date.now() + 45000;
  (function look() {
    const mark = performance.getEntriesByName("akari-first-page")[0];
    if (!mark && Date.now() < end) return setTimeout(look, 50);
    t.sharp = mark ? mark.startTime : 0;
    const cover = performance.getEntriesByType("resource").find((e) => e.name.includes("/m/"));
    t.cover = cover ? cover.responseEnd : 0;
    setTimeout(() => done([t.largest, t.cover, t.sharp]), 500);
  })();
})`

func phoneOnce(ctx context.Context, opts []chromedp.ExecAllocatorOption, link, kept string) error {
	alloc, stop := chromedp.NewExecAllocator(ctx, opts...)
	defer stop()
	tab, cancel := chromedp.NewContext(alloc)
	defer cancel()
	tab, end := context.WithTimeout(tab, 90*time.Second)
	defer end()
	if err := chromedp.Do(tab, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(3))); err != nil {
		return err
	}
	if _, err := chromedp.Call(tab, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: phoneSlower}); err != nil {
		return err
	}
	slow := &network.Conditions{Latency: phoneLatency, DownloadThroughput: phoneDown, UploadThroughput: phoneUp}
	if _, err := chromedp.Call(tab, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{slow}}); err != nil {
		return err
	}
	began := time.Now()
	if err := chromedp.Do(tab, chromedp.Navigate(link), chromedp.WaitReady(chromedp.CSS("#viewer"))); err != nil {
		return err
	}
	origin, err := chromedp.Run(tab, chromedp.Evaluate[float64]("performance.timeOrigin"))
	if err != nil {
		return err
	}
	door := time.Duration(origin*float64(time.Millisecond)) - time.Duration(began.UnixNano())
	marks, err := chromedp.Run(tab, chromedp.Evaluate[[]float64](phoneMarks, chromedp.EvalAwaitPromise))
	if err != nil {
		return err
	}
	at := func(ms float64) string {
		if ms == 0 {
			return "never"
		}
		return (max(0, door) + time.Duration(ms*float64(time.Millisecond))).Round(10 * time.Millisecond).String()
	}
	fmt.Printf("  %-38s %10s %10s %10s\n", kept, at(marks[0]), at(marks[1]), at(marks[2]))
	return nil
}
