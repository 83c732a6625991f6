package payment_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// silent are the ways in which Status says nothing of a page.
var silent = []windcavetest.Kind{windcavetest.CutBefore, windcavetest.CredentialsU5, windcavetest.CredentialsAG, windcavetest.StatusRequired}

// stillHeld fails unless pay is refused until the gateway was heard; then all comes to rest
// with one charge.
func stillHeld(t *testing.T, w *world, order *windcavetest.Order) {
	t.Helper()
	again, err := w.Engine.Start(background, w.Order("form-2", "payer-2"))
	if !errors.Is(err, payment.ErrHeld) {
		t.Errorf("start gives %v, want ErrHeld: the gateway has said nothing", err)
	}
	if err == nil && again.PageURL != "" {
		_, _ = w.Gateway.Pay(again.PageURL, windcavetest.CardApproved)
	}
	w.Pass(time.Minute)
	order.Cancel()
	w.Gateway.HoldNotifications(false)
	w.Pass(30 * time.Hour)
	if h := health(t, w); h.Journal.Held != nil {
		t.Errorf("still held: %s", h.Journal.CompareError)
	}
	for _, p := range w.Journal() {
		if p.State == payment.Parked {
			settled(t, w, p.ID, payment.SettleAgain)
		}
	}
	w.Pass(time.Hour)
	if n := len(w.Gateway.Charges()); n != 1 {
		t.Errorf("%d charges for one invoice", n)
	}
}

// F74: a page that a restored or lost journal had made is paid, and the gateway says nothing of
// it: refused credentials and an outcome that it does not know yet are no answer. Nothing is
// charged before it was heard, whatever the worker calls the page meanwhile.
func TestF74HeldUntilTheGatewayIsHeard(t *testing.T) {
	t.Parallel()
	pages := map[string]func(*world) *payment.Payment{
		"offered": func(w *world) *payment.Payment { return w.Start("form-1") },
		"declined once": func(w *world) *payment.Payment {
			p := w.Start("form-1")
			_, _ = w.Return(w.Pay(p, windcavetest.CardDeclined))
			return p
		},
	}
	for name, page := range pages {
		for gap, d := range map[string]time.Duration{"within its life": 5 * time.Minute, "after its life": 2 * time.Hour} {
			for _, kind := range silent {
				for journal, restored := range map[string]bool{"restored": true, "lost": false} {
					t.Run(strings.Join([]string{name, gap, string(kind), journal}, ", "), func(t *testing.T) {
						t.Parallel()
						play(t, option{}, func(t *testing.T, w *world) {
							w.Gateway.HoldNotifications(true)
							p := page(w)
							backup := w.Backup()
							w.Pass(2 * time.Minute)
							w.Pay(p, windcavetest.CardApproved) // and this process dies with the word of it
							w.Crash()
							w.Pass(d)
							order := w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: kind, Times: -1})
							if restored {
								w.Restore(backup)
							} else {
								w.LoseJournal()
							}
							w.Pass(2 * time.Minute)
							stillHeld(t, w, order)
						})
					})
				}
			}
		}
	}
}

// F74, F44: nobody can be asked about a page of a restored journal, for the PxPost user is gone.
// The hold ends, but the page's document is blocked until the gateway was heard: that the
// credentials are back is not enough.
func TestF74RestoredWithoutCredentials(t *testing.T) {
	t.Parallel()
	for card, state := range map[windcavetest.Card]payment.State{windcavetest.CardApproved: payment.Recorded, windcavetest.CardDeclined: payment.Declined} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				w.Gateway.HoldNotifications(true)
				p := w.Start("form-1")
				backup := w.Backup()
				w.Pay(p, card)
				w.Pass(90 * time.Second)
				cut := w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.CutBefore, Times: -1})
				w.Restore(backup)
				reload(w, func(g *payment.Generation) { g.Default.PxPostUser = "SomebodyElse" })
				cut.Cancel()
				w.Pass(2 * time.Minute)
				blocked := func() {
					t.Helper()
					want(t, get(w, p.ID), payment.Parked, payment.ReasonCredentialsMissing)
					if _, err := w.Engine.Start(background, w.Order("form-2", "payer-2")); !errors.Is(err, payment.ErrInFlight) {
						t.Errorf("got %v, want ErrInFlight", err)
					}
				}
				blocked()
				if h := health(t, w); h.Journal.Held != nil {
					t.Errorf("held: %s", h.Journal.CompareError)
				}
				refused := w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.CredentialsU5, Times: -1})
				reload(w, func(*payment.Generation) {})
				w.Pass(3 * time.Hour)
				blocked()
				refused.Cancel()
				w.Until(p.ID, 3*time.Hour, state)
			})
		})
	}
}

// Of a page of a restored journal that the gateway never says anything of, a person is told in
// the end, and the journal is used: not silently, and not before anything is given up.
func TestRestoredPageIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, kind := range silent {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zap.ErrorLevel)
				w := paymenttest.New(t, option{Logger: zap.New(core)})
				w.Gateway.HoldNotifications(true)
				p := w.Start("form-1")
				backup := w.Backup()
				w.Pay(p, windcavetest.CardApproved)
				w.Pass(90 * time.Second)
				w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: kind, Times: -1})
				w.Restore(backup)
				w.Pass(160 * time.Hour)
				if h := health(t, w); h.Journal.Held == nil || !strings.Contains(h.Journal.CompareError, string(p.ID)) {
					t.Errorf("journal %+v", h.Journal)
				}
				w.Pass(10 * time.Hour)
				if h := health(t, w); h.Journal.Held != nil {
					t.Errorf("held: %s", h.Journal.CompareError)
				}
				if n := logs.FilterMessageSnippet("page of a restored journal is given up").Len(); n != 1 {
					t.Errorf("told %d times", n)
				}
			})
		})
	}
}

// Pages that are too old to be asked about do not hold a restored journal.
func TestRestoredOldPage(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Start("form-1")
		w.Pass(restful)
		backup := w.Backup()
		w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: windcavetest.CredentialsU5, Times: -1})
		w.Restore(backup)
		w.Pass(time.Minute)
		w.Start("form-2")
	})
}

// F74: of a page of a lost journal that was not heard of until its end an error tells, whoever
// could be asked and whatever was said; of one that was, none.
func TestF74PageOfALostJournalIsNotDroppedInSilence(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		said   windcavetest.Kind
		noPost bool
		told   int
	}{
		"refused":        {said: windcavetest.CredentialsU5, told: 1},
		"unknown user":   {said: windcavetest.CredentialsAG, told: 1},
		"not known yet":  {said: windcavetest.StatusRequired, told: 1},
		"no answer":      {said: windcavetest.CutBefore, told: 1},
		"another amount": {said: windcavetest.OtherAmount, told: 1},
		"nobody to ask":  {noPost: true, told: 1},
		"not found":      {said: windcavetest.NotFound},
		"declined":       {said: windcavetest.Decline},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zap.ErrorLevel)
				w := paymenttest.New(t, option{Logger: zap.New(core), NoPxPost: tt.noPost})
				prove(t, w)
				p, _ := approve(w)
				w.Pass(2 * time.Minute)
				if tt.said != "" {
					w.Gateway.Inject(fault{Op: windcavetest.OpStatus, Kind: tt.said, Times: -1})
				}
				w.LoseJournal()
				w.Pass(time.Minute)
				if held := health(t, w).Journal.Held != nil; held != (tt.told > 0 && !tt.noPost) {
					t.Errorf("held: %v", held)
				}
				w.Pass(150 * time.Hour)
				told := logs.FilterMessageSnippet("page of a lost journal is given up").FilterField(zap.String("payment", string(p.ID)))
				if told.Len() != tt.told {
					t.Errorf("told %d times, want %d", told.Len(), tt.told)
				}
				if h := health(t, w); h.Journal.Held != nil {
					t.Errorf("still held: %s", h.Journal.CompareError)
				}
			})
		})
	}
}
