package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// proforma adds a proforma invoice of the rig's customer, and returns its number.
func (r *rig) proforma() string {
	r.Splynx.AddProforma(splynxtest.Proforma{CustomerID: r.Customer, Number: "P-0042", Total: "57.50"})
	return "P-0042"
}

// Every address at which a document is paid leads to the gateway and back, in both number
// styles and for both partners, and pays that document and no other.
func TestEveryWayIsPaid(t *testing.T) {
	t.Parallel()
	for name, style := range map[string]splynxtest.Style{"v4": splynxtest.V4, "v5": splynxtest.V5} {
		for _, y := range ways {
			for _, south := range []bool{false, true} {
				t.Run(fmt.Sprint(name, y.path, south), func(t *testing.T) {
					inBubble(t, setup{Second: true, Splynx: splynxtest.Options{Style: style}}, func(r *rig) {
						if south {
							r.ofSecond()
						}
						r.payBy(y)
					})
				})
			}
		}
	}
}

// payBy pays the rig's invoice, or a proforma invoice whose id is another invoice's.
func (r *rig) payBy(y way) {
	r.Helper()
	edit, item, id := func(*http.Request) {}, r.Number, r.Invoice
	if y.portal {
		edit = r.signedIn()
	}
	if y.kind == payment.KindProforma {
		item = r.proforma()
		id = r.Splynx.Proformas()[0].ID
	}
	if y.byID {
		item = fmt.Sprint(id)
	}
	a := r.get(itemURL(y.path, item)+"&module=m&model=x", edit)
	if strings.Contains(a.Body.String(), r.Number) != (y.kind == payment.KindInvoice && !y.byID) {
		r.Errorf("%s shows\n%s", y.path, a.Body)
	}
	page := r.leads(r.send(http.MethodPost, y.path, url.Values{"form": {a.form()}}, edit))
	back := r.back(r.Gateway.Pay(page, windcavetest.CardApproved))
	at := strings.TrimPrefix(r.get(back, edit).location(), rigPublic)
	time.Sleep(time.Minute) // virtual
	r.wants(r.get(at, edit), 200, "Paid")
	r.wants(r.get(itemURL(y.path, item), edit), 200, "Already paid")
	p, booked := r.journal()[0], r.Splynx.Payments()
	if p.State != payment.Recorded || p.Kind != y.kind || p.DocumentID != id || p.Booking.To != payment.ToDocument || len(booked) != 1 {
		r.Fatalf("payment is %s of %s %d, to %s; %d booked", p.State, p.Kind, p.DocumentID, p.Booking.To, len(booked))
	}
	if b := booked[0]; y.kind == payment.KindProforma && b.RequestID != id || y.kind == payment.KindInvoice && b.InvoiceID != id {
		r.Errorf("booked %+v", b)
	}
	i, _ := r.Splynx.Invoice(r.Invoice)
	if (i.Status == "paid") != (y.kind == payment.KindInvoice) {
		r.Errorf("the invoice is %s", i.Status)
	}
	if y.kind == payment.KindProforma && r.Splynx.Proformas()[0].Status != "paid" {
		r.Error("the proforma invoice is not paid")
	}
	r.promises()
}

// A number is no id and an id is no number, and a form of one address is none of another's.
func TestNumbersAndIDsAreNotMixedUp(t *testing.T) {
	inBubble(t, setup{Number: "77"}, func(r *rig) {
		number := r.proforma()
		forms := map[string]string{}
		for _, y := range ways {
			item := r.Number
			if y.kind == payment.KindProforma {
				item = number
			}
			if y.byID {
				r.wants(r.get(itemURL(y.path, "77")), 404, map[payment.Kind]string{payment.KindInvoice: "Invoice not found", payment.KindProforma: "Proforma invoice not found"}[y.kind])
				item = "1"
			}
			edit := func(*http.Request) {}
			if y.portal {
				edit = r.signedIn()
			}
			forms[y.path] = r.get(itemURL(y.path, item), edit).form()
		}
		for from, form := range forms {
			for _, y := range ways {
				edit := func(*http.Request) {}
				if y.portal {
					edit = r.signedIn()
				}
				same := from == y.path || strings.ReplaceAll(from, "request", "proforma") == strings.ReplaceAll(y.path, "request", "proforma")
				if a := r.send(http.MethodPost, y.path, url.Values{"form": {form}}, edit); !same && a.Code != http.StatusBadRequest {
					r.Errorf("the form of %s sent to %s: %d", from, y.path, a.Code)
				}
			}
		}
	})
}
