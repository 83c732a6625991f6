package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// customerCookie says who has signed in on our own page.
const customerCookie = "paymentexpress_customer"

const (
	ownLife     = 30 * time.Minute // of a sign-in that is not used
	ownMost     = 8 * time.Hour    // of one that is
	ownRenewed  = 5 * time.Minute  // not more often than that
	cookiesMost = 4                // of one request
)

// ownSession is a sign-in on our own page. The browser carries it, sealed.
type ownSession struct {
	Site     string    `json:"s"` // the installation that the ids are of
	Customer int64     `json:"c"`
	Main     int64     `json:"m,omitempty"`
	Epoch    int       `json:"e,omitempty"` // how often the customer had signed out
	Born     time.Time `json:"b"`
	Until    time.Time `json:"u"`
}

// ownSessions are the sign-ins on our own page that a request carries and that still hold, each
// customer's once. A browser may send several cookies of one name: whoever could plant one must
// not hide the other.
func (h *Handler) ownSessions(r *http.Request) (all []ownSession, err error) {
	cookies := r.CookiesNamed(customerCookie)
	if h.SignIn != SignInOwn || len(cookies) == 0 {
		return nil, nil
	}
	e, err := h.Engine(r.Context())
	if err != nil {
		return nil, err
	}
	known := map[int64]bool{}
	for _, c := range cookies[:min(len(cookies), cookiesMost)] {
		var s ownSession
		err := openBox(r.Context(), e, sessionBox, c.Value, &s)
		if errors.Is(err, errSeal) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if good, err := h.holds(r.Context(), e, s); err != nil {
			return nil, err
		} else if good && !known[s.Customer] {
			known[s.Customer] = true
			all = append(all, s)
		}
	}
	return all, nil
}

// holds tells whether a sign-in that we have sealed still counts.
func (h *Handler) holds(ctx context.Context, e *payment.Engine, s ownSession) (bool, error) {
	now := h.Now()
	if s.Site != h.public.String() || s.Customer <= 0 || !now.Before(s.Until) || now.Before(s.Born.Add(-clockBack)) {
		return false, nil
	}
	epoch, err := signOuts(ctx, e, s.Customer)
	return err == nil && s.Epoch == epoch, err
}

// signOuts counts how often a customer has signed out here: what was given out before counts
// no more, in whatever browser it is.
func signOuts(ctx context.Context, e *payment.Engine, customer int64) (int, error) {
	text, err := e.Mark(ctx, signOutMark(customer))
	if err != nil || text == "" {
		return 0, err
	}
	return strconv.Atoi(text)
}

func signOutMark(customer int64) string { return "sign_outs " + strconv.FormatInt(customer, 10) }

// byOwnSignIn tells who has signed in on our own page, as Splynx knows that customer now: for
// looking, up to callerLife ago.
func (h *Handler) byOwnSignIn(r *http.Request, fresh bool) (caller, error) {
	all, err := h.ownSessions(r)
	switch {
	case err != nil || len(all) == 0:
		return caller{}, err
	case len(all) > 1:
		return caller{}, errTwoCustomers
	}
	hash, now := h.known.hash(sessionBox+strconv.FormatInt(all[0].Customer, 10)), h.Now()
	if have, ok := h.known.get(hash, now); ok && !fresh {
		return have, nil
	}
	who, err := h.stillCustomer(r.Context(), all[0].Customer)
	if err == nil {
		h.known.put(hash, who, now)
	}
	return who, err
}

// stillCustomer reads a customer by the API key: who is gone or disabled is nobody.
// Who is blocked mostly owes, and is to be able to pay.
func (h *Handler) stillCustomer(ctx context.Context, id int64) (who caller, err error) {
	err = h.turn(ctx, func(ctx context.Context) error {
		c, err := h.Generation.Splynx.Customer(ctx, id)
		if err == nil && !c.Deleted && c.Status != "disabled" {
			who = caller{customer: c.ID, main: c.ParentID}
		}
		return err
	})
	if isGone(err) {
		err = nil
	}
	return who, err
}

// withOwnSignIn adds who has signed in on our own page to what Splynx's sessions have proved.
// Where that page is in use sessions may be of no use at all: a refusal of Splynx to look at
// them proves nothing, and keeps nobody out.
func (h *Handler) withOwnSignIn(r *http.Request, fresh bool, all caller, failed error) (caller, error) {
	if errors.Is(failed, errTwoCustomers) {
		return caller{}, failed
	}
	own, err := h.byOwnSignIn(r, fresh)
	switch {
	case err != nil:
		return caller{}, err
	case own.customer == 0 && refusesSessions(failed):
		return all, nil
	case own.customer == 0:
		return all, failed
	case all.customer != 0 && all.customer != own.customer:
		return caller{}, errTwoCustomers
	}
	all.customer, all.main = own.customer, own.main
	return all, nil
}

// refusesSessions tells that Splynx, or what stands before it, will not say whose a session is.
func refusesSessions(err error) bool {
	var failed *splynx.Error
	return errors.As(err, &failed) && failed.HTTPStatus/100 == 4
}

// giveSession has the browser carry a sign-in; a longer one in place of one that it has.
func (h *Handler) giveSession(w http.ResponseWriter, r *http.Request, e *payment.Engine, s ownSession) error {
	now := h.Now()
	if s.Until = now.Add(ownLife); s.Until.After(s.Born.Add(ownMost)) {
		s.Until = s.Born.Add(ownMost)
	}
	value, err := sealBox(r.Context(), e, sessionBox, s)
	if err != nil {
		return err
	}
	h.setCustomerCookie(w, value, ceil(s.Until.Sub(now), time.Second))
	return nil
}

// setCustomerCookie sets the cookie for so many seconds; a negative number takes it away.
func (h *Handler) setCustomerCookie(w http.ResponseWriter, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: customerCookie, Value: value, Path: Prefix, MaxAge: seconds,
		HttpOnly: true, Secure: h.public.Scheme == "https", SameSite: http.SameSiteLaxMode,
	})
}

// renew lets a sign-in that is used live on.
func (h *Handler) renew(w http.ResponseWriter, r *http.Request) {
	all, err := h.ownSessions(r)
	if err != nil || len(all) != 1 || all[0].Until.Sub(h.Now()) > ownLife-ownRenewed || !all[0].Until.Before(all[0].Born.Add(ownMost)) {
		return
	}
	if e, err := h.Engine(r.Context()); err == nil {
		_ = h.giveSession(w, r, e, all[0]) // the one it has lasts a while yet
	}
}
