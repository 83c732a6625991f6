package windcavetest

import (
	"crypto/tls"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"
)

// An Account is one merchant account: a PxPay user, a PxPost user and the
// transactions they share. TxnIds are unique within it.
type Account struct {
	// PxPayUser and PxPayKey (64 characters) open the hosted page.
	PxPayUser, PxPayKey string
	// PostUser and PostPassword are the pair for PxPost, if the account has it.
	PostUser, PostPassword string
	// Currencies that are enabled, ISO 4217. Default: all that the gateway knows.
	Currencies []string
	// SettleIn makes CurrencySettlement differ from CurrencyInput, as on
	// multi-currency accounts. Default: the same currency.
	SettleIn string
	// TokenBilling lets the account store cards. Without it EnableAddBillCard is
	// accepted and no DpsBillingId comes back.
	TokenBilling bool
	// NotEnabled refuses the PxPay user with NQ.
	NotEnabled bool
	// NoRefunds and NoVoids refuse these types with QG.
	NoRefunds, NoVoids bool
	// OldPages gives page addresses with a query, as older accounts have.
	OldPages bool
}

func (a *Account) takes(currency string) bool {
	if _, known := currencies[currency]; !known {
		return false
	}
	return len(a.Currencies) == 0 || slices.Contains(a.Currencies, currency)
}

// Moment says when the notification goes out, seen from the browser's return.
type Moment int

// NotifyWith sends the notification together with the redirect, NotifyBefore waits
// for the first answer to it and then redirects, NotifyAfter sends it
// Options.NotifyDelay later.
const (
	NotifyWith Moment = iota
	NotifyBefore
	NotifyAfter
)

// Repeat says what PxPost does with a TxnId that it has seen.
type Repeat int

// RepeatRefused answers W4, RepeatOriginal answers with the first transaction,
// RepeatCharged charges once more.
const (
	RepeatRefused Repeat = iota
	RepeatOriginal
	RepeatCharged
)

// Layout says which year's element order PxPost replies have.
type Layout int

// LayoutMixed follows the capture of each kind of reply: stored-card charges in the
// order of 2007, all else in that of 2013.
const (
	LayoutMixed Layout = iota
	Layout2013
	Layout2007
)

// Options of a Server. The zero value serves nobody, since it has no account.
type Options struct {
	Accounts []Account
	// BaseURL is what page addresses start with. Default: filled by Start, else
	// the address that GenerateRequest was sent to.
	BaseURL string
	// TLS makes Start serve https.
	TLS *tls.Config
	// Seed of all randomness. Default: a random one, told by Server.Seed.
	Seed uint64
	// Rate is the share of calls, in percent, that get a fault from the seed.
	// Default: 0.
	Rate int
	// RateOps limits Rate to some operations. Default: all.
	RateOps []Op
	// MaxDelay is the top of a random wait before page payments and
	// notifications. Default: none.
	MaxDelay time.Duration
	// Latency of each call before it is recorded. Default: none.
	Latency func(Op) time.Duration
	// Limit of PxPost calls at one time; those above get 503 and are not
	// recorded. Default: none.
	Limit int

	// Notify says when the notification is sent. Default: NotifyWith.
	Notify Moment
	// NotifyDelay is the wait of NotifyAfter. Default: 50 ms.
	NotifyDelay time.Duration
	// NotifySpacing is the wait between tries. Default: 20 ms.
	NotifySpacing time.Duration
	// NotifyTimeout of one try. Default: 30 s.
	NotifyTimeout time.Duration
	// NotifyClient carries notifications. Default: a transport that dials
	// loopback addresses only.
	NotifyClient http.RoundTripper

	// ResultPage shows the outcome with a link back in place of a redirect.
	ResultPage bool
	// PageLife of a page without Opt TO. Default: 72 h.
	PageLife time.Duration
	// IgnoreTimeout makes the host ignore Opt TO.
	IgnoreTimeout bool
	// StatusIgnoresHosted makes Status answer AF for payments of the page.
	StatusIgnoresHosted bool
	// Repeat says what happens to a repeated PxPost TxnId. Default: RepeatRefused.
	Repeat Repeat
	// Layout of PxPost replies. Default: LayoutMixed.
	Layout Layout
	// TwoDecimals writes amounts of currencies without decimals as 1500.00.
	TwoDecimals bool
	// RandomPath puts the pages under a path of this run only.
	RandomPath bool
	// Log gets one line per call. Default: silent.
	Log *zap.Logger
}

func (o Options) withDefaults() Options {
	defaultTo(&o.NotifyDelay, 50*time.Millisecond)
	defaultTo(&o.NotifySpacing, 20*time.Millisecond)
	defaultTo(&o.NotifyTimeout, 30*time.Second)
	defaultTo(&o.PageLife, 72*time.Hour)
	if o.NotifyClient == nil {
		o.NotifyClient = loopbackTransport()
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	return o
}

func defaultTo(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}
