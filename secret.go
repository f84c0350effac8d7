package main

import (
	"fmt"
	"io"
	"log/slog"
)

// masked is what every way of printing a Secret shows.
const masked = "***"

// Secret is a configured value that must never be printed. Every formatter
// (fmt, JSON, YAML, slog) shows *** instead; only Reveal gives the text.
//
// The text lies behind a pointer because fmt does not call methods on unexported
// fields of a struct: there it would show the characters, so it shows an address.
type Secret struct{ text *string }

// NewSecret hides text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal gives the hidden text to the one place that needs it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero tells that nothing is configured.
func (s Secret) IsZero() bool { return s.text == nil }

func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return masked
}

// Format answers every verb, %#v and %x included, with the mask.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is what slog writes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON writes the mask.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// MarshalYAML writes the mask.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// MarshalText writes the mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// reveal opens a list of secrets, leaving out empty ones.
func reveal(list []Secret) []string {
	var out []string
	for _, s := range list {
		if !s.IsZero() {
			out = append(out, s.Reveal())
		}
	}
	return out
}
