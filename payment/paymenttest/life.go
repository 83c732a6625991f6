package paymenttest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// errDead is what the engine of a process that was killed gets to see: nothing it does
// reaches anybody any more.
var errDead = errors.New("the process was killed")

// life is one life of the process that the engine runs in.
type life struct {
	ctx context.Context
	end context.CancelFunc

	mu     sync.Mutex
	writes int
	dieAt  int // the write it dies at, from 1; 0: none
	after  bool
	full   bool // the disk is
}

func newLife() *life {
	l := new(life)
	l.ctx, l.end = context.WithCancel(context.Background())
	return l
}

func (l *life) over() bool { return l.ctx.Err() != nil }

// write counts a write of the journal and does it, unless the process dies at it: before, so
// that nothing is written, or after, so that nobody learns that it was.
func (l *life) write(do func() error) error {
	if l.over() {
		return errDead
	}
	l.mu.Lock()
	l.writes++
	dies, after, full := l.writes == l.dieAt, l.after, l.full
	l.mu.Unlock()
	if full {
		return syscall.ENOSPC
	}
	if dies && !after {
		l.end()
		return errDead
	}
	err := do()
	if dies {
		l.end()
		return errDead
	}
	return err
}

// Full fills the journal's disk, or makes room on it: no write succeeds while it is full.
func (w *World) Full(full bool) {
	w.life.mu.Lock()
	defer w.life.mu.Unlock()
	w.life.full = full
}

// mortalStore is the journal as one life of the process reaches it. It remembers that nothing
// is due as long as nothing was written, so that days of virtual time cost little.
type mortalStore struct {
	payment.Store
	life *life

	version atomic.Int64
	due     idle
	tokens  idle
}

// idle is an answer that nothing is due before a time.
type idle struct {
	mu      sync.Mutex
	known   bool
	version int64
	next    time.Time
}

func (i *idle) holds(version int64, now time.Time) (time.Time, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.next, i.known && i.version == version && (i.next.IsZero() || now.Before(i.next))
}

func (i *idle) set(version int64, next time.Time, nothing bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.known, i.version, i.next = nothing, version, next
}

func (s *mortalStore) write(do func() error) error {
	defer s.version.Add(1)
	return s.life.write(do)
}

// Create implements payment.Store.
func (s *mortalStore) Create(ctx context.Context, p *payment.Payment, e payment.Event, check func([]*payment.Payment) error) error {
	return s.write(func() error { return s.Store.Create(ctx, p, e, check) })
}

// Change implements payment.Store.
func (s *mortalStore) Change(ctx context.Context, id payment.ID, fn func(*payment.Payment) (payment.Writes, error)) (p *payment.Payment, err error) {
	err = s.write(func() (err error) { p, err = s.Store.Change(ctx, id, fn); return err })
	return p, err
}

// Claim implements payment.Store.
func (s *mortalStore) Claim(ctx context.Context, id payment.ID, owner string, now time.Time, lease time.Duration) (p *payment.Payment, err error) {
	err = s.write(func() (err error) { p, err = s.Store.Claim(ctx, id, owner, now, lease); return err })
	return p, err
}

// AddToken implements payment.Tokens.
func (s *mortalStore) AddToken(ctx context.Context, t payment.Token, limit int) (kept payment.Token, err error) {
	err = s.write(func() (err error) { kept, err = s.Store.AddToken(ctx, t, limit); return err })
	return kept, err
}

// SetToken implements payment.Tokens.
func (s *mortalStore) SetToken(ctx context.Context, t payment.Token) error {
	return s.write(func() error { return s.Store.SetToken(ctx, t) })
}

// SetMark implements payment.Marks.
func (s *mortalStore) SetMark(ctx context.Context, name, value string) error {
	return s.write(func() error { return s.Store.SetMark(ctx, name, value) })
}

// Mark implements payment.Marks.
func (s *mortalStore) Mark(ctx context.Context, name string) (string, error) {
	if s.life.over() {
		return "", errDead
	}
	return s.Store.Mark(ctx, name)
}

// Due implements payment.Store.
func (s *mortalStore) Due(ctx context.Context, now time.Time, limit int) ([]payment.ID, time.Time, error) {
	if s.life.over() {
		return nil, time.Time{}, errDead
	}
	version := s.version.Load()
	if next, ok := s.due.holds(version, now); ok {
		return nil, next, nil
	}
	due, next, err := s.Store.Due(ctx, now, limit)
	s.due.set(version, next, err == nil && len(due) == 0)
	return due, next, err
}

// DueTokens implements payment.Tokens.
func (s *mortalStore) DueTokens(ctx context.Context, now time.Time, limit int) ([]payment.Token, time.Time, error) {
	version := s.version.Load()
	if next, ok := s.tokens.holds(version, now); ok {
		return nil, next, nil
	}
	due, next, err := s.Store.DueTokens(ctx, now, limit)
	s.tokens.set(version, next, err == nil && len(due) == 0)
	return due, next, err
}

// Get implements payment.Store.
func (s *mortalStore) Get(ctx context.Context, id payment.ID) (*payment.Payment, error) {
	if s.life.over() {
		return nil, errDead
	}
	return s.Store.Get(ctx, id)
}

// mortalTransport is the network as one life of the process reaches it.
type mortalTransport struct {
	next http.RoundTripper
	life *life
}

// RoundTrip implements http.RoundTripper.
func (t *mortalTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.life.over() {
		return nil, errDead
	}
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(t.life.ctx, cancel)
	res, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		stop()
		cancel()
		return nil, err
	}
	res.Body = &mortalBody{res.Body, func() { stop(); cancel() }}
	return res, nil
}

type mortalBody struct {
	io.ReadCloser
	done func()
}

// Close implements io.Closer.
func (b *mortalBody) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}

// reachable is a transport whose connections can all be refused.
type reachable struct {
	next    http.RoundTripper
	refused *http.Transport
	down    *atomic.Bool
}

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

func newReachable(next http.RoundTripper, down *atomic.Bool) *reachable {
	refuse := func(context.Context, string, string) (net.Conn, error) { return nil, errRefused }
	return &reachable{next, &http.Transport{DialContext: refuse}, down}
}

// RoundTrip implements http.RoundTripper.
func (t *reachable) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.down.Load() {
		return t.refused.RoundTrip(r)
	}
	return t.next.RoundTrip(r)
}
