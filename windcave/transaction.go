package windcave

import (
	"encoding/xml"
	"slices"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// Transaction is a PxPost reply: <Txn> with a summary and mostly, not always, a
// <Transaction>. A name may stand in both: then both count, and must agree where the outcome
// hangs on it. Values are as the gateway wrote them, without the blanks around them.
type Transaction struct {
	// Flags, "1" or "0".
	Success, Authorized, StatusRequired string

	Retry      string // "1": transient, may be tried again
	AllowRetry string // seen on approvals and declines alike: means little

	TxnRef            string // our TxnId
	DpsTxnRef         string // the gateway's own name of the transaction
	TransactionID     string // the last 8 of it
	TxnType           string // of a hosted payment: that of the original
	Amount            string
	InputCurrencyName string
	CurrencyName      string // of the account
	CurrencyRate      string
	MerchantReference string

	ReCo, ResponseText, HelpText       string
	AcquirerReCo, AcquirerResponseText string
	AuthCode                           string

	CardHolderResponseText, CardHolderHelpText, CardHolderResponseDescription string // fit to show
	MerchantResponseText, MerchantHelpText                                    string // not for the buyer

	CardName       string
	CardNumber     string // masked, 411111........11
	DateExpiry     string // MMYY
	CardHolderName secret.Secret
	CardNumber2    secret.Secret // another kind of token for the saved card
	BillingID      string

	DateSettlement                     string // yyyymmdd; 19800101 means none
	RxDate, RxDateLocal, LocalTimeZone string // yyyymmddhhmmss, UTC and local
	TestMode, Cvc2ResultCode           string

	// Conflicting names the elements that the outcome hangs on and that came more than once
	// with different values. Such an answer is never approved, nor declined.
	Conflicting []string

	dpsBillingID secret.Secret // may be there on a decline: SavedCard gives it out
}

// detail are the fields written inside <Transaction>.
func (t *Transaction) detail() []field {
	return []field{
		{name: "Authorized", text: &t.Authorized, decides: true},
		{name: "RxDate", text: &t.RxDate},
		{name: "RxDateLocal", text: &t.RxDateLocal},
		{name: "LocalTimeZone", text: &t.LocalTimeZone},
		{name: "MerchantReference", text: &t.MerchantReference, decides: true},
		{name: "CardName", text: &t.CardName},
		{name: "Retry", text: &t.Retry},
		{name: "StatusRequired", text: &t.StatusRequired, decides: true},
		{name: "AuthCode", text: &t.AuthCode},
		{name: "Amount", text: &t.Amount, decides: true},
		{name: "InputCurrencyName", text: &t.InputCurrencyName, decides: true},
		{name: "CurrencyRate", text: &t.CurrencyRate},
		{name: "CurrencyName", text: &t.CurrencyName},
		{name: "CardHolderName", sealed: &t.CardHolderName},
		{name: "DateSettlement", text: &t.DateSettlement},
		{name: "TxnType", text: &t.TxnType, decides: true},
		{name: "CardNumber", text: &t.CardNumber},
		{name: "DateExpiry", text: &t.DateExpiry},
		{name: "AcquirerReCo", text: &t.AcquirerReCo},
		{name: "AcquirerResponseText", text: &t.AcquirerResponseText},
		{name: "TestMode", text: &t.TestMode},
		{name: "CardHolderResponseText", text: &t.CardHolderResponseText},
		{name: "CardHolderHelpText", text: &t.CardHolderHelpText},
		{name: "CardHolderResponseDescription", text: &t.CardHolderResponseDescription},
		{name: "MerchantResponseText", text: &t.MerchantResponseText},
		{name: "MerchantHelpText", text: &t.MerchantHelpText},
		{name: "Cvc2ResultCode", text: &t.Cvc2ResultCode},
		{name: "AllowRetry", text: &t.AllowRetry},
		{name: "DpsBillingId", sealed: &t.dpsBillingID, single: true},
		{name: "BillingId", text: &t.BillingID},
		{name: "CardNumber2", sealed: &t.CardNumber2},
		{name: "TransactionId", text: &t.TransactionID},
	}
}

// summary are the fields written beside <Transaction>.
func (t *Transaction) summary() []field {
	return []field{
		{name: "ReCo", text: &t.ReCo, decides: true},
		{name: "ResponseText", text: &t.ResponseText},
		{name: "HelpText", text: &t.HelpText},
		{name: "Success", text: &t.Success, decides: true},
		{name: "DpsTxnRef", text: &t.DpsTxnRef, decides: true},
		{name: "TxnRef", text: &t.TxnRef, decides: true},
	}
}

func (t *Transaction) encode() ([]byte, error) {
	root := compose("Txn", t.summary())
	inner := compose("Transaction", t.detail(),
		attribute("success", t.Success), attribute("reco", t.ReCo), attribute("responseText", t.ResponseText))
	if len(inner.children) > 0 {
		root.children = slices.Insert(root.children, 0, inner)
	}
	return xml.Marshal(root)
}

func decodeTransaction(data []byte) (*Transaction, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(root.name, "Txn") {
		return nil, errRoot
	}
	t := new(Transaction)
	inner := root.child("Transaction")
	t.Conflicting = read(append(t.detail(), t.summary()...), root, inner)
	t.CardNumber = maskCard(t.CardNumber)
	t.readAttributes(inner)
	return t, nil
}

// readAttributes takes the attributes of <Transaction> as witnesses: they may contradict the
// Success element but not stand in for it, while they may supply texts.
func (t *Transaction) readAttributes(inner *element) {
	if v, conflict := inner.attr("success"); conflict || v != "" && v != t.Success {
		t.addConflict("Success")
	}
	v, conflict := inner.attr("reco")
	if conflict || v != "" && t.ReCo != "" && v != t.ReCo {
		t.addConflict("ReCo")
	}
	if t.ReCo == "" {
		t.ReCo = v
	}
	if v, _ := inner.attr("responseText"); t.ResponseText == "" {
		t.ResponseText = v
	}
}

func (t *Transaction) addConflict(name string) {
	if !slices.Contains(t.Conflicting, name) {
		t.Conflicting = append(t.Conflicting, name)
	}
}
