package office

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// cardsRead is how many pages of Splynx's list of cards are read for one page of ours: with a
// filter that hardly any card fits, a person goes on by a button.
const cardsRead = 8

// cardsView is the list of saved cards.
type cardsView struct {
	Rows        []cardRow
	Next, First string
	Partial     bool   // not all that there are were looked through
	Why         string // there are none to be listed
	Removes     bool   // the administrator may

	Standings                []choice
	Partner, Customer, Until string
	Partners                 bool // the administrator may choose one
	Wrong                    string
}

// cardRow is a card in the list.
type cardRow struct {
	payment.CardOf
	Words string
	standing
	Used time.Time // zero: never, as far as the journal knows
}

// cardFilter selects cards; zero fields select all.
type cardFilter struct {
	partner, customer int64
	standing          payment.CardStanding
	until             time.Time // expires in that month or before
	after             int64
}

// cardStandings say whether a card can be charged.
var cardStandings = map[payment.CardStanding]standing{
	payment.CardGood: {Mark: markDone, Word: "can be charged"}, payment.CardExpired: {Mark: markStop, Word: "expired"},
	payment.CardDead: {Mark: markStop, Word: "refused for good"}, payment.CardElsewhere: {Mark: markStop, Word: "saved for another account"},
	payment.CardUnreadable: {Mark: markStop, Word: "cannot be read"},
}

// cardOrder is the order of the standings in the filter.
var cardOrder = []payment.CardStanding{payment.CardGood, payment.CardExpired, payment.CardDead, payment.CardElsewhere, payment.CardUnreadable}

// cards lists saved cards in the order of their customers.
func (d *desk) cards() error {
	q := d.r.URL.Query()
	f, v := d.cardFilter(q)
	var found []payment.CardOf
	held, ok := onlyPartner(d.staff)
	if v.Partners = held == 0; !v.Partners {
		f.partner = held
	}
	if ok && v.Wrong == "" {
		ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
		defer cancel()
		list, last, more, err := d.findCards(ctx, f)
		if errors.Is(err, payment.ErrNoCardAccount) {
			v.Why = noCardAccount
		} else if err != nil {
			return err
		}
		found = list
		if len(found) > pageRows {
			found, more = found[:pageRows], true
			last = found[pageRows-1].Customer.ID
		} else {
			v.Partial = more
		}
		if more {
			v.Next = next(d.r.URL.Path, q, payment.ID(strconv.FormatInt(last, 10)))
		}
	}
	if q.Has("after") {
		v.First = next(d.r.URL.Path, q, "")
	}
	for _, c := range found {
		row := cardRow{CardOf: c, Words: cardName(c.Brand, c.Ends), standing: cardStandings[c.Standing]}
		var err error
		if row.Used, err = d.used(c); err != nil {
			return err
		}
		v.Rows = append(v.Rows, row)
	}
	d.show(page{Title: "Saved cards", Template: "cards", Data: v})
	return nil
}

// cardFilter reads what is asked for. What cannot be read is said on the page.
func (d *desk) cardFilter(q url.Values) (f cardFilter, v *cardsView) {
	v = &cardsView{Partner: trimmed(q.Get("partner")), Customer: trimmed(q.Get("customer")), Until: trimmed(q.Get("until")), Removes: d.may(Charge)}
	for _, one := range []struct {
		text string
		into *int64
	}{{v.Customer, &f.customer}, {v.Partner, &f.partner}, {q.Get("after"), &f.after}} {
		if one.text == "" {
			continue
		}
		id, err := strconv.ParseInt(one.text, 10, 64)
		if err != nil || id < 1 {
			v.Wrong = "Customer and partner are looked for by their ids in Splynx, which are numbers."
			continue
		}
		*one.into = id
	}
	if v.Until != "" {
		var err error
		if f.until, err = time.Parse("2006-01", v.Until); err != nil {
			v.Wrong = "Type the month until which cards expire as year and month, such as " + d.Now().In(d.zone).Format("2006-01") + "."
		}
	}
	v.Standings = []choice{{"", "All", q.Get("standing") == ""}}
	for _, s := range cardOrder {
		chosen := q.Get("standing") == string(s)
		v.Standings = append(v.Standings, choice{string(s), upperFirst(cardStandings[s].Word), chosen})
		if chosen {
			f.standing = s
		}
	}
	return f, v
}

// findCards looks for a page of cards and one more. more tells that others may be behind last.
func (d *desk) findCards(ctx context.Context, f cardFilter) (found []payment.CardOf, last int64, more bool, err error) {
	if f.customer != 0 {
		found, err = d.cardOf(ctx, f)
		return found, 0, false, err
	}
	last, more = f.after, true
	for reads := 0; more && reads < cardsRead && len(found) <= pageRows; reads++ {
		page, err := d.e.CardsAfter(ctx, last)
		if err != nil {
			return nil, 0, false, err
		}
		for _, c := range page.Cards {
			if f.fits(c) && sees(d.staff, c.Customer.PartnerID) {
				found = append(found, c)
			}
		}
		last, more = page.Last, page.More
	}
	return found, last, more, nil
}

// cardOf looks for the card of one customer.
func (d *desk) cardOf(ctx context.Context, f cardFilter) ([]payment.CardOf, error) {
	c, err := d.customer(ctx, f.customer)
	if errors.Is(err, errNoCustomer) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	card, err := d.e.Card(ctx, c.PartnerID, c.ID)
	if err != nil || card.Key == "" {
		return nil, err
	}
	if one := (payment.CardOf{Card: card, Customer: *c}); f.fits(one) {
		return []payment.CardOf{one}, nil
	}
	return nil, nil
}

func (f cardFilter) fits(c payment.CardOf) bool {
	if f.partner != 0 && c.Customer.PartnerID != f.partner || f.standing != "" && c.Standing != f.standing {
		return false
	}
	if f.until.IsZero() {
		return true
	}
	month, err := time.Parse("01/06", c.Expires)
	return err == nil && !month.After(f.until)
}

// usesLooked is how many payments of a customer are looked through for the last use of the card.
const usesLooked = 20

// used is when a card was last charged, or tried.
func (d *desk) used(c payment.CardOf) (time.Time, error) {
	all, err := d.e.Find(d.r.Context(), payment.Filter{Customer: c.Customer.ID, Limit: usesLooked})
	for _, p := range all {
		if p.Way == payment.WaySavedCard && p.Card.Key == c.Key {
			return p.CreatedAt, nil
		}
	}
	return time.Time{}, err
}

// holderName is a customer with the id, as lists have it.
func holderName(c splynx.Customer) string { return withID(c.Name, c.ID) }

func withID(name string, id int64) string {
	if name == "" {
		return strconv.FormatInt(id, 10)
	}
	return name + " (" + strconv.FormatInt(id, 10) + ")"
}
