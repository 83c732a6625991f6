package caddymodule

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/upstream"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// health is how the installation is doing. It holds nothing that is secret or personal.
type health struct {
	Well          bool                `json:"well"`
	Problems      []string            `json:"problems"` // each in words, with what to do
	Journal       healthJournal       `json:"journal"`
	Splynx        upstream.State      `json:"splynx"`
	Windcave      upstream.State      `json:"windcave"`
	Payments      *healthPayments     `json:"payments"`         // null: the journal is not open
	Runs          []runBrief          `json:"charge_runs"`      // that have not ended, or wait for a person; null: the journal is not open
	Guests        *guestsAnswer       `json:"guests,omitempty"` // only while payment links are closed
	Configuration healthConfiguration `json:"configuration"`
}

// healthJournal is where payments are kept.
type healthJournal struct {
	Path    string  `json:"path"`
	Open    bool    `json:"open"`
	Why     string  `json:"why,omitempty"`        // it is not open
	Free    *uint64 `json:"free_bytes,omitempty"` // on its disk; null: not known
	Reserve int64   `json:"reserve_bytes"`        // below it no payment starts
	Fresh   bool    `json:"fresh"`                // made by this process
	*payment.JournalHealth
}

// healthPayments is what is under way.
type healthPayments struct {
	Unfinished map[payment.State]int `json:"unfinished"`
	Parked     int                   `json:"parked"` // of these, waiting for a person
	Oldest     *healthOldest         `json:"oldest_unfinished_money"`
	Unjudged   int                   `json:"results_not_judged"`
}

// healthOldest is the money that has not moved for the longest time.
type healthOldest struct {
	payment.Oldest
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// healthConfiguration is what matters of the configuration in force.
type healthConfiguration struct {
	PublicURL     string  `json:"public_url"`
	Endpoint      string  `json:"endpoint"`
	AdminCommands string  `json:"admin_commands"`
	WithoutPxPost []int64 `json:"without_pxpost"` // partners whose payments nobody can be asked about; 0: all that have no block
}

// serveHealth answers 200 when all is well, else 503.
func serveHealth(w http.ResponseWriter, r *http.Request) error {
	n, err := inCharge()
	if err != nil {
		return apiError(err)
	}
	h, err := within(r.Context(), readPatience, func(ctx context.Context) (health, error) { return n.health(ctx, time.Now()), nil })
	if err != nil {
		return apiError(err)
	}
	if !h.Well {
		return writeJSON(w, http.StatusServiceUnavailable, h)
	}
	return writeJSON(w, http.StatusOK, h)
}

func (n present) health(ctx context.Context, now time.Time) health {
	h := health{
		Problems: []string{},
		Journal:  healthJournal{Path: n.path, Open: n.engine != nil, Reserve: n.app.JournalReserve},
		Splynx:   n.app.gates.splynx.State(), Windcave: n.app.gates.windcave.State(),
		Configuration: healthConfiguration{n.app.public, n.app.endpoint, n.app.AdminCommands, n.app.withoutPxPost()},
	}
	if free, known := n.app.space.free(); known {
		h.Journal.Free = &free
	}
	if n.engine == nil {
		h.Journal.Why = n.why.Error()
	} else if err := n.payments(ctx, &h); err != nil {
		h.Problems = append(h.Problems, fmt.Sprintf("the journal cannot be read; look at its disk: %v", err))
	}
	h.look(n.app, now)
	return h
}

// payments adds what the journal tells.
func (n present) payments(ctx context.Context, h *health) error {
	e, err := n.engine.Health(ctx)
	if err != nil {
		return err
	}
	h.Journal.Fresh, h.Journal.JournalHealth = n.store.Fresh(), &e.Journal
	h.Payments = &healthPayments{Unfinished: e.Unfinished, Parked: e.Parked, Unjudged: e.Unjudged}
	if h.Runs, err = n.openRuns(ctx); err != nil {
		return err
	}
	if g, err := n.guests(ctx, time.Now()); err != nil {
		return err
	} else if g.Closed {
		h.Guests = &g
	}
	if e.Oldest == nil {
		return nil
	}
	p, err := n.engine.Get(ctx, e.Oldest.Payment)
	if err != nil {
		return err
	}
	h.Payments.Oldest = &healthOldest{*e.Oldest, p.Amount.Number(), p.Amount.CurrencyCode()}
	return nil
}

// look says in words what is not well.
func (h *health) look(a *App, now time.Time) {
	say := func(format string, args ...any) { h.Problems = append(h.Problems, fmt.Sprintf(format, args...)) }
	if !h.Journal.Open {
		say("the journal %s is not open, and no payment can be taken until it is: %s", h.Journal.Path, h.Journal.Why)
	} else if h.Journal.JournalHealth != nil {
		h.lookAtJournal(say)
	}
	if why := a.trouble.splynx(); why != "" {
		say("Splynx is not as bookings need it: %s (caddy paymentexpress check tells more)", why)
	}
	if at := a.trouble.refused(); !at.IsZero() {
		say("Windcave refused to make a payment page at %s, and has made none since: look at the pxpay credentials and the currency (caddy paymentexpress check)", utc(at))
	}
	for _, partner := range append([]int64{0}, slices.Sorted(maps.Keys(a.Partners))...) {
		if err := a.room(partner); err != nil && !slices.ContainsFunc(h.Problems, func(s string) bool { return strings.HasSuffix(s, err.Error()) }) {
			say("no payment can start: %v", err)
		}
	}
	if h.Payments != nil && h.Payments.Oldest != nil {
		lookAtMoney(h.Payments.Oldest, now, say)
	}
	lookAtRuns(h.Runs, say)
	if h.Guests != nil && h.Guests.Who == "" {
		say("payment links are closed until %s, for %s: somebody may be trying out cards. Look at them (caddy paymentexpress list --state declined), then open the links (guests open) or close them for longer (guests close --for 24h)", utc(h.Guests.Until), h.Guests.Why)
	}
	for _, s := range []upstream.State{h.Splynx, h.Windcave} {
		if unheard(s, now) {
			say("%s does not answer: the last call failed at %s. It is tried again by itself; look at the network between, and at the log", upstreamNames[s.Name], utc(s.LastFailure))
		}
	}
	h.Well = len(h.Problems) == 0
}

func (h *health) lookAtJournal(say func(string, ...any)) {
	j := h.Journal.JournalHealth
	if j.Unwritable {
		say("the journal cannot be written: its disk is full or broken. It goes on by itself when it can be")
	}
	if j.Held != nil {
		why := "that is under way"
		if j.CompareError != "" {
			why = "the last try failed: " + j.CompareError
		}
		say("the journal is %s, and no payment can start before it is compared with Splynx; %s", heldWords[j.Held.Why], why)
	}
	if j.Old != nil {
		say("Splynx has %d of our payments that the journal does not know, the newest with the id %d: put the right journal back, or take this one for the right one (caddy paymentexpress journal accept)", j.Old.Count, j.Old.UpTo)
	}
}

var upstreamNames = map[string]string{"splynx": "Splynx", "windcave": "Windcave"}

var heldWords = map[string]string{payment.HeldNew: "new", payment.HeldRestored: "restored"}

func lookAtMoney(o *healthOldest, now time.Time, say func(string, ...any)) {
	if now.Sub(o.Since) < lateAfter {
		return
	}
	what := "it is tried again by itself"
	if o.State == payment.Parked {
		what = "it waits for a person"
	}
	say("payment %s, %s %s, is %s since %s; %s (caddy paymentexpress show %s; all of them: list --attention)", o.Payment, o.Amount, o.Currency, o.State, utc(o.Since), what, o.Payment)
}

// unheard tells that nobody answers as far as is known. A gate that lets one call try says
// little when nothing was to be asked for longer than the engine ever pauses.
func unheard(s upstream.State, now time.Time) bool {
	switch s.Gate {
	case "open":
		return true
	case "half-open":
		return now.Sub(s.LastFailure) < 15*time.Minute
	}
	return false
}

// utc writes a time for people.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
