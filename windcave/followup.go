package windcave

import (
	"errors"

	"github.com/bojanz/currency"
)

// RefundRequest asks for money to be given back, in whole or in part, to the card it came
// from.
type RefundRequest struct {
	// DpsTxnRef of the Purchase or Complete: Verdict.DpsTxnRef of its approval.
	DpsTxnRef string

	// Amount to give back, as in GenerateRequest. Refunds of one transaction may not add up
	// to more than it: the gateway's check, but better made before as well.
	Amount currency.Amount

	// TxnID names the refund, not the original: 16 ASCII capitals and digits, used for
	// nothing else in the account. Keep it before the call: Status is asked by it.
	TxnID string

	// MerchantReference shows in Windcave's reports; ASCII, 64 characters, not empty.
	MerchantReference string
}

// Sent returns the request with its text as it goes on the wire. Keep it for Expect.
func (r RefundRequest) Sent() RefundRequest {
	r.MerchantReference = ascii(r.MerchantReference, 64)
	return r
}

func (r RefundRequest) document() (*postRequest, error) { return followUp(r).document(Refund) }
func (r RefundRequest) expect() Expect                  { return followUp(r).expect(Refund) }

// CompleteRequest asks for the money that an Auth holds, in whole or in part, within its
// seven days.
type CompleteRequest struct {
	// DpsTxnRef of the Auth: Verdict.DpsTxnRef of its approval.
	DpsTxnRef string

	// Amount to take, as in GenerateRequest.
	Amount currency.Amount

	// TxnID names the Complete, not the Auth: 16 ASCII capitals and digits, used for nothing
	// else in the account. Keep it before the call: Status is asked by it.
	TxnID string

	// MerchantReference shows in Windcave's reports; ASCII, 64 characters, not empty.
	MerchantReference string
}

// Sent returns the request with its text as it goes on the wire. Keep it for Expect.
func (c CompleteRequest) Sent() CompleteRequest {
	c.MerchantReference = ascii(c.MerchantReference, 64)
	return c
}

func (c CompleteRequest) document() (*postRequest, error) { return followUp(c).document(Complete) }
func (c CompleteRequest) expect() Expect                  { return followUp(c).expect(Complete) }

// followUp is what Refund and Complete have in common on the wire. They are two types for
// the caller, since one gives money and the other takes it.
type followUp struct {
	DpsTxnRef         string
	Amount            currency.Amount
	TxnID             string
	MerchantReference string
}

var (
	errTxnRef    = errors.New("DpsTxnRef: 1 to 16 ASCII letters and digits are needed")
	errReference = errors.New("MerchantReference: no ASCII character is left of it, and one is needed")
)

// document wants a reference: of a request without one it is not known whether the answer
// repeats the original's.
func (f followUp) document(kind TxnType) (*postRequest, error) {
	amount, err := formatAmount(f.Amount)
	switch {
	case err != nil:
		return nil, err
	case !txnIDForm.MatchString(f.DpsTxnRef):
		return nil, errTxnRef
	case !ownIDForm.MatchString(f.TxnID):
		return nil, errOwnID
	case f.MerchantReference == "":
		return nil, errReference
	}
	return &postRequest{
		txnType: string(kind), amount: amount, currency: f.Amount.CurrencyCode(), dpsTxnRef: f.DpsTxnRef,
		txnID: f.TxnID, reference: f.MerchantReference,
	}, nil
}

func (f followUp) expect(kind TxnType) Expect {
	return Expect{TxnType: kind, TxnID: f.TxnID, MerchantReference: f.MerchantReference, Amount: f.Amount}
}

// VoidRequest asks for a transaction to be taken back. Only DpsTxnRef is sent: a Void has no
// TxnId, so Status cannot be asked about it.
type VoidRequest struct {
	// DpsTxnRef of the original: Verdict.DpsTxnRef of its approval.
	DpsTxnRef string

	// TxnID and Amount are those of the original. They are not sent, but an answer that
	// names others is about something else.
	TxnID  string
	Amount currency.Amount
}

func (v VoidRequest) document() (*postRequest, error) {
	_, err := formatAmount(v.Amount)
	switch {
	case err != nil:
		return nil, err
	case !txnIDForm.MatchString(v.DpsTxnRef):
		return nil, errTxnRef
	case !txnIDForm.MatchString(v.TxnID):
		return nil, errTxnID
	}
	return &postRequest{txnType: string(Void), dpsTxnRef: v.DpsTxnRef}, nil
}

func (v VoidRequest) expect() Expect {
	return Expect{TxnType: Void, TxnID: v.TxnID, Amount: v.Amount}
}
