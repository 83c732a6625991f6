package windcave

import (
	"encoding/xml"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// resultRequest is the PxPay document <ProcessResponse>.
type resultRequest struct {
	user       string
	key, token secret.Secret
}

func (r *resultRequest) fields() []field {
	return []field{
		{name: "PxPayUserId", text: &r.user},
		{name: "PxPayKey", sealed: &r.key},
		{name: "Response", sealed: &r.token},
	}
}

func (r *resultRequest) encode() ([]byte, error) {
	return xml.Marshal(compose("ProcessResponse", r.fields()))
}

func decodeResultRequest(data []byte) (*resultRequest, error) {
	r := new(resultRequest)
	if err := decodeAs("ProcessResponse", data, r.fields()); err != nil {
		return nil, err
	}
	return r, nil
}

// Result is what a result token stood for: a PxPay Response with valid="1". All values are
// as the gateway wrote them, without the blanks around them; Judge says what they mean.
type Result struct {
	Success string // "1" or "0"

	// Echoes of the request.
	TxnType, TxnID, MerchantReference, CurrencyInput string
	TxnData1, TxnData2, TxnData3                     string
	EmailAddress, BillingID                          string

	ReCo, ResponseText, AuthCode string
	DpsTxnRef                    string // the gateway's own name of the transaction

	AmountSettlement             string // without a surcharge: what was asked for
	TotalAmount, AmountSurcharge string // only where the page added a surcharge
	SurchargeDpsTxnRef           string
	CurrencySettlement           string // of the account, may differ from CurrencyInput
	DateSettlement               string // yyyymmdd

	CardName       string
	CardNumber     string // masked, 411111........11
	DateExpiry     string // MMYY
	CardHolderName secret.Secret
	CardNumber2    secret.Secret // another kind of token for the saved card

	PaymentMethod  string // empty means card
	Cvc2ResultCode string
	TxnMac         string // fingerprint of the card number; not a signature
	ClientInfo     string // the buyer's address

	// Conflicting names the elements that the outcome hangs on and that came more than once
	// with different values. Such a Result is never approved, nor declined.
	Conflicting []string

	valid        string
	dpsBillingID secret.Secret // may be there on a decline: SavedCard gives it out
}

func (r *Result) fields() []field {
	return []field{
		{name: "Success", text: &r.Success, decides: true},
		{name: "TxnType", text: &r.TxnType, decides: true},
		{name: "CurrencyInput", text: &r.CurrencyInput, decides: true},
		{name: "MerchantReference", text: &r.MerchantReference, decides: true},
		{name: "TxnData1", text: &r.TxnData1},
		{name: "TxnData2", text: &r.TxnData2},
		{name: "TxnData3", text: &r.TxnData3},
		{name: "AuthCode", text: &r.AuthCode},
		{name: "CardName", text: &r.CardName},
		{name: "CardHolderName", sealed: &r.CardHolderName},
		{name: "CardNumber", text: &r.CardNumber},
		{name: "DateExpiry", text: &r.DateExpiry},
		{name: "ClientInfo", text: &r.ClientInfo},
		{name: "TxnId", text: &r.TxnID, decides: true},
		{name: "EmailAddress", text: &r.EmailAddress},
		{name: "DpsTxnRef", text: &r.DpsTxnRef, decides: true},
		{name: "BillingId", text: &r.BillingID},
		{name: "DpsBillingId", sealed: &r.dpsBillingID, single: true},
		{name: "AmountSettlement", text: &r.AmountSettlement, decides: true},
		{name: "TotalAmount", text: &r.TotalAmount},
		{name: "AmountSurcharge", text: &r.AmountSurcharge},
		{name: "SurchargeDpsTxnRef", text: &r.SurchargeDpsTxnRef},
		{name: "CurrencySettlement", text: &r.CurrencySettlement},
		{name: "DateSettlement", text: &r.DateSettlement},
		{name: "TxnMac", text: &r.TxnMac},
		{name: "ResponseText", text: &r.ResponseText},
		{name: "CardNumber2", sealed: &r.CardNumber2},
		{name: "Cvc2ResultCode", text: &r.Cvc2ResultCode},
		{name: "PaymentMethod", text: &r.PaymentMethod},
		{name: "ReCo", text: &r.ReCo, decides: true},
	}
}

func (r *Result) encode() ([]byte, error) {
	return xml.Marshal(compose("Response", r.fields(), attribute("valid", r.valid)))
}

func decodeResult(data []byte) (*Result, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	return readResult(root)
}

func readResult(root *element) (*Result, error) {
	if !strings.EqualFold(root.name, "Response") {
		return nil, errRoot
	}
	r := new(Result)
	r.Conflicting = read(r.fields(), root)
	r.CardNumber = maskCard(r.CardNumber)
	valid, conflict := root.attr("valid")
	if r.valid = valid; conflict {
		r.valid = ""
	}
	return r, nil
}
