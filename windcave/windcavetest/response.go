package windcavetest

import (
	"bytes"
	"maps"
)

// Elements of a Response in the order of the captures: one for a payment, one for
// a card that is stored, one where there was no transaction.
const (
	layoutPayment = "Success TxnType CurrencyInput MerchantReference TxnData1 TxnData2 TxnData3 AuthCode CardName " +
		"CardHolderName CardNumber DateExpiry ClientInfo TxnId EmailAddress DpsTxnRef BillingId DpsBillingId " +
		"AmountSettlement CurrencySettlement DateSettlement TxnMac ResponseText CardNumber2 IssuerCountryId " +
		"Cvc2ResultCode ReCo"
	layoutSurcharge = "Success TxnType CurrencyInput MerchantReference TxnData1 TxnData2 TxnData3 AuthCode CardName " +
		"CardHolderName CardNumber DateExpiry ClientInfo TxnId EmailAddress DpsTxnRef BillingId DpsBillingId " +
		"AmountSettlement TotalAmount AmountSurcharge SurchargeDpsTxnRef CurrencySettlement DateSettlement TxnMac " +
		"ResponseText CardNumber2 IssuerCountryId Cvc2ResultCode ReCo"
	layoutCard = "AmountSettlement AuthCode CardName CardNumber DateExpiry DpsTxnRef Success ResponseText DpsBillingId " +
		"CardHolderName CurrencySettlement TxnData1 TxnData2 TxnData3 TxnType CurrencyInput MerchantReference " +
		"ClientInfo TxnId EmailAddress BillingId TxnMac CardNumber2 DateSettlement IssuerCountryId Cvc2ResultCode " +
		"ReCo ProductSku ShippingName ShippingAddress ShippingPostalCode ShippingPhoneNumber ShippingMethod " +
		"BillingName BillingPostalCode BillingAddress BillingPhoneNumber PhoneNumber AccountInfo"
	layoutNothing = "Success TxnType CurrencyInput MerchantReference TxnData1 TxnData2 TxnData3 AuthCode CardName " +
		"CardHolderName CardNumber DateExpiry ClientInfo TxnId EmailAddress DpsTxnRef BillingId DpsBillingId " +
		"AmountSettlement CurrencySettlement TxnMac ResponseText CardNumber2 IssuerCountryId Cvc2ResultCode ReCo"
)

// process reads a result token, as often as it is asked.
func (c *call) process(doc document) reply {
	account, no := c.pxPayAccount(doc)
	a := c.s.results[doc.get("Response")]
	switch {
	case no != nil:
		c.entry.Outcome, c.entry.ReCo = Refused, no.reco
		return response("0", layoutNothing, values{"ResponseText": no.text, "ReCo": no.reco})
	case a == nil || a.page.account != account || c.has(NotFound):
		c.entry.Outcome = Unknown
		return response("0", layoutNothing, values{"ResponseText": "Length of the data to decrypt is invalid."})
	case a.txn == nil:
		c.entry.Outcome = Cancelled
		return response("1", layoutNothing, a.cancelled(c.s))
	}
	t := a.txn
	c.entry.Outcome, c.entry.ReCo, c.entry.DpsTxnRef = t.outcome(), t.ReCo, t.ref
	layout := layoutPayment
	if a.page.doc.get("EnableAddBillCard") == "1" {
		layout = layoutCard
	}
	if t.surcharge.minor > 0 {
		layout = layoutSurcharge
	}
	v := a.values(c.s)
	c.alter(v, t)
	if t.noID || c.has(NoTxnID) {
		layout = without(layout, "TxnId")
	}
	return response("1", layout, v)
}

func response(valid, layout string, v values) reply {
	var b bytes.Buffer
	b.WriteString(`<Response valid="` + valid + `">`)
	v.write(&b, layout)
	b.WriteString("</Response>")
	return xmlReply(b.Bytes())
}

// echo has what every Response repeats of the request.
func (a *attempt) echo(s *Server) values {
	v := values{"Success": "0", "ResponseText": "DECLINED", "ClientInfo": a.buyer}
	for _, name := range []string{
		"TxnType", "CurrencyInput", "MerchantReference", "TxnData1", "TxnData2", "TxnData3", "TxnId", "EmailAddress",
		"BillingId", "PhoneNumber", "AccountInfo",
	} {
		v[name] = a.page.doc.get(name)
	}
	v["AmountSettlement"] = s.money(a.page.amount)
	v["CurrencySettlement"] = a.page.currency
	if settle := a.page.account.SettleIn; settle != "" {
		v["CurrencySettlement"] = settle
	}
	return v
}

// cancelled has the mark of the Cancel button where the holder's name stands.
func (a *attempt) cancelled(s *Server) values {
	v := a.echo(s)
	v["CardHolderName"] = "User Cancelled"
	return v
}

func (a *attempt) values(s *Server) values {
	t, v := a.txn, a.echo(s)
	v["CardName"], v["CardNumber"], v["CardHolderName"] = t.card.brand(), t.card.masked(), t.card.Holder
	v["DateExpiry"], v["DpsTxnRef"], v["DpsBillingId"] = t.card.Expiry, t.ref, t.dpsBillingID
	v["DateSettlement"], v["ReCo"], v["IssuerCountryId"] = t.at.Format("20060102"), t.ReCo, "0"
	v["Cvc2ResultCode"] = "NotUsed"
	v["AmountSettlement"] = s.money(t.amount)
	if t.currency != a.page.currency {
		v["CurrencyInput"], v["CurrencySettlement"] = t.currency, t.currency
	}
	if t.Approved {
		v["Success"], v["AuthCode"], v["TxnMac"], v["ResponseText"] = "1", t.authCode, t.card.mac(), t.Text
	}
	if t.surcharge.minor > 0 {
		v["TotalAmount"] = s.money(t.amount.plus(t.surcharge))
		v["AmountSurcharge"], v["SurchargeDpsTxnRef"] = s.money(t.surcharge), t.surchargeRef
	}
	maps.Copy(v, t.shown)
	return v
}
