package payment

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// Settings are the engine's own settings of one configuration. Normalize fills in defaults.
type Settings struct {
	PublicURL        string         // origin that payers see, without a last slash
	PageLife         time.Duration  // life of a hosted page. Default: 60m
	BookingQuietTime time.Duration  // nothing is posted again for so long after an unclear POST. Default: 10m
	TimeZone         *time.Location // the provider's; decides dates. Default: UTC
	StatementsDaily  bool           // a statement a day. Default: one a month
	StatementName    string         // Default: Payment Express
	MarkerField      int            // payment field, 1 to 5, that carries our id. Default: 5
	Cards            CardSettings

	// What becomes of money that arrives for a document that is paid already, and for one that
	// cannot be booked on it (deleted, another customer's): it goes to the balance, or back to
	// the card, which needs PxPost.
	RefundSecond, RefundUnbookable bool

	// RefundPayments books what was given back as payments of less than 0, where its payment
	// stands in Splynx. That Splynx takes them by its API is not proven. Default: a person is told
	// what to type.
	RefundPayments bool
}

// Normalize returns s with the defaults filled in.
func (s Settings) Normalize() Settings {
	if s.PageLife == 0 {
		s.PageLife = time.Hour
	}
	if s.BookingQuietTime == 0 {
		s.BookingQuietTime = 10 * time.Minute
	}
	if s.TimeZone == nil {
		s.TimeZone = time.UTC
	}
	if s.StatementName == "" {
		s.StatementName = "Payment Express"
	}
	if s.MarkerField == 0 {
		s.MarkerField = 5
	}
	s.Cards = s.Cards.normalize()
	return s
}

// Partner is what payments of one partner's customers are made with.
type Partner struct {
	Name          string // what payers read; empty: Splynx's company name
	Currency      string // ISO 4217
	PaymentMethod int64  // id in Splynx
	Credentials
	Own bool // the credentials are the partner's own, not everybody's
	// Retired are what earlier payments were made with, the newest first: they are asked with,
	// and nothing else.
	Retired []Credentials
}

// Credentials are what the gateway knows the provider by.
type Credentials struct {
	Endpoint   string // the gateway's address
	PxPay      *windcave.PxPay
	PxPayUser  string
	PxPost     *windcave.PxPost // nil: nobody can be asked about a page that nobody reported
	PxPostUser string
}

// Generation is what one configuration brings: settings, clients, logger, observer. A step
// of the engine takes one for its whole length.
type Generation struct {
	Settings Settings
	Splynx   *splynx.Client
	Default  Partner
	Partners map[int64]Partner // those that differ from Default
	Logger   *zap.Logger
	Observer Observer

	search  searchProof
	served  sync.Map // partners without a block that were found to be the default's
	account atomic.Pointer[cardAccount]
}

// Observer is told of every move, after it is durable. It must not block.
type Observer interface {
	Moved(p *Payment, e Event)
}

// Partner returns the settings of a partner.
func (g *Generation) Partner(id int64) Partner {
	if p, ok := g.Partners[id]; ok {
		return p
	}
	return g.Default
}

func (g *Generation) logger() *zap.Logger {
	if g.Logger == nil {
		return zap.NewNop()
	}
	return g.Logger
}

// Endpoints lists the gateway's addresses, each once.
func (g *Generation) Endpoints() []string {
	var all []string
	for _, c := range g.credentials() {
		if !slices.Contains(all, c.Endpoint) {
			all = append(all, c.Endpoint)
		}
	}
	return all
}
