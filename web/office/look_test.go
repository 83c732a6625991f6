package office

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/internal/upstream"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// looks gives an office what its pages about the whole show, where a test has nothing else in mind.
func looks(c *Config) {
	if c.Upstreams == nil {
		c.Upstreams = func() []upstream.State {
			return []upstream.State{{Name: "splynx", Gate: "closed"}, {Name: "windcave", Gate: "closed"}}
		}
	}
	if c.Settings == nil {
		c.Settings = func() SettingsTable { return sampleSettings }
	}
	if c.Check == nil {
		c.Check = func(context.Context) ([]Finding, error) { return sampleFindings, nil }
	}
}

var sampleSettings = SettingsTable{
	Partners: []int64{2},
	Groups: []SettingsGroup{
		{"Windcave", []SettingsRow{
			{"endpoint", "default", []SettingsCell{{Value: "https://sec.windcave.com"}, {Value: "https://sec.windcave.com"}}},
			{"pxpay", "Caddyfile", []SettingsCell{{Value: "NorthPxPay, key set"}, {Value: "SouthPxPay, key set", Differ: true}}},
			{"pxpost", "Caddyfile", []SettingsCell{{Value: "NorthPxPost, password set"}, {Differ: true}}},
		}},
		{"Guests and staff", []SettingsRow{
			{"signed_links", "default", []SettingsCell{{Value: "off"}}},
			{"admin_from", "Caddyfile", []SettingsCell{{Value: "10.0.0.0/8, 2001:db8::/32"}}},
		}},
		{"Money", []SettingsRow{
			{"currency", "Caddyfile", []SettingsCell{{Value: "NZD"}, {Value: "AUD", Differ: true}}},
			{"name", "Splynx", []SettingsCell{{Value: "the company’s name"}, {Value: "Southern Cloud", Differ: true}}},
		}},
	},
}

var sampleFindings = []Finding{
	{"ok", "journal", "/var/lib/caddy/paymentexpress.db is there", ""},
	{"warn", "time zone", "time_zone is not set and this machine’s is UTC", "set time_zone, such as Pacific/Auckland"},
	{"WRONG", "PxPost", "Windcave refuses the user", "correct windcave pxpost"},
	{"skipped", "currency", "API key comes first, see above", ""},
}

func gatesOpen() []upstream.State {
	at := time.Date(1999, 12, 31, 23, 50, 0, 0, time.UTC)
	return []upstream.State{{Name: "splynx", Gate: "half-open", LastFailure: at}, {Name: "windcave", Gate: "open", LastFailure: at}}
}

// checksLong is a check that ends by its time.
func checksLong(ctx context.Context) ([]Finding, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// month puts payments of 40 days into the journal, of all outcomes, two partners and two currencies.
func (r *rig) month() {
	r.Helper()
	begin := time.Now().AddDate(0, 0, -39)
	for n := range 40 {
		at := func(p *payment.Payment) {
			p.CreatedAt = begin.AddDate(0, 0, n)
			p.MovedAt, p.DocumentID = p.CreatedAt, int64(1000+n)
			p.Amount = r.amount(strconv.Itoa(20+n*n%90) + ".50")
		}
		id := func(kind string) payment.ID { return payment.ID(fmt.Sprintf("MNTH%s%011d", kind, n)) }
		r.put(id("A"), payment.Recorded, approved, at)
		if n%3 == 0 {
			r.put(id("B"), payment.Declined, at, func(p *payment.Payment) { p.Class, p.Words = "soft", "declined.funds" })
		}
		if n%5 == 0 {
			r.put(id("C"), payment.Parked, approved, because(payment.ReasonBookingRefused, payment.Approved), at)
		}
		if n > 37 {
			r.put(id("D"), payment.Unknown, at)
		}
		if n%7 == 0 {
			r.put(id("E"), payment.Parked, approved, because(payment.ReasonTellSplynx, payment.Approved), at, func(p *payment.Payment) {
				p.Kind, p.Way, p.Of, p.Amount = payment.KindRefund, payment.WayBack, id("A"), r.amount("20")
			})
		}
		if n%9 == 0 {
			r.put(id("F"), payment.Recorded, approved, at, func(p *payment.Payment) {
				p.Partner = 2
				p.Amount, _ = money.Parse("99.00", "AUD")
			})
		}
	}
}

// manyCards has customers of both partners have cards of all standings.
func (r *rig) manyCards() {
	r.Helper()
	r.carded()
	for n, c := range []struct {
		name, expires string
		partner       int64
	}{{"Bela Bay", "01/00", 1}, {"Carl Cook", "02/00", 1}, {"Dora Dee", "12/99", 1}, {"Emil South", "01/00", 2}} {
		id := r.Splynx.AddCustomer(splynxtest.Customer{Name: c.name, PartnerID: c.partner})
		r.saves(id, windcavetest.CardApproved, strconv.Itoa(20+n))
		token, err := r.Gateway.StoreCard("WorldPxPost", windcavetest.CardApproved)
		r.must(err)
		r.Splynx.SetAccountData(id, splynxtest.AddOnAccountID, map[int]string{1: token, 2: "543210........" + strconv.Itoa(20+n), 3: "Mastercard", 4: c.expires})
	}
	id := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Fay Field"})
	r.Splynx.SetAccountData(id, splynxtest.AddOnAccountID, map[int]string{1: "4111111111111111"})
	card, err := r.Engine.Card(context.Background(), 1, r.Customer)
	r.must(err)
	r.put(goldenID, payment.Recorded, approved, saved, func(p *payment.Payment) { p.Card = card.Used() })
}

// doings has things done by several.
func (r *rig) doings() {
	r.Helper()
	for _, a := range []payment.Act{
		{Who: "administrator 1", What: payment.DeedRefund, Partner: 1, Customer: 1, Payment: goldenID, Note: "20.00 NZD: paid in cash too"},
		{Who: "administrator 1", What: payment.DeedStart, Partner: 1, Run: "GOLDENRUN0000001", Note: "412 charges"},
		{Who: "command line", What: payment.DeedSettle, Partner: 1, Customer: 1, Payment: bookedID, Note: `=HYPERLINK("https://evil.example")`},
		{Who: "administrator 2", What: payment.DeedRemoveCard, Partner: 2, Customer: 9, Note: "<b>of the South</b>"},
	} {
		time.Sleep(time.Minute) // virtual
		r.must(r.Engine.Note(context.Background(), a))
	}
}
