package caddymodule

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// previewOptions are the flags of preview.
type previewOptions struct {
	previewRequest
	sort, of, issued, due string
	json                  bool
}

func previewCommand() *cobra.Command {
	var a asker
	var o previewOptions
	cmd := &cobra.Command{
		Use:   "preview [--sort invoices|balances] [filters] [--json]",
		Short: "Says who would be charged, how much, and who not and why",
		Long: `Has the running Caddy read from Splynx who would be charged and how much, and who not and
why, waits for it, and says the sums, the run's id, and the command that starts just that.
No card is charged by it. Without filters it is about all unpaid invoices.

Days are FROM..TO, both included, either may be left out, or one day. Amounts are of each
invoice, or balance, in its own currency.

--sort balances is about what customers' accounts owe, paid to the account. Runs of invoices
and of balances cannot be under way together. --of charges again what has failed in a run.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := o.complete(); err != nil {
				return err
			}
			var r runAnswer
			if err := a.ask(http.MethodPost, "charge/runs", o.previewRequest, &r); err != nil {
				return err
			}
			if r, err = a.waitFor(cmd.Context(), r, func(s charge.State) bool { return s != charge.Planning }); err != nil {
				return err
			}
			if err := r.print(cmd.OutOrStdout(), o.json); err != nil {
				return err
			}
			if r.Run.State == charge.Failed {
				cmd.SilenceErrors = true
				return errWrong
			}
			return nil
		},
	}
	a.flags(cmd)
	o.flags(cmd)
	return cmd
}

func (o *previewOptions) flags(cmd *cobra.Command) {
	f, q := cmd.Flags(), &o.Filter
	f.StringVar(&o.sort, "sort", string(charge.Invoices), "invoices, by what is due; or balances, what accounts owe")
	f.StringVar(&o.issued, "issued", "", "Invoices issued on these days")
	f.StringVar(&o.due, "due", "", "Invoices to be paid by these days")
	f.StringSliceVar(&q.Statuses, "status", nil, "Invoices with this status: not_paid; or pending, which somebody else may be charging")
	f.StringSliceVar(&q.Numbers, "number", nil, "Invoices with these numbers")
	f.Int64SliceVar(&q.Partners, "partner", nil, "Customers of these partners, by id in Splynx")
	f.Int64Var(&q.Location, "location", 0, "Customers of this location, by id in Splynx")
	f.Int64Var(&q.PaymentMethod, "payment-method", 0, "Customers with this payment method, by id in Splynx")
	f.StringSliceVar(&q.CustomerStatuses, "customer-status", nil, "Customers that are new, active or blocked")
	f.Int64SliceVar(&q.Customers, "customer", nil, "These customers, by id in Splynx")
	f.StringVar(&q.From, "from", "", "Least amount")
	f.StringVar(&q.To, "to", "", "Highest amount")
	f.BoolVar(&o.DespiteCredit, "despite-credit", false, "Charge although the customer's credit covers it")
	f.StringVar(&o.of, "of", "", "Charge again what has failed in this run; it takes no filters")
	f.BoolVar(&o.json, "json", false, "Say it as JSON")
}

// complete makes of the flags what is asked for.
func (o *previewOptions) complete() (err error) {
	o.Sort, o.Key = charge.Sort(o.sort), rand.Text()
	o.Of = payment.ID(strings.ToUpper(strings.TrimSpace(o.of)))
	if o.Filter.Issued, err = parseDays("issued", o.issued); err != nil {
		return err
	}
	if o.Filter.DueWithin, err = parseDays("due", o.due); err != nil {
		return err
	}
	o.Who, err = person()
	return err
}

// parseDays reads FROM..TO, of which one may be left out, or one day.
func parseDays(flag, text string) (days splynx.Days, err error) {
	if text == "" {
		return days, nil
	}
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		to = from
	}
	wrong := fmt.Errorf("--%s %q: want days such as 2026-11-01..2026-11-30, or one of them", flag, text)
	for _, end := range []struct {
		text string
		into *splynx.Date
	}{{from, &days.From}, {to, &days.To}} {
		if end.text == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, end.text)
		if err != nil {
			return days, wrong
		}
		*end.into = splynx.DateOf(day)
	}
	if days == (splynx.Days{}) || !days.To.IsZero() && days.To.Before(days.From) {
		return days, wrong
	}
	return days, nil
}
