package office

import (
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// problem is why there is no page, or not the one that was asked for: words of problemWords, or
// with StatusFound only where to go.
type problem struct {
	status int
	key    string
	detail string // what else is to be said: text of ours
	link   link
}

func (p problem) Error() string { return "office: " + p.key }

// link is a way on.
type link struct{ Text, address string }

// Address is where it leads.
func (l link) Address() string { return l.address }

var (
	errShut       = errors.New("the journal cannot be used now")
	errNoPage     = problem{status: http.StatusNotFound, key: "no_page"}
	errNoCustomer = problem{status: http.StatusNotFound, key: "no_customer"}
	errNoDocument = problem{status: http.StatusNotFound, key: "no_document"}
	errNoPayment  = problem{status: http.StatusNotFound, key: "no_payment"}
	errBadForm    = problem{status: http.StatusBadRequest, key: "bad_form"}
)

// tell is the one place where an error becomes a page. What is not ours to show is logged.
func (d *desk) tell(err error) {
	var p problem
	if !errors.As(err, &p) {
		p = problemOf(err)
		if d.r.Context().Err() == nil {
			d.Logger.Error("a page of the office could not be made", zap.String("path", d.r.URL.Path), zap.Error(err))
		}
	}
	if p.status == http.StatusFound {
		http.Redirect(d.w, d.r, p.link.address, http.StatusFound)
		return
	}
	words := problemWords[p.key]
	if p.status == http.StatusServiceUnavailable {
		d.w.Header().Set("Retry-After", "60")
	}
	d.show(page{Status: p.status, Title: words.title, Template: "problem", Data: map[string]any{"Lead": words.lead, "Detail": p.detail, "Link": p.link}})
}

// problemOf tells the engine's and Splynx's errors apart.
func problemOf(err error) problem {
	of := func(status int, key string) problem { return problem{status: status, key: key} }
	failed, fromSplynx := errors.AsType[*splynx.Error](err)
	switch {
	case errors.Is(err, payment.ErrInFlight):
		return of(http.StatusConflict, "in_flight")
	case errors.Is(err, payment.ErrFormChanged):
		return of(http.StatusConflict, "form_changed")
	case errors.Is(err, payment.ErrNoCredentials):
		return of(http.StatusServiceUnavailable, "no_credentials")
	case errors.Is(err, payment.ErrHeld):
		return of(http.StatusServiceUnavailable, "held")
	case errors.Is(err, payment.ErrJournalOld):
		return of(http.StatusServiceUnavailable, "journal_old")
	case errors.Is(err, payment.ErrNoPartner), errors.Is(err, payment.ErrCurrency):
		return of(http.StatusServiceUnavailable, "no_partner")
	case errors.Is(err, payment.ErrNoCardAccount):
		return of(http.StatusServiceUnavailable, "no_card_account")
	case errors.Is(err, payment.ErrNoGeneration), errors.Is(err, errShut), errors.Is(err, errNoRoom):
		return of(http.StatusServiceUnavailable, "shut")
	case fromSplynx && failed.Kind == splynx.KindNotFound:
		return errNoPage
	case fromSplynx:
		return of(http.StatusServiceUnavailable, "no_splynx")
	}
	return of(http.StatusServiceUnavailable, "unclear")
}
