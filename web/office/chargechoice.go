package office

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

var sortWords = map[charge.Sort]string{
	charge.Invoices: "Invoices, by what is due on each", charge.Balances: "Outstanding balances, to the balance",
}

// choosing is whom a run is about, as it was typed and as it was understood.
type choosing struct {
	Typed map[string]string
	Wrong map[string]string // by field

	Sort          charge.Sort
	Filter        charge.Filter
	DespiteCredit bool
}

// choiceFields are the fields of the page, in their order.
var choiceFields = []string{
	"sort", "issued_from", "issued_to", "due_from", "due_to", "status", "partner", "location", "method", "customer_status", "customer", "number", "from", "to", "credit",
}

// readChoice reads what was typed, or stands in an address.
func readChoice(q url.Values) choosing {
	c := choosing{Typed: map[string]string{}, Wrong: map[string]string{}, Sort: charge.Invoices}
	for _, name := range choiceFields {
		c.Typed[name] = trimmed(q.Get(name))
	}
	if c.Typed["sort"] == string(charge.Balances) {
		c.Sort = charge.Balances
		for _, name := range []string{"issued_from", "issued_to", "due_from", "due_to", "number"} {
			if c.Typed[name] != "" {
				c.Wrong[name] = "A balance has no days and no number. Leave this empty, or choose invoices."
			}
		}
	}
	c.DespiteCredit = c.Typed["credit"] != ""
	f := &c.Filter
	f.Issued = splynx.Days{From: c.day("issued_from"), To: c.day("issued_to")}
	f.DueWithin = splynx.Days{From: c.day("due_from"), To: c.day("due_to")}
	c.order("issued_to", f.Issued)
	c.order("due_to", f.DueWithin)
	f.Partners, f.Customers = c.ids("partner"), c.ids("customer")
	f.Location, f.PaymentMethod = c.id("location"), c.id("method")
	f.Numbers = list(c.Typed["number"])
	if c.Typed["status"] == splynx.Pending {
		f.Statuses = []string{splynx.NotPaid, splynx.Pending}
	}
	for _, s := range list(c.Typed["customer_status"]) {
		if !slices.Contains([]string{"new", "active", "blocked"}, s) {
			c.Wrong["customer_status"] = "Customers are new, active or blocked."
		}
		f.CustomerStatuses = append(f.CustomerStatuses, s)
	}
	var from, to currency.Amount
	f.From, from = c.amount("from")
	f.To, to = c.amount("to")
	if f.From != "" && f.To != "" && below(to, from) {
		c.Wrong["to"] = "This is less than where it begins."
	}
	return c
}

func (c *choosing) day(name string) splynx.Date {
	d, err := splynx.ParseDate(c.Typed[name])
	if err != nil {
		c.Wrong[name] = "Type a day such as 2026-11-30."
	}
	return d.Day()
}

func (c *choosing) order(name string, d splynx.Days) {
	if !d.From.IsZero() && !d.To.IsZero() && d.To.Before(d.From) {
		c.Wrong[name] = "The last day is before the first one."
	}
}

func (c *choosing) ids(name string) (ids []int64) {
	for _, text := range list(c.Typed[name]) {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id < 1 {
			c.Wrong[name] = "Type ids as Splynx has them, with commas between."
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

func (c *choosing) id(name string) int64 {
	ids := c.ids(name)
	if len(ids) > 1 {
		c.Wrong[name] = "Type one id."
	}
	if len(ids) == 1 {
		return ids[0]
	}
	return 0
}

// amount reads a bound, in whatever currency.
func (c *choosing) amount(name string) (number string, a currency.Amount) {
	text := c.Typed[name]
	if text == "" {
		return "", a
	}
	a, err := web.ParseAmount(text, "USD")
	if err != nil {
		c.Wrong[name] = "Type an amount such as 20 or 57.50."
	}
	return a.Number(), a
}

// field is one field of a page, as its template wants it.
type field struct{ Name, Label, Kind, Typed, Wrong string }

func fieldOf(v *chargeView, name, label, kind string) field {
	return field{name, label, kind, v.Typed[name], v.Wrong[name]}
}

// list are the parts of a text between commas.
func list(text string) (parts []string) {
	for part := range strings.SplitSeq(text, ",") {
		if part = trimmed(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// choiceOf is the address of the page that chooses as a run does.
func choiceOf(r *charge.Run) string {
	f, q := r.Filter, url.Values{}
	put := func(name, value string) {
		if value != "" && value != "0" {
			q.Set(name, value)
		}
	}
	put("sort", string(r.Sort))
	put("issued_from", f.Issued.From.String())
	put("issued_to", f.Issued.To.String())
	put("due_from", f.DueWithin.From.String())
	put("due_to", f.DueWithin.To.String())
	if slices.Contains(f.Statuses, splynx.Pending) {
		put("status", splynx.Pending)
	}
	put("partner", numbers(f.Partners))
	put("location", strconv.FormatInt(f.Location, 10))
	put("method", strconv.FormatInt(f.PaymentMethod, 10))
	put("customer_status", strings.Join(f.CustomerStatuses, ","))
	put("customer", numbers(f.Customers))
	put("number", strings.Join(f.Numbers, ","))
	put("from", f.From)
	put("to", f.To)
	if r.DespiteCredit {
		put("credit", "1")
	}
	return web.AdminPath + "charge?" + q.Encode()
}

func numbers(ids []int64) string {
	texts := make([]string, 0, len(ids))
	for _, id := range ids {
		texts = append(texts, strconv.FormatInt(id, 10))
	}
	return strings.Join(texts, ", ")
}

// what says in words whom a run is about. Nobody is named.
func (d *desk) what(r *charge.Run) string {
	f := r.Filter
	words := []string{sortWords[r.Sort]}
	if r.Of != "" {
		words = []string{"The failed charges of run " + string(r.Of)}
	}
	add := func(before, value string) {
		if value != "" && value != "0" {
			words = append(words, before+value)
		}
	}
	add("issued ", daysIn(f.Issued))
	add("to be paid ", daysIn(f.DueWithin))
	if slices.Contains(f.Statuses, splynx.Pending) {
		words = append(words, "pending ones too")
	}
	add("partner ", numbers(f.Partners))
	add("location ", strconv.FormatInt(f.Location, 10))
	add("payment type ", strconv.FormatInt(f.PaymentMethod, 10))
	add("customers that are ", strings.Join(f.CustomerStatuses, ", "))
	add("customer ", numbers(f.Customers))
	add("number ", strings.Join(f.Numbers, ", "))
	add("from ", f.From)
	add("up to ", f.To)
	if r.DespiteCredit {
		words = append(words, "whatever the customer’s credit")
	}
	return listed(words)
}

// daysIn says some days in words.
func daysIn(d splynx.Days) string {
	switch {
	case d.From.IsZero() && d.To.IsZero():
		return ""
	case d.From == d.To:
		return "on " + dayOf(d.From)
	case d.From.IsZero():
		return "until " + dayOf(d.To)
	case d.To.IsZero():
		return "since " + dayOf(d.From)
	}
	return dayOf(d.From) + " to " + dayOf(d.To)
}
