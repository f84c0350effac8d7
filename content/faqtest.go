package content

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// maxLine bounds one line of a labelled set.
const maxLine = 4 << 20

// ReadDocs reads a corpus, one JSON object a line. Every faulty line is named.
func ReadDocs(r io.Reader, name string) ([]Doc, []Problem) {
	seen := map[string]int{}
	return readLines(r, name, func(d *Doc, line int) error {
		switch {
		case strings.TrimSpace(d.ID) == "":
			return errors.New("has no id")
		case strings.TrimSpace(d.Question) == "":
			return errors.New("has no question")
		case seen[d.ID] > 0:
			return fmt.Errorf("id %q is already on line %d", d.ID, seen[d.ID])
		}
		seen[d.ID] = line
		return nil
	})
}

// ReadQueries reads labelled queries, one JSON object a line. Every faulty line
// is named.
func ReadQueries(r io.Reader, name string) ([]Query, []Problem) {
	return readLines(r, name, func(q *Query, _ int) error {
		if strings.TrimSpace(q.ID) == "" {
			return errors.New("has no id")
		}
		if q.Relevant == nil {
			return errors.New("has no list \"relevant\" (an empty list means that nothing should be found)")
		}
		return nil
	})
}

// readLines decodes JSONL. Fields it does not know are left alone: labelled
// sets carry notes of their own.
func readLines[T any](r io.Reader, name string, check func(*T, int) error) (out []T, probs []Problem) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), maxLine)
	line := 0
	for sc.Scan() {
		line++
		b := bytes.TrimSpace(bytes.TrimPrefix(sc.Bytes(), []byte("\xef\xbb\xbf")))
		if len(b) == 0 {
			continue
		}
		var v T
		err := json.Unmarshal(b, &v)
		if err == nil {
			err = check(&v, line)
		}
		if err != nil {
			probs = append(probs, Problem{File: name, Line: line, Text: err.Error()})
			continue
		}
		out = append(out, v)
	}
	if err := sc.Err(); err != nil {
		probs = append(probs, Problem{File: name, Line: line + 1, Text: "cannot be read: " + err.Error()})
	}
	return out, probs
}

// FAQTest is the command `akari faq test`.
type FAQTest struct {
	Queries string // file of labelled queries
	Corpus  string // file of a corpus; "" = Library
	Top     int
	Out     string // file for one line per query; "" = none
	JSON    bool
	Small   bool
	Library *Library // the loaded content, when there is no Corpus
	Misses  int      // how many misses the table lists; 0 = 20, negative = all
}

// RunFAQTest measures and prints. Faulty input lines are an error that names
// each of them.
func RunFAQTest(w io.Writer, t FAQTest) error {
	queries, err := readSet(t.Queries, ReadQueries)
	if err != nil {
		return err
	}
	o := EvalOptions{Top: t.Top, Small: t.Small, Report: true}
	var docs []Doc
	if t.Corpus != "" {
		if docs, err = readSet(t.Corpus, ReadDocs); err != nil {
			return err
		}
	} else if o.Library = t.Library; o.Library == nil {
		return errors.New("faq test: needs a corpus or loaded content")
	}
	ev, err := Evaluate(docs, queries, o)
	if err != nil {
		return fmt.Errorf("while measuring: %w", err)
	}
	if t.Out != "" {
		if err := writeLines(t.Out, ev.Lines); err != nil {
			return err
		}
	}
	if t.JSON {
		return json.NewEncoder(w).Encode(ev)
	}
	return ev.print(w, t.Misses)
}

func readSet[T any](name string, read func(io.Reader, string) ([]T, []Problem)) ([]T, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("faq test: %w", err)
	}
	defer f.Close()
	out, probs := read(f, name)
	var errs []error
	for i, p := range probs {
		if i == 50 {
			errs = append(errs, fmt.Errorf("… and %d more", len(probs)-i))
			break
		}
		errs = append(errs, errors.New(p.String()))
	}
	return out, errors.Join(errs...)
}

func writeLines(name string, lines []EvalLine) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("faq test: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewWriter(f)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	for _, l := range lines {
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return b.Flush()
}

// print writes the figures and the misses for a person.
func (ev Evaluation) print(w io.Writer, misses int) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "queries          %d (%d of them have no entry)\nentries          %d\n", ev.Queries, ev.Unanswerable, ev.Entries)
	fmt.Fprintf(b, "Hit@1            %.3f\nHit@3            %.3f\nMRR@10           %.3f\nnDCG@10          %.3f\n", ev.Hit1, ev.Hit3, ev.MRR10, ev.NDCG10)
	fmt.Fprintf(b, "decided          %.3f good, %.3f weak, %.3f none\nanswered rate    %.3f\nhandled rightly  %.3f\n", ev.GoodRate, ev.WeakRate, ev.NoneRate, ev.AnsweredRate, ev.HandledRightly)
	fmt.Fprintf(b, "latency          p50 %d µs, p99 %d µs; processor %.0f µs a query\nindex            %d ms\n", ev.P50, ev.P99, ev.CPU, ev.IndexMS)
	if misses == 0 {
		misses = 20
	}
	if misses < 0 || misses > len(ev.Misses) {
		misses = len(ev.Misses)
	}
	fmt.Fprintf(b, "\n%d questions were not handled rightly", len(ev.Misses))
	if misses < len(ev.Misses) {
		fmt.Fprintf(b, "; the first %d", misses)
	}
	fmt.Fprintln(b)
	for _, m := range ev.Misses[:misses] {
		fmt.Fprintf(b, "  %s  %s\n      %s\n", m.QID, cut(oneLine(m.Text), 100), m.why())
	}
	if ev.Report != nil {
		ev.Report.print(b)
	}
	return b.Flush()
}

// String says the points in a few words.
func (v Views) String() string {
	s := fmt.Sprintf("question %.2f, answer %.2f, labels %.2f", v.Question, v.Answer, v.Labels)
	if v.Classifier > 0 {
		s += fmt.Sprintf(", classifier %.2f", v.Classifier)
	}
	return s
}

func (m Miss) why() string {
	won := "found nothing"
	if m.Won != "" {
		won = fmt.Sprintf("decided %s; first was %s (%.2f; %s)", m.Decision, m.Won, m.WonScore, m.WonViews)
	}
	if len(m.Wanted) == 0 {
		return won + "; silence was right"
	}
	place := "not among the best ten"
	if m.Rank > 0 {
		place = fmt.Sprintf("at place %d", m.Rank)
		if m.Rank > 1 {
			place += fmt.Sprintf(" (%s)", m.Views)
		}
	}
	return fmt.Sprintf("%s; wanted %s, %s", won, strings.Join(m.Wanted, " or "), place)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// processorTime is the user and system time this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
