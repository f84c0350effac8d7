package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"akari/internal/whole"
)

// measured is one round.
type measured struct {
	n        int
	rate     float64
	p50, p99 time.Duration
	cpu      time.Duration // of the server, a request
	db       time.Duration // of the database server, a request
}

// caller is a connection that is kept open, with next to no cost of its own: the
// load and the servers share the processors.
type caller struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(addr string) (*caller, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &caller{conn, bufio.NewReader(conn)}, nil
}

// call sends a request and reads the answer, which must be 200.
func (c *caller) call(request []byte) error {
	if err := c.conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	status, err := c.in.ReadString('\n')
	if err != nil {
		return err
	}
	length, chunked := 0, false
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return err
		}
		if line == "\r\n" {
			break
		}
		switch name, value, _ := strings.Cut(line, ":"); {
		case strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		case strings.EqualFold(name, "Transfer-Encoding"):
			chunked = true
		}
	}
	body := io.LimitReader(c.in, int64(length))
	if chunked {
		body = httputil.NewChunkedReader(c.in)
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	if chunked {
		if _, err := c.in.ReadString('\n'); err != nil { // the line after the last chunk
			return err
		}
	}
	if !strings.HasPrefix(status, "HTTP/1.1 200") {
		return fmt.Errorf("a press was answered %s", strings.TrimSpace(status))
	}
	return nil
}

// crowd collects what many callers saw.
type crowd struct {
	mu   sync.Mutex
	took []time.Duration
	errs []error
	wait sync.WaitGroup
}

// run starts callers; each gets its presses from next until next says no more.
func (c *crowd) run(addr string, n int, body func() []byte, next func() (began time.Time, ok bool)) {
	for range n {
		c.wait.Go(func() {
			one, err := dial(addr)
			var took []time.Duration
			for err == nil {
				began, ok := next()
				if !ok {
					break
				}
				if err = one.call(request(body())); err == nil {
					took = append(took, time.Since(began))
				}
			}
			if one != nil {
				_ = one.conn.Close()
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.took = append(c.took, took...); err != nil {
				c.errs = append(c.errs, err)
			}
		})
	}
}

// spent is the processor time that the server and its database have used so far.
func (s *side) spent() (cpu, db time.Duration, err error) {
	u, err := whole.UsageOf(s.pid)
	if err != nil || s.db == 0 {
		return u.CPU, 0, err
	}
	d, err := whole.UsageOf(s.db)
	return u.CPU, d.CPU, err
}

func (c *crowd) end(s *side, cpu, db time.Duration, began time.Time) (measured, error) {
	c.wait.Wait()
	lasted := time.Since(began)
	cpuNow, dbNow, err := s.spent()
	if len(c.errs) > 0 {
		return measured{}, fmt.Errorf("%d of the callers stopped, the first because %w", len(c.errs), c.errs[0])
	}
	if err != nil {
		return measured{}, err
	}
	if len(c.took) == 0 {
		return measured{}, errors.New("nothing was answered")
	}
	slices.Sort(c.took)
	at := func(q float64) time.Duration { return c.took[min(len(c.took)-1, int(q*float64(len(c.took))))] }
	n := time.Duration(len(c.took))
	return measured{n: len(c.took), rate: float64(n) / lasted.Seconds(), p50: at(.5), p99: at(.99), cpu: (cpuNow - cpu) / n, db: (dbNow - db) / n}, nil
}

// closedLoop: every caller presses again as soon as it was answered.
func closedLoop(ctx context.Context, s *side, body func() []byte) (measured, error) {
	cpu, db, err := s.spent()
	if err != nil {
		return measured{}, err
	}
	began := time.Now()
	var c crowd
	c.run(s.addr, callers, body, func() (time.Time, bool) {
		now := time.Now()
		return now, now.Sub(began) < roundFor && ctx.Err() == nil
	})
	return c.end(s, cpu, db, began)
}

// openLoop: presses come at a fixed rate, whatever became of those before; the
// time counts from when each was due.
func openLoop(ctx context.Context, s *side, body func() []byte) (measured, error) {
	time.Sleep(time.Second) // what the closed loop left behind, on both sides alike
	cpu, db, err := s.spent()
	if err != nil {
		return measured{}, err
	}
	// Room for every press of the round, so that the clock never waits.
	due := make(chan time.Time, openRate*int(roundFor/time.Second))
	var c crowd
	c.run(s.addr, 2*callers, body, func() (time.Time, bool) {
		at, ok := <-due
		return at, ok
	})
	began := time.Now()
	for i := range cap(due) {
		at := began.Add(time.Duration(i) * time.Second / openRate)
		time.Sleep(time.Until(at))
		if ctx.Err() != nil {
			break
		}
		due <- at
	}
	close(due)
	return c.end(s, cpu, db, began)
}
