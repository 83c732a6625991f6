package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

// F51: whatever is somebody else's is refused without a word about it, at every address and
// for every id, as if it were not there.
func TestF51NothingOfOthersIsShown(t *testing.T) {
	inBubble(t, setup{Number: "2026/0777", Due: "123.45", Customer: "Secret Name"}, func(r *rig) {
		mallory := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Mallory"})
		own := r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: mallory, Number: "2026/0888", Total: "1.00"})
		theirForm := r.get(r.icon(), r.signedIn()).form()
		theirLink := r.get(r.link()).form()
		r.put("THEIRPAYMENT0001", payment.Recorded, approved, r.byCustomer)
		r.put("THEIRPAYMENT0002", payment.Offered, r.byCustomer)
		before := len(r.journal())
		proforma := r.proforma()

		r.Splynx.AddCustomerSession("mallorymallorymallorymallory1234", mallory)
		callers := map[string][]func(*http.Request){
			"nobody":        {stranger},
			"customer":      {stranger, cookie("PHPSESSID", "mallorymallorymallorymallory1234")},
			"administrator": {stranger, r.signedInAdmin("splynx_admin", rigAdminSession)},
		}
		ids := []string{
			"2026/0777", " 2026/0777 ", "2026/0777%", "2026_0777", "*", "%", "2026/0777' OR '1'='1",
			fmt.Sprint(r.Invoice), fmt.Sprint(r.Customer), "-1", "0", "9999999999999999999999",
		}
		secrets := []string{proforma, "57.50", "2026/0777", "123.45", "Secret Name", r.signedInID()}
		check := func(what string, a answer, wants ...int) {
			r.Helper()
			body := a.Body.String()
			for _, s := range secrets {
				if strings.Contains(body, s) && !strings.Contains(what, s) {
					r.Errorf("%s: the page shows %q", what, s)
				}
			}
			if a.form() != "" {
				r.Errorf("%s: there is a form", what)
			}
			for _, want := range wants {
				if a.Code == want {
					return
				}
			}
			r.Errorf("%s: %d %q", what, a.Code, a.title())
		}
		for name, who := range callers {
			for _, y := range []way{payInvoice, payRequest} {
				for _, id := range append(ids, proforma) {
					check(name+" opens "+y.path+" "+id, r.get(itemURL(y.path, id), who...), 302, 403, 404)
				}
			}
			for _, id := range []string{"THEIRPAYMENT0001", "THEIRPAYMENT0002"} {
				check(name+" opens "+id, r.get(Prefix+"/payment/"+id, who...), 200)
			}
			for what, form := range map[string]string{"the customer's form": theirForm, "the link's form": theirLink} {
				check(name+" sends "+what, r.send(http.MethodPost, payInvoice.path, url.Values{"form": {form}}, who...), 400, 403)
			}
			check(name+" sends the customer's form to the link", r.send(http.MethodPost, directInvoice.path, url.Values{"form": {theirForm}}, who...), 400)
		}
		unknown := r.get(itemURL(payInvoice.path, "1999/0001"), callers["customer"]...)
		theirs := r.get(itemURL(payInvoice.path, "2026/0777"), callers["customer"]...)
		if unknown.Code != theirs.Code || unknown.Body.String() != theirs.Body.String() {
			r.Error("an unknown invoice and somebody else's are told apart")
		}
		if n := len(r.journal()); n != before {
			r.Errorf("%d payments were started", n-before)
		}
		if i, _ := r.Splynx.Invoice(own); i.Status != "not_paid" {
			r.Error("an invoice was changed")
		}
		r.wants(r.get(itemURL(payInvoice.path, "2026/0888"), callers["customer"]...), 200, "Invoice 2026/0888")
	})
}

// signedInID is how a payment names the rig's customer.
func (r *rig) signedInID() string { return customerPayer(r.Customer) }
