package payment

import (
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// CardSettings say how cards are saved and used.
type CardSettings struct {
	// Account is the title, or the id, of the customer payment account in Splynx that cards
	// are kept in. Default: the one whose title names Payment Express or Windcave.
	Account string
	Fields  CardFields
	// CheckType takes the amount of a card check: Purchase, given back by a Refund, or Auth, let
	// go by a Void. Default: Purchase.
	CheckType windcave.TxnType
	// CheckAmount is what a card check takes, in the partner's currency. Default: 1.
	CheckAmount string
	// PaymentMethod is set as the customer's payment method once a card is saved. Default 0:
	// none is.
	PaymentMethod int64
	Modes         CardModes
	// Tell is the mail address that is told, by Splynx, when a customer has saved a card. Default:
	// none is.
	Tell string
}

// CardFields are the fields of the payment account, 1 to 10, that hold a card. 0: kept nowhere,
// which Token cannot be. The zero value goes by the labels of the fields.
type CardFields struct {
	Token   int // the DpsBillingId
	Number  int // masked
	Expires int // MM/YY
	Brand   int
	User    int // the PxPost user that can charge it
}

// CardModes are the stored-credential indicators (RecurringMode) of the uses of a card; "none"
// sends none.
type CardModes struct {
	Save     string // Default: credentialonfileinitial
	Customer string // who pays with the own card. Default: credentialonfile
	Staff    string // an administrator pays. Default: unscheduledcredentialonfile
	Run      string // a charge run. Default: recurring
}

// ModeNone sends no stored-credential indicator.
const ModeNone = "none"

// Holds tells that a card check only holds its amount.
func (s CardSettings) Holds() bool { return s.CheckType == windcave.Auth }

// normalize returns s with the defaults filled in.
func (s CardSettings) normalize() CardSettings {
	if s.CheckType == "" {
		s.CheckType = windcave.Purchase
	}
	if s.CheckAmount == "" {
		s.CheckAmount = "1"
	}
	for mode, by := range map[*string]string{
		&s.Modes.Save: windcave.ModeCredentialInitial, &s.Modes.Customer: windcave.ModeCredential,
		&s.Modes.Staff: windcave.ModeUnscheduled, &s.Modes.Run: windcave.ModeRecurring,
	} {
		if *mode == "" {
			*mode = by
		}
	}
	return s
}

// of is the indicator of a use, as the gateway gets it.
func (m CardModes) of(o Origin) string {
	mode := m.Customer
	switch o {
	case OriginAdministrator:
		mode = m.Staff
	case OriginRun:
		mode = m.Run
	}
	return sent(mode)
}

func sent(mode string) string {
	if mode == ModeNone {
		return ""
	}
	return mode
}
