package windcavetest

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// pxPayLimits are the longest values of the elements; zero is no limit.
var pxPayLimits = map[string]int{
	"PxPayUserId": 32, "PxPayKey": 0, "TxnType": 8, "AmountInput": 13, "CurrencyInput": 4,
	"MerchantReference": 64, "TxnData1": 255, "TxnData2": 255, "TxnData3": 255, "EmailAddress": 255,
	"TxnId": 16, "BillingId": 32, "DpsBillingId": 16, "EnableAddBillCard": 1, "RecurringMode": 0,
	"UrlSuccess": 255, "UrlFail": 255, "UrlCallback": 255, "Opt": 64, "ClientType": 0,
	"ForcePaymentMethod": 0, "DebtRepaymentIndicator": 1, "InstallmentNumber": 0, "InstallmentCount": 0,
	"PhoneNumber": 10, "AccountInfo": 128, "ClientVersion": 64, "Response": 0,
}

// recurringModes are the stored-credential indicators.
var recurringModes = []string{
	"", "recurringinitial", "installmentinitial", "credentialonfileinitial", "unscheduledcredentialonfileinitial",
	"credentialonfile", "unscheduledcredentialonfile", "incremental", "installment", "recurring",
	"recurringnoexpiry", "resubmission", "reauthorisation", "delayedcharges", "noshow",
}

// refusal of a request: a code, or with no code the text that stands in URI.
type refusal struct{ reco, text string }

func (f refusal) body() []byte {
	if f.reco == "" {
		return []byte(`<Request valid="0"><URI>` + escaped(f.text) + `</URI></Request>`)
	}
	return []byte(`<Request valid="1"><Reco>` + f.reco + `</Reco><ResponseText>` + escaped(f.text) + `</ResponseText></Request>`)
}

func (s *Server) servePxPay(w http.ResponseWriter, r *http.Request) {
	doc, ok := readPost(w, r)
	if !ok {
		return
	}
	host := "http://" + r.Host
	if r.TLS != nil {
		host = "https://" + r.Host
	}
	e := Entry{User: doc.get("PxPayUserId"), Ignored: doc.unknown(pxPayLimits)}
	switch {
	case doc.root == "GenerateRequest":
		e.TxnID, e.TxnType, e.Amount = doc.get("TxnId"), doc.get("TxnType"), doc.get("AmountInput")
		e.Currency, e.Reference = doc.get("CurrencyInput"), doc.get("MerchantReference")
		c := s.begin(OpGenerate, e)
		c.run(w, func() reply { return c.generate(doc, host) })
	case doc.root == "ProcessResponse":
		s.describe(&e, doc.get("Response"))
		c := s.begin(OpProcess, e)
		c.run(w, func() reply { return c.process(doc) })
	default:
		write(w, notAcceptable)
	}
}

// readPost answers by itself when there is no document.
func readPost(w http.ResponseWriter, r *http.Request) (document, bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "post only", http.StatusMethodNotAllowed)
		return document{}, false
	}
	doc, err := readRequest(r)
	if errors.Is(err, errNotAcceptable) {
		write(w, notAcceptable)
	} else if err != nil {
		panic(http.ErrAbortHandler)
	}
	return doc, err == nil
}

// generate makes a page or refuses.
func (c *call) generate(doc document, host string) reply {
	s := c.s
	account, no := c.pxPayAccount(doc)
	if no == nil {
		no = c.checkRequest(doc, account)
	}
	if no != nil {
		c.entry.Outcome, c.entry.ReCo = Refused, no.reco
		return xmlReply(no.body())
	}
	p := s.newPage(account, doc, c.entry.At)
	p.outlives = c.has(PageOutlives)
	c.entry.Outcome = Offered
	if s.base != "" {
		host = s.base
	}
	p.url = host + s.pageRoot + "/" + p.token
	if account.OldPages {
		p.url = host + oldPagePath + "?userid=" + url.QueryEscape(account.PxPayUser) + "&request=" + p.token
	}
	return xmlReply([]byte(`<Request valid="1"><URI>` + escaped(p.url) + `</URI></Request>`))
}

func (c *call) pxPayAccount(doc document) (*Account, *refusal) {
	user, key := doc.get("PxPayUserId"), doc.get("PxPayKey")
	switch {
	case c.has(CredentialsU5, CredentialsAG):
		return nil, &refusal{"", "Invalid Key"}
	case user == "":
		return nil, &refusal{"IN", "Blank PxPayUserId"}
	case len(user) > pxPayLimits["PxPayUserId"]:
		return nil, &refusal{"IM", "Invalid PxPayUserId"}
	case len(key) != 64:
		return nil, &refusal{"NT", "Key length is not 64"}
	}
	for i := range c.s.opt.Accounts {
		a := &c.s.opt.Accounts[i]
		switch {
		case a.PxPayUser != user:
		case a.PxPayKey != key:
			return nil, &refusal{"", "Invalid Key"}
		case a.NotEnabled:
			return nil, &refusal{"NQ", "User not enabled for PxPay 2"}
		default:
			return a, nil
		}
	}
	return nil, &refusal{"IP", "Check User Access Error:"}
}

// checkRequest looks at all but the credentials.
func (c *call) checkRequest(doc document, account *Account) *refusal {
	ordered, decline := c.fault(Decline)
	switch typ := doc.get("TxnType"); {
	case decline:
		return &refusal{ordered.value("IP"), "Invalid Access Info"}
	case !doc.ascii():
		return &refusal{"NO", "Non ASCII character"}
	case typ != "Purchase" && typ != "Auth":
		return &refusal{"", "Invalid TxnType"}
	case !account.takes(doc.get("CurrencyInput")):
		return &refusal{"IT", "Invalid Currency"}
	}
	a, ok := parseAmount(doc.get("AmountInput"), currencies[doc.get("CurrencyInput")].digits)
	switch {
	case !ok || a.minor == 0 || a.tooLarge():
		return &refusal{"IU", "Amount Format Fail"}
	case !goodURL(doc.get("UrlSuccess")):
		return &refusal{"IK", "Invalid UrlSuccess"}
	case !goodURL(doc.get("UrlFail")):
		return &refusal{"IL", "Invalid UrlFail"}
	case badParameter(doc) != "":
		return &refusal{"IP", "Invalid parameter: " + badParameter(doc)}
	case doc.get("TxnId") != "" && c.s.used[txnKey{account, doc.get("TxnId")}]:
		return &refusal{"W4", "TxnId/TxnRef duplicate"}
	}
	return nil
}

// badParameter names an element that has no code of its own, or nothing.
func badParameter(doc document) string {
	_, good := closingTime(doc.get("Opt"))
	switch {
	case doc.tooLong(pxPayLimits) != "":
		return doc.tooLong(pxPayLimits)
	case doc.get("UrlCallback") != "" && !absolute(doc.get("UrlCallback")):
		return "UrlCallback"
	case !flag(doc.get("EnableAddBillCard")):
		return "EnableAddBillCard"
	case !slices.Contains(recurringModes, doc.get("RecurringMode")):
		return "RecurringMode"
	case !good:
		return "Opt"
	}
	return ""
}

func flag(text string) bool { return text == "" || text == "0" || text == "1" }

func absolute(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Fragment == ""
}

// goodURL has no query: the host's own code table calls one an error.
func goodURL(text string) bool {
	return len(text) <= pxPayLimits["UrlSuccess"] && absolute(text) && !strings.Contains(text, "?")
}

// closingTime reads TO=yymmddHHmm, in UTC, out of Opt; zero when there is none.
func closingTime(opt string) (time.Time, bool) {
	value, has := strings.CutPrefix(opt, "TO=")
	if !has {
		return time.Time{}, true
	}
	t, err := time.Parse("0601021504", value)
	return t, err == nil
}
