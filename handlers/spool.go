package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"akari/bot"
)

// spoolInterval is how often the spool is looked at: often, so that a short
// loss of the database delays answers by little.
const spoolInterval = time.Second

// spool writes verified inbounds to disk when the database could not take them
// and the platform never sends again (LINE WORKS). The same inbound twice is
// the same file.
func (h *Handlers) spool(ins []bot.Inbound) error {
	if err := os.MkdirAll(h.SpoolDir, 0o700); err != nil {
		return err
	}
	for _, in := range ins {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(in.Key))
		if err := writeFile(filepath.Join(h.SpoolDir, hex.EncodeToString(sum[:])+".json"), b); err != nil {
			return err
		}
		h.Observe.Spooled(in.At.Platform)
	}
	return nil
}

// writeFile writes the whole file or nothing, and returns when it is on disk.
func writeFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// RunSpool takes what lies on disk into the database as soon as it is back. It
// returns when ctx ends.
func (h *Handlers) RunSpool(ctx context.Context) {
	tick := time.NewTicker(spoolInterval)
	defer tick.Stop()
	for {
		if err := h.unspool(ctx); err != nil && ctx.Err() == nil {
			h.Log.Warn("the spool could not be read into the database", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (h *Handlers) unspool(ctx context.Context) error {
	files, err := os.ReadDir(h.SpoolDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".json") {
			continue
		}
		path := filepath.Join(h.SpoolDir, f.Name())
		b, err := os.ReadFile(path)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				continue // another process was quicker
			}
			return err
		}
		var in bot.Inbound
		if err := json.Unmarshal(b, &in); err != nil {
			h.Log.Error("a spooled inbound cannot be read; it is kept aside", "file", f.Name())
			if err := os.Rename(path, path+".broken"); err != nil {
				return err
			}
			continue
		}
		one, cancel := context.WithTimeout(ctx, h.Limits.AckDeadline)
		_, err = h.Receive(one, in)
		cancel()
		if err != nil {
			return err
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
