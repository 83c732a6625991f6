package splynxtest

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Server is one provider's Splynx. It is an http.Handler: serve it with Start, over memory with Transport, or call it.
// All methods may be called from several goroutines; hooks may call all of them but Close.
type Server struct {
	// Now is the clock. Set it before the first call; New sets time.Now.
	Now func() time.Time

	opts Options

	mu       sync.Mutex // guards everything below
	random   *rand.Rand
	tokenKey []byte
	issued   uint64
	receipts int
	keys     []*keyState
	users    []user
	sessions map[string]*session
	access   map[string]*grant
	refresh  map[string]*grant

	customers, billing, invoices, proformas  *table
	payments, transactions, relations        *table
	methods, categories, statements, records *table
	mails                                    *table
	partners, companies, administrators      *table
	entryPoints, configs                     *table
	accounts, accountData                    *table
	accountRows                              map[accountKey]*row // of accountData
	accountLog                               []AccountChange
	attempts                                 map[string]attempts // by login, or address
	created, deleted                         map[int64]time.Time // of payments

	log     []Entry
	faults  []*Fault
	holds   []*Barrier
	hooks   []*hook
	outage  bool
	late    map[*time.Timer]struct{}
	serving []*http.Server
	closers []func()

	closed  bool
	done    chan struct{}
	running sync.WaitGroup
}

// New makes a provider with the payment methods, transaction categories and the partner "Main" (id 1) of a fresh
// system, and the payment account of the add-on. The server should be closed at the end.
func New(o Options) *Server {
	s := &Server{
		Now: time.Now, opts: o,
		random: rand.New(rand.NewPCG(o.Seed, 0x5b1)), //nolint:gosec // repeatable on purpose
		done:   make(chan struct{}), late: map[*time.Timer]struct{}{},
		sessions: map[string]*session{}, access: map[string]*grant{}, refresh: map[string]*grant{},
		created: map[int64]time.Time{}, deleted: map[int64]time.Time{},
		accountRows: map[accountKey]*row{}, attempts: map[string]attempts{},

		customers: newTable(customerSchema), billing: newTable(billingSchema), invoices: newTable(invoiceSchema),
		proformas: newTable(proformaSchema), payments: newTable(paymentSchema),
		transactions: newTable(transactionSchema), relations: newTable(relationSchema), methods: newTable(methodSchema),
		categories: newTable(categorySchema), statements: newTable(statementSchema), records: newTable(recordSchema),
		mails:    newTable(mailSchema),
		partners: newTable(partnerSchema), companies: newTable(companySchema),
		administrators: newTable(administratorSchema), entryPoints: newTable(entryPointSchema),
		configs: newTable(configSchema), accounts: newTable(accountSchema), accountData: newTable(accountDataSchema),
	}
	s.tokenKey = []byte(strconv.FormatUint(s.random.Uint64(), 36))
	for i, k := range o.Keys {
		s.keys = append(s.keys, &keyState{APIKey: k, id: int64(i + 1)})
	}
	s.freshSystem()
	return s
}

func (s *Server) freshSystem() {
	for _, m := range [][]string{
		{"1", "Cash", "Payer", ""},
		{"2", "Bank transfer", "Account", "Transaction ID"},
		{"3", "Credit card", "Number", "Transaction ID"},
		{"5", "Other", "", ""},
		{"6", "Refill card", "Card", ""},
	} {
		r := s.methods.blank()
		r.set("id", m[0])
		r.set("name", m[1])
		r.set("name_1", m[2])
		r.set("name_2", m[3])
		s.methods.insert(r)
	}
	for _, name := range []string{"Service", "Discount", "Payment", "Refund", "Correction"} {
		r := s.categories.blank()
		r.set("name", name)
		s.categories.insert(r)
	}
	s.addPartner("Main", "Main")
	if !s.opts.NoPaymentAccount {
		must(s.addPaymentAccount(addOnAccount))
	}
	for _, key := range []string{subAccountsKey, checkKey} { // names are recorded; what they do is read from them
		_ = s.setConfig(ConfigValue{Module: "main", Path: "api", Key: key, Value: defaults[key]})
	}
}

// ServeHTTP serves the API below /api/, the control address below /_control/ and pages everywhere else.
// Used without a net/http server, a call that is cut off panics with http.ErrAbortHandler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		panic(http.ErrAbortHandler)
	}
	defer s.running.Done()
	switch {
	case strings.HasPrefix(r.URL.Path, "/_control/"):
		s.control(w, r)
	case s.isOut():
		s.noteOutage(r)
		panic(http.ErrAbortHandler)
	case strings.HasPrefix(r.URL.Path, "/api/"):
		s.api(w, r)
	default:
		s.pages(w, r)
	}
}

// enter counts a running call, unless the server is closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	return true
}

// SetOutage switches the provider off and on. While it is off every call is cut off before it is looked at, over
// Transport connections are refused; only the control address answers.
func (s *Server) SetOutage(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outage = on
}

func (s *Server) isOut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outage
}

// Close ends everything: calls that are held are cut off, commits still to come do not come, listeners close. It
// returns when nothing of the server runs any more. What was recorded can still be read.
func (s *Server) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	close(s.done)
	for t := range s.late {
		if t.Stop() {
			s.running.Done()
		}
	}
	s.late = map[*time.Timer]struct{}{}
	serving, closers := s.serving, s.closers
	s.mu.Unlock()
	for _, h := range serving {
		_ = h.Close()
	}
	for _, f := range closers {
		f()
	}
	s.running.Wait()
}
