package office

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// A payment is found by the document's number or id, and by the day in the provider's zone.
func TestPaymentsAreFound(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.put("GOLDENGOLDEN0001", payment.Recorded, approved, func(p *payment.Payment) {
			p.CreatedAt = p.CreatedAt.AddDate(0, 0, -3)
			p.DocumentID, p.DocumentNumber = 77, "2026/0077"
		})
		r.put("GOLDENGOLDEN0002", payment.Declined)
		day := func(back int) string { return time.Now().In(r.Office.zone).AddDate(0, 0, -back).Format(time.DateOnly) }
		for asked, want := range map[string]string{
			"number=2026/0077":                     "GOLDENGOLDEN0001",
			"kind=invoice&document=77":             "GOLDENGOLDEN0001",
			"until=" + day(3):                      "GOLDENGOLDEN0001",
			"since=" + day(3) + "&until=" + day(1): "GOLDENGOLDEN0001",
			"since=" + day(0):                      "GOLDENGOLDEN0002",
			"since=" + day(3):                      "GOLDENGOLDEN0001 GOLDENGOLDEN0002",
			"number=2026/007":                      "",
			"until=" + day(4):                      "",
		} {
			a := r.get("payments?" + asked)
			for _, id := range []string{"GOLDENGOLDEN0001", "GOLDENGOLDEN0002"} {
				if there := strings.Contains(a.Body.String(), id); there != strings.Contains(want, id) {
					t.Errorf("%s: %s is listed: %v", asked, id, there)
				}
			}
			if want == "" {
				r.says(a, "No payment fits these filters.")
			}
		}
		r.says(r.get("payments?document=x"), "looked for by their ids")
		r.says(r.get("payments?since=monday"), "Type days such as")
	})
}

// The page of a document that is paid leads to what has paid it.
func TestPaidDocumentLeadsToItsPayment(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		p := r.paid()
		a := r.get(r.invoicePath())
		r.says(a, "It is paid. Nothing is due", `href="/paymentexpress/admin/payments?kind=invoice&amp;document=1"`)
		r.says(r.get("payments?kind=invoice&document=1"), string(p.ID))
		if strings.Contains(a.Body.String(), "notice stop") {
			t.Error("what is paid is marked as a failure")
		}
	})
}

// Without a card that can be charged, a customer's page offers payment links and no charge.
func TestCustomerWithoutCardIsOfferedLinks(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*rig){
		"no card": func(*rig) {},
		"expired": func(r *rig) { r.card(map[int]string{2: "411111........11", 3: "Visa", 4: "12/99"}) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				make(r)
				a := r.get("customers/1")
				r.says(a, "No card can be charged: a payment link can be sent", `href="/paymentexpress/admin/links?kind=invoice&amp;id=1"`, "Payment link…")
				for _, text := range []string{"Charge…", "Charge for the balance"} {
					if strings.Contains(a.Body.String(), text) {
						t.Errorf("there is %q", text)
					}
				}
				r.carded()
				r.says(r.get("customers/1"), "Charge…", "Charge for the balance")
			})
		})
	}
}
