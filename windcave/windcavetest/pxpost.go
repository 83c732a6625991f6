package windcavetest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// pxPostLimits are the longest values of the elements; zero is no limit.
var pxPostLimits = map[string]int{
	"PostUsername": 32, "PostPassword": 0, "TxnType": 8, "Amount": 0, "InputCurrency": 4, "DpsTxnRef": 16,
	"DpsBillingId": 0, "BillingId": 32, "CardNumber2": 16, "TxnId": 16, "MerchantReference": 64, "TxnData1": 255,
	"TxnData2": 255, "TxnData3": 255, "RecurringMode": 0, "EnableAddBillCard": 1, "ClientType": 0, "ClientInfo": 0,
	"ReceiptEmail": 64, "AccountInfo": 128, "ClientVersion": 64, "CardHolderName": 64, "CardNumber": 20,
	"DateExpiry": 4, "Cvc2": 4, "Cvc2Presence": 1, "EnableAvsData": 1, "AvsAction": 1, "AvsStreetAddress": 0,
	"AvsPostCode": 0, "DateStart": 4, "IssueNumber": 0, "Track2": 0,
}

var pxPostOps = []Op{OpPurchase, OpAuth, OpComplete, OpRefund, OpVoid, OpValidate, OpStatus}

// opOther is a TxnType that PxPost does not have.
const opOther Op = "Other"

func (s *Server) servePxPost(w http.ResponseWriter, r *http.Request) {
	doc, ok := readPost(w, r)
	if !ok {
		return
	}
	if doc.root != "Txn" {
		write(w, notAcceptable)
		return
	}
	op := Op(doc.get("TxnType"))
	if !slices.Contains(pxPostOps, op) {
		op = opOther
	}
	c := s.begin(op, Entry{
		User: doc.get("PostUsername"), TxnID: doc.get("TxnId"), TxnType: doc.get("TxnType"), Amount: doc.get("Amount"),
		Currency: doc.get("InputCurrency"), Reference: doc.get("MerchantReference"), Original: doc.get("DpsTxnRef"),
		Ignored: doc.unknown(pxPostLimits),
	})
	defer s.leave()
	if !s.enter() {
		c.drop()
		replace(w, Fault{Kind: HTTPStatus})
		return
	}
	c.run(w, func() reply { return c.post(doc) })
}

func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inPxPost++
	return s.opt.Limit == 0 || s.inPxPost <= s.opt.Limit
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inPxPost--
}

// post does what a Txn asks, once the credentials are good.
func (c *call) post(doc document) reply {
	account, wrong := c.postAccount(doc)
	if wrong != nil {
		return *wrong
	}
	switch c.op {
	case OpStatus:
		return c.status(account, doc)
	case OpVoid:
		return c.void(account, doc)
	}
	a, code := c.checkPost(account, doc)
	if code == "" {
		var first *reply
		if first, code = c.repeated(account, doc.get("TxnId")); first != nil {
			return *first
		}
	}
	if code != "" {
		return c.refuse(doc, code)
	}
	t := &txn{
		account: account, typ: doc.get("TxnType"), id: doc.get("TxnId"), reference: doc.get("MerchantReference"),
		amount: a, currency: doc.get("InputCurrency"), billingID: doc.get("BillingId"),
	}
	switch c.op {
	case OpRefund, OpComplete:
		return c.follow(t, doc)
	}
	return c.charge(t, doc)
}

// postAccount answers wrong credentials in the two ways that were seen.
func (c *call) postAccount(doc document) (*Account, *reply) {
	for i := range c.s.opt.Accounts {
		a := &c.s.opt.Accounts[i]
		if a.PostUser == "" || a.PostUser != doc.get("PostUsername") {
			continue
		}
		if a.PostPassword != doc.get("PostPassword") || c.has(CredentialsU5) {
			c.entry.Outcome, c.entry.ReCo = Refused, "U5"
			v := refusedValues(c.s.now(), doc, "U5")
			v["AcquirerReCo"], v["TxnRef"], v["MerchantReference"] = "D5", "", ""
			v["AcquirerId"], v["GroupAccount"] = "0", "-1"
			out := c.txnReply(v, false)
			return nil, &out
		}
		if c.has(CredentialsAG) {
			break
		}
		return a, nil
	}
	c.entry.Outcome, c.entry.ReCo = Refused, "AG"
	out := xmlReply([]byte("<Txn><ReCo>0</ReCo><ResponseText>Invalid Credentials</ResponseText>" +
		"<CardHolderHelpText>The transaction was Declined (AG)</CardHolderHelpText></Txn>"))
	return nil, &out
}

// checkPost gives the amount, or the code of the refusal.
func (c *call) checkPost(account *Account, doc document) (amount, string) {
	currency, zero := doc.get("InputCurrency"), false
	a, ok := parseAmount(doc.get("Amount"), currencies[currency].digits)
	if c.op == OpValidate {
		zero = a.minor == 0
		ok = ok && (zero || a.minor == a.unit())
	}
	switch {
	case c.op == opOther:
		return a, "QG"
	case c.op == OpRefund && account.NoRefunds:
		return a, "QG"
	case !doc.ascii():
		return a, "NO"
	case doc.tooLong(pxPostLimits) != "", !flag(doc.get("EnableAddBillCard")):
		return a, "IP"
	case !slices.Contains(recurringModes, strings.ToLower(doc.get("RecurringMode"))):
		return a, "IP"
	case !account.takes(currency):
		return a, "Q8"
	case !ok || a.minor == 0 && !zero:
		return a, "Q4"
	case a.tooLarge():
		return a, "Z3"
	}
	return a, ""
}

// repeated is about a TxnId that the account has used: the first answer once
// more, or the code of a refusal, or neither.
func (c *call) repeated(account *Account, txnID string) (*reply, string) {
	key := txnKey{account, txnID}
	if !c.s.used[key] || c.s.opt.Repeat == RepeatCharged {
		return nil, ""
	}
	if list := c.s.txns[key]; len(list) > 0 && c.s.opt.Repeat == RepeatOriginal {
		first := list[0]
		c.entry.Outcome, c.entry.ReCo, c.entry.DpsTxnRef = first.outcome(), first.ReCo, first.ref
		out := c.txnReply(first.values(c.s), first.stored)
		return &out, ""
	}
	return nil, "W4"
}

// refuse answers a request that became no transaction.
func (c *call) refuse(doc document, code string) reply {
	c.entry.Outcome, c.entry.ReCo = Refused, code
	return c.txnReply(refusedValues(c.s.now(), doc, code), false)
}

// authLife is how long an Auth can be completed.
const authLife = 7 * 24 * time.Hour
