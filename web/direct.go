package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/bojanz/currency"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// bill is an invoice as a payment link shows it.
type bill struct {
	invoice *splynx.Invoice
	partner int64
	due     currency.Amount
}

// directPay shows what a payment link is for, to anybody who has it: the provider, the
// number, the amount, and nothing else.
func (h *Handler) directPay(w http.ResponseWriter, r *http.Request) {
	e := h.engine(w, r)
	if e == nil {
		return
	}
	if !h.Limits.View(h.ClientIP(r), h.Now()) {
		h.show(w, r, page{Status: http.StatusTooManyRequests, Key: "too_many", Retry: true})
		return
	}
	b := h.payable(w, r, e, r.URL.Query().Get("item_id"))
	if b == nil {
		return
	}
	payer, err := h.guest(w, r, e)
	if err != nil {
		h.closed(w, r, err)
		return
	}
	h.offerForm(w, r, e, b, payer, "")
}

// startDirectPay takes the form of directPay, and sends the payer on to the gateway.
func (h *Handler) startDirectPay(w http.ResponseWriter, r *http.Request) {
	e := h.engine(w, r)
	if e == nil {
		return
	}
	if err := r.ParseForm(); err != nil {
		status := http.StatusBadRequest
		if tooLarge(err) {
			status = http.StatusRequestEntityTooLarge
		}
		h.show(w, r, page{Status: status, Key: "bad_form"})
		return
	}
	f, err := unseal(r.Context(), e, r.PostForm.Get("form"), h.Now())
	switch {
	case errors.Is(err, errSeal):
		h.show(w, r, page{Status: http.StatusBadRequest, Key: "bad_form"})
		return
	case err != nil:
		h.closed(w, r, err)
		return
	case f.Kind != payment.KindInvoice:
		h.show(w, r, page{Status: http.StatusBadRequest, Key: "bad_form"})
		return
	}
	if err := h.Room(); err != nil {
		h.closed(w, r, err)
		return
	}
	if !h.Limits.Start(f.Document, h.ClientIP(r), h.Now()) {
		h.Logger.Warn("guest limit reached", zap.Int64("document", f.Document), zap.Stringer("from", h.ClientIP(r)))
		h.show(w, r, page{Status: http.StatusTooManyRequests, Key: "too_many", Retry: true})
		return
	}
	b := h.payable(w, r, e, f.Number)
	if b == nil {
		return
	}
	if b.invoice.ID != f.Document || b.invoice.CustomerID != f.Customer {
		h.show(w, r, page{Status: http.StatusConflict, Key: "bad_form"})
		return
	}
	if !b.due.Equal(f.Amount) { // nothing is charged that was not seen
		h.offerForm(w, r, e, b, f.Payer, "amount_changed")
		return
	}
	p, err := e.Start(r.Context(), payment.Start{
		Kind: payment.KindInvoice, Origin: payment.OriginGuest, Partner: b.partner, Customer: f.Customer,
		DocumentID: f.Document, DocumentNumber: b.invoice.Number, Amount: f.Amount, FormKey: f.Key, Payer: f.Payer, Who: "guest",
	})
	h.started(w, r, e, b, f, p, err)
}

// started shows where a payment stands after its form was sent, once or again.
func (h *Handler) started(w http.ResponseWriter, r *http.Request, e *payment.Engine, b *bill, f sealedForm, p *payment.Payment, err error) {
	switch {
	case errors.Is(err, payment.ErrInFlight):
		h.show(w, r, page{Status: http.StatusConflict, Key: "in_flight", Number: b.invoice.Number})
	case errors.Is(err, payment.ErrFormChanged):
		h.show(w, r, page{Status: http.StatusConflict, Key: "bad_form"})
	case err != nil:
		h.closed(w, r, err)
	case p.State == payment.Offered && p.PageURL != "":
		http.Redirect(w, r, p.PageURL, http.StatusSeeOther)
	case p.State == payment.NotOffered, p.State == payment.NotStarted:
		h.show(w, r, page{Status: http.StatusServiceUnavailable, Key: "closed", Retry: true})
	case p.State == payment.Declined, p.State == payment.Cancelled, p.State == payment.Expired:
		h.offerForm(w, r, e, b, f.Payer, string(p.State)) // this form's payment ended without money: a new one
	default:
		http.Redirect(w, r, h.paymentURL(p.ID), http.StatusSeeOther)
	}
}

// offerForm shows the form with a key of its own, and says what happened before, if anything.
func (h *Handler) offerForm(w http.ResponseWriter, r *http.Request, e *payment.Engine, b *bill, payer, notice string) {
	key, err := uuid.NewRandom()
	if err != nil {
		h.closed(w, r, err)
		return
	}
	sealed, err := seal(r.Context(), e, sealedForm{
		Key: key.String(), Kind: payment.KindInvoice, Document: b.invoice.ID, Number: b.invoice.Number, Customer: b.invoice.CustomerID,
		Amount: b.due, Payer: payer, Made: h.Now().UTC(),
	})
	if err != nil {
		h.closed(w, r, err)
		return
	}
	h.show(w, r, page{
		Status: http.StatusOK, Key: "pay", Template: "pay", Number: b.invoice.Number, Amount: &b.due,
		Form: sealed, Action: Prefix + "/direct-pay-invoice", Notice: notice, Partner: b.partner,
	})
}

// payable finds the invoice that a link names, or says why it cannot be paid, without a
// call to the gateway. A stranger learns the same of an unknown and of a deleted one.
func (h *Handler) payable(w http.ResponseWriter, r *http.Request, e *payment.Engine, number string) *bill {
	number = strings.TrimSpace(number)
	if number == "" || len(number) > 64 || strings.ContainsFunc(number, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		h.show(w, r, page{Status: http.StatusNotFound, Key: "no_invoice"})
		return nil
	}
	ctx := r.Context()
	invoices, err := h.Generation.Splynx.InvoicesByNumber(ctx, number)
	if err != nil {
		h.closed(w, r, err)
		return nil
	}
	invoices = present(invoices)
	if len(invoices) != 1 {
		key := "no_invoice"
		if len(invoices) > 1 {
			key = "several_invoices"
			h.Logger.Warn("payment link names several invoices", zap.String("number", number), zap.Int("invoices", len(invoices)))
		}
		h.show(w, r, page{Status: http.StatusNotFound, Key: key})
		return nil
	}
	b, key, err := h.bill(ctx, e, &invoices[0])
	switch {
	case err != nil:
		h.closed(w, r, err)
	case key != "":
		h.show(w, r, page{Status: http.StatusOK, Key: key, Number: b.invoice.Number, Partner: b.partner})
	default:
		return b
	}
	return nil
}

// bill reads what is due on an invoice; key says why it cannot be paid.
func (h *Handler) bill(ctx context.Context, e *payment.Engine, invoice *splynx.Invoice) (b *bill, key string, err error) {
	customer, err := h.Generation.Splynx.Customer(ctx, invoice.CustomerID)
	if err != nil {
		return nil, "", err
	}
	b = &bill{invoice: invoice, partner: customer.PartnerID}
	b.due, err = money.Round(invoice.Due.String(), h.Generation.Partner(b.partner).Currency)
	if err != nil {
		return nil, "", err
	}
	if invoice.Status == splynx.Paid || !b.due.IsPositive() {
		return b, "already_paid", nil
	}
	open, err := e.Find(ctx, payment.Filter{
		States: []payment.State{payment.Submitted, payment.Unknown, payment.Approved, payment.Parked},
		Kind:   payment.KindInvoice, Document: invoice.ID, Customer: invoice.CustomerID, Limit: 1,
	})
	if err != nil {
		return nil, "", err
	}
	if len(open) > 0 || invoice.Status == splynx.Pending { // pending: somebody else is charging it
		return b, "in_flight", nil
	}
	return b, "", nil
}

// present leaves out what is deleted.
func present(all []splynx.Invoice) []splynx.Invoice {
	var left []splynx.Invoice
	for _, i := range all {
		if !i.Deleted {
			left = append(left, i)
		}
	}
	return left
}

// closed says that no payment can be taken now, and logs why.
func (h *Handler) closed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		h.Logger.Error("a payment page could not be made", zap.String("path", r.URL.Path), zap.Error(err))
	}
	h.show(w, r, page{Status: http.StatusServiceUnavailable, Key: "closed", Retry: true})
}
