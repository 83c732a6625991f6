package office

import (
	"context"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// paidTwice has a payment whose document was paid already.
func (r *rig) paidTwice() {
	r.Helper()
	r.put(bookedID, payment.Recorded, approved, booked(payment.ToBalance))
	if err := r.Engine.Note(context.Background(), payment.Act{Who: "engine", What: payment.DeedPaidTwice, Partner: 1, Customer: r.Customer, Payment: bookedID}); err != nil {
		r.Fatal(err)
	}
}

// What was paid twice stands on the work list until somebody has seen it.
func TestPaidTwiceIsSeen(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.paidTwice()
		list := r.get("work")
		r.says(list, "paid already when the money arrived", string(bookedID))
		path := "payments/" + string(bookedID) + "/seen"
		if a := r.press(path, list.form()); a.Code != 303 {
			t.Errorf("answered %d", a.Code)
		}
		if a := r.get("work"); a.has(string(bookedID)) || !a.has("Nothing waits for a person") {
			t.Error("it is still there")
		}
		acts, err := r.Engine.Acts(context.Background(), payment.ActFilter{What: payment.DeedSeen})
		if err != nil || len(acts) != 1 || acts[0].Payment != bookedID || acts[0].Who == "" {
			t.Errorf("%+v, %v", acts, err)
		}
	})
}
