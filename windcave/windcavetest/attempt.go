package windcavetest

import (
	"net/http"
	"strings"
)

// Headers that tell Buyer what a person reads on the page.
const (
	returnHeader = "X-Simulator-Return"
	errorHeader  = "X-Simulator-Error"
)

// attempt pays or cancels. A page that was paid while this waited is not charged
// again.
func (c *call) attempt(p *page, card Card, cancel bool, buyer string) reply {
	s := c.s
	if p.paid != nil && !p.again {
		c.entry.Outcome = Settled
		return s.sendBack(p.paid)
	}
	if cancel {
		c.entry.Outcome = Cancelled
		a := s.newAttempt(p, nil, buyer)
		out := s.sendBack(a)
		out.notices = c.notices(a)
		return out
	}
	a := c.pay(p, card, buyer)
	notices := c.notices(a)
	if c.has(ApproveTwice) && a.txn.Approved {
		first := c.entry.DpsTxnRef
		notices = append(notices, c.notices(c.pay(p, card, buyer))...)
		c.entry.DpsTxnRef = first
	}
	p.again = p.again || c.has(PayAgain)
	out := s.sendBack(a)
	out.notices = notices
	return out
}

func (c *call) pay(p *page, card Card, buyer string) *attempt {
	s := c.s
	t := &txn{
		account: p.account, typ: p.doc.get("TxnType"), id: p.doc.get("TxnId"), reference: p.doc.get("MerchantReference"),
		amount: p.amount, currency: p.currency, card: card, hosted: true, billingID: p.doc.get("BillingId"),
	}
	// A token comes back after a decline too; not when the page was opened with one.
	if p.doc.get("EnableAddBillCard") == "1" && p.account.TokenBilling && p.doc.get("DpsBillingId") == "" {
		t.dpsBillingID = s.store(p.account, card, t.billingID).id
	}
	v := card.decide(p.amount, s.now())
	if p.saved != nil && p.saved.dead != "" && card.Number == p.saved.card.Number {
		v = declined(p.saved.dead)
	}
	c.record(t, v)
	a := s.newAttempt(p, t, buyer)
	if t.Approved && p.paid == nil {
		p.paid = a
	}
	return a
}

func (s *Server) newAttempt(p *page, t *txn, buyer string) *attempt {
	a := &attempt{page: p, token: "0000840000" + strings.ToLower(s.hexText(22)), txn: t, buyer: buyer, target: p.doc.get("UrlFail")}
	if t != nil && t.Approved {
		a.target = p.doc.get("UrlSuccess")
	}
	p.attempts++
	s.results[a.token] = a
	return a
}

// sendBack redirects, or shows the outcome first.
func (s *Server) sendBack(a *attempt) reply {
	if !s.opt.ResultPage {
		return reply{status: http.StatusFound, mime: mimeHTML, location: a.back()}
	}
	v := s.view(a.page)
	v.State, v.Back, v.Outcome = "done", a.back(), "Cancelled"
	if a.txn != nil {
		v.Outcome = a.txn.Text
	}
	out := render(v)
	out.header = [2]string{returnHeader, a.back()}
	return out
}
