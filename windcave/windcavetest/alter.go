package windcavetest

import (
	"maps"
	"slices"
	"strings"
)

// alter changes one answer to a call that reads. The names of both documents are
// set; a layout shows its own.
func (c *call) alter(v values, t *txn) {
	for _, o := range c.orders {
		maps.Copy(v, o.fault.overlay())
		switch f := o.fault; f.Kind {
		case OtherAmount:
			other := c.s.money(otherAmount(t.amount, f.Value))
			v["AmountSettlement"], v["Amount"] = other, other
		case OtherCurrency:
			for _, name := range []string{"CurrencyInput", "CurrencySettlement", "InputCurrencyName", "CurrencyName"} {
				v[name] = f.value("XPF")
			}
		case NotAuthorized:
			if _, has := v["Authorized"]; has { // PxPay has no such element
				v["Success"], v["Authorized"] = "1", "0"
			}
		case Decline:
			no := declined(f.value("51"))
			v["Success"], v["Authorized"], v["ReCo"], v["ResponseText"] = "0", "0", no.ReCo, no.Text
			v["AuthCode"], v["TxnMac"] = "", ""
		case StatusRequired:
			v.pend()
		}
	}
}

// overlay is what a fault puts in place of the truth, whoever's document it is.
func (f Fault) overlay() values {
	switch f.Kind {
	case OtherTxnID:
		other := f.value("ZZZZZZZZZZZZZZZZ")
		return values{"TxnId": other, "TxnRef": other}
	case NoTxnID:
		return values{"TxnRef": ""}
	case OtherReference:
		return values{"MerchantReference": f.value("other reference")}
	case OtherTxnType:
		return values{"TxnType": f.value("Auth")}
	case StrangeText:
		text := f.value("=cmd|'/C calc'!A0\r\n\u202e<script>\U0001F4B3\t" + strings.Repeat("long ", 2000))
		return values{"CardHolderName": text, "ResponseText": text}
	}
	return nil
}

// pend makes it an answer that leaves the outcome open.
func (v values) pend() {
	v["Success"], v["Authorized"], v["StatusRequired"] = "0", "0", "1"
	v["ReCo"], v["ResponseText"], v["AuthCode"] = "U9", "TIMEOUT", ""
	for _, name := range []string{
		"HelpText", "CardHolderHelpText", "CardHolderResponseDescription", "MerchantHelpText", "MerchantResponseDescription",
	} {
		v[name] = "The transaction outcome is not known"
	}
	v["CardHolderResponseText"], v["MerchantResponseText"] = "TIMEOUT", "TIMEOUT"
}

func without(layout, name string) string {
	names := strings.Fields(layout)
	return strings.Join(slices.DeleteFunc(names, func(n string) bool { return n == name }), " ")
}
