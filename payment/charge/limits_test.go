package charge

import (
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// What a card was declined decides whether the retry plan tries it.
func TestCardLimits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 23, 0, 0, 0, time.UTC)
	declined := func(ago time.Duration, card string, document int64, code string) *payment.Payment {
		return &payment.Payment{State: payment.Declined, Class: "declined", Code: code, DocumentID: document, Card: payment.CardUsed{Key: card}, MovedAt: now.Add(-ago)}
	}
	of := func(n int, card string, document int64) (list []*payment.Payment) {
		for i := range n {
			list = append(list, declined(time.Duration(i+2)*24*time.Hour, card, document, "51"))
		}
		return list
	}
	for name, c := range map[string]struct {
		list []*payment.Payment
		plan RetryPlan
		want Out
	}{
		"none":                    {nil, RetryPlan{}, ""},
		"a day ago":               {[]*payment.Payment{declined(24*time.Hour, "a", 1, "51")}, RetryPlan{}, ""},
		"almost a day ago":        {[]*payment.Payment{declined(23*time.Hour+30*time.Minute, "a", 1, "51")}, RetryPlan{}, ""},
		"last night":              {[]*payment.Payment{declined(21*time.Hour, "a", 1, "51")}, RetryPlan{}, OutCardRests},
		"on the same day":         {[]*payment.Payment{declined(22*time.Hour+30*time.Minute, "a", 1, "51")}, RetryPlan{}, OutCardRests},
		"another card":            {[]*payment.Payment{declined(time.Hour, "b", 1, "57")}, RetryPlan{}, ""},
		"rests for longer":        {of(1, "a", 1), RetryPlan{CoolDown: 72 * time.Hour}, OutCardRests},
		"three times":             {of(3, "a", 1), RetryPlan{}, ""},
		"four times":              {of(4, "a", 2), RetryPlan{Most: 9}, OutTriedEnough},
		"the same money twice":    {of(2, "a", 1), RetryPlan{Most: 1}, OutTriedEnough},
		"other money twice":       {of(2, "a", 2), RetryPlan{Most: 1}, ""},
		"for good":                {[]*payment.Payment{declined(20*24*time.Hour, "a", 2, "14")}, RetryPlan{}, OutHardDecline},
		"for good, by its class":  {[]*payment.Payment{{Class: "token", Card: payment.CardUsed{Key: "a"}, MovedAt: now.Add(-72 * time.Hour)}}, RetryPlan{}, OutHardDecline},
		"the newest one is first": {append(of(1, "a", 2), declined(time.Hour, "a", 1, "51")), RetryPlan{}, OutCardRests},
	} {
		if got := c.plan.out(countDeclines(c.list, "a", 1, now), now, time.UTC); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
