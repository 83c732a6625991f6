package web

import (
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// CardName is a saved card in words: its brand and the end of its number.
func (v view) CardName(c *payment.Card) (string, error) {
	words := "tile.saved"
	if c.Ends == "" {
		words = "tile.saved_bare"
	}
	brand := c.Brand
	if brand == "" {
		var err error
		if brand, err = v.T("tile.brand"); err != nil {
			return "", err
		}
	}
	return v.say(words, map[string]string{"Brand": brand, "Ends": c.Ends})
}

// CardState is what is below its name: until when it can be used, or why it cannot.
func (v view) CardState(c *payment.Card) (string, error) {
	switch {
	case c.Standing == payment.CardGood && c.Expires != "":
		return v.say("tile.expires", map[string]string{"Expires": c.Expires})
	}
	return v.T(standingWords[c.Standing])
}

var standingWords = map[payment.CardStanding]string{
	payment.CardGood: "tile.is_good", payment.CardExpired: "tile.is_expired", payment.CardDead: "tile.is_dead",
	payment.CardElsewhere: "tile.is_elsewhere", payment.CardUnreadable: "tile.is_unreadable",
}

// RowWords is what a row is about.
func (v view) RowWords(e entry) (string, error) {
	return v.say(e.Words, map[string]string{"Number": e.Number})
}

// RowCard is the saved card that a row was charged to.
func (v view) RowCard(e entry) (string, error) {
	if e.Ends == "" {
		return "", nil
	}
	return v.say("row.card", map[string]string{"Ends": e.Ends})
}

// RowMoney is a row's amount.
func (v view) RowMoney(e entry) string { return v.money(e.Amount) }

// RowDate is when a row's payment was made.
func (v view) RowDate(e entry) (string, error) { return v.date(e.When) }

// RowDue is the day that a row's document is due.
func (v view) RowDue(e entry) (string, error) {
	if e.When.IsZero() {
		return "", nil
	}
	day, err := v.day(e.When)
	if err != nil {
		return "", err
	}
	return v.say("row.due", map[string]string{"Day": day})
}

// day is a day without its time.
func (v view) day(t time.Time) (string, error) {
	months, err := v.months()
	if err != nil {
		return "", err
	}
	t = t.In(v.zone)
	return v.say("date.day", map[string]string{"Day": t.Format("2"), "Month": months[t.Month()-1], "Year": t.Format("2006")})
}
