package windcave

import (
	"slices"
	"strings"
)

// cancelledHolder stands in CardHolderName when the buyer pressed Cancel.
const cancelledHolder = "User Cancelled"

// Judge tells what the Result means for what was asked. It is approved when Success is 1 and
// TxnType, TxnId, MerchantReference, CurrencyInput and AmountSettlement are as sent.
func (r *Result) Judge(want Expect) Verdict {
	claimed := r.Success == "1" || slices.Contains(r.Conflicting, "Success")
	return judge(statement{
		txnID: r.TxnID, code: r.ReCo, dpsTxnRef: r.DpsTxnRef,
		approved:  r.Success == "1",
		refused:   r.Success == "0",
		claimed:   claimed,
		cancelled: strings.EqualFold(r.CardHolderName.Reveal(), cancelledHolder),
		values: []comparison{
			text("TxnType", r.TxnType, string(want.TxnType)),
			text("MerchantReference", r.MerchantReference, want.MerchantReference),
			text("CurrencyInput", r.CurrencyInput, want.Amount.CurrencyCode()),
			{name: "AmountSettlement", got: r.AmountSettlement, equal: sameAmount(r.AmountSettlement, want.Amount)},
		},
		conflicting: r.Conflicting,
	}, want)
}

// Judge tells what the answer means for what was asked. It is approved when Success and
// Authorized are 1, StatusRequired is 0, and TxnType, TxnRef, Amount and InputCurrencyName
// are as sent, MerchantReference too where it is there. NotFound has a meaning for answers
// to Status only.
func (t *Transaction) Judge(want Expect) Verdict { return judge(t.statement(want), want) }

// judgeMoved judges the answer to an operation that moves money, as Judge does. That the
// gateway does not know a transaction has a meaning only where Status asked for it.
func (t *Transaction) judgeMoved(want Expect) Verdict {
	s := t.statement(want)
	if s.notFound = false; want.TxnType == Void {
		s = s.ofVoid(want)
	}
	v := judge(s, want)
	if v.Class == ClassNotFound {
		v.Class, v.Key = ClassUnknown, KeyUnknown
	}
	return v
}

// ofVoid: a Void sends no TxnId, amount, currency or reference, so its answer need not name
// them. What it names must be the original's, which want holds, but for the reference.
func (s statement) ofVoid(want Expect) statement {
	if s.txnID == "" {
		s.txnID = want.TxnID
	}
	s.values = slices.DeleteFunc(s.values, func(c comparison) bool { return c.name == "MerchantReference" })
	for i := range s.values {
		s.values[i].optional = s.values[i].name != "TxnType"
	}
	return s
}

func (t *Transaction) statement(want Expect) statement {
	reference := text("MerchantReference", t.MerchantReference, want.MerchantReference)
	reference.optional = true
	code := t.code()
	return statement{
		txnID: t.TxnRef, code: code, dpsTxnRef: t.DpsTxnRef,
		approved: t.Success == "1" && t.Authorized == "1" && t.StatusRequired == "0",
		refused:  t.Success == "0" && t.Authorized == "0" && t.StatusRequired == "0",
		claimed:  t.claimed(),
		pending:  t.StatusRequired == "1",
		notFound: cleanCode(code) == "AF",
		values: []comparison{
			text("TxnType", t.TxnType, string(want.TxnType)),
			reference,
			text("InputCurrencyName", t.InputCurrencyName, want.Amount.CurrencyCode()),
			{name: "Amount", got: t.Amount, equal: sameAmount(t.Amount, want.Amount)},
		},
		conflicting: t.Conflicting,
	}
}

func (t *Transaction) claimed() bool {
	return t.Success == "1" || t.Authorized == "1" ||
		slices.Contains(t.Conflicting, "Success") || slices.Contains(t.Conflicting, "Authorized")
}

// code returns the ReCo. Wrong credentials may come as ReCo 0 with the code, AG, only in the
// help text, in brackets, or with none at all.
func (t *Transaction) code() string {
	if c := cleanCode(t.ReCo); c != "" && c != "0" {
		return c
	}
	help := t.HelpText + t.CardHolderHelpText + t.MerchantHelpText
	m, _ := meaningOfText(t.ResponseText)
	if m.class == ClassConfig || strings.Contains(help, "(AG)") {
		return "AG"
	}
	return t.ReCo
}

func text(name, got, want string) comparison {
	return comparison{name: name, got: got, equal: got == want}
}
