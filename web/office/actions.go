package office

import (
	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// action is a button that the payment's state allows.
type action struct {
	Text, Path string
}

// asks tells whether somebody can have it asked about, or booked, at once.
func asks(p *payment.Payment) bool {
	return p.State == payment.Unknown || p.State == payment.Approved
}

// actions are the buttons that a payment's state allows to the administrator.
func (d *desk) actions(p *payment.Payment) (all []action) {
	at := "payments/" + string(p.ID)
	if p.State == payment.Parked && d.may(Charge) {
		for _, s := range meaning.Settlements {
			if why := settles(p, s.How); why == "" {
				all = append(all, action{Text: settleButtons[s.How], Path: at + "/settle/" + string(s.How)})
			}
		}
		if rebookable(p) {
			all = append(all, action{Text: "Book elsewhere…", Path: at + "/rebook"})
		}
	}
	if d.may(Refund) && refundable(p) {
		all = append(all, action{Text: "Refund…", Path: at + "/refund"})
	}
	return all
}

// refundable tells whether the engine may take a refund of it.
func refundable(p *payment.Payment) bool {
	if !p.HasMoney() || p.Kind == payment.KindCardCheck || p.Kind == payment.KindRefund || p.GivesBack && p.State == payment.Approved {
		return false
	}
	left, err := p.Left()
	if err != nil || !left.IsPositive() {
		return false
	}
	return p.State == payment.Recorded || p.State == payment.Parked && p.ParkedFrom != payment.Recorded && p.Booking.Post == payment.PostNone
}
