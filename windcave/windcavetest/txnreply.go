package windcavetest

import (
	"bytes"
	"maps"
	"strconv"
	"time"
)

// Elements of a Txn in the order of the captures: inside Transaction, then beside it.
const (
	inside2013 = "Authorized ReCo RxDate RxDateLocal LocalTimeZone MerchantReference CardName Retry StatusRequired " +
		"AuthCode AmountBalance Amount CurrencyId InputCurrencyId InputCurrencyName CurrencyRate CurrencyName " +
		"CardHolderName DateSettlement TxnType CardNumber TxnMac DateExpiry ProductId AcquirerDate AcquirerTime " +
		"AcquirerId Acquirer AcquirerReCo AcquirerResponseText TestMode CardId CardHolderResponseText " +
		"CardHolderHelpText CardHolderResponseDescription MerchantResponseText MerchantHelpText " +
		"MerchantResponseDescription UrlFail UrlSuccess EnablePostResponse PxPayName PxPayLogoSrc PxPayUserId " +
		"PxPayXsl PxPayBgColor PxPayOptions Cvc2ResultCode AcquirerPort AcquirerTxnRef GroupAccount DpsTxnRef " +
		"AllowRetry DpsBillingId BillingId TransactionId PxHostId RmReason RmReasonId RiskScore RiskScoreText"
	beside2013 = "ReCo ResponseText HelpText Success DpsTxnRef TxnRef RmReason RmReasonId RiskScore RiskScoreText"
	inside2007 = "Authorized MerchantReference CardName Retry StatusRequired AuthCode Amount CurrencyId " +
		"InputCurrencyId InputCurrencyName CurrencyRate CurrencyName CardHolderName DateSettlement TxnType " +
		"CardNumber DateExpiry ProductId AcquirerDate AcquirerTime AcquirerId Acquirer TestMode CardId " +
		"CardHolderResponseText CardHolderHelpText CardHolderResponseDescription MerchantResponseText " +
		"MerchantHelpText MerchantResponseDescription UrlFail UrlSuccess EnablePostResponse PxPayName PxPayLogoSrc " +
		"PxPayUserId PxPayXsl PxPayBgColor AcquirerPort AcquirerTxnRef GroupAccount DpsTxnRef AllowRetry " +
		"DpsBillingId BillingId TransactionId PxHostId"
	beside2007 = "ReCo ResponseText HelpText Success DpsTxnRef TxnRef"
)

// txnReply renders a Txn. The two years also spell an attribute differently.
func (c *call) txnReply(v values, storedCard bool) reply {
	old := c.s.opt.Layout == Layout2007 || c.s.opt.Layout == LayoutMixed && storedCard
	attribute, within, beside := "responseText", inside2013, beside2013
	if old {
		attribute, within, beside = "responsetext", inside2007, beside2007
	}
	var b bytes.Buffer
	b.WriteString(`<Txn><Transaction success="` + v["Success"] + `" reco="` + escaped(v["ReCo"]) + `" ` +
		attribute + `="` + escaped(v["ResponseText"]) + `"`)
	if !old {
		b.WriteString(` pxTxn="true"`)
	}
	b.WriteString(">")
	v.write(&b, within)
	b.WriteString("</Transaction>")
	v.write(&b, beside)
	b.WriteString("</Txn>")
	return xmlReply(b.Bytes())
}

// plainValues are the same in every Txn.
func plainValues(now time.Time) values {
	stamp := now.Format("20060102150405")
	return values{
		"Success": "0", "Authorized": "0", "Retry": "0", "StatusRequired": "0", "AllowRetry": "0",
		"RxDate": stamp, "RxDateLocal": stamp, "LocalTimeZone": "UTC", "AmountBalance": "0.00", "CurrencyRate": "1.00",
		"DateSettlement": "19800101", "AcquirerId": "9001", "TestMode": "1", "CardId": "0", "EnablePostResponse": "0",
		"AcquirerPort": "-", "AcquirerTxnRef": "0", "GroupAccount": "9997", "TransactionId": "00000000",
		"PxHostId": hostID, "RmReasonId": "0000000000000000", "RiskScore": "-1",
	}
}

func (v values) currency(code string) {
	id := strconv.Itoa(currencies[code].id)
	v["CurrencyId"], v["InputCurrencyId"], v["CurrencyName"], v["InputCurrencyName"] = id, id, code, code
}

func (v values) texts(text, help string) {
	v["ResponseText"], v["CardHolderResponseText"], v["MerchantResponseText"] = text, text, text
	for _, name := range []string{
		"HelpText", "CardHolderHelpText", "CardHolderResponseDescription", "MerchantHelpText", "MerchantResponseDescription",
	} {
		v[name] = help
	}
}

// refusedValues repeat the request; no transaction was made.
func refusedValues(now time.Time, doc document, code string) values {
	v := plainValues(now)
	v.currency(doc.get("InputCurrency"))
	v.texts(declined(code).Text, "The transaction was Declined ("+code+")")
	v["ReCo"], v["AcquirerReCo"] = code, code
	v["Amount"], v["TxnType"] = doc.get("Amount"), doc.get("TxnType")
	v["MerchantReference"], v["TxnRef"] = doc.get("MerchantReference"), doc.get("TxnId")
	v["CardHolderName"], v["DateExpiry"] = doc.get("CardHolderName"), doc.get("DateExpiry")
	if number := doc.get("CardNumber"); number != "" {
		v["CardNumber"] = Card{Number: number}.masked()
	}
	return v
}

// values of a transaction as it stands.
func (t *txn) values(s *Server) values {
	v := plainValues(t.at)
	v.currency(t.currency)
	v["ReCo"], v["AcquirerReCo"] = t.ReCo, t.ReCo
	v.texts(t.Text, "The transaction was Declined ("+t.ReCo+")")
	v["Amount"], v["TxnType"], v["MerchantReference"] = s.money(t.amount), t.typ, t.reference
	v["CardName"], v["CardNumber"], v["CardHolderName"] = t.card.brand(), t.card.masked(), t.card.Holder
	v["DateExpiry"], v["CardId"], v["TxnMac"] = t.card.Expiry, "2", t.card.mac()
	v["DateSettlement"] = t.at.Format("20060102")
	v["AcquirerDate"], v["AcquirerTime"] = t.at.Format("20060102"), t.at.Format("150405")
	v["Acquirer"], v["AllowRetry"], v["AcquirerResponseText"] = "Test", "1", t.Text
	v["AcquirerPort"], v["AcquirerTxnRef"] = "9999999999-99999999", "12859"
	v["DpsTxnRef"], v["TransactionId"], v["TxnRef"] = t.ref, t.ref[len(hostID):], t.id
	v["DpsBillingId"], v["BillingId"] = t.dpsBillingID, t.billingID
	if t.card.CVC != "" {
		v["Cvc2ResultCode"] = "P"
	}
	if t.Retry {
		v["Retry"] = "1"
	}
	if t.Approved {
		v["Success"], v["Authorized"], v["AuthCode"] = "1", "1", t.authCode
		v.texts(t.Text, "The Transaction was approved")
		v["HelpText"] = "Transaction Approved"
	}
	return t.lie(v)
}

// lie shows what was ordered with the call that made the transaction.
func (t *txn) lie(v values) values {
	if t.notAuthorized {
		v["Success"] = "1"
	}
	maps.Copy(v, t.shown)
	return v
}
