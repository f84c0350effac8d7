package handlers

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"akari/models"
)

// robotList and knownList are parts of user agents, lower case, one a line, with
// the class of what they do: preview or scanner. The first is ours, the second
// is made by robots.sh.
var (
	//go:embed robots.txt
	robotList string
	//go:embed robots-known.txt
	knownList string
)

// Robots tells programs from browsers by their user agent: our own list, and
// what an operator adds to it.
type Robots struct {
	marks []mark
	extra []pattern
}

type mark struct{ class, text string }

type pattern struct {
	class string
	re    *regexp.Regexp
}

// NewRobots is our own list.
func NewRobots() Robots {
	var rs Robots
	for line := range strings.Lines(robotList + knownList) {
		class, text, ok := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if !ok || class == "#" {
			continue
		}
		if re, ok := strings.CutPrefix(text, "re:"); ok {
			rs.extra = append(rs.extra, pattern{class, regexp.MustCompile(re)})
			continue
		}
		rs.marks = append(rs.marks, mark{class, text})
	}
	return rs
}

// maxPattern bounds a line of an operator's list.
const maxPattern = 1000

// Add reads more robots: one regular expression a line, in any case, with
// "preview " or "scanner " before it (without: scanner). Empty lines and lines
// that begin with # say nothing. name is the file in an error.
func (rs *Robots) Add(list io.Reader, name string) error {
	lines := bufio.NewScanner(list)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		class := models.ClassScanner
		for _, c := range []string{models.ClassScanner, models.ClassPreview} {
			if rest, ok := strings.CutPrefix(line, c+" "); ok {
				class, line = c, strings.TrimSpace(rest)
			}
		}
		if len(line) > maxPattern {
			return fmt.Errorf("%s:%d: the expression is longer than %d characters; split it", name, n, maxPattern)
		}
		re, err := regexp.Compile("(?i)" + line)
		if err != nil {
			return fmt.Errorf("%s:%d: this is no regular expression: %w", name, n, err)
		}
		if re.MatchString("") {
			return fmt.Errorf("%s:%d: the expression %q fits every user agent; say more of the robot's name", name, n, line)
		}
		rs.extra = append(rs.extra, pattern{class, re})
	}
	return lines.Err()
}

// agent is the class of a user agent; "" = nothing speaks against a browser.
func (rs Robots) agent(agent string) string {
	lower := strings.ToLower(agent)
	for _, m := range rs.marks {
		if strings.Contains(lower, m.text) {
			return m.class
		}
	}
	for _, p := range rs.extra {
		if p.re.MatchString(agent) {
			return p.class
		}
	}
	return ""
}

// prefetch is what a browser says that it asks for, if not for a reader's eyes
// right now; "" otherwise.
func prefetch(r *http.Request) string {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		p := strings.ToLower(r.Header.Get(name))
		for _, word := range []string{"prefetch", "prerender", "preview"} {
			if strings.Contains(p, word) {
				return word
			}
		}
	}
	return ""
}
