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
	Card           CardUsed // the saved card to charge, as the page has shown it; zero: the payer types one
	SaveCard       bool     // the card that the payer types is to be saved
	FormKey        string   // made with the page: sent twice it gives the same payment
	Payer          string   // who may see the payment's page: opaque
	LinkEnds       string   // the last day of the signed link that it began with, as YYYY-MM-DD; else empty
	Who            string   // for the history, such as "guest"
	Run            string   // the charge run that it belongs to; else empty
	Item           int64    // its place in the run
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
	g, land, err := e.takeOff()
	if err != nil {
		return nil, err
	}
	defer land()
	if err := e.heldBack(ctx); err != nil {
		return nil, err
	}
	if s.Kind == KindCardCheck && g.Partner(s.Partner).PxPost == nil {
		return nil, fmt.Errorf("%w: PxPost of partner %d, to give a card check back with", ErrNoCredentials, s.Partner)
	}
	if s.SaveCard { // else money would be taken for a card that can be kept nowhere
		if _, err := g.cardAccount(ctx, e.now()); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()

	p, release, err := e.admit(ctx, g, s)
	defer release()
	if p != nil || err != nil {
		return p, err
	}
	p, err = e.offer(ctx, g, s, s.FormKey)
	if err == nil && p.State == NotOffered && p.Reason == ReasonPageUnclear {
		// The page may exist, but nobody knows its address: another TxnId, once.
		return e.offer(ctx, g, s, secondKey(s.FormKey))
	}
	return p, err
}

// admit does what comes before every new intent. It returns the payment that answers s already,
// if there is one. What it returns to release is held until the intent is written.
func (e *Engine) admit(ctx context.Context, g *Generation, s Start) (p *Payment, release func(), err error) {
	release = func() {}
	if p, err := e.already(ctx, s); p != nil || err != nil {
		return p, release, err
	}
	if err := e.Serves(ctx, g, s.Partner); err != nil {
		return nil, release, err
	}
	if c := g.Partner(s.Partner).Currency; s.Amount.CurrencyCode() != c {
		return nil, release, fmt.Errorf("%w: %s, not %s", ErrCurrency, c, s.Amount.CurrencyCode())
	}
	if s.Payer != "" { // two tabs of one payer: the second finds the page of the first
		release = e.starts.lock(fmt.Sprintf("%s %s %d", s.Payer, s.Kind, s.DocumentID))
	}
	p, err = e.earlierPages(ctx, g, s)
	return p, release, err
}

// create writes an intent, unless money for the same thing is under way (ErrInFlight). It
// returns the payment that the other half of a double click has made, if that was first.
func (e *Engine) create(ctx context.Context, g *Generation, p *Payment, begun Event, s Start) (*Payment, error) {
	begun.Node = e.node
	err := e.store.Create(ctx, p, begun, func(inFlight []*Payment) error {
		for _, other := range inFlight {
			switch {
			case p.FormKey != "" && other.FormKey == p.FormKey:
				return ErrFormKeyUsed
			case other.Blocks(p):
				return ErrInFlight
			}
		}
		return nil
	})
	if errors.Is(err, ErrFormKeyUsed) {
		return e.already(ctx, s)
	}
	if err != nil {
		return nil, fmt.Errorf("write the intent: %w", err)
	}
	e.tell(g, p, begun)
	return p, nil
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
		if p.Kind != s.Kind || p.DocumentID != s.DocumentID || p.Customer != s.Customer || p.Payer != s.Payer || !p.Amount.Equal(s.Amount) ||
			p.Card.Key != s.Card.Key || (p.Save.Stage != SaveNone) != s.SaveCard {
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
		if s.Payer != "" && p.Payer == s.Payer && s.Card.Key == "" && p.PageOpen(e.now()) && p.Amount.Equal(s.Amount) && (p.Save.Stage != SaveNone) == s.SaveCard {
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
		if p.ByPxPost() || asked == earlierAsked || e.now().Sub(p.CreatedAt) > pageLooks[len(pageLooks)-1] {
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

// blank is a payment of s with a number of its own, claimed by this process.
func (e *Engine) blank(g *Generation, s Start, way Way, lease time.Duration) (*Payment, error) {
	id, err := NewID(e.rand)
	if err != nil {
		return nil, err
	}
	with, now := g.Partner(s.Partner), e.now()
	return &Payment{
		ID: id, TxnID: id, Kind: s.Kind, Way: way, Origin: s.Origin, Site: g.Settings.PublicURL,
		Partner: s.Partner, Customer: s.Customer, DocumentID: s.DocumentID, DocumentNumber: s.DocumentNumber, ByID: s.ByID,
		Amount: s.Amount, Endpoint: with.Endpoint, PxPayUser: with.PxPayUser, PxPostUser: with.PxPostUser, OwnAccount: with.Own,
		TxnType: string(windcave.Purchase), FormKey: s.FormKey, Payer: s.Payer, LinkEnds: s.LinkEnds,
		Run: s.Run, Item: s.Item,
		LeaseOwner: e.node, LeaseUntil: now.Add(lease), NextAt: now.Add(lease), Fence: 1,
	}, nil
}

// intent is the payment that s asks for, and what will be asked of the gateway for it.
func (e *Engine) intent(g *Generation, s Start, formKey string) (*Payment, windcave.GenerateRequest, error) {
	p, err := e.blank(g, s, WayHosted, startTimeout)
	if err != nil {
		return nil, windcave.GenerateRequest{}, err
	}
	p.FormKey = formKey
	if s.Kind == KindCardCheck {
		p.TxnType = string(g.Settings.Cards.CheckType)
	}
	back := g.Settings.PublicURL + ReturnPath + string(p.ID)
	request := windcave.GenerateRequest{
		TxnType:           windcave.TxnType(p.TxnType),
		Amount:            s.Amount,
		TxnID:             string(p.ID),
		MerchantReference: s.reference(),
		TxnData1:          traceOf(s.Kind, s.DocumentID, s.Customer).String(),
		URLSuccess:        back,
		URLFail:           back,
		ExpiresAt:         e.now().Add(g.Settings.PageLife),
		ClientVersion:     "caddy-paymentexpress",
	}
	if s.SaveCard {
		p.Save.Stage, p.Mode = SaveWanted, sent(g.Settings.Cards.Modes.Save)
		request.EnableAddBillCard, request.RecurringMode = true, p.Mode
	}
	request = request.Sent()
	p.Reference, p.PageEnds = request.MerchantReference, request.ExpiresAt
	return p, request, nil
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
	made, err := e.create(ctx, g, p, p.begin(Created, ReasonStarted, "", s.Who, e.now()), s)
	if err != nil || made != p {
		return made, err
	}
	faultpoint.Hit("intent")

	record := e.openRecord(ctx, g, p, 0)
	page, pageErr := with.PxPay.GenerateRequest(ctx, request)
	faultpoint.Hit("page_answered")
	opened, _ := record() // the payment goes on without
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
	case KindCardCheck:
		return "Card check"
	case KindRefund:
		return "Refund"
	}
	return "Payment"
}

// ReturnPath is where the gateway sends the browser and its notification, followed by the
// payment's id. It has no query: the gateway adds its own.
const ReturnPath = "/paymentexpress/return/"
