package office

import (
	"slices"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// noticedFor is how long what the engine did by itself stands on the work list.
const noticedFor = 30 * 24 * time.Hour

// noticed is a payment that is at its good end, and that somebody should look at all the same.
type noticed struct {
	row
	What    string
	Can     string
	Seen    string // sealed form that takes it off the list; empty: not allowed
	Actions []action
}

// noticedWords say what the engine did, and what can be done about it.
var noticedWords = map[payment.Deed][2]string{
	payment.DeedPaidTwice: {"Its document was paid already when the money arrived.", "See whether the customer wants it back."},
	payment.DeedOnBalance: {"Splynx did not take it on its document: it is on the balance.", "The document may still be due. Settle it in Splynx from the balance."},
}

// unseen finds what the engine did lately and nobody has seen, the newest first.
func (d *desk) unseen() (list []noticed, err error) {
	partner, ok := onlyPartner(d.staff)
	if !ok {
		return nil, nil
	}
	since := d.Now().Add(-noticedFor)
	var acts []payment.Act
	for what := range noticedWords {
		some, err := d.e.Acts(d.r.Context(), payment.ActFilter{What: what, Partner: partner, Since: since})
		if err != nil {
			return nil, err
		}
		acts = append(acts, some...)
	}
	slices.SortFunc(acts, func(a, b payment.Act) int { return int(b.Seq - a.Seq) })
	for _, a := range acts {
		n, open, err := d.noticed(a)
		if err != nil {
			return nil, err
		}
		if open {
			list = append(list, n)
		}
	}
	return list, nil
}

// noticed is an act as the work list shows it; false once somebody has seen it, or the money went
// back.
func (d *desk) noticed(a payment.Act) (n noticed, open bool, err error) {
	seen, err := d.e.Acts(d.r.Context(), payment.ActFilter{What: payment.DeedSeen, Payment: a.Payment, Limit: 1})
	if err != nil || len(seen) > 0 && seen[0].Seq > a.Seq {
		return n, false, err
	}
	p, err := d.e.Get(d.r.Context(), a.Payment)
	if err != nil || p.State != payment.Recorded {
		return n, false, err
	}
	if left, err := p.Left(); err != nil || !left.IsPositive() {
		return n, false, err
	}
	n = noticed{row: d.rows([]*payment.Payment{p})[0], What: noticedWords[a.What][0], Can: noticedWords[a.What][1], Actions: d.actions(p)}
	if d.may(Charge) {
		n.Seen, err = d.seal(form{Act: actSeen, Payment: p.ID})
	}
	return n, true, err
}

// seen takes what the engine did with a payment off the work list.
func (d *desk) seen() error {
	f, err := d.form(actSeen)
	if err != nil {
		return err
	}
	p, err := d.payment()
	if err != nil {
		return err
	}
	if f.Payment != p.ID {
		return errBadForm
	}
	d.notes(payment.Act{What: payment.DeedSeen, Partner: p.Partner, Customer: p.Customer, Payment: p.ID})
	return d.to("work")
}
