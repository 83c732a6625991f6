package office

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// lateAfter is when money that has not moved wants a person's attention.
const lateAfter = 15 * time.Minute

// countMost is how many payments are counted at most.
const countMost = 1000

// task is a payment that a person must look at.
type task struct {
	row
	What    string // happened
	Can     string // be done
	ToType  []fact
	Ask     string // sealed form that has it asked about; empty: no use
	Actions []action
}

// workView is the work list.
type workView struct {
	Tasks       []task
	Noticed     []noticed
	Sums        []sum
	Next, First string
	Health      []ailment
}

// work lists what a person must look at, the newest first.
func (d *desk) work() error {
	var f payment.Filter
	q := d.r.URL.Query()
	if after := q.Get("after"); after != "" {
		last, err := d.e.Get(d.r.Context(), payment.ID(after))
		if err != nil || !sees(d.staff, last.Partner) {
			return errNoPage
		}
		f.After = last.Cursor()
	}
	f.Limit = pageRows + 1
	all, err := d.attention(f)
	if err != nil {
		return err
	}
	var v workView
	if len(all) > pageRows {
		all = all[:pageRows]
		v.Next = next(d.r.URL.Path, q, all[pageRows-1].ID)
	}
	if q.Has("after") {
		v.First = next(d.r.URL.Path, url.Values{}, "")
	}
	for _, r := range d.rows(all) {
		t, err := d.task(r)
		if err != nil {
			return err
		}
		v.Tasks = append(v.Tasks, t)
	}
	v.Sums = sums(all)
	if v.First == "" {
		if v.Noticed, err = d.unseen(); err != nil {
			return err
		}
	}
	if v.Health, err = d.health(); err != nil {
		return err
	}
	d.show(page{Title: "Work list", Template: "work", Data: v})
	return nil
}

// attention finds what waits for a person, and money that has not moved for long.
func (d *desk) attention(f payment.Filter) ([]*payment.Payment, error) {
	partner, ok := onlyPartner(d.staff)
	if !ok {
		return nil, nil
	}
	f.Partner = partner
	parked, late := f, f
	parked.States = []payment.State{payment.Parked}
	late.States = []payment.State{payment.Submitted, payment.Unknown, payment.Approved}
	late.Before = d.Now().Add(-lateAfter)
	list, err := d.e.Find(d.r.Context(), parked)
	if err != nil {
		return nil, err
	}
	more, err := d.e.Find(d.r.Context(), late)
	if err != nil {
		return nil, err
	}
	list = append(list, more...)
	slices.SortFunc(list, func(a, b *payment.Payment) int { // as Find does
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// task says what happened to a payment and what can be done.
func (d *desk) task(r row) (t task, err error) {
	p := r.Payment
	t = task{row: r, Actions: d.actions(p)}
	switch {
	case p.Reason == payment.ReasonTellSplynx:
		t.What = "The money went back to the card."
		t.Can = "Type this payment into Splynx, then say that it stands there."
		t.ToType, err = d.toType(p)
	case p.State == payment.Parked:
		t.What = sentenceOf(meaning.Reason(p.Reason))
		t.Can = advice[p.Reason]
		if t.Can == "" {
			t.Can = "Look at it in Splynx and at Windcave, then say what became of it."
		}
	case p.State == payment.Approved && (p.Kind == payment.KindCardCheck || p.GivesBack || p.Kind == payment.KindRefund):
		t.What = "The money is to go back to the card, and is not back yet."
		t.Can = "It is tried again by itself. See whether Windcave answers."
	case p.State == payment.Approved:
		t.What = "The money was taken, and is not in Splynx yet."
		t.Can = "It is tried again by itself. See whether Splynx answers."
	default:
		t.What = "Windcave has not said what became of it."
		t.Can = "It is asked again by itself. Do not charge again before it is known."
	}
	if err == nil && asks(p) {
		t.Ask, err = d.seal(form{Act: actAsk, Payment: p.ID})
	}
	return t, err
}

// advice says what can be done about a payment that waits for a person.
var advice = map[payment.Reason]string{
	payment.ReasonAnswerDiffers:      "Look at the transaction at Windcave. If it is this payment, book it in Splynx by hand and say so; if not, say that no money moved.",
	payment.ReasonCredentialsMissing: "Configure the user that it was made with as retired. It then goes on by itself.",
	payment.ReasonNoIntent:           "Look in Splynx whether it stands there. If it does, say so; if not, try again books it.",
	payment.ReasonBookedTwice:        "Delete all but one of its payments in Splynx, then say that it stands there.",
	payment.ReasonPerhapsBookedTwice: "Compare the two payments in Splynx. If they are the same money, delete the other one there. Then, in either case, say that it stands there.",
	payment.ReasonBookedOtherwise:    "Compare amount and customer in Splynx. Set it right there, then say that it stands there.",
	payment.ReasonBookedNoMoney:      "Look at Windcave. If no money came, delete the payment in Splynx and say that no money moved.",
	payment.ReasonBookingRefused:     "See in Splynx why it was refused: the customer may be gone. Book it by hand, or give it back.",
	payment.ReasonBookingNotFound:    "Look in Splynx whether it stands there. If not, book it there by hand, with the reference as receipt number. Then say that it stands there.",
	payment.ReasonSearchUnproven:     "Look in Splynx whether it stands there. If it does, say so; if not, have the search mended: then try again books it.",
	payment.ReasonRefundRefused:      "Give it back in Windcave’s own pages, then say that it was given back; or try again.",
	payment.ReasonNotFound:           "Look for its TxnId at Windcave. If it is not there, say that no money moved.",
	payment.ReasonUndecided:          "Look for its TxnId at Windcave, and say what became of it. If Windcave refuses the PxPost user, mend that first, then try again.",
}

// sentenceOf makes a sentence of words.
func sentenceOf(words string) string { return upperFirst(words) + "." }
