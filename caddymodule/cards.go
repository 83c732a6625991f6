package caddymodule

import (
	"fmt"
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"github.com/bojanz/currency"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// Cards says how cards are saved and used; it needs `pxpost`.
type Cards struct {
	// The title or the id of the payment account in Splynx that cards are kept in. Default: the
	// one that names Payment Express or Windcave.
	Account string `json:"account,omitempty"`

	// Which fields of that account, 1 to 10, hold the card. Default: as their labels say.
	Fields CardFields `json:"fields,omitzero"`

	// How the card is checked when it is saved: `purchase`, which is refunded, or `auth`, which
	// is voided. Default: `purchase`.
	Check string `json:"check,omitempty"`

	// What is taken for that, in the partner's currency, and given back. Default: 1.
	CheckAmount string `json:"check_amount,omitempty"`

	// The id of the payment method that a customer gets once a card is saved. Default: it stays.
	PaymentMethod int64 `json:"payment_method,omitempty"`

	// The stored-credential indicators (RecurringMode).
	Modes CardModes `json:"modes,omitzero"`

	// The mail address of the office that is told, by Splynx's own queue of mails, when a customer
	// has saved a card. Default: nobody is told.
	Tell string `json:"tell,omitempty"`
}

// CardFields are the fields of the payment account that hold a card. What is 0 is kept nowhere,
// once any of them is set.
type CardFields struct {
	Token   int `json:"token,omitempty"`   // the DpsBillingId
	Number  int `json:"number,omitempty"`  // masked
	Expires int `json:"expires,omitempty"` // MM/YY
	Brand   int `json:"brand,omitempty"`
	User    int `json:"user,omitempty"` // the PxPost user
}

// CardModes are the values of RecurringMode for each use of a card; `none` sends none. What
// your acquirer wants is for Windcave to say.
type CardModes struct {
	// A card is saved. Default: `credentialonfileinitial`.
	Save string `json:"save,omitempty"`
	// A customer pays with the own card. Default: `credentialonfile`.
	Customer string `json:"customer,omitempty"`
	// An administrator pays. Default: `unscheduledcredentialonfile`.
	Staff string `json:"staff,omitempty"`
	// A charge run. Default: `recurring`.
	Run string `json:"run,omitempty"`
}

func (c *Cards) parse(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	return words{
		"account":        text(&c.Account),
		"field":          c.parseField,
		"check":          text(&c.Check),
		"check_amount":   text(&c.CheckAmount),
		"payment_method": whole(&c.PaymentMethod),
		"mode":           c.parseMode,
		"tell":           text(&c.Tell),
	}.read(d, "cards", "field", "mode")
}

// parseField reads what a field holds, and its number.
func (c *Cards) parseField(d *caddyfile.Dispenser) error {
	return choose(d, map[string]func(*caddyfile.Dispenser) error{
		"token": whole(&c.Fields.Token), "number": whole(&c.Fields.Number), "expires": whole(&c.Fields.Expires),
		"brand": whole(&c.Fields.Brand), "user": whole(&c.Fields.User),
	})
}

func (c *Cards) parseMode(d *caddyfile.Dispenser) error {
	return choose(d, map[string]func(*caddyfile.Dispenser) error{
		"save": text(&c.Modes.Save), "customer": text(&c.Modes.Customer), "staff": text(&c.Modes.Staff), "run": text(&c.Modes.Run),
	})
}

// choose reads one of several words, and what belongs to it.
func choose(d *caddyfile.Dispenser, known map[string]func(*caddyfile.Dispenser) error) error {
	word := d.Val()
	if !d.NextArg() {
		return d.ArgErr()
	}
	parse := known[d.Val()]
	if parse == nil {
		return d.Errf("%s %q: it takes %s", word, d.Val(), strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	return parse(d)
}

var modeForm = regexp.MustCompile(`^[a-z]{1,40}$`)

// check refuses what cannot work.
func (c Cards) check() error {
	if c.Check != "purchase" && c.Check != "auth" {
		return fmt.Errorf("paymentexpress: cards: check %q: purchase or auth", c.Check)
	}
	if to, err := mail.ParseAddress(c.Tell); c.Tell != "" && (err != nil || to.Address != c.Tell) {
		return fmt.Errorf("paymentexpress: cards: tell %q: one mail address, such as office@isp.example", c.Tell)
	}
	used := make(map[int]string)
	for name, n := range map[string]int{"token": c.Fields.Token, "number": c.Fields.Number, "expires": c.Fields.Expires, "brand": c.Fields.Brand, "user": c.Fields.User} {
		switch {
		case n < 0 || n > 10:
			return fmt.Errorf("paymentexpress: cards: field %s %d: 1 to 10", name, n)
		case n != 0 && used[n] != "":
			first, second := min(name, used[n]), max(name, used[n])
			return fmt.Errorf("paymentexpress: cards: fields %s and %s are both %d", first, second, n)
		case n != 0:
			used[n] = name
		}
	}
	if len(used) > 0 && c.Fields.Token == 0 {
		return fmt.Errorf("paymentexpress: cards: field token is missing: without it no card can be charged")
	}
	for name, mode := range map[string]string{"save": c.Modes.Save, "customer": c.Modes.Customer, "staff": c.Modes.Staff, "run": c.Modes.Run} {
		if !modeForm.MatchString(mode) {
			return fmt.Errorf("paymentexpress: cards: mode %s %q: lower-case letters, such as credentialonfile, or none", name, mode)
		}
	}
	return nil
}

// checkAmountIn refuses an amount that a partner's currency does not have.
func (c Cards) checkAmountIn(code string) error {
	a, err := money.Exact(c.CheckAmount, code)
	whole, wholeErr := money.Round(c.CheckAmount, code)
	if err != nil || wholeErr != nil || !a.IsPositive() || !a.Equal(whole) {
		return fmt.Errorf("paymentexpress: cards: check_amount %q is no amount of %s, such as %s", c.CheckAmount, code, exampleIn(code))
	}
	return nil
}

func exampleIn(code string) string {
	one, err := currency.NewAmount("1", code)
	if err != nil {
		return "1"
	}
	return one.Round().Number()
}

// settings are what the engine takes.
func (c Cards) settings() payment.CardSettings {
	kind := windcave.Purchase
	if c.Check == "auth" {
		kind = windcave.Auth
	}
	return payment.CardSettings{
		Account: c.Account, Fields: payment.CardFields(c.Fields), CheckType: kind, CheckAmount: c.CheckAmount,
		PaymentMethod: c.PaymentMethod, Modes: payment.CardModes(c.Modes), Tell: c.Tell,
	}
}

// checkBack refuses a refund where there is nobody to ask for it.
func (a *App) checkBack() error {
	for name, value := range map[string]string{"cannot_book": a.CannotBook, "second_approval": a.SecondApproval} {
		if value != "balance" && value != "refund" {
			return fmt.Errorf("paymentexpress: %s %q: balance or refund", name, value)
		}
	}
	if a.RefundInSplynx != "task" && a.RefundInSplynx != "payment" {
		return fmt.Errorf("paymentexpress: refund_in_splynx %q: task or payment", a.RefundInSplynx)
	}
	if a.CannotBook != "refund" && a.SecondApproval != "refund" {
		return nil
	}
	if a.Windcave.PxPost.User == "" {
		return fmt.Errorf("paymentexpress: cannot_book and second_approval can be refund only with windcave pxpost: refunds are made by it")
	}
	for _, id := range slices.Sorted(maps.Keys(a.Partners)) {
		if p := a.Partners[id]; p.PxPay.User != "" && p.PxPost.User == "" {
			return fmt.Errorf("paymentexpress: partner %d: cannot_book and second_approval can be refund only with a pxpost of the partner's own", id)
		}
	}
	return nil
}
