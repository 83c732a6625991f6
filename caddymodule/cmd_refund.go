package caddymodule

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

func refundCommand() *cobra.Command {
	var a asker
	var q refundRequest
	var all, again, asJSON bool
	cmd := &cobra.Command{
		Use:   `refund ID AMOUNT|--all --reason "…"`,
		Short: "Gives a payment back to the card, in whole or in part",
		Long: `Tells the running Caddy to give money of a payment back to the card it came from, at Windcave.
It asks for no confirmation. The same command run once more, with the same amount, reason and
user, gives nothing back: it says how the refund stands. With --again it gives that amount back
once more. More than was paid is never given back. Your user name and the reason stand in the
refund's history for ever.

Splynx is not told: the refund waits for a person, with all that is to be typed there.

It needs admin_commands all in the paymentexpress block of the global options.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case all == (len(args) == 2):
				return fmt.Errorf("name the amount, such as 20.00, or --all for what is left; not both")
			case len(args) == 2:
				q.Amount = args[1]
			}
			var err error
			if q.Who, err = person(); err != nil {
				return err
			}
			if again {
				q.Key = rand.Text()
			}
			return refund(cmd.OutOrStdout(), &a, args[0], q, asJSON)
		},
	}
	a.flags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "All that is left of it")
	cmd.Flags().BoolVar(&again, "again", false, "Give it back once more, though the same command has done so before")
	cmd.Flags().StringVar(&q.Reason, "reason", "", "Why, for its history")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Say it as JSON")
	_ = cmd.MarkFlagRequired("reason") // it is there
	return cmd
}

// refund has it done, and says what is given back of what, and how the refund stands. Where it is
// refused, only that is said.
func refund(w io.Writer, a *asker, id string, q refundRequest, asJSON bool) error {
	var before, after detailAnswer
	if err := a.ask(http.MethodGet, paymentPath(id), nil, &before); err != nil {
		return err
	}
	if err := a.ask(http.MethodPost, paymentPath(id)+"/refund", q, &after); err != nil {
		return err
	}
	if asJSON {
		return printJSON(w, after)
	}
	p := &printer{w: w}
	v := before.Payment
	p.folded(0, "", fmt.Sprintf("Payment %s: %s, %s. It is %s: %s.", v.ID, v.money(), v.purpose(), v.State, meaning.Reason(v.Reason)))
	if slices.ContainsFunc(before.Payment.GivenBack, func(b payment.GivenBack) bool { return b.ID == after.Payment.ID }) {
		p.folded(0, "", "The same command has asked for this before; nothing more is given back. To give it back once more: --again.")
	}
	p.refunded(after)
	return p.err
}

// refunded says how a refund stands, and what is to be done.
func (p *printer) refunded(d detailAnswer) {
	v := d.Payment
	said := fmt.Sprintf("Refund %s of %s is %s: %s.", v.ID, v.money(), v.State, meaning.Reason(v.Reason))
	switch v.State {
	case payment.Submitted, payment.Unknown, payment.Created:
		said += " Windcave is asked until it answers. Do not give it back again; look at it later."
	case payment.Approved:
		said += " What is to be typed into Splynx stands on it in a moment: caddy paymentexpress show " + string(v.ID)
	case payment.Declined, payment.NotDone, payment.NotStarted:
		said += " Nothing was given back."
	}
	p.folded(0, "", said)
	if n := len(d.Events); n > 0 && v.Reason == payment.ReasonTellSplynx {
		p.folded(0, "", "To do: "+d.Events[n-1].Note+". Then: caddy paymentexpress settle "+string(v.ID)+` --as recorded --reason "…"`)
	}
}
