package windcave

import (
	"encoding/xml"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// pageRequest is the PxPay document <GenerateRequest>, as it stands on the wire.
type pageRequest struct {
	user string
	key  secret.Secret

	txnType, amount, currency, reference, txnID       string
	txnData1, txnData2, txnData3, email               string
	billingID, enableAddBillCard, recurringMode       string
	urlSuccess, urlFail, urlCallback, opt, clientVers string
}

func (p *pageRequest) fields() []field {
	return []field{
		{name: "PxPayUserId", text: &p.user},
		{name: "PxPayKey", sealed: &p.key},
		{name: "TxnType", text: &p.txnType},
		{name: "AmountInput", text: &p.amount},
		{name: "CurrencyInput", text: &p.currency},
		{name: "MerchantReference", text: &p.reference},
		{name: "TxnId", text: &p.txnID},
		{name: "TxnData1", text: &p.txnData1},
		{name: "TxnData2", text: &p.txnData2},
		{name: "TxnData3", text: &p.txnData3},
		{name: "EmailAddress", text: &p.email},
		{name: "BillingId", text: &p.billingID},
		{name: "EnableAddBillCard", text: &p.enableAddBillCard},
		{name: "RecurringMode", text: &p.recurringMode},
		{name: "UrlSuccess", text: &p.urlSuccess},
		{name: "UrlFail", text: &p.urlFail},
		{name: "UrlCallback", text: &p.urlCallback},
		{name: "Opt", text: &p.opt},
		{name: "ClientVersion", text: &p.clientVers},
	}
}

func (p *pageRequest) encode() ([]byte, error) {
	return xml.Marshal(compose("GenerateRequest", p.fields()))
}

func decodePageRequest(data []byte) (*pageRequest, error) {
	p := new(pageRequest)
	if err := decodeAs("GenerateRequest", data, p.fields()); err != nil {
		return nil, err
	}
	return p, nil
}

// pageReply is the PxPay document <Request>, the answer to GenerateRequest. A refusal may
// come with valid="1", and its reason may stand in the URI.
type pageReply struct {
	valid, uri, code, text string
	conflicting            []string
}

func (p *pageReply) fields() []field {
	return []field{
		{name: "URI", text: &p.uri, decides: true},
		{name: "Reco", text: &p.code, decides: true},
		{name: "ResponseText", text: &p.text},
	}
}

func (p *pageReply) encode() ([]byte, error) {
	return xml.Marshal(compose("Request", p.fields(), attribute("valid", p.valid)))
}

func decodePageReply(data []byte) (*pageReply, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	return readPageReply(root)
}

func readPageReply(root *element) (*pageReply, error) {
	if !strings.EqualFold(root.name, "Request") {
		return nil, errRoot
	}
	p := new(pageReply)
	p.conflicting = read(p.fields(), root)
	valid, conflict := root.attr("valid")
	if p.valid = valid; conflict {
		p.conflicting = append(p.conflicting, "valid")
	}
	return p, nil
}

// reason returns the words of a refusal, wherever they stand.
func (p *pageReply) reason() string {
	if p.text != "" {
		return p.text
	}
	return p.uri
}
