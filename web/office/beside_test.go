package office

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// A customer's name with the end of a line in it begins no event of its own.
func TestNameEndsNoStream(t *testing.T) {
	set := charging
	set.Runs = &charge.Options{Concurrency: 1, PerSecond: 1}
	inBubble(t, set, func(r *rig) {
		id := r.Splynx.AddCustomer(splynxtest.Customer{Name: "A\r\revent: end\rdata: done\r\rB", Deposit: "-60"})
		r.saves(id, windcavetest.CardDeclined, "22")
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: id, Number: "2026/7", Total: "60"})
		for n := range 8 {
			id := r.Splynx.AddCustomer(splynxtest.Customer{Name: "B", Deposit: "-2" + string(rune('0'+n))})
			r.saves(id, windcavetest.CardApproved, "11")
			r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: id, Number: "2026/8" + string(rune('0'+n)), Total: "2" + string(rune('0'+n))})
		}
		path, look := r.preview()
		r.begins(path, look)
		a := r.get(path + "/events")
		body := a.Body.String()
		// As a browser reads it: CR ends a line too.
		lines := strings.FieldsFunc(strings.ReplaceAll(body, "\r\n", "\n"), func(c rune) bool { return c == '\n' || c == '\r' })
		n := 0
		for _, l := range lines {
			if l == "event: end" {
				n++
			}
		}
		if strings.Contains(body, "\r") || n != 1 {
			t.Errorf("the stream has %d ends, CR %t", n, strings.Contains(body, "\r"))
		}
	})
}

// An invoice that somebody else charges meanwhile is not charged by an older page.
func TestPendingMeanwhile(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.saves(r.Customer, windcavetest.CardApproved, "11")
		page, at := r.arrives(r.payIcon("2026/0042"))
		r.Splynx.ChangeInvoice(r.Invoice.ID, func(i *splynxtest.Invoice) { i.Status = "pending" })
		r.says(r.get(at), "It is pending in Splynx")
		a := r.press(at, page.form())
		r.Pass(time.Minute)
		if n := len(r.Gateway.Charges()); n != 0 {
			t.Errorf("%d: an invoice that somebody else is charging was charged: %d", a.Code, n)
		}
	})
}
