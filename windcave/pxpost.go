package windcave

import (
	"context"
)

// PxPost is a client of PxPost, server to server. Its credentials are another pair than
// those of PxPay. It may be used by many goroutines.
//
// Purchase, Auth, Complete, Refund and Void move money, and are sent once, whatever happens.
// Each returns the answer and what it means for what was sent. The outcome is Approved,
// Declined, Failed or Unknown. With an error there is no answer, and the Verdict is the zero
// one: an Error whose MaySent is true leaves the outcome unknown; with any other the money
// surely did not move.
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

// Purchase charges a saved card. While the outcome is unknown, ask Status for the TxnId, and
// charge nothing anew: the money may have moved.
func (p *PxPost) Purchase(ctx context.Context, c ChargeRequest) (*Transaction, Verdict, error) {
	c = c.Sent()
	document, err := c.document(Purchase)
	return p.move(ctx, purchase, document, err, c.expect(Purchase))
}

// Auth holds money on a saved card for seven days, for a Complete to take or a Void to let
// go. While the outcome is unknown, ask Status for the TxnId.
func (p *PxPost) Auth(ctx context.Context, c ChargeRequest) (*Transaction, Verdict, error) {
	c = c.Sent()
	document, err := c.document(Auth)
	return p.move(ctx, hold, document, err, c.expect(Auth))
}

// Complete takes what an Auth holds. While the outcome is unknown, ask Status for the TxnId
// of the Complete.
func (p *PxPost) Complete(ctx context.Context, c CompleteRequest) (*Transaction, Verdict, error) {
	c = c.Sent()
	document, err := c.document()
	return p.move(ctx, complete, document, err, c.expect())
}

// Refund gives back money of a Purchase or a Complete; refunds must be enabled on the
// account. While the outcome is unknown, ask Status for the TxnId of the refund, and refund
// nothing anew.
func (p *PxPost) Refund(ctx context.Context, r RefundRequest) (*Transaction, Verdict, error) {
	r = r.Sent()
	document, err := r.document()
	return p.move(ctx, refund, document, err, r.expect())
}

// Void takes a transaction back; voids may not be enabled on the account. It carries no
// TxnId: while its outcome is unknown nobody can be asked, and it must not be followed by a
// Refund, for the money might be given back twice. An Auth that was not voided lapses by
// itself after seven days.
func (p *PxPost) Void(ctx context.Context, v VoidRequest) (*Transaction, Verdict, error) {
	document, err := v.document()
	return p.move(ctx, void, document, err, v.expect())
}

// move sends what moves money, if its request was good, and judges the answer.
func (p *PxPost) move(ctx context.Context, op operation, document *postRequest, bad error, want Expect) (*Transaction, Verdict, error) {
	if bad != nil {
		return nil, Verdict{}, inputError(op.name, bad)
	}
	t, err := p.ask(ctx, op, document)
	if err != nil {
		return nil, Verdict{}, err
	}
	return t, t.judgeMoved(want), nil
}

// Status asks what became of a TxnId, 1 to 16 ASCII letters and digits. An answer that was
// understood is no error, whatever it says: Transaction.Judge tells.
func (p *PxPost) Status(ctx context.Context, txnID string) (*Transaction, error) {
	if !txnIDForm.MatchString(txnID) {
		return nil, inputError(OpStatus, errTxnID)
	}
	return p.ask(ctx, status, &postRequest{txnType: "Status", txnID: txnID})
}

// ask sends a document under the client's credentials and reads the answer.
func (p *PxPost) ask(ctx context.Context, op operation, document *postRequest) (*Transaction, error) {
	document.user, document.password = p.cred.user, p.cred.key
	body, err := document.encode()
	if err != nil {
		return nil, inputError(op.name, err)
	}
	a, err := p.call(ctx, op, body)
	if err != nil {
		return nil, err
	}
	t, err := decodeTransaction(a.body)
	if err != nil {
		return nil, noAnswer(op.name, a.status, err)
	}
	if m, _ := meaningOf(t.code()); a.refusesOnly() && m.class != ClassConfig {
		return nil, noAnswer(op.name, a.status, errStatus)
	}
	return t, nil
}
