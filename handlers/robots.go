package handlers

import (
	_ "embed"
	"net/http"
	"strings"

	"akari/models"
)

// robotList is substrings of user agents, lower case, one a line, with the
// class of what they do: preview or scanner.
//
//go:embed robots.txt
var robotList string

type robots map[string]string

func newRobots() robots {
	out := robots{}
	for line := range strings.Lines(robotList) {
		line = strings.TrimSpace(line)
		if class, mark, ok := strings.Cut(line, " "); ok && !strings.HasPrefix(line, "#") {
			out[strings.TrimSpace(mark)] = class
		}
	}
	return out
}

// class says what a request looks like before any script has run: "" = nothing
// speaks against a human.
func (rs robots) class(r *http.Request) (class, reason string) {
	for _, purpose := range []string{r.Header.Get("Purpose"), r.Header.Get("Sec-Purpose"), r.Header.Get("X-Purpose"), r.Header.Get("X-Moz")} {
		if p := strings.ToLower(purpose); strings.Contains(p, "prefetch") || strings.Contains(p, "preview") || strings.Contains(p, "prerender") {
			return models.ClassPreview, "prefetch"
		}
	}
	agent := strings.ToLower(r.UserAgent())
	if agent == "" {
		return models.ClassScanner, "no_agent"
	}
	for mark, class := range rs {
		if strings.Contains(agent, mark) {
			return class, "agent"
		}
	}
	return "", ""
}
