package windcave

import (
	"errors"
	"regexp"
	"strings"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
)

// ChargeRequest asks PxPost to charge a saved card: at once with Purchase, or to hold the
// money with Auth. A card that is not saved goes to the hosted page; its data never comes
// here.
type ChargeRequest struct {
	// DpsBillingID names the saved card, as SavedCard gave it.
	DpsBillingID secret.Secret

	// Amount, as in GenerateRequest.
	Amount currency.Amount

	// TxnID names the payment, unique in the account: 16 ASCII capitals and digits. Keep it
	// before the call: Status is asked by it.
	TxnID string

	// MerchantReference shows in Windcave's reports; ASCII, 64 characters.
	MerchantReference string

	// TxnData1 to 3 are kept at Windcave, but PxPost does not tell them; ASCII, 255
	// characters each.
	TxnData1, TxnData2, TxnData3 string

	// RecurringMode is the stored-credential indicator of this use of the card, such as
	// ModeRecurring; sent in lower case. Default: none is sent.
	RecurringMode string
}

// Sent returns the request with its texts as they go on the wire and as the gateway will
// echo them. Keep these for Expect.
func (c ChargeRequest) Sent() ChargeRequest {
	c.MerchantReference = ascii(c.MerchantReference, 64)
	c.TxnData1 = ascii(c.TxnData1, 255)
	c.TxnData2 = ascii(c.TxnData2, 255)
	c.TxnData3 = ascii(c.TxnData3, 255)
	c.RecurringMode = strings.ToLower(c.RecurringMode)
	return c
}

// billingIDForm: 16 digits in every capture, but a longer value has been seen.
var billingIDForm = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

// ownIDForm is that of a TxnId which money is moved under. All 16 characters are used, so
// that none can be the beginning of another, and one case, so that none differs by it alone.
var ownIDForm = regexp.MustCompile(`^[A-Z0-9]{16}$`)

var (
	errBillingID = errors.New("DpsBillingId: 1 to 64 ASCII letters and digits are needed")
	errOwnID     = errors.New("TxnId: 16 ASCII capitals and digits are needed")
)

// document checks what Sent returned and puts it on the wire's form.
func (c ChargeRequest) document(kind TxnType) (*postRequest, error) {
	amount, err := formatAmount(c.Amount)
	switch {
	case err != nil:
		return nil, err
	case !billingIDForm.MatchString(c.DpsBillingID.Reveal()):
		return nil, errBillingID
	case !ownIDForm.MatchString(c.TxnID):
		return nil, errOwnID
	case !modeForm.MatchString(c.RecurringMode):
		return nil, errMode
	}
	return &postRequest{
		txnType: string(kind), amount: amount, currency: c.Amount.CurrencyCode(), dpsBillingID: c.DpsBillingID,
		txnID: c.TxnID, reference: c.MerchantReference, recurringMode: c.RecurringMode,
		txnData1: c.TxnData1, txnData2: c.TxnData2, txnData3: c.TxnData3,
	}, nil
}

func (c ChargeRequest) expect(kind TxnType) Expect {
	return Expect{TxnType: kind, TxnID: c.TxnID, MerchantReference: c.MerchantReference, Amount: c.Amount}
}
