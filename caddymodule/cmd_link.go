package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

func linkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "link",
		Short: "Makes a signed payment link, or has new links signed with a new key",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(linkToCommand(payment.KindInvoice), linkToCommand(payment.KindProforma), rotateCommand())
	return cmd
}

func linkToCommand(kind payment.Kind) *cobra.Command {
	var a asker
	var asJSON bool
	q := linkRequest{Kind: kind}
	word := strings.TrimSpace(paymentView{Kind: kind}.document())
	cmd := &cobra.Command{
		Use:   word + " NUMBER | --id ID [--ends YYYY-MM-DD] [--json]",
		Short: "Makes the signed link with which anybody can pay one " + word,
		Long: `Makes the signed payment link of one ` + word + `, named by its number or by its id in Splynx.
Splynx is asked whether it is there. The link is the first line of what is said.

Whoever has the link sees what is due and can pay it, until its last day has ended in UTC.
With signed_links in the Caddyfile other links do not work.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Number = strings.Join(args, "")
			if (q.Number == "") == (q.ID == 0) {
				return errors.New("name one " + word + ": its number, or its id in Splynx with --id")
			}
			var err error
			if q.Who, err = person(); err != nil {
				return err
			}
			var l linkAnswer
			if err := a.ask(http.MethodPost, "links", q, &l); err != nil {
				return err
			}
			return l.print(cmd.OutOrStdout(), asJSON)
		},
	}
	a.flags(cmd)
	cmd.Flags().Int64Var(&q.ID, "id", 0, "The id in Splynx, in place of the number")
	cmd.Flags().StringVar(&q.Ends, "ends", "", "The last day of the link, in UTC; without it the link lives 30 days")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Say it as JSON")
	return cmd
}

func (l linkAnswer) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, l)
	}
	what := paymentView{Kind: l.Kind, DocumentNumber: l.Number, DocumentID: l.ID}.document()
	p := &printer{w: w}
	p.line("%s", l.URL)
	p.folded(0, "", fmt.Sprintf("It is for %s (id %d) of customer %d, %s %s due, and ends with %s (UTC).", what, l.ID, l.Customer, l.Amount, l.Currency, l.Ends))
	if !l.Required {
		p.folded(0, "", "Such links work without a signature too: signed_links in the Caddyfile does not demand it.")
	}
	return p.err
}

func rotateCommand() *cobra.Command {
	var a asker
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Has new links signed with a new key",
		Long: `Has links that are made from now on signed with a new key. Links that are out live until
their last day.

It needs admin_commands all in the paymentexpress block of the global options.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			who, err := person()
			if err != nil {
				return err
			}
			var done keyAnswer
			if err := a.ask(http.MethodPost, "links/rotate", whoRequest{who}, &done); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "New links are signed with key %d. Links that are out live until their last day.\n", done.Key)
			return err
		},
	}
	a.flags(cmd)
	return cmd
}
