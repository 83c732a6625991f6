package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// addOnModule is the official add-on's name in Splynx.
const addOnModule = "splynx_addon_paymentexpress"

// checkSearch proves what every booking rests on: what is there is found, what is not is not.
func (c *checker) checkSearch(ctx context.Context) []finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	newest, err := c.api.NewestPayments(ctx, 0, 20)
	if err != nil {
		return []finding{refusedTo("the newest payments cannot be read", err)}
	}
	if err := (&payment.Generation{Splynx: c.api}).ProveSearch(ctx); err != nil {
		return []finding{c.unproven(err)}
	}
	customer := int64(1)
	if len(newest) > 0 {
		customer = newest[0].CustomerID
	}
	found, err := c.api.PaymentsByReceipt(ctx, noSuchNumber, customer)
	switch {
	case err != nil:
		return []finding{c.unproven(err)}
	case len(found) > 0:
		return []finding{wrong("write to the maker of this Splynx", "a receipt number that nobody has finds a payment")}
	case !slices.ContainsFunc(newest, func(p splynx.Payment) bool { return p.ReceiptNumber != "" && !p.Deleted }):
		return []finding{warned("run it again when there is a payment in Splynx, anybody's", "no payment with a receipt number is there yet: that the search finds what is there cannot be proven")}
	}
	return []finding{good("the newest payment is found by its receipt number and customer, one that is not there is not")}
}

func (c *checker) unproven(err error) finding {
	failed, ok := errors.AsType[*splynx.Error](err)
	switch {
	case !ok:
		return wrong("look whether the key is bound to a partner, and ask the maker of this Splynx", "%v: what was booked would not be found again", err)
	case failed.Kind == splynx.KindFilter:
		return wrong(failed.Advice(), "Splynx answers rows that were not searched for: whether something is booked cannot be told, so nothing is booked for sure")
	}
	return refusedTo("it cannot be tried", err)
}

// checkMethods looks for the payment methods of all partners.
func (c *checker) checkMethods(ctx context.Context) []finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	methods, err := c.api.PaymentMethods(ctx)
	if err != nil {
		return []finding{refusedTo("Splynx's payment methods cannot be read", err)}
	}
	byID := make(map[int64]splynx.PaymentMethod)
	var all []string
	for _, m := range methods {
		byID[m.ID] = m
		if m.Active {
			all = append(all, fmt.Sprintf("%d %s", m.ID, m.Name))
		}
	}
	var found []finding
	for _, id := range c.app.paymentMethods() {
		switch m, there := byID[id]; {
		case !there:
			found = append(found, wrong("set payment_method to one of these: "+strings.Join(all, ", "), "%d (%s) is none of Splynx's: no payment starts with it", id, c.usedFor(id)))
		case !m.Active:
			found = append(found, warned("switch it on at Config, Finance, Payment methods, or use one of these: "+strings.Join(all, ", "), "%d %s (%s) is switched off in Splynx", id, m.Name, c.usedFor(id)))
		default:
			found = append(found, good("%d %s (%s)", id, m.Name, c.usedFor(id)))
		}
	}
	return found
}

// usedFor tells who is booked with a payment method.
func (c *checker) usedFor(method int64) string {
	var who []string
	if c.app.generation.Default.PaymentMethod == method {
		who = append(who, "default")
	}
	for _, id := range c.blocks() {
		if c.app.generation.Partners[id].PaymentMethod == method {
			who = append(who, fmt.Sprintf("partner %d", id))
		}
	}
	return strings.Join(who, ", ")
}

func (c *checker) blocks() []int64 { return slices.Sorted(maps.Keys(c.app.generation.Partners)) }

// checkCurrency compares with the old add-on's settings: Splynx's API itself tells none.
func (c *checker) checkCurrency(ctx context.Context) []finding {
	found := []finding{c.currencyOf(ctx, 0, c.app.generation.Default.Currency, "default")}
	for _, id := range c.blocks() {
		found = append(found, c.currencyOf(ctx, id, c.app.generation.Partners[id].Currency, fmt.Sprintf("partner %d", id)))
	}
	return found
}

func (c *checker) currencyOf(ctx context.Context, partner int64, configured, who string) finding {
	ctx, cancel := c.call(ctx)
	defer cancel()
	settings, err := c.api.AddOnConfig(ctx, addOnModule, partner)
	if err == nil {
		for _, name := range slices.Sorted(maps.Keys(settings)) {
			theirs := strings.TrimSpace(settings[name].Reveal())
			if !strings.Contains(strings.ToLower(name), "currency") || theirs == "" {
				continue
			}
			if strings.EqualFold(theirs, configured) {
				return good("%s (%s), as in the old add-on's settings", configured, who)
			}
			return wrong("find out which currency the invoices are in, and correct the wrong one of both", "%s (%s), but the old add-on's settings say %q", configured, who, printable(theirs))
		}
	}
	return warned("be sure that the invoices are in it", "%s (%s): nobody can check it, for Splynx does not tell", configured, who)
}

// printable keeps a report from being written by what it looks at.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
	if len(text) > 40 {
		return text[:40]
	}
	return text
}

// checkName looks for the name that payers read.
func (c *checker) checkName(ctx context.Context) []finding {
	if c.app.Name != "" {
		return []finding{good("%s, as configured", c.app.Name)}
	}
	ctx, cancel := c.call(ctx)
	defer cancel()
	info, err := c.api.CompanyInfo(ctx, 1)
	switch {
	case err != nil && errorKind(err) != splynx.KindNotFound:
		return []finding{refusedTo("it cannot be read", err)}
	case err != nil || info.CompanyName == "":
		return []finding{warned("set name, or fill in the company name in Splynx", "Splynx has no company name: the pages do not say whom one pays")}
	}
	return []finding{good("%s, the company name in Splynx", printable(info.CompanyName))}
}

func errorKind(err error) splynx.Kind {
	if failed, ok := errors.AsType[*splynx.Error](err); ok {
		return failed.Kind
	}
	return splynx.KindUnclear
}
