package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// Start asks for a hosted payment of a document.
type Start struct {
	Kind           Kind
	Origin         Origin
	Partner        int64
	Customer       int64
	DocumentID     int64
	DocumentNumber string
	ByID           bool // the payer came by the document's id, and is not told its number
	Amount         currency.Amount
	FormKey        string // made with the page: sent twice it gives the same payment
	Payer          string // who may see the payment's page: opaque
	Who            string // for the history, such as "guest"
}

// startTimeout bounds all that happens before the payer is sent on; the gateway's own
// time-out is shorter.
const startTimeout = 60 * time.Second

// Start makes a payment and has a hosted page made for it, and returns the payment as it
// then stands: offered, or why not. The same form key gives the same payment; with other
// values it is ErrFormChanged. The same payer gets the page that is still open for the same
// document. ErrInFlight: money for the document is under way.
//
// It does not hang on ctx's cancellation: a payer who leaves does not leave half a payment.
func (e *Engine) Start(ctx context.Context, s Start) (*Payment, error) {
	if !e.fly() {
		return nil, ErrNoGeneration
	}
	defer e.flights.Done()
	g, err := e.current()
	if err != nil {
		return nil, err
	}
	if err := e.heldBack(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()

	if p, err := e.already(ctx, s); p != nil || err != nil {
		return p, err
	}
	if err := e.Serves(ctx, g, s.Partner); err != nil {
		return nil, err
	}
	if c := g.Partner(s.Partner).Currency; s.Amount.CurrencyCode() != c {
		return nil, fmt.Errorf("%w: %s, not %s", ErrCurrency, c, s.Amount.CurrencyCode())
	}
	if s.Payer != "" { // two tabs of one payer: the second finds the page of the first
		defer e.starts.lock(fmt.Sprintf("%s %s %d", s.Payer, s.Kind, s.DocumentID))()
	}
	if p, err := e.earlierPages(ctx, g, s); p != nil || err != nil {
		return p, err
	}
	p, err := e.offer(ctx, g, s, s.FormKey)
	if err == nil && p.State == NotOffered && p.Reason == ReasonPageUnclear {
		// The page may exist, but nobody knows its address: another TxnId, once.
		return e.offer(ctx, g, s, secondKey(s.FormKey))
	}
	return p, err
}

// secondKey is the form key of the one new try after an unclear GenerateRequest.
func secondKey(key string) string {
	if key == "" {
		return ""
	}
	return key + "/2"
}

// already finds the payment that this form has made.
func (e *Engine) already(ctx context.Context, s Start) (*Payment, error) {
	p, err := e.store.ByFormKey(ctx, s.FormKey)
	if err == nil {
		if second, err := e.store.ByFormKey(ctx, secondKey(s.FormKey)); err == nil {
			p = second
		}
		if p.Kind != s.Kind || p.DocumentID != s.DocumentID || p.Customer != s.Customer || p.Payer != s.Payer || !p.Amount.Equal(s.Amount) {
			return nil, ErrFormChanged
		}
		return p, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	return nil, nil
}

// earlierPages looks at what was begun for the document before, by whomever. The payer's own
// page that is still open is given out again. A result that is not judged yet, or a page that
// was paid though nobody came back, forbids another charge.
func (e *Engine) earlierPages(ctx context.Context, g *Generation, s Start) (*Payment, error) {
	pages, err := e.store.Find(ctx, Filter{
		States:   []State{Offered, Expired, Declined, Cancelled, NotOffered, NotStarted},
		Customer: s.Customer, Kind: s.Kind, Document: s.DocumentID,
	})
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		if s.Payer != "" && p.Payer == s.Payer && p.PageOpen(e.now()) && p.Amount.Equal(s.Amount) {
			return p, nil
		}
	}
	asked := 0
	for _, p := range pages {
		if waiting, err := e.Waiting(ctx, p); err != nil {
			return nil, err
		} else if waiting {
			return nil, ErrInFlight
		}
		if asked == earlierAsked || e.now().Sub(p.CreatedAt) > pageLooks[len(pageLooks)-1] {
			continue
		}
		asked++
		v, err := e.status(ctx, g, p)
		if err != nil {
			g.logger().Warn("gateway could not be asked about a payment", append(describe(p), zap.Error(err))...)
			continue
		}
		if v.Foreign { // nobody could be asked, or nothing was said of this payment
			continue
		}
		p, err := e.change(ctx, g, p.ID, func(p *Payment) (Writes, error) { return e.apply(p, v, "", byStatusSource) })
		if err != nil {
			return nil, err
		}
		if p.InFlight() {
			return nil, ErrInFlight
		}
	}
	return nil, nil
}

// earlierAsked is how many earlier pages of a document the gateway is asked about at a start.
const earlierAsked = 3

// intent is the payment that s asks for, and what will be asked of the gateway for it.
func (e *Engine) intent(g *Generation, s Start, formKey string) (*Payment, windcave.GenerateRequest, error) {
	with, now := g.Partner(s.Partner), e.now()
	id, err := NewID(e.rand)
	if err != nil {
		return nil, windcave.GenerateRequest{}, err
	}
	request := windcave.GenerateRequest{
		TxnType:           windcave.Purchase,
		Amount:            s.Amount,
		TxnID:             string(id),
		MerchantReference: s.reference(),
		TxnData1:          traceOf(s.Kind, s.DocumentID, s.Customer).String(),
		URLSuccess:        g.Settings.PublicURL + ReturnPath + string(id),
		URLFail:           g.Settings.PublicURL + ReturnPath + string(id),
		ExpiresAt:         now.Add(g.Settings.PageLife),
		ClientVersion:     "caddy-paymentexpress",
	}.Sent()
	return &Payment{
		ID: id, TxnID: id, Kind: s.Kind, Way: WayHosted, Origin: s.Origin, Site: g.Settings.PublicURL,
		Partner: s.Partner, Customer: s.Customer, DocumentID: s.DocumentID, DocumentNumber: s.DocumentNumber, ByID: s.ByID,
		Amount: s.Amount, Endpoint: with.Endpoint, PxPayUser: with.PxPayUser, PxPostUser: with.PxPostUser, OwnAccount: with.Own,
		TxnType: string(request.TxnType), Reference: request.MerchantReference,
		FormKey: formKey, Payer: s.Payer, PageEnds: request.ExpiresAt,
		LeaseOwner: e.node, LeaseUntil: now.Add(startTimeout), NextAt: now.Add(startTimeout), Fence: 1,
	}, request, nil
}

// offer writes the intent, asks for the page, and writes the answer.
func (e *Engine) offer(ctx context.Context, g *Generation, s Start, formKey string) (*Payment, error) {
	with := g.Partner(s.Partner)
	if with.PxPay == nil {
		return nil, fmt.Errorf("%w: PxPay of partner %d", ErrNoCredentials, s.Partner)
	}
	p, request, err := e.intent(g, s, formKey)
	if err != nil {
		return nil, err
	}
	faultpoint.Hit("before_intent")
	started := p.begin(Created, ReasonStarted, "", s.Who, e.now())
	started.Node = e.node
	if err := e.store.Create(ctx, p, started, func(inFlight []*Payment) error {
		for _, other := range inFlight {
			if other.Blocks(p) {
				return ErrInFlight
			}
		}
		return nil
	}); errors.Is(err, ErrFormKeyUsed) {
		return e.already(ctx, s) // the other half of a double click was first
	} else if err != nil {
		return nil, fmt.Errorf("write the intent: %w", err)
	}
	e.tell(g, p, started)
	faultpoint.Hit("intent")

	record := e.openRecord(ctx, g, p)
	page, pageErr := with.PxPay.GenerateRequest(ctx, request)
	faultpoint.Hit("page_answered")
	opened := record()
	p, err = e.change(context.WithoutCancel(ctx), g, p.ID, func(p *Payment) (Writes, error) {
		if p.Booking.RecordID == 0 { // else a notification was faster, and has found it
			p.Booking.StatementID, p.Booking.RecordID, p.Booking.RecordStatus = opened.StatementID, opened.RecordID, opened.RecordStatus
		}
		return e.pageAnswered(p, page, pageErr)
	})
	if err != nil {
		return nil, fmt.Errorf("write the hosted page: %w", err)
	}
	faultpoint.Hit("page_stored")
	return p, nil
}

// pageAnswered stores the page, or why there is none.
func (e *Engine) pageAnswered(p *Payment, page windcave.HostedPage, err error) (Writes, error) {
	if p.State != Created { // late truth was first, or a pause was longer than the claim
		return Writes{}, nil
	}
	now := e.now()
	to, why, note := Offered, ReasonPageHad, ""
	if err != nil {
		to, why = NotOffered, ReasonPageUnclear
		var failed *windcave.Error
		if errors.As(err, &failed) {
			p.Code, p.Class, p.Words = failed.Code, string(failed.Class), failed.Key
			note = failed.Error()
			switch {
			case failed.Kind == windcave.KindNotSent:
				why = ReasonGatewayUnreachable
			case failed.Kind != windcave.KindNoAnswer && failed.Class != windcave.ClassDuplicate:
				why = ReasonPageRefused
			}
		}
	}
	ev, err := p.move(to, why, note, "engine", now)
	if to == Offered {
		p.PageURL = page.URL
	}
	e.rest(p, now)
	if to == NotOffered && p.Booking.RecordID != 0 {
		p.NextAt = now // the record is to be closed
	}
	return Writes{Events: []Event{ev}}, err
}

// reference is the MerchantReference of the payment; parseReference reads it. The gateway may
// show it to the payer.
func (s Start) reference() string {
	number := ""
	switch {
	case s.ByID:
		number = fmt.Sprintf(" id %d", s.DocumentID)
	case s.DocumentNumber != "":
		number = " " + s.DocumentNumber
	}
	return fmt.Sprintf("%s%s customer %d", title(s.Kind), number, s.Customer)
}

// title begins a MerchantReference.
func title(k Kind) string {
	switch k {
	case KindInvoice:
		return "Invoice"
	case KindProforma:
		return "Proforma invoice"
	case KindTopUp:
		return "Top-up"
	}
	return "Payment"
}

// ReturnPath is where the gateway sends the browser and its notification, followed by the
// payment's id. It has no query: the gateway adds its own.
const ReturnPath = "/paymentexpress/return/"
