package whole

import (
	"io"
	"net"
	"sync"
	"time"
)

// Proxy stands in front of a server and can take it away: cut off, so that
// connections are refused, or stalled, so that nothing moves.
type Proxy struct {
	Addr   string // where it listens
	target string

	mu       sync.Mutex
	listener net.Listener // nil = cut
	conns    map[net.Conn]bool
	stalled  bool
	moved    *sync.Cond
}

// NewProxy makes a proxy in front of host:port.
func NewProxy(target string) (*Proxy, error) {
	p := &Proxy{target: target, conns: map[net.Conn]bool{}}
	p.moved = sync.NewCond(&p.mu)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.Addr, p.listener = l.Addr().String(), l
	go p.accept(l)
	return p, nil
}

// Cut refuses new connections and breaks the open ones.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close()
	}
	p.listener, p.stalled = nil, false
	p.moved.Broadcast()
	for c := range p.conns {
		_ = c.Close()
	}
}

// Stall takes connections but lets nothing through, until Mend or Cut.
func (p *Proxy) Stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = true
}

// Mend makes everything well again.
func (p *Proxy) Mend() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = false
	p.moved.Broadcast()
	if p.listener != nil {
		return nil
	}
	l, err := net.Listen("tcp", p.Addr)
	if err != nil {
		return err
	}
	p.listener = l
	go p.accept(l)
	return nil
}

func (p *Proxy) accept(l net.Listener) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		go p.join(in)
	}
}

func (p *Proxy) join(in net.Conn) {
	defer in.Close()
	out, err := net.DialTimeout("tcp", p.target, 2*time.Second)
	if err != nil {
		return
	}
	defer out.Close()
	p.mu.Lock()
	p.conns[in], p.conns[out] = true, true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, in)
		delete(p.conns, out)
	}()
	done := make(chan struct{}, 2)
	go func() { p.copy(out, in); done <- struct{}{} }()
	go func() { p.copy(in, out); done <- struct{}{} }()
	<-done
}

func (p *Proxy) copy(to io.Writer, from io.Reader) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		p.mu.Lock()
		for p.stalled {
			p.moved.Wait()
		}
		p.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
