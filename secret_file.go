package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// madeSecret reads the secret kept in a file, or makes the file. Processes that
// start at the same moment agree: the file appears complete and only once.
func madeSecret(path string) ([]byte, error) {
	if secret, err := os.ReadFile(path); err == nil {
		if secret = bytes.TrimSpace(secret); len(secret) < 32 {
			return nil, fmt.Errorf("%s holds fewer than 32 bytes; remove it", path)
		}
		return secret, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	var random [48]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(draft.Name())
	_, err = draft.WriteString(base64.StdEncoding.EncodeToString(random[:]) + "\n")
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return nil, err
	}
	// Link, unlike Rename, fails where another process was quicker.
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	secret, err := os.ReadFile(path)
	return bytes.TrimSpace(secret), err
}
