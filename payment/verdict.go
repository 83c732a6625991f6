package payment

import (
	"fmt"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// expect is what an answer of the gateway must say to be of this payment.
func (p *Payment) expect() windcave.Expect {
	return windcave.Expect{TxnType: windcave.TxnType(p.TxnType), TxnID: string(p.TxnID), MerchantReference: p.Reference, Amount: p.Amount}
}

// source says who brought an answer: only the attempt's own result may end an open page
// with a decline; Status speaks of the attempts so far.
type source string

const (
	bySource       source = "result"
	byStatusSource source = "status"
	byCharge       source = "charge" // the answer to what was sent
)

// apply writes an answer of the gateway into the payment as it is found. Whoever brings an
// approval, and however late: it is kept. Called inside Store.Change, maybe more than once.
func (e *Engine) apply(p *Payment, v windcave.Verdict, surcharge string, from source) (Writes, error) {
	now := e.now()
	if v.Outcome == windcave.Approved && v.DpsTxnRef == "" { // nobody could tell it from another charge
		v.Outcome, v.Mismatch = windcave.Unknown, []string{"DpsTxnRef"}
	}
	switch {
	case v.Foreign:
		return Writes{}, nil
	case v.Outcome == windcave.Approved && !p.HasMoney():
		return e.approve(p, v, surcharge, from, now)
	case v.Outcome == windcave.Approved && p.DpsTxnRef == v.DpsTxnRef:
		return Writes{}, nil
	case v.Outcome == windcave.Approved:
		return e.second(p, v, surcharge, from, now)
	case v.Claimed && (v.DpsTxnRef == "" || v.DpsTxnRef != p.DpsTxnRef):
		return e.differs(p, v, from, now)
	case v.Outcome == windcave.Declined && p.State == Offered && (from == bySource || !now.Before(p.PageEnds)):
		p.Code, p.Class, p.Words = v.Code, string(v.Class), v.Key
		to, why := Declined, ReasonGatewayDeclined
		if v.Cancelled {
			to, why = Cancelled, ReasonPayerCancelled
		}
		ev, err := p.move(to, why, v.Code, string(from), now)
		p.NextAt = now // its statement record is to be written
		return Writes{Events: []Event{ev}}, err
	case v.Outcome == windcave.Declined && p.undecided():
		p.Code, p.Class, p.Words = v.Code, string(v.Class), v.Key
		ev, err := p.move(Declined, ReasonGatewayDeclined, v.Code, string(from), now)
		p.LeaseOwner, p.LeaseUntil, p.NextAt = "", time.Time{}, now
		return Writes{Events: []Event{ev}}, err
	}
	return Writes{}, nil
}

// undecided tells that the outcome of what was sent is waited for, by a person too.
func (p *Payment) undecided() bool {
	return p.State == Submitted || p.State == Unknown || p.State == Parked && p.Reason == ReasonUndecided
}

// approve is the one way to approved. The answer was compared with all that was asked.
func (e *Engine) approve(p *Payment, v windcave.Verdict, surcharge string, from source, now time.Time) (Writes, error) {
	var w Writes
	if p.Claimed != "" && p.Claimed != v.DpsTxnRef { // another charge, which still has to be looked at
		var err error
		if w, err = e.claimed(p, windcave.Verdict{DpsTxnRef: p.Claimed}, p.Claimed+" differs from what was asked", from, now); err != nil {
			return Writes{}, err
		}
	}
	p.DpsTxnRef, p.Code, p.Class, p.Words, p.Surcharge = v.DpsTxnRef, v.Code, string(v.Class), v.Key, surcharge
	p.ApprovedAt, p.Claimed, p.Heard = now, "", true
	if p.Save.Stage == SaveWanted {
		p.Save.Stage, p.Save.NextAt = SaveStoring, now
	}
	ev, err := p.move(Approved, ReasonGatewayApproved, v.DpsTxnRef, string(from), now)
	p.NextAt = now
	p.LeaseOwner, p.LeaseUntil = "", time.Time{}
	p.Fence++ // whoever held the payment held it for something else
	w.Events = []Event{ev}
	return w, err
}

// second gives another charge under the same TxnId a row of its own.
func (e *Engine) second(p *Payment, v windcave.Verdict, surcharge string, from source, now time.Time) (Writes, error) {
	q, err := e.sibling(p, v)
	if err != nil {
		return Writes{}, err
	}
	if q.ID, err = secondID(p.TxnID, v.DpsTxnRef); err != nil {
		return Writes{}, err
	}
	q.Surcharge, q.ApprovedAt, q.NextAt = surcharge, now, now
	if e.compare.mayBePosted(now) {
		q.Booking.Post, q.Booking.PostedAt = PostSent, now // its quiet time begins with the first look
	}
	ev := q.begin(Approved, ReasonSecondCharge, fmt.Sprintf("%s, beside %s of payment %s", v.DpsTxnRef, p.DpsTxnRef, p.ID), string(from), now)
	return Writes{New: q, NewEvent: ev}, nil
}

// differs keeps money that the gateway says it took, but not as it was asked for: nothing is
// recorded for it, and a person must look.
func (e *Engine) differs(p *Payment, v windcave.Verdict, from source, now time.Time) (Writes, error) {
	note := v.DpsTxnRef + " differs in " + strings.Join(v.Mismatch, ", ")
	known := p.State == Parked && p.Reason == ReasonAnswerDiffers
	switch {
	case p.HasMoney(), known && p.Claimed != v.DpsTxnRef:
		return e.claimed(p, v, note, from, now)
	case known, p.Reason == ReasonSettledNotPaid && p.Claimed != "" && p.Claimed == v.DpsTxnRef: // a person has judged this very claim
		return Writes{}, nil
	}
	var w Writes
	if p.State == Parked { // for another reason, which may go away by itself
		ev, err := p.move(p.ParkedFrom, ReasonAnswerDiffers, note, string(from), now)
		if err != nil {
			return Writes{}, err
		}
		w.Events = append(w.Events, ev)
	}
	p.Claimed = v.DpsTxnRef
	ev, err := p.move(Parked, ReasonAnswerDiffers, note, string(from), now)
	e.rest(p, now)
	w.Events = append(w.Events, ev)
	return w, err
}

// claimed is a parked row for a charge beside that of p, which is not what was asked for.
func (e *Engine) claimed(p *Payment, v windcave.Verdict, note string, from source, now time.Time) (Writes, error) {
	q, err := e.sibling(p, v)
	if err != nil {
		return Writes{}, err
	}
	q.DpsTxnRef, q.Claimed = "", v.DpsTxnRef
	q.FormKey = "differs/" + string(p.TxnID) + "/" + v.DpsTxnRef // once for each charge
	return Writes{New: q, NewEvent: q.begin(Parked, ReasonAnswerDiffers, note, string(from), now)}, nil
}

// sibling is a new row for another charge under p's TxnId.
func (e *Engine) sibling(p *Payment, v windcave.Verdict) (*Payment, error) {
	id, err := NewID(e.rand)
	if err != nil {
		return nil, err
	}
	return &Payment{
		ID: id, TxnID: p.TxnID, Kind: p.Kind, Way: p.Way, Origin: p.Origin, Site: p.Site,
		Partner: p.Partner, Customer: p.Customer, DocumentID: p.DocumentID, DocumentNumber: p.DocumentNumber,
		Amount: p.Amount, Endpoint: p.Endpoint, PxPayUser: p.PxPayUser, PxPostUser: p.PxPostUser, OwnAccount: p.OwnAccount,
		TxnType: p.TxnType, Reference: p.Reference, Payer: p.Payer, PageEnds: p.PageEnds,
		DpsTxnRef: v.DpsTxnRef, Code: v.Code, Class: string(v.Class), Words: v.Key,
	}, nil
}
