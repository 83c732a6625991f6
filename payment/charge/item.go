package charge

import (
	"fmt"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// Item is one charge of a run, planned or left out.
type Item struct {
	Run        payment.ID       `json:"run"`
	Seq        int64            `json:"seq"` // from 1, in the order of the plan
	Customer   int64            `json:"customer"`
	Partner    int64            `json:"partner"`
	DocumentID int64            `json:"document_id,omitempty"` // 0 in a balance run
	Number     string           `json:"number,omitempty"`
	Amount     currency.Amount  `json:"amount"`          // as planned
	Credit     currency.Amount  `json:"credit,omitzero"` // what the customer has for it, shown beside; zero: nothing
	Card       payment.CardUsed `json:"card,omitzero"`

	State ItemState `json:"state"`
	Out   Out       `json:"out,omitempty"` // why it is left out

	// Of its payment, once it is begun.
	Payment payment.ID      `json:"payment,omitempty"`
	Charged currency.Amount `json:"charged,omitzero"` // asked for: less than Amount, if less was due by then
	Class   string          `json:"class,omitempty"`  // of what is declined or not charged: a windcave.Class
	Code    string          `json:"code,omitempty"`   // likewise
	Reason  payment.Reason  `json:"reason,omitempty"`
	MovedAt time.Time       `json:"moved_at"`
}

// ItemState is where the charge of an item stands.
type ItemState string

// The states of items.
const (
	ItemPlanned    ItemState = "planned"
	ItemLeftOut    ItemState = "left_out"
	ItemCharging   ItemState = "charging"    // the gateway is being asked
	ItemApproved   ItemState = "approved"    // money, not yet in Splynx
	ItemRecorded   ItemState = "recorded"    // money, in Splynx
	ItemGivenBack  ItemState = "given_back"  // it could not be kept
	ItemDeclined   ItemState = "declined"    // by the bank
	ItemUnknown    ItemState = "unknown"     // the gateway is asked what became of it
	ItemNotCharged ItemState = "not_charged" // begun, and surely nothing was charged
	ItemNeedsYou   ItemState = "needs_you"   // its payment is parked
)

// ItemStates lists the states of items.
func ItemStates() []ItemState {
	return []ItemState{
		ItemPlanned, ItemLeftOut, ItemCharging, ItemApproved, ItemRecorded, ItemGivenBack, ItemDeclined, ItemUnknown, ItemNotCharged, ItemNeedsYou,
	}
}

// StateOf is the state of an item whose payment is p.
func StateOf(p *payment.Payment) ItemState {
	switch p.State {
	case payment.Approved:
		return ItemApproved
	case payment.Recorded:
		return ItemRecorded
	case payment.Refunded, payment.Settled:
		return ItemGivenBack
	case payment.Declined:
		return ItemDeclined
	case payment.Unknown:
		return ItemUnknown
	case payment.Parked:
		return ItemNeedsYou
	case payment.NotDone, payment.NotStarted, payment.NotOffered, payment.Cancelled, payment.Expired:
		return ItemNotCharged
	}
	return ItemCharging
}

// Begun writes into the item what its payment says.
func (i *Item) Begun(p *payment.Payment) {
	i.State, i.Payment, i.Charged, i.Reason, i.MovedAt = StateOf(p), p.ID, p.Amount, p.Reason, p.MovedAt
	i.Class, i.Code = "", ""
	if i.State == ItemDeclined || i.State == ItemNotCharged {
		i.Class, i.Code = p.Class, p.Code
	}
}

// Counts is the amount that the item counts with in sums.
func (i *Item) Counts() currency.Amount {
	if i.Payment != "" {
		return i.Charged
	}
	return i.Amount
}

// Out is a key that says why an item is left out; the words for people are the pages'.
type Out string

// The reasons for leaving out.
const (
	OutNoCard         Out = "no_card"
	OutCardExpired    Out = "card_expired"
	OutCardDead       Out = "card_dead"
	OutCardElsewhere  Out = "card_elsewhere"
	OutCardUnreadable Out = "card_unreadable"
	OutCardChanged    Out = "card_changed" // since the preview
	OutInFlight       Out = "in_flight"
	OutPending        Out = "pending" // somebody else is charging it
	OutHasCredit      Out = "has_credit"
	OutNothingDue     Out = "nothing_due"
	OutPaid           Out = "paid_meanwhile"
	OutAmountChanged  Out = "amount_changed" // more is due than in the preview
	OutDisabled       Out = "customer_disabled"
	OutCustomer       Out = "customer_changed" // another customer's by now, or of another partner
	OutSubAccount     Out = "sub_account"      // Splynx takes no payments for it
	OutKept           Out = "kept_out"
	OutNoCredentials  Out = "no_credentials"
	OutNoPartner      Out = "no_partner" // the partner's own account is not configured any more
	OutCurrency       Out = "currency"   // the partner's is another one by now
	OutUnreadable     Out = "unreadable" // Splynx says something of it that cannot be
	OutTickedOff      Out = "ticked_off"
	OutStopped        Out = "stopped"

	// Of a run that charges failed ones again.
	OutHardDecline Out = "hard_decline" // this card will never be approved, and trying is fined
	OutTriedEnough Out = "tried_enough" // as often as the card schemes allow
	OutCardRests   Out = "card_rests"   // of the retry plan: it was declined a short time ago
)

// Outs lists the reasons for leaving out.
func Outs() []Out {
	return []Out{
		OutNoCard, OutCardExpired, OutCardDead, OutCardElsewhere, OutCardUnreadable, OutCardChanged, OutInFlight, OutPending,
		OutHasCredit, OutNothingDue, OutPaid, OutAmountChanged, OutDisabled, OutCustomer, OutSubAccount, OutKept, OutNoCredentials,
		OutNoPartner, OutCurrency, OutUnreadable, OutTickedOff, OutStopped, OutHardDecline, OutTriedEnough,
		OutCardRests,
	}
}

// formKey is the form key of the item's payment: there is at most one, ever.
func (i *Item) formKey() string { return fmt.Sprintf("run/%s/%d", i.Run, i.Seq) }

// Sum is how many items of a run are in one state for one reason, and how much they come to.
type Sum struct {
	State  ItemState       `json:"state"`
	Out    Out             `json:"out,omitempty"`
	Class  string          `json:"class,omitempty"`
	Count  int64           `json:"count"`
	Amount currency.Amount `json:"amount"` // exact: of what is begun, what was asked for
}

// ToCharge picks the sums of what is planned, one for each currency: what a confirm step shows.
func ToCharge(sums []Sum) (planned []Sum) {
	for _, s := range sums {
		if s.State == ItemPlanned {
			planned = append(planned, s)
		}
	}
	return planned
}
