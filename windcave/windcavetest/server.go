package windcavetest

import (
	"context"
	cryptorand "crypto/rand"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Paths that the host serves. Pages are below pagePath.
const (
	pxPayPath   = "/pxaccess/pxpay.aspx"
	pxPostPath  = "/pxpost.aspx"
	oldPagePath = "/pxpay/pxpay.aspx"
	pagePath    = "/pxmi3"
	controlPath = "/_control/"
)

// A Server is the gateway. Make it with New and end it with Close.
type Server struct {
	// Now is the clock. Set it before the first call. Default: time.Now.
	Now func() time.Time

	opt      Options
	seed     uint64
	pageRoot string
	client   *http.Client
	closing  context.Context
	end      context.CancelFunc
	wg       sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	rng       *rand.Rand
	base      string
	inPxPost  int
	lastOrder int
	state
}

// state is what Reset empties. What waits or is sent on its behalf ends with life.
type state struct {
	life    context.Context
	stop    context.CancelFunc
	offset  time.Duration
	orders  []*Order
	asked   map[string]int
	pages   map[string]*page
	used    map[txnKey]bool
	txns    map[txnKey][]*txn
	byRef   map[string]*txn
	results map[string]*attempt
	cards   map[string]*storedCard
	log     []*Entry
	charges []Charge
	refunds []Refund
	notices []*notice
	holding bool
}

// txnKey finds what an account calls by TxnId.
type txnKey struct {
	account *Account
	txnID   string
}

func emptyState(parent context.Context) state {
	life, stop := context.WithCancel(parent)
	return state{
		life: life, stop: stop,
		asked: map[string]int{}, pages: map[string]*page{}, used: map[txnKey]bool{}, txns: map[txnKey][]*txn{},
		byRef: map[string]*txn{}, results: map[string]*attempt{}, cards: map[string]*storedCard{},
	}
}

// New makes a Server that misbehaves only as ordered.
func New(opt Options) *Server {
	opt = opt.withDefaults()
	s := &Server{Now: time.Now, opt: opt, seed: opt.Seed, pageRoot: pagePath, base: strings.TrimSuffix(opt.BaseURL, "/")}
	s.closing, s.end = context.WithCancel(context.Background())
	s.state = emptyState(s.closing)
	for s.seed == 0 {
		var b [8]byte
		_, _ = cryptorand.Read(b[:])
		s.seed = binary.LittleEndian.Uint64(b[:])
	}
	s.rng = rand.New(rand.NewPCG(s.seed, 0))
	if opt.RandomPath {
		s.pageRoot = fmt.Sprintf("/px%08x", s.rng.Uint32())
	}
	s.client = &http.Client{
		Transport:     opt.NotifyClient,
		Timeout:       opt.NotifyTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// Seed gives the same run again in Options.Seed.
func (s *Server) Seed() uint64 { return s.seed }

// SetBaseURL changes what the addresses of new pages start with.
func (s *Server) SetBaseURL(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = strings.TrimSuffix(base, "/")
}

// Advance moves the host's clock, on top of Now. Waits are not shortened.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// Reset forgets everything but the options. Held calls are dropped.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	s.state = emptyState(s.closing)
}

// Close drops held calls and ends and awaits all notifications.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.wg.Wait()
	s.client.CloseIdleConnections()
}

// spawn runs f in a goroutine that Close awaits.
func (s *Server) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wg.Go(f)
	return true
}

// now needs the lock.
func (s *Server) now() time.Time { return s.Now().UTC().Add(s.offset) }

// ServeHTTP serves PxPay, PxPost, the pages and, to loopback, the control address.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == pxPayPath:
		s.servePxPay(w, r)
	case path == pxPostPath:
		s.servePxPost(w, r)
	case path == oldPagePath:
		s.servePage(w, r, r.URL.Query().Get("request"))
	case strings.HasPrefix(path, s.pageRoot+"/"):
		s.servePage(w, r, strings.TrimPrefix(path, s.pageRoot+"/"))
	case strings.HasPrefix(path, controlPath):
		s.serveControl(w, r)
	default:
		http.NotFound(w, r)
	}
}

// hexText gives n random hexadecimal characters. The lock is held.
func (s *Server) hexText(n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%016x", s.rng.Uint64())
	}
	return b.String()[:n]
}

// newRef makes a DpsTxnRef: the host's number and eight characters of its own.
func (s *Server) newRef() string {
	for {
		ref := hostID + s.hexText(8)
		if s.byRef[ref] == nil {
			return ref
		}
	}
}

const hostID = "00000001"
