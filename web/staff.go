package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// AdminPath is the path below which Config.Office answers.
const AdminPath = Prefix + "/admin/"

// byAdminPath is where "Pay Now" of a customer's page leads in the simulator; that of the add-on is
// not public, and may be the one that tops up the balance.
const byAdminPath = Prefix + "/add-money-by-admin"

// Errors of Staff; callers compare with errors.Is.
var (
	ErrNobody   = errors.New("nobody is signed in")
	ErrNotStaff = errors.New("who is signed in is no administrator")
	ErrTwoStaff = errors.New("two administrators are signed in with two cookies of this browser")
)

// Staff tells which administrator is signed in, as Splynx has proved. A fresh answer comes from
// Splynx itself; another one may be a minute old. ErrNobody, ErrNotStaff, ErrTwoStaff; of an
// error Wait tells whether it is a limit.
func (h *Handler) Staff(r *http.Request, fresh bool) (*splynx.Administrator, error) {
	who, err := h.bySessions(r, fresh)
	switch {
	case errors.Is(err, errTwoCustomers):
		return nil, ErrNotStaff
	case err != nil:
		return nil, err
	case who.twoStaff:
		return nil, ErrTwoStaff
	case who.staff != nil:
		return who.staff, nil
	case who.customer != 0:
		return nil, ErrNotStaff
	}
	return nil, ErrNobody
}

// Wait tells how long to wait after an error of Staff; 0: it is of another kind.
func Wait(err error) time.Duration {
	var beyond *limitError
	if errors.As(err, &beyond) {
		return beyond.wait
	}
	return 0
}

// StaffSignIn is Splynx's page for administrators to sign in on, which leads back to an address
// of ours with SignedIn in it.
func (h *Handler) StaffSignIn(back string) string {
	u := url.URL{Scheme: h.public.Scheme, Host: h.public.Host, Path: "/admin/login/", RawQuery: url.Values{"return": {marked(back)}}.Encode()}
	return u.String()
}

// SignedIn tells that a request comes from the sign-in page: whoever is nobody then is not sent
// round in a circle.
func SignedIn(r *http.Request) bool { return r.URL.Query().Has(signedInMark) }

// OpensForGuests are the kinds of documents that payment links are made for; none where they are
// off.
func (h *Handler) OpensForGuests() []payment.Kind {
	if !h.DirectPay {
		return nil
	}
	return []payment.Kind{payment.KindInvoice, payment.KindProforma}
}

// Brand is how a partner's pages look.
type Brand struct {
	Name  string // the provider's; may be empty
	Style string // address of the style sheet
	Logo  string // address of the picture; may be empty
}

// Brand is how a partner's pages look; 0 is the default.
func (h *Handler) Brand(r *http.Request, partner int64) Brand {
	d := h.wardrobe.of(partner)
	return Brand{h.names.of(r.Context(), h.Generation, partner, h.Now()), d.style, d.logo}
}

// Keep serves a file of a page for ever, at the address that it returns.
func (h *Handler) Keep(name, end, kind string, body []byte) string {
	return h.wardrobe.keep(name, end, asset{kind, body})
}

// officePage is the office's page for an address that the add-on had, where an administrator has
// opened it; empty: there is none. Whether Splynx passes a document's number or its id is not
// known, nor under which name it passes a customer.
func (h *Handler) officePage(r *http.Request) string {
	if h.office == nil {
		return ""
	}
	q := r.URL.Query()
	pay := func(kind payment.Kind) string {
		return AdminPath + "pay?" + url.Values{"kind": {string(kind)}, "item_id": {q.Get("item_id")}}.Encode()
	}
	switch r.URL.Path {
	case payInvoice.path:
		return pay(payment.KindInvoice)
	case payRequest.path:
		return pay(payment.KindProforma)
	case Prefix, addMoney.path, cardPage.path, byAdminPath:
		for _, name := range []string{"customer_id", "item_id", "id"} {
			if id, err := strconv.ParseInt(q.Get(name), 10, 64); err == nil && id > 0 {
				return AdminPath + "customers/" + strconv.FormatInt(id, 10)
			}
		}
		return AdminPath
	}
	return ""
}
