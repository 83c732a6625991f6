package windcavetest

import (
	"fmt"
	"strings"
)

// storedCard is what a DpsBillingId stands for.
type storedCard struct {
	account   *Account
	card      Card
	id        string
	billingID string
	dead      string // the code that it is answered with
}

// store keeps a card and gives its DpsBillingId. The lock is held.
func (s *Server) store(account *Account, card Card, billingID string) *storedCard {
	card.CVC = ""
	for {
		id := fmt.Sprintf("%s%08d", "00000100", s.rng.IntN(100_000_000))
		if s.cards[id] == nil {
			s.cards[id] = &storedCard{account: account, card: card, id: id, billingID: billingID}
			return s.cards[id]
		}
	}
}

// StoreCard keeps a card for the account of that PxPay or PxPost user, as if it
// had been saved before, and gives its DpsBillingId.
func (s *Server) StoreCard(user string, card Card) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.opt.Accounts {
		if a := &s.opt.Accounts[i]; user != "" && (a.PxPayUser == user || a.PostUser == user) {
			return s.store(a, card.filled(s.now()), "").id, nil
		}
	}
	return "", fmt.Errorf("store card: no user %q", user)
}

// KillCard answers all later charges of a stored card with this code, such as JD,
// 54, 41 or 04. An empty code brings it back.
func (s *Server) KillCard(dpsBillingID, reco string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored := s.cards[dpsBillingID]
	if stored == nil {
		return fmt.Errorf("kill card: no such stored card")
	}
	stored.dead = reco
	return nil
}

// findStored gives the card that the request names, or the code that says why not.
func (s *Server) findStored(account *Account, doc document) (*storedCard, string) {
	id, own := doc.get("DpsBillingId"), doc.get("BillingId")
	stored := s.cards[id]
	code := "JD"
	if id == "" {
		code = "JC"
		for _, c := range s.cards {
			if own != "" && c.billingID == own && c.account == account {
				stored = c
			}
		}
	}
	switch {
	case stored == nil || stored.account != account:
		return nil, code
	case strings.HasPrefix(stored.dead, "J"):
		return nil, stored.dead
	}
	return stored, ""
}

// charge is Purchase, Auth or Validate, of a stored card or of card data.
func (c *call) charge(t *txn, doc document) reply {
	v := verdict{}
	if number := doc.get("CardNumber"); number != "" {
		t.card = Card{number, strings.ToUpper(doc.get("CardHolderName")), doc.get("DateExpiry"), doc.get("Cvc2")}
		if v = t.card.decide(t.amount, c.s.now()); v.ReCo == "QK" {
			return c.refuse(doc, "QK")
		}
		if doc.get("EnableAddBillCard") == "1" && t.account.TokenBilling {
			t.dpsBillingID = c.s.store(t.account, t.card, t.billingID).id
		}
	} else {
		stored, code := c.s.findStored(t.account, doc)
		if code != "" {
			return c.refuse(doc, code)
		}
		t.card, t.dpsBillingID, t.billingID, t.stored = stored.card, stored.id, stored.billingID, true
		if v = t.card.decide(t.amount, c.s.now()); stored.dead != "" {
			v = declined(stored.dead)
		}
	}
	c.record(t, v)
	return c.txnReply(c.fresh(t), t.stored)
}

// follow is a Refund or a Complete of an earlier transaction.
func (c *call) follow(t *txn, doc document) reply {
	t.original = c.s.byRef[doc.get("DpsTxnRef")]
	if code := c.mayFollow(t); code != "" {
		return c.refuse(doc, code)
	}
	t.card, t.dpsBillingID = t.original.card, t.original.dpsBillingID
	c.record(t, approved)
	return c.txnReply(c.fresh(t), t.stored)
}

// mayFollow gives the code that says why not.
func (c *call) mayFollow(t *txn) string {
	o := t.original
	if o == nil || o.account != t.account || !o.Approved || o.voided {
		return "J1"
	}
	held := o.typ == "Auth"
	switch {
	case held != (c.op == OpComplete):
		return "J3"
	case o.typ != "Auth" && o.typ != "Purchase" && o.typ != "Complete":
		return "J3"
	case held && c.s.now().After(o.at.Add(authLife)):
		return "J2"
	case t.currency != o.currency:
		return "Q8"
	case o.given.minor >= o.amount.minor:
		return "J5"
	case o.given.plus(t.amount).minor > o.amount.minor:
		return "Z3"
	}
	return ""
}

// void names only the original: it has no TxnId and no amount.
func (c *call) void(account *Account, doc document) reply {
	o := c.s.byRef[doc.get("DpsTxnRef")]
	switch {
	case account.NoVoids:
		return c.refuse(doc, "QG")
	case o == nil || o.account != account || o.charge == 0 || !o.Approved:
		return c.refuse(doc, "J1")
	case o.voided || o.given.minor > 0:
		return c.refuse(doc, "J5")
	}
	t := &txn{
		account: account, typ: "Void", reference: o.reference, amount: o.amount, currency: o.currency, card: o.card,
		original: o,
	}
	c.record(t, approved)
	return c.txnReply(c.fresh(t), t.stored)
}

// status tells what became of a TxnId of this account.
func (c *call) status(account *Account, doc document) reply {
	t := c.s.lookup(account, doc.get("TxnId"))
	if t == nil || c.has(NotFound) {
		c.entry.Outcome, c.entry.ReCo = Unknown, "AF"
		return xmlReply([]byte("<Txn><ReCo>AF</ReCo><ResponseText>TRANSACTION NOT FOUND</ResponseText>" +
			"<HelpText>The transaction was not found</HelpText><Success>0</Success><DpsTxnRef></DpsTxnRef><TxnRef>" +
			escaped(doc.get("TxnId")) + "</TxnRef></Txn>"))
	}
	v := t.values(c.s)
	c.entry.Outcome, c.entry.ReCo, c.entry.DpsTxnRef = t.outcome(), t.ReCo, t.ref
	if t.polls > 0 {
		t.polls--
		v.pend()
	}
	c.alter(v, t)
	if v["StatusRequired"] == "1" {
		c.entry.Outcome, c.entry.ReCo = Pending, v["ReCo"]
	}
	return c.txnReply(v, false)
}

// fresh are the values for the call that made the transaction.
func (c *call) fresh(t *txn) values {
	v := t.values(c.s)
	if t.pending {
		v.pend()
	}
	return v
}
