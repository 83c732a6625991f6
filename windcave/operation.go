package windcave

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// operation is one kind of call: where it goes, whether it may be repeated, and how long it
// may take.
type operation struct {
	name   string
	path   string
	repeat retryablehttp.CheckRetry
	limit  limit
}

// limit tells the time-outs apart.
type limit uint8

const (
	pageLimit   limit = iota // Config.PageTimeout
	chargeLimit              // Config.ChargeTimeout: it moves money, so an answer is worth waiting for
)

const (
	pxPayPath  = "/pxaccess/pxpay.aspx"
	pxPostPath = "/pxpost.aspx"
)

var (
	// The gateway refuses a TxnId it has seen, so a repeat whose first try did arrive would
	// turn a page that exists into a refusal.
	generateRequest = operation{OpGenerateRequest, pxPayPath, never, pageLimit}

	// Reading a token changes nothing at the gateway; Windcave's own notification makes
	// every shop read it twice.
	processResponse = operation{OpProcessResponse, pxPayPath, unanswered, pageLimit}

	// Status only reads.
	status = operation{OpStatus, pxPostPath, unanswered, pageLimit}

	// What moves money goes out once. A first try that did arrive has taken effect, and what
	// PxPost does with a TxnId it has seen is not known: a second charge cannot be ruled out.
	purchase = operation{OpPurchase, pxPostPath, never, chargeLimit}
	hold     = operation{OpAuth, pxPostPath, never, chargeLimit}
	complete = operation{OpComplete, pxPostPath, never, chargeLimit}
	refund   = operation{OpRefund, pxPostPath, never, chargeLimit}

	// A Void has no TxnId at all to be known by.
	void = operation{OpVoid, pxPostPath, never, chargeLimit}
)

// Repeats: two at most, after 100 to 300 ms and 200 to 600 ms, inside the time-out.
const (
	repeats   = 2
	repeatMin = 100 * time.Millisecond
	repeatMax = 300 * time.Millisecond
)

func never(context.Context, *http.Response, error) (bool, error) { return false, nil }

// unanswered allows a repeat when surely no byte of an answer came, which only a transport
// that serves httptrace can tell. A certificate that was
// not accepted will not be at the second try either.
func unanswered(ctx context.Context, _ *http.Response, err error) (bool, error) {
	t, ok := ctx.Value(trailKey{}).(*trail)
	if err == nil || ctx.Err() != nil || !ok || !t.asked.Load() || t.answered.Load() {
		return false, nil
	}
	var certificate *tls.CertificateVerificationError
	return !errors.As(err, &certificate), nil
}

// trail notes how far a call came, over all its tries.
type trail struct {
	asked     atomic.Bool // the transport serves httptrace
	connected atomic.Bool // a connection was had, so the request may have gone out
	answered  atomic.Bool // a byte of an answer came
}

type trailKey struct{}

func (t *trail) follow(ctx context.Context) context.Context {
	connected := func() { t.connected.Store(true) }
	ctx = context.WithValue(ctx, trailKey{}, t)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:              func(string) { t.asked.Store(true) },
		GotConn:              func(httptrace.GotConnInfo) { connected() },
		WroteHeaders:         connected,
		WroteRequest:         func(httptrace.WroteRequestInfo) { connected() },
		GotFirstResponseByte: func() { t.answered.Store(true) },
	})
}

// surelyNotSent: the transport asked for a connection and never had one.
func (t *trail) surelyNotSent() bool { return t.asked.Load() && !t.connected.Load() }
