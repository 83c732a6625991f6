package windcave

import (
	"encoding/xml"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// postRequest is the PxPost document <Txn>, as it stands on the wire: of whatever operation,
// for each sends the elements it needs and no others. There is no element for card data.
type postRequest struct {
	user     string
	password secret.Secret

	txnType, amount, currency, txnID, reference string
	txnData1, txnData2, txnData3, recurringMode string

	dpsBillingID secret.Secret // the saved card to charge
	dpsTxnRef    string        // the earlier transaction that is completed, given back or voided
}

func (p *postRequest) fields() []field {
	return []field{
		{name: "PostUsername", text: &p.user},
		{name: "PostPassword", sealed: &p.password},
		{name: "TxnType", text: &p.txnType},
		{name: "Amount", text: &p.amount},
		{name: "InputCurrency", text: &p.currency},
		{name: "DpsBillingId", sealed: &p.dpsBillingID},
		{name: "DpsTxnRef", text: &p.dpsTxnRef},
		{name: "TxnId", text: &p.txnID},
		{name: "MerchantReference", text: &p.reference},
		{name: "TxnData1", text: &p.txnData1},
		{name: "TxnData2", text: &p.txnData2},
		{name: "TxnData3", text: &p.txnData3},
		{name: "RecurringMode", text: &p.recurringMode},
	}
}

func (p *postRequest) encode() ([]byte, error) {
	return xml.Marshal(compose("Txn", p.fields()))
}

func decodePostRequest(data []byte) (*postRequest, error) {
	p := new(postRequest)
	if err := decodeAs("Txn", data, p.fields()); err != nil {
		return nil, err
	}
	return p, nil
}
