package windcave

import (
	"context"
)

// PxPost is a client of PxPost, server to server. Its credentials are another pair than
// those of PxPay. It may be used by many goroutines.
type PxPost struct {
	*caller
	cred Credentials
}

// NewPxPost makes a client for one PxPost user and its password.
func NewPxPost(cfg Config, cred Credentials) (*PxPost, error) {
	c, err := newCaller(cfg, cred)
	if err != nil {
		return nil, err
	}
	return &PxPost{caller: c, cred: cred}, nil
}

// Status asks what became of a TxnId, 1 to 16 ASCII letters and digits. An answer that was
// understood is no error, whatever it says: Transaction.Judge tells.
func (p *PxPost) Status(ctx context.Context, txnID string) (*Transaction, error) {
	if !txnIDForm.MatchString(txnID) {
		return nil, inputError(OpStatus, errTxnID)
	}
	document := statusRequest{user: p.cred.user, password: p.cred.key, txnType: "Status", txnID: txnID}
	body, err := document.encode()
	if err != nil {
		return nil, inputError(OpStatus, err)
	}
	a, err := p.call(ctx, status, body)
	if err != nil {
		return nil, err
	}
	t, err := decodeTransaction(a.body)
	if err != nil {
		return nil, noAnswer(OpStatus, a.status, err)
	}
	if m, _ := meaningOf(t.code()); a.refusesOnly() && m.class != ClassConfig {
		return nil, noAnswer(OpStatus, a.status, errStatus)
	}
	return t, nil
}
