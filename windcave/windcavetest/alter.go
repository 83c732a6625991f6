package windcavetest

import (
	"slices"
	"strings"
)

// alter changes one answer to a call that reads. The names of both documents are
// set; a layout shows its own.
func (c *call) alter(v values, t *txn) {
	for _, o := range c.orders {
		switch f := o.fault; f.Kind {
		case OtherAmount:
			other := c.s.money(otherAmount(t.amount, f.Value))
			v["AmountSettlement"], v["Amount"] = other, other
		case OtherCurrency:
			for _, name := range []string{"CurrencyInput", "CurrencySettlement", "InputCurrencyName", "CurrencyName"} {
				v[name] = f.value("XPF")
			}
		case OtherTxnID:
			v["TxnId"], v["TxnRef"] = f.value(otherID), f.value(otherID)
		case NoTxnID:
			v["TxnRef"] = ""
		case OtherReference:
			v["MerchantReference"] = f.value(otherText)
		case NotAuthorized:
			v["Success"], v["Authorized"] = "1", "0"
		case Decline:
			no := declined(f.value("51"))
			v["Success"], v["Authorized"], v["ReCo"], v["ResponseText"] = "0", "0", no.ReCo, no.Text
			v["AuthCode"], v["TxnMac"] = "", ""
		case StatusRequired:
			v.pend()
		}
	}
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
