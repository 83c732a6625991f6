package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// F47: the token of an approved payment of one partner is brought to another partner's open
// payment, with either user's name. Neither is paid by it.
func TestF47TokenOfAnotherPartner(t *testing.T) {
	inBubble(t, setup{Second: true}, func(r *rig) {
		first := r.pay()
		r.ofSecond()
		r.pay()
		south, own := r.journal()[0], r.journal()[1]
		if south.PxPayUser != "SecondPxPay" { // both were made in the same moment
			south, own = own, south
		}
		r.Gateway.HoldNotifications(true)
		back, err := url.Parse(r.back(r.Gateway.Pay(first, windcavetest.CardApproved)))
		r.must(err)
		for _, user := range []string{"RigPxPay", "SecondPxPay"} {
			q := back.Query()
			q.Set("userid", user)
			r.get(payment.ReturnPath + string(south.ID) + "?" + q.Encode())
		}
		time.Sleep(30 * time.Minute) // virtual
		for _, p := range r.journal() {
			if p.ID == south.ID && (p.State != payment.Offered || p.HasMoney()) {
				r.Errorf("the other partner's payment is %s (%s)", p.State, p.Reason)
			}
			if p.ID == own.ID && p.State != payment.Recorded { // found by asking
				r.Errorf("its own payment is %s", p.State)
			}
		}
		if all := r.Splynx.Payments(); len(all) != 1 || all[0].CustomerID != own.Customer {
			r.Errorf("payments are %+v", all)
		}
	})
}

// F52: somebody walks the payment links by number. A link shows its amount and nobody's name,
// address or e-mail, and after so many no more are shown.
func TestF52LinksWalkedByNumber(t *testing.T) {
	inBubble(t, setup{Customer: "Secret Name", Limit: GuestLimit{Document: 10, Address: 2, All: 600}}, func(r *rig) {
		for i := range 100 {
			c := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Secret Name", Email: "secret@example.net", Login: "secretlogin"})
			r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: c, Number: fmt.Sprint(5000 + i), Total: "12.34"})
		}
		shown := 0
		for i := range 100 {
			a := r.get(itemURL(directInvoice.path, fmt.Sprint(5000+i)), stranger)
			body := a.Body.String()
			if strings.Contains(body, "12.34") {
				shown++
			} else if a.Code != http.StatusTooManyRequests {
				r.Errorf("link %d: %d %q", i, a.Code, a.title())
			}
			for _, secret := range []string{"Secret Name", "secret@example.net", "secretlogin"} {
				if strings.Contains(body, secret) {
					r.Errorf("link %d shows %q", i, secret)
				}
			}
		}
		if shown != 2*viewsPerStart {
			r.Errorf("%d of 100 links were shown", shown)
		}
		r.untouched()
	})
}

// F57: cards are tried out: five hundred starts on one link in a minute, from one address, from
// as many as there are starts, and by one customer. Few reach the gateway, and it is logged.
func TestF57FiveHundredStarts(t *testing.T) {
	t.Parallel()
	limit := GuestLimit{Document: 3, Address: 60, All: 600}
	for name, c := range map[string]struct {
		from func(int) string
		most int
	}{
		"one address":    {func(int) string { return "203.0.113.9" }, limit.Document},
		"many addresses": {func(i int) string { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).String() }, limit.Document * wider},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{Limit: limit}, func(r *rig) {
				for i := range 500 {
					who := as(c.from(i))
					if form := r.get(r.link(), stranger, who).form(); form != "" {
						r.press(form, stranger, who)
					}
				}
				if n := len(r.journal()); n != c.most {
					r.Errorf("%d payments were started, want %d", n, c.most)
				}
				if r.Logs.FilterMessage("guest limit reached").Len() == 0 {
					r.Error("nobody is told")
				}
			})
		})
	}
	t.Run("one customer", func(t *testing.T) {
		inBubble(t, setup{}, func(r *rig) {
			me := r.signedIn()
			for i := range 100 {
				r.Number = fmt.Sprint("C-", i)
				r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.Customer, Number: r.Number, Total: "5.00"})
				if form := r.get(r.icon(), me).form(); form != "" {
					r.pressIcon(form)
				}
			}
			if n := len(r.journal()); n != customerStarts {
				r.Errorf("%d payments were started, want %d", n, customerStarts)
			}
			if r.Logs.FilterMessage("customer limit reached").Len() == 0 {
				r.Error("nobody is told")
			}
		})
	})
}

// F59: an invoice number of letters that no gateway takes, and as long as can be. The
// reference is mapped and cut, and the payment goes its way; what cannot be a number is none.
func TestF59StrangeNumbers(t *testing.T) {
	t.Parallel()
	for _, number := range []string{
		"№ 2026/😀𝔘", "=HYPERLINK(\"http://evil.example\")", "2026/<b>&amp;'\"", strings.Repeat("é", numberLimit), "2026/\u202e7001",
	} {
		t.Run(number, func(t *testing.T) {
			inBubble(t, setup{Number: number}, func(r *rig) {
				back := r.back(r.Gateway.Pay(r.pay(), windcavetest.CardApproved))
				r.get(back)
				time.Sleep(time.Minute) // virtual
				if p := r.journal()[0]; p.State != payment.Recorded {
					r.Errorf("payment is %s (%s)", p.State, p.Reason)
				}
				reference := r.Gateway.Log()[0].Reference
				if len(reference) > 64 || strings.ContainsFunc(reference, func(c rune) bool { return c < ' ' || c > '~' }) {
					r.Errorf("the gateway was sent %q", reference)
				}
			})
		})
	}
	t.Run("none", func(t *testing.T) {
		inBubble(t, setup{}, func(r *rig) {
			for _, number := range []string{strings.Repeat("7", 10_000), "a\r\nb", "a\x00b"} {
				r.wants(r.get(itemURL(directInvoice.path, number)), 404, "Invoice not found")
			}
		})
	})
}

// F62: what cannot be charged is refused before the gateway is asked: nothing, less than
// nothing, and more than the gateway takes.
func TestF62AmountsThatCannotBeCharged(t *testing.T) {
	t.Parallel()
	for due, want := range map[string]string{"0": "Already paid", "0.00": "Already paid", "-10.00": "Already paid", "0.0049": "Already paid"} {
		t.Run(due, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				form := r.get(r.link()).form()
				r.Splynx.ChangeInvoice(r.Invoice, func(i *splynxtest.Invoice) { i.Due = due })
				r.wants(r.get(r.link()), 200, want)
				r.wants(r.press(form), 200, want)
				r.untouched()
			})
		})
	}
	t.Run("1000000", func(t *testing.T) {
		inBubble(t, setup{Due: "1000000"}, func(r *rig) {
			a := r.get(r.link())
			if form := a.form(); form != "" {
				a = r.press(form)
			}
			if a.Code == http.StatusSeeOther || len(r.Gateway.Log()) != 0 || a.title() == "" {
				r.Errorf("a million leads to %d %q %q", a.Code, a.title(), a.location())
			}
		})
	})
}

// F63: an invoice that is partly paid is offered for what is due on it, whatever the customer's
// balance, and one that was paid too much for nothing.
func TestF63DueNotTotal(t *testing.T) {
	inBubble(t, setup{Due: "57.50"}, func(r *rig) {
		r.Splynx.ChangeInvoice(r.Invoice, func(i *splynxtest.Invoice) { i.Due = "20.00" })
		r.Splynx.SetDeposit(r.Customer, "-100.00")
		a := r.get(r.link())
		if body := a.Body.String(); !strings.Contains(body, "NZ$20.00") {
			r.Errorf("the page shows\n%s", body)
		}
		r.leads(r.press(a.form()))
		if e := r.Gateway.Log()[0]; e.Amount != "20.00" {
			r.Errorf("the gateway was asked for %s", e.Amount)
		}
		r.Splynx.ChangeInvoice(r.Invoice, func(i *splynxtest.Invoice) { i.Due = "-3.00" })
		r.wants(r.get(r.link()), 200, "Already paid")
	})
}

// F78: what is due changes between the page and the button. Nothing is charged that was not
// seen: the page comes anew, with the new amount, whether that is more, less or another's.
func TestF78DueChangedBeforeTheButton(t *testing.T) {
	t.Parallel()
	for _, due := range []string{"60.00", "12.00", "57.51"} {
		t.Run(due, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				form := r.get(r.link()).form()
				r.Splynx.ChangeInvoice(r.Invoice, func(i *splynxtest.Invoice) { i.Due = due })
				a := r.press(form)
				if a.Code != http.StatusConflict || !strings.Contains(a.Body.String(), "NZ$"+due) || !strings.Contains(a.find(noticeText), "has changed") {
					r.Errorf("answer %d %q\n%s", a.Code, a.title(), a.Body)
				}
				r.untouched()
				r.leads(r.press(a.form()))
				if e := r.Gateway.Log()[0]; e.Amount != due {
					r.Errorf("the gateway was asked for %s", e.Amount)
				}
			})
		})
	}
}

// F79: a rest below half of the smallest coin counts as paid: it is not shown and not charged,
// and 10.0049 is 10.00.
func TestF79RestIsNotShown(t *testing.T) {
	inBubble(t, setup{Due: "10.0049"}, func(r *rig) {
		a := r.get(r.link())
		if body := a.Body.String(); !strings.Contains(body, "NZ$10.00") || strings.Contains(body, "0049") {
			r.Errorf("the page shows\n%s", body)
		}
		r.get(r.back(r.Gateway.Pay(r.leads(r.press(a.form())), windcavetest.CardApproved)))
		time.Sleep(time.Minute) // virtual
		if i, _ := r.Splynx.Invoice(r.Invoice); i.Due != "0.0049" {
			r.Errorf("left is %s", i.Due)
		}
		r.wants(r.get(r.link()), 200, "Already paid")
	})
}
