//go:build ignore

// Playground takes the picture of the playground that the README shows: a rep asks
// for the price list and gets it, as Akari really answers. make.sh runs it.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/chromedp/chromedp"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: playground.go CHROMIUM ADDRESS FILE.png")
		os.Exit(2)
	}
	if err := shoot(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "the picture of the playground:", err)
		os.Exit(1)
	}
}

func shoot(chromium, address, file string) error {
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Headless, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "ja"),
		chromedp.Env("TZ=Asia/Tokyo"))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	defer stop()
	ctx, cancel := chromedp.NewContext(alloc)
	defer cancel()
	ctx, end := context.WithTimeout(ctx, time.Minute)
	defer end()

	if err := chromedp.Do(ctx,
		chromedp.EmulateViewport(1280, 940),
		chromedp.Navigate(address),
		chromedp.Click(chromedp.CSS("#first-ok"), chromedp.NodeVisible),
		chromedp.SendKeys(chromedp.CSS("#text"), "最新の価格表はどこにありますか"),
		chromedp.Click(chromedp.CSS("#send"), chromedp.NodeVisible)); err != nil {
		return err
	}
	if err := click(ctx, "資料"); err != nil {
		return err
	}
	// The card with the personal link, and its cover picture, are there.
	if err := until(ctx, `[...document.querySelectorAll("#log a")].some(x => x.offsetParent && x.innerText.trim().startsWith("開く")) &&
		[...document.querySelectorAll("#log img")].every(x => x.complete && x.naturalWidth > 0)`); err != nil {
		return err
	}
	time.Sleep(time.Second) // the page scrolls to its end
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	return os.WriteFile(file, png, 0o644)
}

// click presses the newest button whose label begins so, once it is there.
func click(ctx context.Context, label string) error {
	find := fmt.Sprintf(`[...document.querySelectorAll("#log button")].filter(x => x.offsetParent && x.innerText.trim().startsWith(%q)).at(-1)`, label)
	if err := until(ctx, find); err != nil {
		return err
	}
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](find+`.click() === undefined`))
	return err
}

// until waits for something to be true in the page.
func until(ctx context.Context, expression string) error {
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", expression, err)
		}
		if ok {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}
