package office

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// Who is held to one partner sees the charges of its customers, of whosever runs, and no others, in
// the list and in the file.
func TestHistoryOfOnePartner(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		ofRun := func(p *payment.Payment) { p.Origin, p.Run, p.Item = payment.OriginRun, string(runID), 1 }
		r.put("PAYMENTOFTHEWEST", payment.Declined, saved, ofRun)
		other := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Sam Southerly", PartnerID: 2})
		r.put("PAYMENTOFTHESOUT", payment.Declined, saved, ofRun, func(p *payment.Payment) {
			p.Item, p.Partner, p.Customer, p.DocumentID, p.DocumentNumber = 2, 2, other, 900, "S/1"
		})
		r.putRun(runID, charge.Planned)
		south := r.south()
		for asked, own := range map[string]bool{
			"": true, "?who=1": true, "?run=" + string(runID): true, "?who=1&run=" + string(runID): true, "?state=declined": true,
			"?customer=1": false, "?number=" + r.Invoice.Number: false, "?document=" + fmt.Sprint(r.Invoice.ID): false, "?who=2": false,
		} {
			for _, path := range []string{"history/charges", "history/csv"} {
				a := r.get(path+asked, south)
				if a.has("PAYMENTOFTHEWEST") || a.has("A Customer") {
					t.Errorf("%s%s shows what is of another partner", path, asked)
				}
				if a.Code != http.StatusOK || a.has("PAYMENTOFTHESOUT") != own {
					t.Errorf("%s%s is %d, and shows the own one: %v", path, asked, a.Code, !own)
				}
			}
		}
		if a := r.get("history/charges?after=PAYMENTOFTHEWEST", south); a.Code != http.StatusNotFound {
			t.Errorf("behind another partner's payment: %d", a.Code)
		}
	})
}

// Of somebody with too many runs the list says how many it has looked through, and a file that would
// lack some is refused.
func TestHistoryOfTooManyRuns(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		now := time.Now().UTC()
		for n := range whoRuns + 1 {
			id, at := payment.ID(fmt.Sprintf("RUN%013d", n)), now.Add(time.Duration(n)*time.Second)
			run := &charge.Run{ID: id, FormKey: string(id), Sort: charge.Invoices, Source: charge.Administrator, Who: "administrator 1", State: charge.Done, CreatedAt: at, MovedAt: at}
			r.must(r.Store.CreateRun(context.Background(), run, charge.Event{Run: id, At: at, To: charge.Done}))
		}
		r.says(r.get("history/charges?who=1"), "Only the 1000 newest runs")
		r.wants(r.get("history/csv?who=1"), http.StatusUnprocessableEntity, "Too many runs for one file")
	})
}
