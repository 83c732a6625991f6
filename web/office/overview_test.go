package office

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// Each payment counts once, on its day in the provider's zone; partners are kept apart.
func TestOverviewAddsUp(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		time.Sleep(20*24*time.Hour + 10*time.Hour + 59*time.Minute) // the 22nd of January, a minute before midnight in Auckland less an hour
		r.put("PAYMENT000000001", payment.Recorded, approved)
		r.put("PAYMENT000000002", payment.Declined, func(p *payment.Payment) { p.DocumentID = 2 })
		r.put("PAYMENT000000003", payment.Cancelled, func(p *payment.Payment) { p.DocumentID = 3 })
		r.put("PAYMENT000000004", payment.Settled, approved, func(p *payment.Payment) { p.Kind, p.Amount = payment.KindCardCheck, r.amount("1") })
		r.put("PAYMENT000000005", payment.Recorded, approved, func(p *payment.Payment) {
			p.DocumentID, p.CreatedAt = 5, p.CreatedAt.AddDate(0, 0, -2)
		})
		r.put("PAYMENT000000006", payment.Recorded, approved, func(p *payment.Payment) { p.DocumentID, p.Partner = 6, 2 })
		a := r.get("")
		for _, text := range []string{
			rowOf("done", "money in", "NZ$57.50", 1, "NZ$115.00", 2), rowOf("stop", "declined", "NZ$57.50", 1, "NZ$57.50", 1), rowOf("done", "money in", "NZ$57.50", 1, "NZ$57.50", 1),
			"NZD, partner 1</th>", "NZD, partner 2</th>",
		} {
			r.says(a, text)
		}
		if a.has("NZ$1.00") {
			t.Error("a card check is added up")
		}
		r.says(a, "In all: money in NZ$172.50 (3), declined NZ$57.50 (1)", "At most NZ$172.50 on a day")
		south := r.get("", r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2}))
		if south.has("115.00") || !south.has("NZ$57.50") || south.has("partner 2</th>") {
			t.Error("another partner's administrator is shown more, or less, than the own figures")
		}
	})
}

// Figures are kept for a minute, those of settled days for longer, and then read anew.
func TestFiguresAreKeptForAMinute(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		in := func(want string) {
			r.Helper()
			if a := r.get(""); !a.has("In all: money in " + want + ", at most") {
				r.Errorf("%s is not on the page\n%s", want, a.Body)
			}
		}
		r.put("PAYMENT000000001", payment.Recorded, approved)
		in("NZ$57.50 (1)")
		r.put("PAYMENT000000002", payment.Recorded, approved, func(p *payment.Payment) { p.DocumentID = 2 })
		r.put("PAYMENT000000003", payment.Recorded, approved, func(p *payment.Payment) {
			p.DocumentID, p.CreatedAt = 3, p.CreatedAt.AddDate(0, 0, -5)
		})
		in("NZ$57.50 (1)")
		time.Sleep(freshLife)
		in("NZ$115.00 (2)")
		time.Sleep(settledLife)
		in("NZ$172.50 (3)")
	})
}

func TestBarsAreExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sum, scale int64
		want       int
	}{{0, 1, 0}, {1, 1, 200}, {1, 1_000_000_000, 1}, {1 << 62, 1 << 62, 200}, {1 << 61, 1 << 62, 100}, {50, 100, 100}} {
		if got := high(c.sum, c.scale); got != c.want {
			t.Errorf("%d of %d is %d high, want %d", c.sum, c.scale, got, c.want)
		}
	}
}

// rowOf is a row of the overview: an outcome, today and this month.
func rowOf(mark, word, today string, n int, month string, m int) string {
	return fmt.Sprintf(`<span class="state %s">%s</span></th><td data-label="Today" class="figure"><span>%s <span class="n">(%d)</span></span></td><td data-label="January" class="figure"><span>%s <span class="n">(%d)</span></span></td>`, mark, word, today, n, month, m)
}

// Cards that expire are counted beside the page, once an hour, for the partners that may be seen.
func TestCardsThatExpireAreCounted(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.manyCards()
		r.says(r.get(""), "Saved cards that expire: 2 this month, 1 next month", "cards?standing=good&amp;until=2000-02")
		south := r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2})
		r.says(r.get("", south), "Saved cards that expire: 1 this month, 0 next month")
		before := len(r.Splynx.Log())
		r.must(r.Engine.RemoveCard(context.Background(), 2, "test"))
		r.says(r.get(""), "2 this month, 1 next month")
		for _, call := range r.Splynx.Log()[before:] {
			if call.Resource == "customer-payment-account-data" && call.Method == "GET" {
				t.Errorf("the cards were counted again: %+v", call)
			}
		}
		time.Sleep(censusLife)
		r.says(r.get(""), "1 this month, 1 next month")
	})
}

// A Splynx that is slow, or away, holds the first page up no longer than a moment.
func TestCountingCardsHoldsNothingUp(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.manyCards()
		r.Splynx.Inject(splynxtest.Fault{Op: "LIST customer-payment-account-data", Kind: splynxtest.Slow, Delay: 10 * time.Second})
		begin := time.Now()
		r.says(r.get(""), "Saved cards are being counted")
		if took := time.Since(begin); took > 2*censusWait {
			t.Errorf("the page took %s", took)
		}
		time.Sleep(time.Minute)
		r.says(r.get(""), "2 this month, 1 next month")
	})
}
