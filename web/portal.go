package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

const (
	signInPath = "/portal/login/"
	// signedInMark stands in the address that the sign-in page leads back to: who comes back
	// with it and is still nobody is not sent round in a circle.
	signedInMark = "signed_in"
	// asCustomer stands in the address once somebody who is signed in twice has chosen.
	asCustomer = "as"
)

// payOwn shows a customer's own document with the button to pay it, as Splynx's pay icon
// opens it: in a dialog, by number.
func (h *Handler) payOwn(y way) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := h.engine(w, r)
		if e == nil {
			return
		}
		number := r.URL.Query().Get("item_id")
		who, ok := h.customer(w, r, itemURL(y.path, number), false)
		if !ok {
			return
		}
		if wait := h.Limits.CustomerView(who.account(), h.Now()); wait > 0 {
			h.show(w, r, tooMany(wait))
			return
		}
		v := visit{way: y, e: e}.by(who)
		if b := h.payable(w, r, v, number); b != nil {
			h.offerForm(w, r, v, b, page{Status: http.StatusOK})
		}
	}
}

// startPayOwn takes the form of payOwn. Who sends it is asked anew: somebody else may have
// signed in meanwhile with the same browser.
func (h *Handler) startPayOwn(y way) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := h.engine(w, r)
		if e == nil {
			return
		}
		v := visit{way: y, e: e}
		if f, old, ok := h.signedForm(w, r, &v); ok {
			h.take(w, r, v, f, old)
		}
	}
}

// signedForm reads a form of the portal and then asks who sends it; v becomes that customer's
// visit. What is no form of ours, or comes too often, costs Splynx nothing.
func (h *Handler) signedForm(w http.ResponseWriter, r *http.Request, v *visit) (f sealedForm, old, ok bool) {
	if f, old, ok = h.readForm(w, r, *v); !ok {
		return f, old, false
	}
	if wait := h.Limits.CustomerView(f.Customer, h.Now()); wait > 0 {
		h.show(w, r, tooMany(wait))
		return f, old, false
	}
	who, ok := h.customer(w, r, "", true)
	if !ok {
		return f, old, false
	}
	*v = v.by(who)
	if f.Customer != v.customer || f.Payer != v.payer {
		h.show(w, r, v.of(page{Status: http.StatusForbidden, Key: "other_customer"}))
		return f, old, false
	}
	return f, old, true
}

// customer tells which customer is signed in. For anybody else it answers the request: who is
// nobody is sent to Splynx's sign-in and from there to back, an address of ours.
func (h *Handler) customer(w http.ResponseWriter, r *http.Request, back string, fresh bool) (caller, bool) {
	who, err := h.whoIs(r, fresh)
	var beyond *limitError
	switch {
	case errors.As(err, &beyond):
		h.show(w, r, tooMany(beyond.wait))
	case errors.Is(err, errTwoCustomers):
		h.show(w, r, page{Status: http.StatusForbidden, Key: "two_customers", Customer: true})
	case err != nil:
		h.closed(w, r, err)
	case who.customer != 0 && who.admin && r.Method != http.MethodPost && r.URL.Query().Get(asCustomer) != "customer":
		h.show(w, r, page{Status: http.StatusOK, Key: "signed_in_twice", Customer: true, AsCustomer: adding(back, asCustomer, "customer"), AsStaff: h.officePage(r)})
	case who.customer != 0:
		h.renew(w, r)
		return who, true
	case who.admin && !fresh && h.officePage(r) != "":
		http.Redirect(w, r, h.officePage(r), http.StatusFound)
	case who.admin:
		h.show(w, r, page{Status: http.StatusForbidden, Key: "administrator", SignIn: h.signIn(back)})
	case fresh:
		h.show(w, r, page{Status: http.StatusForbidden, Key: "signed_out", SignIn: h.signInPage()})
	case r.URL.Query().Has(signedInMark):
		if h.SignIn != SignInOwn { // else the browser keeps no cookies
			h.Logger.Warn("splynx does not say whose session this is; look at session_cookie", zap.Strings("session_cookie", h.SessionCookies), zap.Bool("cookie_came", len(h.sessions(r)) > 0))
		}
		h.show(w, r, page{Status: http.StatusForbidden, Key: "not_signed_in", SignIn: h.signIn(back)})
	default:
		http.Redirect(w, r, h.signIn(back), http.StatusFound)
	}
	return caller{}, false
}

// signIn is the page to sign in on, Splynx's or ours, which leads back to an address of ours.
func (h *Handler) signIn(back string) string {
	if h.SignIn != SignInOwn { // ours adds the mark itself
		back = marked(back)
	}
	u := url.URL{Scheme: h.public.Scheme, Host: h.public.Host, Path: h.signInPage(), RawQuery: url.Values{"return": {back}}.Encode()}
	return u.String()
}

// signInPage is where customers sign in.
func (h *Handler) signInPage() string {
	if h.SignIn == SignInOwn {
		return ownSignInPath
	}
	return signInPath
}

// customerPayer is a customer as payments keep who made them.
func customerPayer(id int64) string { return customerPrefix + strconv.FormatInt(id, 10) }

const customerPrefix = "customer-"

// isOwn tells whether a payment was started by who asks: by the customer who is signed in, or
// by the guest whose browser this is.
func (h *Handler) isOwn(r *http.Request, e *payment.Engine, p *payment.Payment) (bool, error) {
	if strings.HasPrefix(p.Payer, customerPrefix) { // a refund has the payer of what it gives back
		who, err := h.whoIs(r, false)
		var beyond *limitError
		if errors.As(err, &beyond) || errors.Is(err, errTwoCustomers) {
			return false, nil
		}
		return who.customer != 0 && p.Payer == who.payer(), err
	}
	guest, err := h.knownGuest(r, e)
	return guest != "" && guest == p.Payer, err
}
