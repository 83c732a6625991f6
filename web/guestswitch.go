package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

const (
	guestsMark    = "guests_closed"
	guestsShut    = time.Hour // how long links close by themselves
	guestsLookAt  = time.Hour // the declines that count
	guestDeclines = 30
)

// Guests says whether payment links take new payments. It stands in the journal, so all nodes
// and the next start obey it.
type Guests struct {
	At    time.Time `json:"at,omitzero"`    // of the last change; declines before it count no more
	Until time.Time `json:"until,omitzero"` // links are closed until then; zero: open
	Why   string    `json:"why,omitempty"`
	Who   string    `json:"who,omitempty"` // empty: by itself
}

// Closed tells whether links are closed at a moment.
func (g Guests) Closed(now time.Time) bool { return now.Before(g.Until) }

// ByItself tells whether links are closed at a moment because too many payments of guests were
// declined, and nobody has said a word on it yet.
func (g Guests) ByItself(now time.Time) bool { return g.Closed(now) && g.Who == "" }

// GuestsOf tells whether payment links take new payments.
func GuestsOf(ctx context.Context, e *payment.Engine) (Guests, error) {
	text, err := e.Mark(ctx, guestsMark)
	if err != nil || text == "" {
		return Guests{}, err
	}
	var g Guests
	if err := json.Unmarshal([]byte(text), &g); err != nil {
		return Guests{}, fmt.Errorf("read the mark %q of the journal: %w", guestsMark, err)
	}
	return g, nil
}

// SetGuests closes payment links until g.Until, or opens them where that is zero. Returns,
// notifications, receipts and the portal stay open.
func SetGuests(ctx context.Context, e *payment.Engine, g Guests) error {
	text, err := json.Marshal(g)
	if err != nil {
		return err
	}
	return e.SetMark(ctx, guestsMark, string(text))
}

// closedError tells that payment links are closed, and when they open.
type closedError struct{ until time.Time }

func (*closedError) Error() string { return "payment links are closed" }

// letGuestsStart tells whether guests may start payments; if not, with a *closedError. Too many
// declines close the links to all: whoever tries out stolen cards uses many links, and comes
// from many addresses.
func (h *Handler) letGuestsStart(ctx context.Context, e *payment.Engine) error {
	now := h.Now()
	g, err := GuestsOf(ctx, e)
	if err != nil {
		return err
	}
	if g.Closed(now) {
		return &closedError{g.Until}
	}
	since := now.Add(-guestsLookAt)
	if after := g.At.Add(time.Microsecond); after.After(since) { // as exact as the journal is
		since = after
	}
	n, err := h.declinesSince(ctx, e, since)
	if err != nil || n <= h.GuestDeclines {
		return err
	}
	return h.closeLinks(ctx, e, since, n)
}

// closeLinks closes them for an hour, and says so once.
func (h *Handler) closeLinks(ctx context.Context, e *payment.Engine, since time.Time, n int) error {
	h.closing.Lock()
	defer h.closing.Unlock()
	now := h.Now()
	if g, err := GuestsOf(ctx, e); err != nil || g.Closed(now) || g.At.Add(time.Microsecond).After(since) { // somebody else was first
		return errors.Join(err, &closedError{g.Until})
	}
	g := Guests{At: now.UTC(), Until: now.Add(guestsShut).UTC(), Why: fmt.Sprintf("%d payments of guests were declined within an hour", n)}
	if err := SetGuests(ctx, e, g); err != nil {
		return err
	}
	h.Logger.Error("payment links are closed for an hour: many payments of guests were declined, somebody may be trying out cards; look at them (caddy paymentexpress list --state declined), then open the links (guests open) or close them for longer (guests close --for 24h)",
		zap.Int("declined", n), zap.Time("since", since), zap.Time("until", g.Until))
	return &closedError{g.Until}
}

// declinesSince counts the payments of guests that were declined, as far as it matters.
func (h *Handler) declinesSince(ctx context.Context, e *payment.Engine, since time.Time) (n int, err error) {
	all, err := e.Find(ctx, payment.Filter{States: []payment.State{payment.Declined}, Since: since, Limit: 1000 + 10*h.GuestDeclines})
	for _, p := range all {
		if p.Origin == payment.OriginGuest {
			n++
		}
	}
	return n, err
}

// linksClosed answers where payment links are closed.
func (h *Handler) linksClosed(w http.ResponseWriter, r *http.Request, v visit, b *bill) bool {
	g, err := GuestsOf(r.Context(), v.e)
	switch {
	case err != nil:
		h.closed(w, r, err)
	case g.Closed(h.Now()):
		h.show(w, r, h.guestsClosed(v, b, g.Until))
	default:
		return false
	}
	return true
}

// guestsClosed says that links are closed, and leads customers to the portal.
func (h *Handler) guestsClosed(v visit, b *bill, until time.Time) page {
	p := v.of(page{Status: http.StatusServiceUnavailable, Key: "guests_closed", Partner: b.partner, RetryAfter: until.Sub(h.Now())})
	for _, y := range ways {
		if y.portal && y.kind == v.kind && h.open(y) && (!v.byID || v.ends != "") { // else the number would be told
			p.SignIn = h.signIn(itemURL(y.path, b.number))
		}
	}
	return p
}
