package caddymodule

import (
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

func settleCommand() *cobra.Command {
	var a asker
	var s settleRequest
	cmd := &cobra.Command{
		Use:   `settle ID --as again|recorded|refunded|not-paid --reason "…"`,
		Short: "Ends a parked payment, or sends it on",
		Long: `Tells the running Caddy what has become of a payment that waits for a person. It asks for
no confirmation. Your user name and the reason stand in the payment's history for ever.

It needs admin_commands all in the paymentexpress block of the global options.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			how, err := readSettlement(s.How)
			if err != nil {
				return fmt.Errorf("--as %q: again, recorded, refunded or not-paid", s.How)
			}
			if s.Who, err = person(); err != nil {
				return err
			}
			return settle(cmd.OutOrStdout(), &a, args[0], how, s)
		},
	}
	a.flags(cmd)
	cmd.Flags().StringVar(&s.How, "as", "", "again, recorded, refunded or not-paid")
	cmd.Flags().StringVar(&s.Reason, "reason", "", "Why, for its history")
	_, _ = cmd.MarkFlagRequired("as"), cmd.MarkFlagRequired("reason") // they are there
	return cmd
}

// settle has it done, and says what the payment was, and what it is then. Where it is refused,
// only that is said.
func settle(w io.Writer, a *asker, id string, how payment.Settlement, s settleRequest) error {
	var before, after detailAnswer
	if err := a.ask(http.MethodGet, paymentPath(id), nil, &before); err != nil {
		return err
	}
	if err := a.ask(http.MethodPost, paymentPath(id)+"/settle", s, &after); err != nil {
		return err
	}
	p := &printer{w: w}
	p.settling(before.Payment, zonedIn(before.TimeZone), how)
	p.settled(after.Payment)
	return p.err
}

func (p *printer) settling(v paymentView, c zoned, how payment.Settlement) {
	p.folded(0, "", fmt.Sprintf("Payment %s: %s, %s.", v.ID, v.money(), v.purpose()))
	p.folded(0, "", fmt.Sprintf("It was %s since %s: %s (%s).", v.State, c.at(v.MovedAt), meaning.Reason(v.Reason), v.Reason))
	for _, s := range meaning.Settlements {
		if s.How == how && v.parked() {
			p.folded(0, "", s.Does)
		}
	}
}

func (p *printer) settled(v paymentView) {
	p.folded(0, "", fmt.Sprintf("Done. It is %s now: %s (%s).", v.State, meaning.Reason(v.Reason), v.Reason))
}
