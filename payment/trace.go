package payment

import (
	"fmt"
	"strconv"
	"strings"
)

// trace is what a payment leaves at the gateway (TxnData1), so that money can be told apart
// even if the journal is lost.
type trace struct {
	kind               Kind
	document, customer int64
}

func traceOf(k Kind, document, customer int64) trace { return trace{k, document, customer} }

// String writes kind:document:customer.
func (t trace) String() string { return fmt.Sprintf("%s:%d:%d", t.kind, t.document, t.customer) }

// parseTrace reads what String wrote.
func parseTrace(s string) (trace, error) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return trace{}, fmt.Errorf("TxnData1 is not of our form")
	}
	t := trace{kind: Kind(parts[0])}
	switch t.kind {
	case KindInvoice, KindProforma, KindTopUp, KindCardCheck:
	default:
		return trace{}, fmt.Errorf("TxnData1 is not of our form")
	}
	var errD, errC error
	t.document, errD = strconv.ParseInt(parts[1], 10, 64)
	t.customer, errC = strconv.ParseInt(parts[2], 10, 64)
	if errD != nil || errC != nil || t.document < 0 || t.customer <= 0 {
		return trace{}, fmt.Errorf("TxnData1 is not of our form")
	}
	return t, nil
}
