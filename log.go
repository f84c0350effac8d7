package main

import (
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
)

// newLogger writes slog records as log.level and log.format say. docs/operations.md
// lists the keys in use.
func newLogger(c LogConfig, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // one of four words, checked by LoadConfig
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// hushed are the words whose presence in a key hides its value. Nothing is meant
// to log these at all; this is the second lock on the door.
var hushed = []string{"secret", "token", "password", "authorization", "signature", "dsn", "private_key", "cookie", "body", "text"}

// redact hides what must not be in a log: values under telling keys, Slack tokens,
// bearer headers and passwords in addresses inside any other value.
func redact(_ []string, a slog.Attr) slog.Attr {
	key := strings.ToLower(a.Key)
	if slices.ContainsFunc(hushed, func(word string) bool { return key == word || strings.HasSuffix(key, "_"+word) }) {
		if a.Value.Kind() == slog.KindString && a.Value.String() == "" {
			return a
		}
		return slog.String(a.Key, masked)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		return slog.String(a.Key, hush(a.Value.String()))
	case slog.KindAny:
		if err, ok := a.Value.Any().(error); ok {
			return slog.String(a.Key, hush(err.Error()))
		}
	}
	return a
}

var telling = regexp.MustCompile(`xox[a-z]-[A-Za-z0-9-]+|xapp-[A-Za-z0-9-]+|(?i:bearer) +[A-Za-z0-9._~+/=-]+|v0=[0-9a-f]{64}|(://[^/@\s:]*:)[^@/\s]+@|([\w.-]+:)[^@\s/()]+@(?:tcp|unix)\(`)

// hush masks credentials inside a text, such as an error that quotes an address.
func hush(text string) string {
	return telling.ReplaceAllStringFunc(text, func(found string) string {
		switch {
		case strings.Contains(found, "://"):
			return found[:strings.Index(found, "://")+3] + masked + "@"
		case strings.HasSuffix(found, "("):
			return masked + found[strings.LastIndexByte(found, '@'):]
		}
		return masked
	})
}
