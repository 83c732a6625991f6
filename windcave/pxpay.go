package windcave

import (
	"context"
	"errors"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// keyLength of a PxPay key; the gateway refuses any other.
const keyLength = 64

// PxPay is a client of PxPay 2.0, the hosted page. It may be used by many goroutines.
type PxPay struct {
	*caller
	cred Credentials
}

// NewPxPay makes a client for one PxPay user and its key of 64 characters.
func NewPxPay(cfg Config, cred Credentials) (*PxPay, error) {
	c, err := newCaller(cfg, cred)
	if err != nil {
		return nil, err
	}
	if key := cred.key.Reveal(); len(key) != keyLength || !visible(key, keyLength) {
		return nil, inputError(OpConfig, errors.New("PxPay key: exactly 64 characters are needed"))
	}
	return &PxPay{caller: c, cred: cred}, nil
}

// GenerateRequest has a hosted page made. It is never repeated: after an error whose MaySent
// is true a page may exist, and the same TxnId would be refused. Start anew with a new one.
func (p *PxPay) GenerateRequest(ctx context.Context, g GenerateRequest) (HostedPage, error) {
	document, err := g.Sent().document(p.cred, p.now())
	if err != nil {
		return HostedPage{}, inputError(OpGenerateRequest, err)
	}
	body, err := document.encode()
	if err != nil {
		return HostedPage{}, inputError(OpGenerateRequest, err)
	}
	a, err := p.call(ctx, generateRequest, body)
	if err != nil {
		return HostedPage{}, err
	}
	reply, err := decodePageReply(a.body)
	if err != nil {
		return HostedPage{}, noAnswer(OpGenerateRequest, a.status, err)
	}
	return p.page(reply, a)
}

// page takes a page only from a reply that is valid, has an address to follow and no code.
func (p *PxPay) page(r *pageReply, a answer) (HostedPage, error) {
	switch {
	case len(r.conflicting) > 0:
		return HostedPage{}, noAnswer(OpGenerateRequest, a.status, errConflict)
	case r.valid == "0", r.valid == "1" && r.code != "":
		return HostedPage{}, refusal(OpGenerateRequest, a.status, r.code, r.reason(), KeyRefused)
	case r.valid != "1":
		return HostedPage{}, noAnswer(OpGenerateRequest, a.status, errNoVerdict)
	case r.uri == "":
		return HostedPage{}, refusal(OpGenerateRequest, a.status, "", r.reason(), KeyPageMissing)
	case a.refusesOnly():
		return HostedPage{}, noAnswer(OpGenerateRequest, a.status, errStatus)
	}
	if err := checkPage(r.uri, p.endpoint); err != nil {
		e := refusal(OpGenerateRequest, a.status, "", r.uri, KeyPageAddress)
		e.Err = err
		return HostedPage{}, e
	}
	return HostedPage{URL: r.uri}, nil
}

// ProcessResponse turns the token of a return or a notification into the Result it stands
// for. A token the gateway cannot read is a refusal with KeyTokenInvalid, which says nothing
// about any payment. The same token may be asked about again.
func (p *PxPay) ProcessResponse(ctx context.Context, token secret.Secret) (*Result, error) {
	if !validToken(token.Reveal()) {
		return nil, inputError(OpProcessResponse, errToken)
	}
	document := resultRequest{user: p.cred.user, key: p.cred.key, token: token}
	body, err := document.encode()
	if err != nil {
		return nil, inputError(OpProcessResponse, err)
	}
	a, err := p.call(ctx, processResponse, body)
	if err != nil {
		return nil, err
	}
	return readProcessed(a)
}

// readProcessed also takes a refusal in the form of an answer to GenerateRequest.
func readProcessed(a answer) (*Result, error) {
	root, err := parse(a.body)
	if err != nil {
		return nil, noAnswer(OpProcessResponse, a.status, err)
	}
	if strings.EqualFold(root.name, "Request") {
		reply, err := readPageReply(root)
		if err == nil && (reply.valid == "0" || reply.code != "") && len(reply.conflicting) == 0 {
			return nil, refusal(OpProcessResponse, a.status, reply.code, reply.reason(), KeyRefused)
		}
	}
	r, err := readResult(root)
	switch {
	case err != nil:
		return nil, noAnswer(OpProcessResponse, a.status, err)
	case r.valid == "0":
		return nil, refusal(OpProcessResponse, a.status, r.ReCo, r.ResponseText, KeyTokenInvalid)
	case r.valid != "1":
		return nil, noAnswer(OpProcessResponse, a.status, errNoVerdict)
	case a.refusesOnly():
		return nil, noAnswer(OpProcessResponse, a.status, errStatus)
	}
	return r, nil
}
