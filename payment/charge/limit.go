package charge

import "github.com/caddy-paymentexpress/paymentexpress/internal/money"

// Limit is the size of a run above which a person has to confirm it. The zero value: none.
type Limit struct {
	Charges int64  // above so many
	Amount  string // or above that in one currency, in the major unit of whatever currency
}

// Exceeded tells whether a run that would charge these sums is above the limit; so is one whose
// amounts cannot be compared with it.
func (l Limit) Exceeded(planned []Sum) bool {
	if l == (Limit{}) {
		return false
	}
	count := int64(0)
	for _, s := range planned {
		count += s.Count
		most, err := money.Exact(l.Amount, s.Amount.CurrencyCode())
		if err != nil {
			return true
		}
		if more, err := s.Amount.Cmp(most); err != nil || more > 0 {
			return true
		}
	}
	return count > l.Charges
}
