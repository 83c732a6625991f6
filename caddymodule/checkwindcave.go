package caddymodule

import (
	"context"
	"errors"
	"fmt"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// What cannot exist: our TxnIds are random, and a result token of Windcave's is never zeros.
const (
	noSuchTxnID = "0000000000000000"
	noSuchToken = "00000000000000000000000000000000"
)

// account is what one partner's payments are made with.
type account struct {
	who string // "" for the default one
	payment.Credentials
}

// accounts are the default one and those of partners that have their own.
func (c *checker) accounts() []account {
	all := []account{{"", c.app.generation.Default.Credentials}}
	for _, id := range c.blocks() {
		if p := c.app.generation.Partners[id]; c.app.Partners[id].PxPay.User != "" {
			all = append(all, account{fmt.Sprintf(" of partner %d", id), p.Credentials})
		}
	}
	return all
}

// checkEndpoint tells tests from the real thing.
func (c *checker) checkEndpoint(context.Context) []finding {
	if isLive(c.app.endpoint) {
		return []finding{good("%s, the live host", c.app.endpoint)}
	}
	return []finding{warned("write endpoint "+defaultEndpoint+", or leave it out, before customers pay", "%s is not the live host: its payments may be tests, and their invoices become paid in Splynx all the same", c.app.endpoint)}
}

// checkPxPay asks about a result token that does not exist; no page is made.
func (c *checker) checkPxPay(ctx context.Context) []finding {
	var found []finding
	for _, a := range c.accounts() {
		found = append(found, c.askPxPay(ctx, a).about("PxPay%s", a.who))
	}
	return found
}

func (c *checker) askPxPay(ctx context.Context, a account) finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	_, err := a.PxPay.ProcessResponse(ctx, secret.New(noSuchToken))
	failed, ok := errors.AsType[*windcave.Error](err)
	switch {
	case !ok:
		return warned("look at the address of Windcave", "%s answers to a token that does not exist", a.Endpoint)
	case failed.Kind == windcave.KindRefused && failed.Class == windcave.ClassConfig:
		return wrong("compare pxpay with what Windcave gave you, and ask Windcave whether the user may use PxPay 2.0 on this host", "Windcave does not take user %s with this key: %s", a.PxPayUser, saidBy(failed))
	case failed.Kind == windcave.KindRefused && failed.Key == windcave.KeyTokenInvalid:
		// Whether Windcave looks at the key before the token is not documented.
		return good("%s answers user %s and has nothing against the key; the first payment proves it", a.Endpoint, a.PxPayUser)
	case failed.Kind == windcave.KindRefused:
		return warned("ask Windcave", "%s refuses user %s: %s", a.Endpoint, a.PxPayUser, saidBy(failed))
	}
	return silent(a.Endpoint, failed)
}

// checkPxPost asks for the Status of a payment that does not exist.
func (c *checker) checkPxPost(ctx context.Context) []finding {
	var found []finding
	for _, a := range c.accounts() {
		f := warned("ask Windcave for a PxPost user, and write pxpost USER PASSWORD",
			"not configured. A payment whose page neither the payer nor a notification came back from cannot be asked about. It stays unknown here, paid or not")
		if a.PxPost != nil {
			f = c.askPxPost(ctx, a)
		}
		found = append(found, f.about("PxPost%s", a.who))
	}
	return found
}

func (c *checker) askPxPost(ctx context.Context, a account) finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	answer, err := a.PxPost.Status(ctx, noSuchTxnID)
	if failed, ok := errors.AsType[*windcave.Error](err); ok {
		if failed.Kind == windcave.KindRefused {
			return wrong("compare pxpost with what Windcave gave you", "Windcave refuses user %s: %s", a.PxPostUser, saidBy(failed))
		}
		return silent(a.Endpoint, failed)
	}
	switch v := answer.Judge(windcave.Expect{TxnID: noSuchTxnID}); {
	case v.Class == windcave.ClassConfig:
		return wrong("compare pxpost with what Windcave gave you: it is another pair than pxpay's", "Windcave does not take user %s with this password (code %s)", a.PxPostUser, v.Code)
	case v.NotFound:
		return good("%s takes user %s and its password", a.Endpoint, a.PxPostUser)
	default:
		return warned("ask Windcave", "%s says neither that it knows user %s nor that it does not (code %q)", a.Endpoint, a.PxPostUser, v.Code)
	}
}

// silent is for a Windcave that was not reached, or not understood.
func silent(endpoint string, failed *windcave.Error) finding {
	if failed.Kind == windcave.KindNotSent {
		what, do := noWay(failed, hostOf(endpoint))
		return wrong(do, "%s cannot be reached: %s", endpoint, what)
	}
	if failed.HTTPStatus == 0 {
		return wrong("look whether a firewall or proxy stands between, and run it again", "%s gives no answer: %s", endpoint, wordOf(failed))
	}
	return wrong("correct endpoint; if it is right, look for a proxy between", "%s answers, but not as Windcave does (HTTP %d): %s", endpoint, failed.HTTPStatus, wordOf(failed))
}

func saidBy(failed *windcave.Error) string {
	switch {
	case failed.Reason != "" && failed.Code != "":
		return fmt.Sprintf("%s (code %s)", failed.Reason, failed.Code)
	case failed.Reason != "":
		return failed.Reason
	case failed.Code != "":
		return "code " + failed.Code
	}
	return "no reason given"
}
